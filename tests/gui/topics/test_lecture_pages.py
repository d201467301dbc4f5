"""The lectures' pages and the other places that set what a lecture has."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
import torch

from explorer.checkpoints import Spec, save
from explorer.diffusion import Denoiser, make_schedule
from explorer.gui.choices import LECTURE_PRESETS, preset_values
from explorer.gui.context import Context
from explorer.gui.device import Device
from explorer.gui.lecture_work import looks_of, own_model, room, sample_as
from explorer.gui.limits import HOSTED, LOCAL, Limits
from explorer.gui.settings import Settings
from explorer.gui.shared import Shared, visitor_of
from explorer.gui.stored import FOLDER
from explorer.gui.tabs import schedules
from explorer.gui.topics.lecture_pages import PAGES, numbers, stored_page
from explorer.gui.watch import Job
from explorer.lectures import LECTURES
from explorer.networks import CHOICES, NETWORKS
from tests.gui.small import CPU, follow, same, small

STORED = [name for name in LECTURES if stored_page(name)]


def page(limits: Limits, root: Path) -> tuple[gr.Blocks, Settings]:
    """Train's settings and all five pages."""
    context = Context(Device(CPU), limits, root=root, datasets=("mnist-5k", "emoji"))
    with gr.Blocks() as demo:
        with gr.Tabs() as tabs:
            shared = Shared(tabs, gr.Dropdown([], render=False))
            with gr.Tab("Train", id="train"):
                settings = shared.left["settings"] = Settings(context)
            with gr.Tab("Lectures", id="lectures"):
                for each in PAGES:
                    each.build(context, shared)
    return demo, settings


@pytest.mark.parametrize("limits", [LOCAL, HOSTED])
def test_one_click_sets_everything_in_train(limits: Limits, tmp_path: Path) -> None:
    demo, settings = page(limits, tmp_path)
    handlers = [fn for fn in demo.fns.values() if fn.name == "set_in_train"]
    assert len(handlers) == len(LECTURES)
    for handler, (title, lecture) in zip(handlers, LECTURE_PRESETS.items(), strict=True):
        tab, preset, note, *values = handler.fn()
        assert tab.selected == "train" and preset == title
        assert note.startswith("Here pictures")
        assert len(values) == len(settings.inputs) == len(handler.outputs) - 3
        config = settings.read(values)
        assert (config.T, config.schedule) == (lecture.T, lecture.schedule)
        assert config.schedule_options == {} and config.learning_rate == lecture.rate
        expected = preset_values(title, settings.context)
        assert values[: len(expected)] == [expected[name] for name in settings.controls]


def test_a_preset_resets_the_schedules_numbers_too(tmp_path: Path) -> None:
    _, settings = page(LOCAL, tmp_path)
    filled = dict(zip(settings.filled, settings.fill("Lecture: SUTD week 12"), strict=True))
    assert filled[settings.options["cosine-clipped", "beta_max"]] == 0.02
    assert filled[settings.options["linear", "beta_end"]] == 0.02
    assert settings.fill("Digits 16×16 · 90 s")[0] == ""
    assert settings.fill(["x"])[1] == "mnist-5k" and settings.fill(None)[0] == ""


def test_a_page_without_the_train_tab_shows_no_way_there() -> None:
    context = Context(Device(CPU), LOCAL, datasets=("mnist-5k", "emoji"))
    with gr.Blocks() as demo:
        PAGES[0].build(context, Shared(gr.Tabs(), gr.Dropdown([], render=False)))
    assert not any(fn.name == "set_in_train" for fn in demo.fns.values())


@pytest.mark.parametrize("name", LECTURES)
def test_the_table_names_the_lectures_numbers(name: str) -> None:
    lecture, table = LECTURES[name], numbers(LECTURES[name], stored_page(name))
    for text in (lecture.pictures, lecture.schedule, f"T = {lecture.T}", f"Adam {lecture.rate:g}"):
        assert text in table
    assert {line.count("|") for line in table.splitlines()} == {4}


@pytest.mark.parametrize("name", STORED)
def test_what_is_stored_was_trained_alike(name: str) -> None:
    stored = stored_page(name)
    theirs, ours = stored.curves
    assert theirs.steps[-1] == ours.steps[-1] >= 300
    for curves in (theirs, ours):
        assert curves.smooth[-1] < 0.5 * curves.smooth[0]
        assert curves.probe[-1][1] < 0.5 * curves.probe[0][1]
    assert stored.about.startswith("Stored: both trained for")
    assert stored.sheets and all(picture.width > 40 for picture, _ in stored.sheets)


def test_what_is_stored_is_small() -> None:
    files = [path for path in (FOLDER / "lectures").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 400_000


def test_the_schedules_tab_takes_a_lectures_schedule() -> None:
    for lecture in LECTURES.values():
        names, T, *options = schedules.as_in(lecture.title)
        assert (names, T) == ([lecture.schedule], lecture.T)
        assert len(options) == sum(map(len, schedules.OPTIONS.values()))
        made = schedules.chosen_schedules(names, T, schedules.OPTIONS, LOCAL)
        assert (made[0].alpha_bar == lecture.make_schedule().alpha_bar).all()
    assert schedules.as_in("none")[0] == gr.skip() == schedules.as_in(None)[1]


def trained(name: str, folder: Path, T: int = 12) -> Path:
    """A model of a lecture's network, narrow and untrained."""
    lecture = LECTURES[name]
    kind, _ = CHOICES[lecture.network]
    config = NETWORKS[kind][0](T=T, width=8)
    spec = Spec(
        name=name, data="made", licence="-", size=max(8, config.stride), channels=1, classes=(),
        network=kind, network_config=asdict(config), schedule=lecture.schedule, T=T, target="eps",
    )  # fmt: skip
    return save(folder / f"{name}.safetensors", spec.make_network().state_dict(), spec)


@pytest.mark.parametrize("name", LECTURES)
def test_ones_own_model_is_sampled_as_the_lecture_does(name: str, tmp_path: Path) -> None:
    path = trained(name, tmp_path)
    *_, last = sample_as(path, name, CPU, lambda: False)
    assert len(last.sheets) == len(room(LECTURES[name]))
    for (picture, caption), (nothing, before) in zip(
        last.sheets, room(LECTURES[name]), strict=True
    ):
        assert picture.width > 10 and caption.startswith("Your model: ") and nothing is None
        assert "S = " in before or "DDPM" in before or "one shot" in before
    assert name in last.status
    stopped = list(sample_as(path, name, CPU, lambda: True))
    assert len(stopped) == 1 and ("stopped" in stopped[0].status or name == "sutd")


def test_looks_are_a_row_of_noise_and_a_row_of_beliefs() -> None:
    schedule = make_schedule("linear", 1000)
    denoiser = Denoiser(lambda x, t: torch.zeros_like(x), schedule, "x0")
    x0 = torch.zeros(2, 1, 8, 8)
    sheet, caption = looks_of(LECTURES["sutd"], [denoiser, denoiser], x0)
    assert sheet.size == (6 * 9 - 1, 6 * 9 - 1)  # six times; x_t and two beliefs of two pictures
    assert "t = 999, 799, 599, 399, 199, 0" in caption


def test_the_newest_own_model_of_the_network_is_taken(tmp_path: Path) -> None:
    context = Context(Device(CPU), LOCAL, checkpoints=tmp_path, datasets=("mnist-5k", "emoji"))
    with pytest.raises(ValueError, match="press “Set it in Train”"):
        own_model(context, LECTURES["oslo"], "visitor")
    path = trained("oslo", context.runs("visitor"))
    trained("jax", context.runs("visitor"))
    assert own_model(context, LECTURES["oslo"], "visitor")[0] == path


def test_the_button_says_what_is_missing_and_fills_the_sheets(tmp_path: Path) -> None:
    context = Context(Device(CPU), LOCAL, checkpoints=tmp_path, datasets=("mnist-5k", "emoji"))
    with gr.Blocks() as demo:
        PAGES[-1].build(context, Shared(gr.Tabs(), gr.Dropdown([], render=False)))
    begin = next(fn for fn in demo.fns.values() if fn.name == "begin").fn
    request = SimpleNamespace(session_hash="one")
    (refused,) = begin(request)
    assert refused[0] == "not running" and "Set it in Train" in refused[1]
    trained("oslo", context.runs(visitor_of(request)))
    first, *_, seen, last = begin(request)
    assert first[2].open and seen[3][0].width > 20 and last[-2].interactive
    assert not context.device.busy


def test_a_run_with_batchnorm_is_followed_paused_and_continued_in_the_train_tab(
    tmp_path: Path,
) -> None:
    changes = {"network": "simple-unet", "network_options": {"width": 8}, "conditional": False}
    config = small(size=16, steps=8, target="eps", schedule="linear", **changes)
    whole, sliced = (
        Job(config, tmp_path / "a.safetensors"),
        Job(config, tmp_path / "b.safetensors"),
    )
    last = follow(whole)[-1]
    assert last.over and last.saved == "a" and last.samples and last.neighbours
    follow(sliced, stopped=iter([False, True, *[True] * 99]).__next__)
    again = follow(replace(sliced, resume=True))[-1]
    assert again.over and same(whole, sliced)
