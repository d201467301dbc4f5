"""The maker of the lectures' stored pages, on models that were trained for two steps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest
import torch

from explorer.cli.recipe import make_config as config_of_words
from explorer.cli.recipe import read_train
from explorer.data import load
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import LOCAL
from explorer.gui.frame.shared import Shared
from explorer.gui.lectures.pages import make, stored
from explorer.gui.lectures.pages.losses import Learnt
from explorer.gui.lectures.pages.topic import PAGES
from explorer.gui.lectures.pages.trained import from_file
from explorer.lectures import LECTURES, Lecture
from explorer.networks import CHOICES, PRESETS
from explorer.training import Record, Run, TrainConfig, observe

CONTEXT = Context(Device(torch.device("cpu")), LOCAL, datasets=("mnist-5k", "emoji"))
SIZES = {"scinet": 32, "cars": 16, "sutd": 8, "jax": 8, "oslo": 8}


def trained(name: str, who: str, folder: Path, **changes: object) -> Run:
    """A narrow network of the lecture's kind, or ours, after two steps; saved in the folder."""
    lecture = LECTURES[name]
    kind, _ = CHOICES[lecture.network]
    network = {"network": kind, "network_options": {"width": 8}}
    if who == "ours":
        network = {"network_options": PRESETS["tiny"]}
    settings = {
        "data": lecture.data[-1], "size": SIZES[name], "conditional": False, "T": 12,
        "schedule": lecture.schedule, "target": "eps", "batch": 8, "steps": 2, "seed": 0,
    }  # fmt: skip
    config = TrainConfig(**settings | network | changes)
    run = Run(config, load(config.data, size=config.size))
    list(observe(run))
    run.save(folder / f"{name}-{who}.safetensors")
    return run


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where pages are stored."""
    for module in (make, stored):
        monkeypatch.setattr(module, "STORED", tmp_path / "stored")
    stored.stored_page.cache_clear()
    yield tmp_path / "stored"
    stored.stored_page.cache_clear()


def captions(lecture: Lecture) -> int:
    """How many sheets its page has."""
    schedule = lecture.make_schedule()
    lanes, right = lecture.make_lanes(schedule), lecture.make_lanes(schedule, repair=True)
    each = [1 + (a != b) for a, b in zip(lanes, right, strict=True)]
    return 2 * each[0] + 2 + sum(each[1:]) if each else 0


@pytest.mark.parametrize("name", LECTURES)
def test_a_page_is_made_of_two_models(name: str, tmp_path: Path, place: Path) -> None:
    lecture = LECTURES[name]
    for who in ("theirs", "ours"):
        trained(name, who, tmp_path)
    make.make_lectures(name, f"from={tmp_path}")
    page = stored.stored_page(name)
    assert len(page.sheets) == captions(lecture) and len(page.curves) == 2
    told = [text for _, text in page.sheets]
    if name == "jax":
        assert len(told) == 10
        assert "The lecture's network: DDIM, S = 10, no clipping, α for ᾱ" in told
        assert "The lecture's network, repaired: DDIM, S = 10, no clipping" in told
    assert (page.walk is not None) == lecture.film
    assert len(page.blocks) == (10 if name == "sutd" else 0)
    assert f"for 2 steps on {lecture.data[-1]}" in page.about
    with gr.Blocks() as demo:
        each = next(each for each in PAGES if each.ID == f"lecture-{name}")
        each.build(CONTEXT, Shared(gr.Tabs(), gr.Dropdown([], render=False)))
    ids = {block.elem_id for block in demo.blocks.values()}
    assert (f"{name}-blocks" in ids) == (name == "sutd")
    for text in lecture.otherwise:
        assert text in page.about
    said = json.loads((place / name / "page.json").read_text(encoding="utf-8"))
    assert said["runs"][0]["steps"][-1] == 2 and len(said["runs"][0]["probe"]) >= 1
    assert (
        sum(file.stat().st_size for file in (place / name).iterdir()) < 200_000
    )  # of noise, which nothing compresses


def test_a_file_says_what_its_run_was(tmp_path: Path) -> None:
    run = trained("oslo", "theirs", tmp_path)
    found = from_file(tmp_path / "oslo-theirs.safetensors")
    assert found.network == "plain-net" and found.steps == 2  # so narrow it has no name
    assert found.about()["weights"] == sum(p.numel() for p in run.network.parameters())
    assert found.probe[-1][1] == pytest.approx(run.history.probes[-1].loss, rel=1e-3)
    x = torch.randn(2, 1, 8, 8)
    torch.testing.assert_close(run.denoiser()(x, 5), found.denoiser(x, 5))
    same = ("data", "size", "conditional", "schedule", "T", "target", "batch", "learning_rate")
    for field in (*same, "ema", "flips", "seed", "weighting", "schedule_options"):
        assert getattr(run.config, field) == getattr(found.config, field)
    assert found.originals(6).shape == (6, 1, 8, 8)
    kind, options = CHOICES["attention"]
    wide = replace(found.config, network=kind, network_options=dict(options))
    assert replace(found, config=wide).network == "attention"


def test_a_model_that_is_not_there_is_asked_for_by_its_command(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="train --lecture cars --network simple-16 --data") as no:
        make.make_lectures("cars", f"from={tmp_path}")
    words = str(no.value).split("explorer train ")[1].removesuffix(" makes it").split()
    asked = config_of_words(read_train(words, "explorer train"))
    assert (asked.data, asked.size, asked.steps) == ("fashion-mnist", 32, 4000)
    assert make.TRAINED.keys() == LECTURES.keys()


def test_without_a_name_pages_without_a_model_stay(
    tmp_path: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained("oslo", "theirs", tmp_path)
    make.make_lectures(f"from={tmp_path}")
    assert [each.name for each in place.iterdir()] == ["oslo"]
    assert "the page of jax stays as it is" in capsys.readouterr().out


def test_losses_are_those_of_the_run_beside_the_model(tmp_path: Path, place: Path) -> None:
    run = trained("oslo", "theirs", tmp_path)
    Record(tmp_path / "oslo-theirs.safetensors").keep(run, "test")
    make.make_lectures("oslo", f"from={tmp_path}")
    learnt = Learnt.read(place / "oslo" / "losses.json")
    assert learnt is not None and [step for step, _ in learnt.curve] == run.history.steps
    assert learnt.steps == -(-(len(run.data) - len(run.held_out)) // 8)


def test_models_that_were_not_trained_alike_are_refused(tmp_path: Path, place: Path) -> None:
    trained("oslo", "theirs", tmp_path)
    trained("oslo", "ours", tmp_path, seed=1)
    with pytest.raises(ValueError, match="were not trained alike"):
        make.make_lectures("oslo", f"from={tmp_path}")
    assert not place.exists()
