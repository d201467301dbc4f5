"""What Python hands to the browser-side parts."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.diffusion import Frame
from explorer.figures.learning import bucket_figure
from explorer.gui.forward.blend import Blend
from explorer.gui.forward.tab import make_scene
from explorer.gui.frame.limits import LOCAL
from explorer.gui.frame.page_files import page_files
from explorer.gui.parts.gallery import Gallery
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.parts.widget import script_address
from explorer.gui.reverse import player as player_module
from explorer.gui.reverse.player import Player
from explorer.gui.reverse.stored import FOLDER, stored_race
from explorer.gui.train.film import Film
from explorer.gui.train.growth import Growth, add, read, write
from explorer.race.view import LaneView, RaceView, Sheet


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


def scene(seed: int) -> object:
    picture = Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3))
    return make_scene(picture, 32, 50, seed, LOCAL)


def test_the_picture_reaches_the_browser_exactly(cache: Path) -> None:
    first = scene(1)
    packed = Blend().postprocess(first)
    with Image.open(packed["x0"]) as x0:
        assert (np.asarray(x0.convert("RGB")) == np.asarray(first.picture)).all()
    assert packed["seed"] == 1 and packed["size"] == 32


def test_the_first_page_keeps_its_files_and_visitors_do_not(cache: Path) -> None:
    stage = Blend(scene(1))
    (first,) = stage.value.values()  # all that the page's configuration holds of it
    value = json.loads(page_files.read(first))
    assert page_files.read(value["x0"])[8:12] == b"WEBP" and not stage.temp_files
    again = stage.postprocess(scene(2))
    assert again["x0"] in stage.temp_files and not stage.keep_in_cache
    assert Path(again["x0"]).read_bytes() == page_files.read(value["x0"])


def test_publishing_again_makes_a_file_young_and_leaves_nothing_half_written(cache: Path) -> None:
    stage = Blend()
    path = Path(stage.publish(b"abc", "x.bin"))
    os.utime(path, (1, 1))
    assert stage.publish(b"abc", "x.bin") == str(path) and path.stat().st_mtime > 1
    assert [file.name for file in path.parent.iterdir()] == ["x.bin"]
    assert path.read_bytes() == b"abc"


def test_what_was_swept_away_is_published_anew_and_nothing_where_there_is_no_room(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Blend()
    path = Path(stage.publish(b"abc", "x.bin"))
    shutil.rmtree(path.parent)
    assert stage.publish(b"abc", "x.bin") == str(path) and path.read_bytes() == b"abc"
    tight = replace(LOCAL, temporary_bytes=10)
    monkeypatch.setattr("explorer.gui.parts.widget.detect", lambda: tight)
    stage.publish(b"abc", "x.bin")  # is there
    with pytest.raises(OSError, match="what browsers load are in use"):
        stage.publish(bytes(20), "y.bin")


def test_a_gallery_is_lossless(cache: Path) -> None:
    import base64
    import io

    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8))
    packed = Gallery().postprocess((picture, "caption"))
    data = base64.b64decode(packed["src"].partition(",")[2])
    assert (np.asarray(Image.open(io.BytesIO(data))) == np.asarray(picture)).all()


def grown(*steps: int) -> Growth:
    growth = Growth(10, 4, 2, [10, 5, 0], caption="toy", expected=4)
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        frames = (
            Frame(t, *torch.randn(2, 2, 1, 4, 4, generator=generator)) for t in range(10, -1, -1)
        )
        add(growth, step, frames)
    return growth


def test_a_film_publishes_each_sheet_and_keeps_what_it_is_given(
    cache: Path, tmp_path: Path
) -> None:
    growth = grown(1, 30)
    film = Film()
    shown = film.postprocess(growth)
    assert json.loads(json.dumps(shown)) == shown
    assert [snapshot["step"] for snapshot in shown["snapshots"]] == [1, 30]
    for snapshot, published in zip(growth.snapshots, shown["snapshots"], strict=True):
        assert Path(published["sheet"]).read_bytes() == snapshot.png != b""
        assert published["sheet"] in film.temp_files
    assert {key: shown[key] for key in ("T", "size", "pictures", "times", "caption")} == {
        **{"T": 10, "size": 4, "pictures": 2, "times": [10, 5, 0], "caption": "toy"}
    }
    add_one = film.postprocess(grown(1, 30, 200))
    assert add_one["snapshots"][:2] == shown["snapshots"]  # what is there is not sent again
    write(growth, tmp_path / "stored")
    stored = Film(read(tmp_path / "stored"))  # the first page's files are the page's
    value = json.loads(page_files.read(stored.value["stored"]))
    sheets = [page_files.read(each["sheet"]) for each in value["snapshots"]]
    assert sheets == [snapshot.png for snapshot in growth.snapshots]
    assert film.postprocess(None) is None


def test_a_heat_map_reaches_the_browser_as_plain_numbers() -> None:
    figure = PlotView.postprocess(None, bucket_figure([1, 5], [[0.5] * 10] * 2, 100))["figure"]
    (heat,) = figure["data"]
    assert heat["type"] == "heatmap" and len(heat["z"]) == 10
    assert "line" not in heat


def raced() -> RaceView:
    """Two lanes on their way, with two sheets and one."""
    lanes = [LaneView("DDPM", "ddpm", 1000, True), LaneView("DDIM, S = 50", "ddim", 50)]
    for lane, sheets in zip(lanes, ([b"ab", b"c"], [b"d"]), strict=True):
        lane.counts = [len(sheet) for sheet in sheets]
        lane.times = [1000 - 20 * i for i in range(sum(lane.counts))]
        lane.sheets = [Sheet(sheet) for sheet in sheets]
    return RaceView(1000, 4, 28, 1, lanes, title="toy", running=True, settings={"seed": 7})


def test_a_player_publishes_each_sheet_once(cache: Path) -> None:
    view, player = raced(), Player()
    shown = player.postprocess(view)
    assert json.loads(json.dumps(shown)) == shown
    files = [[Path(path).read_bytes() for path in lane["sheets"]] for lane in shown["lanes"]]
    assert files == [[b"ab", b"c"], [b"d"]]
    assert {path for lane in shown["lanes"] for path in lane["sheets"]} <= player.temp_files
    assert (shown["T"], shown["channels"], shown["running"]) == (1000, 1, True)
    assert [lane["kind"] for lane in shown["lanes"]] == ["ddpm", "ddim"]
    assert [lane["counts"] for lane in shown["lanes"]] == [[2, 1], [1]]
    view.lanes[1].sheets.append(Sheet(b"e"))  # the race goes on
    again = player.postprocess(view)
    assert again["lanes"][1]["sheets"][:1] == shown["lanes"][1]["sheets"]
    assert Path(again["lanes"][1]["sheets"][1]).read_bytes() == b"e"
    assert again["id"] == shown["id"]
    assert player.postprocess(None) is None


def test_the_first_race_of_a_page_stays(cache: Path) -> None:
    view = raced()
    value = json.loads(page_files.read(Player(view).value["stored"]))
    sheets = [[page_files.read(path) for path in lane["sheets"]] for lane in value["lanes"]]
    assert sheets == [[b"ab", b"c"], [b"d"]]
    assert [sheet.data for sheet in view.lanes[0].sheets] == [b"ab", b"c"]  # exports read them


def test_the_stored_race_is_fetched_from_the_package_now_and_later(cache: Path) -> None:
    player = Player(stored_race())
    value = json.loads(page_files.read(player.value["stored"]))
    again = player.postprocess(stored_race())
    assert json.loads(json.dumps(again)) == value and not player.temp_files
    stored = [page_files.read(path) for lane in value["lanes"] for path in lane["sheets"]]
    assert stored == [(FOLDER / name).read_bytes() for name in ("0-0.bin", "1-0.bin")]


def test_the_players_script_is_whole() -> None:
    script = page_files.read(
        script_address(Path(player_module.__file__).with_suffix(".js"))
    ).decode()
    assert script.index("const fileUrl") < script.index("function fetchSheet")
    assert script.index("function paintPictures") < script.index("function drawAnatomy")
    assert script.rstrip().endswith("load();\n}")
