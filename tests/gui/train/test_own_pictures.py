"""Pictures that visitors bring: kept whole, reported honestly, never a way in."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from explorer.data import DataError
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED, LOCAL
from explorer.gui.frame.room import Room
from explorer.gui.frame.shared import plain, sentence
from explorer.gui.train.choices import DEFAULTS, foresee, make_config
from explorer.gui.train.look import distances_text
from explorer.gui.train.own_pictures import OWN, SIDE, keep, read_stored, stored
from explorer.gui.train.task import Job
from tests.gui.panel import merged
from tests.gui.small import CPU, Page, pictures, progress_of, small


def bring(files: list[Path], folder: Path, limits: object = HOSTED.own) -> str:
    *_, (report, data) = keep(files, folder, limits)
    assert data is not None
    return report


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    files = pictures(tmp_path / "in")
    folder = tmp_path / "visitor"
    assert not stored(folder)
    report = bring(files, folder)
    assert report.startswith("Read 10 images") and "nothing was skipped" in report
    data = read_stored(folder)
    assert data.images.shape == (10, 3, SIDE, SIDE) and data.images.dtype == torch.uint8
    assert (data.name, data.classes, data.labels) == (OWN, (), None)
    assert data.images[3, :, 5, 5].tolist() == [60, 200, 10]
    bring(pictures(tmp_path / "grey", 9, grey=True), folder)  # the newest take their place
    assert read_stored(folder).images.shape == (9, 1, SIDE, SIDE)
    assert stored(folder) == (9, 1, 0)  # pictures, channels, classes


def test_an_array_and_larger_pictures_are_kept_too(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (9, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=[0, 1, 2] * 3)
    assert "in 3 classes by its labels" in bring([tmp_path / "a.npz"], tmp_path)
    assert read_stored(tmp_path).images.shape == (9, 1, SIDE, SIDE)
    list(keep(pictures(tmp_path / "in"), tmp_path, LOCAL.own, side=128))
    assert read_stored(tmp_path).images.shape == (10, 3, 128, 128)


def test_folders_of_a_zip_are_classes(tmp_path: Path) -> None:
    files = pictures(tmp_path / "in")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        for i, file in enumerate(files):
            zipped.write(file, f"{('cat', 'dog')[i % 2]}/{file.name}")
    assert "in 2 classes by folder" in bring([tmp_path / "a.zip"], tmp_path)
    assert read_stored(tmp_path).classes == ("cat", "dog")
    assert stored(tmp_path)[2] == 2
    assert read_stored(tmp_path).labels.tolist() == [0] * 5 + [1] * 5


def test_too_few_keep_what_was_there_before(tmp_path: Path) -> None:
    bring(pictures(tmp_path / "in"), tmp_path)
    before = read_stored(tmp_path).images
    with pytest.raises(DataError, match="at least 8 images are needed, and 3 could be read"):
        bring(pictures(tmp_path / "few", 3), tmp_path)
    assert torch.equal(read_stored(tmp_path).images, before)


def test_they_are_kept_only_if_there_is_room(tmp_path: Path) -> None:
    files = pictures(tmp_path / "in")
    size = 10 * 3 * SIDE**2

    def brought(most: float) -> str:
        limits = replace(HOSTED, visitor_bytes=most, spare_bytes=0)
        room = Room(tmp_path / "own", tmp_path, limits)
        *_, (said, _) = keep(files, room.folder, LOCAL.own, room)
        return said

    with pytest.raises(OSError, match="your 10 images would take 123 kB more"):
        brought(size - 1)
    assert stored(tmp_path / "own") is None
    assert "Read 10 images" in brought(1.1 * size)
    assert "Read 10 images" in brought(1.1 * size)  # in their own place


def test_a_disk_that_takes_nothing_is_said(tmp_path: Path) -> None:
    files = pictures(tmp_path / "in")
    (tmp_path / "own").write_text("a file, where a folder should be")
    with pytest.raises(OSError, match="could be read but not saved"):
        list(keep(files, tmp_path / "own", LOCAL.own))


def test_nothing_or_damaged_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="you have not added any images yet"):
        read_stored(tmp_path)
    bring(pictures(tmp_path / "in"), tmp_path)
    (file,) = tmp_path.glob("*.cache")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ValueError, match="you have not added any images yet"):
        read_stored(tmp_path)


def test_strangers_limits_are_applied(tmp_path: Path) -> None:
    files = pictures(tmp_path / "in")
    with pytest.raises(DataError, match="more than 9 files"):
        bring(files, tmp_path, replace(HOSTED.own, entries=9))
    assert HOSTED.own != LOCAL.own
    with pytest.raises(ValueError, match="at least 8.*10 have too many pixels"):
        bring(files, tmp_path, replace(HOSTED.own, pixels=10))


def test_the_page_applies_the_limits_of_its_place(tmp_path: Path) -> None:
    own = replace(HOSTED.own, entries=9)
    page = Page(replace(HOSTED, own=own))
    last = merged(page("bring", list(map(str, pictures(tmp_path / "in")))))
    assert "more than 9 files" in last["train-report"] and "train-data" not in last


def test_the_set_is_what_the_list_says(tmp_path: Path) -> None:
    """A file that is taken from the list is taken from the set, and a cleared list has no set."""
    page, files = Page(), list(map(str, pictures(tmp_path / "in", 10)))
    visitor = page.context.visitor(SimpleNamespace(session_hash="one"))  # type: ignore[arg-type]
    folder = page.context.runs(visitor)
    last = merged(page("bring", files))
    assert last["train-data"].value == OWN
    last = merged(page("take_away", files[:9], OWN))
    assert "Read 9 images" in last["train-report"] and last["train-data"].value == OWN
    assert stored(folder) == (9, 3, 0)
    last = merged(page("take_away", files[:7], OWN))
    assert "7 could be read" in last["train-report"] and stored(folder) is None
    menu = last["train-data"]
    assert menu.value == "mnist-5k" and OWN not in [value for _, value in menu.choices]
    merged(page("bring", files))
    last = merged(page("take_away", None, "emoji"))
    assert last["train-report"] == "Your images are removed." and stored(folder) is None
    assert last["train-data"].value == "emoji"
    assert OWN not in [value for _, value in last["train-data"].choices]


NAMES = ["<img src=x onerror=alert(1)>.png", "[a](javascript:alert(1)).png", "**b**.png"]
NAMES += ["![x](https:evil).png", "`c` $d$ _e_ # f.png", "www.example.com.png", "&lt;b&gt;.png"]


def test_a_files_name_is_text_in_the_report(tmp_path: Path) -> None:
    import html

    files = pictures(tmp_path / "in")
    page = Page()
    few = pictures(tmp_path / "few", 2)
    for name in NAMES:
        bad = tmp_path / name
        bad.write_bytes(b"no image")
        last = merged(page("bring", [*map(str, files), str(bad)]))
        report, menu = last["train-report"], last["train-data"]
        assert not set(report) & set("<>[]()*`$_!/.") and name in html.unescape(report)
        assert (f"Your images ({len(files)})", OWN) in menu.choices and menu.value == OWN
        report = merged(page("bring", [*map(str, few), str(bad)]))["train-report"]
        assert not set(report) & set("<>[]()*`$_!/.") and name in html.unescape(report)


def test_text_survives_as_it_is() -> None:
    import html

    text = "loss 0.5: <b> & *c* ünï 漢 [d](e) $x_t$ “f”\\"
    assert html.unescape(plain(text)) == text
    assert "<" not in sentence(ValueError(text))
    assert sentence(KeyError("secret")).startswith("Something went wrong here (KeyError)")


def test_they_belong_to_one_visitor(tmp_path: Path) -> None:
    page = Page()
    list(page("bring", list(map(str, pictures(tmp_path / "in"))), session="one"))
    mine = page("welcome", session="one")["train-data"].choices
    theirs = page("welcome", session="two")["train-data"].choices
    assert OWN in [value for _, value in mine] and OWN not in [value for _, value in theirs]
    own = {"Data set": OWN}
    ahead = page("look_ahead", *page.settings(**own), session="one")
    assert "M weights" in ahead["train-forecast"]
    ahead = page("look_ahead", *page.settings(**own), session="two")
    assert (
        ahead["train-forecast"] == "" and "you have not added any images yet" in ahead["trouble"]
    )
    first, *_ = [*page("begin", *page.settings(**own), session="two")]
    assert "you have not added any images yet" in first["trouble"]


@pytest.mark.parametrize(("count", "few"), [(8, True), (19, True), (20, False)])
def test_that_the_probe_is_one_image_is_said_before_it_starts(
    count: int, few: bool, tmp_path: Path
) -> None:
    bring(pictures(tmp_path / "in", count), tmp_path)
    context = Context(Device(CPU), HOSTED, datasets=("mnist-5k",))
    asked = make_config(DEFAULTS | {"data": OWN}, {}, context)
    said = foresee(asked, tmp_path, context)
    assert (f"Of {count} images one is held out: the probe is one image" in said) == few
    assert "held out" not in foresee(replace(asked, data="mnist-5k"), tmp_path, context)


@pytest.mark.parametrize("count", [8, 12])
def test_a_few_pictures_without_classes_can_be_trained_on(count: int, tmp_path: Path) -> None:
    bring(pictures(tmp_path / "in", count), tmp_path)
    context = Context(Device(CPU), HOSTED, datasets=("mnist-5k",))
    asked = make_config(DEFAULTS | {"data": OWN}, {}, context)
    assert "M weights" in foresee(asked, tmp_path, context)
    *_, last = progress_of(Job(small(data=OWN, steps=3), tmp_path / "mine.safetensors"))
    assert last.over and last.saved == "mine"
    picture, caption = last.neighbours
    assert "training images" in caption and picture.width > picture.height


def test_a_set_that_repeats_itself_has_no_verdict(tmp_path: Path) -> None:
    bring(pictures(tmp_path / "in", 1) * 10, tmp_path)
    *_, last = progress_of(Job(small(data=OWN, steps=2), tmp_path / "mine.safetensors"))
    assert (
        "held-out real images 0.00" in last.neighbours[1]
        and "are not informative" in last.neighbours[1]
    )


def test_copies_are_counted_beside_real_pictures() -> None:
    real = torch.tensor([0.4, 0.5, 0.1, 0.5])
    some = torch.tensor([0.01, 0.02, 0.5, 0.6, 0.6])  # a typical sample is no copy; two are
    assert distances_text(some, real) == (
        "Typical distance 0.50; of held-out real images 0.40. Nearer than half of "
        "that, as copies are: 2 of 5 samples, 1 of 4 real ones."
    )
    assert distances_text(some, 0 * real).endswith("are not informative.")


def test_pictures_that_are_gone_are_a_sentence(tmp_path: Path) -> None:
    bring(pictures(tmp_path / "in"), tmp_path)
    shutil.rmtree(tmp_path)
    with pytest.raises(ValueError, match="you have not added any images yet"):
        progress_of(Job(small(data=OWN), tmp_path / "mine.safetensors"))
