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
from explorer.evaluation import HAT, NOISES, STEPS, STRIDED, Setting, quality_path, read
from explorer.gui.frame.call import Patience
from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED, LOCAL
from explorer.gui.reverse.quality import panel
from explorer.gui.reverse.quality.panel import (
    build,
    chosen_settings,
    measure,
    quality_parts,
    stored_quality,
)
from tests.gui.panel import Panel, merged, tiny

CONTEXT = Context(Device(torch.device("cpu")), LOCAL, datasets=("mnist-5k", "emoji"))
SHIPPED = sorted((HOME / "checkpoints").glob("*.safetensors"))


@pytest.fixture(autouse=True)
def few_real_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """To compare with: the classifier looks at each."""
    monkeypatch.setattr(panel, "REFERENCE", 300)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_model_has_its_table(path: Path) -> None:
    from explorer.evaluation.quality import fingerprint

    quality = stored_quality(path)
    assert quality.model == path.stem and quality.n >= 256
    denoiser, spec = load(path)
    assert quality.weights == fingerprint(denoiser.network, spec)
    measured = {(row.setting.steps, row.setting.column) for row in quality.rows}
    assert measured == set(product(STEPS, NOISES))  # nothing of the table is missing
    words, figure, table = quality_parts(quality, "Fréchet distance")
    assert path.stem in words.replace("&#45;", "-") and len(figure.data) == 6 and "1000" in table


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
    words, _, table = quality_parts(quality, "seconds")
    assert "only large differences" in words and "<strong>" not in table


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
    assert "Nothing measured" in quality_parts(None, "seconds")[0]
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
    assert "Heun asks the network 2S − 1 times." in shown["quality-facts"]
    heads = re.findall(r'<th scope="col">(.*?)</th>', shown["quality-table"])
    assert heads == ["S", "η = 0", "η = 1", "DPM-Solver++(2M)", "Heun, karras"]
    assert [trace.name for trace in shown["quality-plot"].data] == [*heads[1:], "real pictures"]
    stored = read(quality_path(model))
    assert {row.setting.sampler: row.evaluations for row in stored.rows} == {
        "ddim": 5, "dpm-solver": 5, "heun": 9,
    }  # fmt: skip


def test_what_heun_asks_counts_where_strangers_share(tmp_path: Path) -> None:
    """S = 10 with 64 pictures: 640 evaluations of DDIM, 1,216 of Heun."""
    shutil.copy(HOME / "checkpoints" / "mnist.safetensors", tmp_path)
    page = Panel(tmp_path, build, replace(HOSTED, evaluations=1215))
    refused = merged(page("begin_here", "mnist", ["10"], ["heun"], [], 64, "seconds"))
    assert refused["trouble"].startswith("1,216 evaluations of the network are more than 1,215")
    both = merged(page("begin_here", "mnist", ["10"], ["ddim"], ["1", "0.2"], 64, "seconds"))
    assert both["trouble"].startswith("1,280 evaluations")
    none = merged(page("begin_here", "mnist", ["10"], ["ddim"], [], 64, "seconds"))
    assert none["trouble"] == "Choose at least one S, one sampler and, for DDIM, one noise&#46;"
