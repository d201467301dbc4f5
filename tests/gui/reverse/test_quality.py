"""Steps against quality on the page: stored, and measured here."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import torch

from explorer.checkpoints import describe, load, save
from explorer.evaluation import (
    HAT,
    NOISES,
    STEPS,
    STRIDED,
    Column,
    Setting,
    missing_cells,
    quality_path,
    read,
    write,
)
from explorer.evaluation.weights import fingerprint
from explorer.gui.frame.call import Patience
from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED, LOCAL
from explorer.gui.reverse.quality import make, panel
from explorer.gui.reverse.quality.forecast import (
    classifier_flops,
    evaluations,
    expected_errors,
    seconds,
)
from explorer.gui.reverse.quality.panel import build, chosen_settings, measure, stored_quality
from explorer.gui.reverse.quality.words import quality_parts
from tests.evaluation.made import QUALITY, exact, exact_row
from tests.gui.panel import Panel, merged, tiny
from tools.make_stored import MAKERS

CONTEXT = Context(Device(torch.device("cpu")), LOCAL, datasets=("mnist-5k", "emoji"))
MEASURED = [HOME / "checkpoints" / f"{name}.safetensors" for name in MAKERS["quality"].models]


@pytest.fixture(autouse=True)
def few_real_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """To compare with: the classifier looks at each."""
    monkeypatch.setattr(panel, "REFERENCE", 300)


@pytest.mark.parametrize("path", MEASURED, ids=lambda path: path.stem)
def test_every_shipped_model_has_its_table(path: Path) -> None:
    """Of its own weights, at S = 5 and 10 at least for every noise; what is missing is said."""
    quality = stored_quality(path)
    assert quality.model == path.stem and quality.n >= 256
    assert quality.weights == weights_of(path)
    measured = {(row.setting.steps, row.setting.column) for row in quality.rows}
    assert measured >= set(product(STEPS[:2], NOISES))
    words, figure, table, found = quality_parts(quality, "Fréchet distance")
    assert path.stem in words.replace("&#45;", "-") and "10" in table and "- " in found
    assert ("Not measured" in words) == bool(missing_cells(quality))
    assert {trace.name for trace in figure.data} > {column.title for column in NOISES}


def weights_of(path: Path) -> str:
    denoiser, spec = load(path)
    return fingerprint(denoiser.network, spec)


def test_the_stored_tables_were_made_alike() -> None:
    """One n, one seed, one classifier, all with errors."""
    tables = [stored_quality(path) for path in MEASURED]
    assert all(table.has_errors for table in tables)
    assert len({(t.n, t.seed, t.guidance, t.classifier) for t in tables}) == 1


def measured(
    tmp_path: Path, stop_after: int | None = None, patience: float | None = None
) -> tuple[list, Path]:
    model = tmp_path / "mine.safetensors"
    shutil.copy(HOME / "checkpoints" / "mnist.safetensors", model)
    seen = []

    def stopped() -> bool:
        return stop_after is not None and len(seen) >= stop_after

    settings = [Setting(2, 0.0), Setting(3, 0.0)]
    arguments = (model, settings, 64, tmp_path, CONTEXT.datasets, CONTEXT.root)
    for news in measure(*arguments, CONTEXT.device.device, Patience(stopped, patience)):
        seen.append(news)
    return seen, model


def test_a_small_measurement_streams_and_ends(tmp_path: Path) -> None:
    seen, model = measured(tmp_path)
    shares = [news.share for news in seen]
    assert shares == sorted(shares) and shares[-1] == 1
    ended = [len(news.quality.rows) for news in seen if not news.running]
    assert ended == [2]  # it has ended when all is measured, and once
    quality = seen[-1].quality
    assert [row.setting.steps for row in quality.rows] == [2, 3]
    assert quality.data == "mnist-5k" and describe(model).name == quality.model
    words, _, table, found = quality_parts(quality, "seconds")
    assert "only large differences" in words and "<strong>" not in table
    assert quality.has_errors and "± is one standard error" in words and "real" in found


def test_stopping_keeps_the_finished_cells(tmp_path: Path) -> None:
    seen, _ = measured(tmp_path, stop_after=4)
    assert len(seen[-1].quality.rows) == 1 and not seen[-1].running and seen[-1].share < 1


def test_nobody_keeps_a_shared_device(tmp_path: Path) -> None:
    seen, _ = measured(tmp_path, patience=0.0)
    assert not seen[-1].running and seen[-1].share < 1


def test_without_a_table_it_says_so(tmp_path: Path) -> None:
    assert stored_quality(tmp_path / "nothing.safetensors") is None
    (tmp_path / "broken.quality.json").write_text("{")
    assert stored_quality(tmp_path / "broken.safetensors") is None
    words, figure, table, found = quality_parts(None, "seconds")
    assert "not been measured yet: press *Measure*" in words and table == found == ""
    assert not figure.layout.xaxis.visible and not figure.data
    with pytest.raises(OSError):
        read(tmp_path / "nothing.quality.json")


def test_the_ticks_are_the_cells() -> None:
    one = chosen_settings(1000, ["5", "50"], ["ddim", "heun"], ["η = 0", "σ̂"])
    assert [setting.name for setting in one] == [
        "S = 5, η = 0", "S = 5, σ̂", "S = 5, Heun, karras",
        "S = 50, η = 0", "S = 50, σ̂", "S = 50, Heun, karras",
    ]  # fmt: skip
    assert chosen_settings(30, ["50", "100"], ["ddim"], ["σ̂"]) == (Setting(30, *HAT),)
    assert len(chosen_settings(1000, ["5"], ["dpm-solver"], [])) == 1  # it has no noise
    for none in (([], ["ddim"], ["1"]), (["5"], [], ["1"]), (["5"], ["ddim"], [])):
        with pytest.raises(ValueError, match="one S, one sampler and, for DDIM, one noise"):
            chosen_settings(1000, *none)


def test_all_samplers_are_measured_on_the_page(tmp_path: Path) -> None:
    """With a digits' model of 20 steps; the table stays beside one's own model."""
    denoiser, spec = load(HOME / "checkpoints" / "mnist.safetensors")
    network = dict(spec.network_config) | {"T": 20}
    spec = replace(spec, name="digits", data="mnist-5k", T=20, network_config=network)
    model = save(tmp_path / "runs" / "digits.safetensors", denoiser.network.state_dict(), spec)
    tiny(tmp_path)
    page = Panel(tmp_path, build)
    (choice,) = (b for b in page.demo.blocks.values() if b.elem_id == "quality-samplers")
    assert choice.choices == [(sampler.title, name) for name, sampler in STRIDED.items()]
    assert choice.value == ["ddim"]
    wishes = ("digits", ["5"], list(STRIDED), ["η = 0", "1"], 2, "Fréchet distance")
    shown = merged(page("begin_here", *wishes))
    assert shown["trouble"] == "" and shown["quality-status"] == "4 cells measured"
    assert "Heun evaluates the network 2S − 1 times." in shown["quality-facts"]
    heads = re.findall(r'<th scope="col">(.*?)</th>', shown["quality-table"].replace("\xa0", " "))
    assert heads == ["S", "η = 0", "η = 1", "DPM-Solver++(2M)", "Heun, karras"]
    names = [trace.name for trace in shown["quality-plot"].data if trace.name]
    assert names == ["real images, ± 2 standard deviations", *heads[1:]]
    stored = read(quality_path(model))
    assert {row.setting.sampler: row.evaluations for row in stored.rows} == {
        "ddim": 5, "dpm-solver": 5, "heun": 9,
    }  # fmt: skip


def test_what_heun_asks_counts_where_strangers_share(tmp_path: Path) -> None:
    """S = 10 with 64 pictures: 640 evaluations of DDIM, 1,216 of Heun."""
    shutil.copy(HOME / "checkpoints" / "mnist.safetensors", tmp_path)
    page = Panel(tmp_path, build, replace(HOSTED, evaluations=1215))
    refused = merged(page("begin_here", "mnist", ["10"], ["heun"], [], 64, "seconds"))
    assert refused["trouble"].startswith("1,216 evaluations of the network are too many")
    assert "1,215 are allowed here" in refused["trouble"]
    both = merged(page("begin_here", "mnist", ["10"], ["ddim"], ["1", "0.2"], 64, "seconds"))
    assert both["trouble"].startswith("1,280 evaluations")
    none = merged(page("begin_here", "mnist", ["10"], ["ddim"], [], 64, "seconds"))
    assert none["trouble"] == "Choose at least one S, one sampler and, for DDIM, one noise&#46;"


def test_a_model_without_a_table_is_an_invitation(tmp_path: Path) -> None:
    """With how long it takes, and with the forecast of what is ticked."""
    tiny(tmp_path)
    page = Panel(tmp_path, build)
    shown = page("show_stored", "Fréchet distance", "toys", ["5"], ["ddim"], ["η = 0"], 256)
    assert shown["quality-facts"].startswith("**toys** has not been measured yet: open")
    assert re.search(r"press \*Measure\*, about \d+ seconds for 6 cells", shown["quality-facts"])
    assert not shown["quality-plot"].data and shown["quality-table"] == ""
    again = page("show_quantity", "toys", None, "seconds")
    assert again["quality-facts"] == shown["quality-facts"]
    told = page("show_forecast", "toys", ["5"], ["ddim"], ["η = 0"], 256)["quality-forecast"]
    assert re.match(r"1 cell of 256 images: about \d+ seconds here", told)
    none = page("show_forecast", "toys", [], ["ddim"], ["η = 0"], 256)["quality-forecast"]
    assert none.startswith("Choose at least one S")


def test_the_error_is_told_before_it_starts() -> None:
    """10 % with 200 images is 20 % with 50, and no less is promised for the share."""
    table = exact(exact_row(5, HAT, 2.0, (), 0.2), exact_row(10, HAT, 1.0, (), 0.1))
    said = expected_errors([QUALITY, table], 50, classes=True)
    assert "about 20% of a distance (10% is the median of tiny with 200 images" in said
    assert "scaled by 1/√n) and at most ± 7.1 % in class accuracy (½/√n)." in said
    assert "class accuracy" not in expected_errors([table], 50, classes=False)
    unknown = expected_errors([QUALITY], 100, classes=True)
    assert "not known in advance" in unknown and "at most ± 5.0 % in class accuracy" in unknown
    assert expected_errors([], 100, classes=False).endswith("no table here has errors yet.")


def test_the_time_is_of_samples_and_of_what_looks_at_them() -> None:
    _, spec = load(MEASURED[0])
    few, many = ([Setting(S, *Column())] for S in (5, 50))
    assert evaluations(spec, many, 64) == 3200
    assert evaluations(spec, [Setting(10, *Column(sampler="heun"))], 64) == 64 * 19
    slow = Context(Device(torch.device("cpu")), LOCAL)
    slow.device.speed = 1e9
    found = [seconds(slow, spec, settings, 64, 1000) for settings in (few, many)]
    assert found[1] - found[0] == pytest.approx(slow.expected(spec, 64 * 45))
    looked = [seconds(slow, spec, few, 64, count) for count in (0, 1000)]
    assert looked[1] - looked[0] == pytest.approx(1000 * classifier_flops() / 1e9)
    assert 2e7 < classifier_flops() < 1e8


def test_all_tables_are_made_by_one_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tiny(tmp_path)
    called = []

    def evaluate(words: list[str]) -> int:
        called.append(words)
        write(quality_path(model), QUALITY)
        return 0

    monkeypatch.setattr(make, "FOLDER", tmp_path)
    monkeypatch.setattr(make, "main", evaluate)
    make.make_quality("--n", "40")
    make.make_quality("toys")
    assert called == [["evaluate", str(model), "--n", "40"], ["evaluate", str(model)]]
    assert capsys.readouterr().out.startswith("toys: 4 cells, ")
    with pytest.raises(SystemExit, match="no model 'absent'; there are: toys"):
        make.make_quality("absent")
