"""The handlers behind the tabs, without a browser."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

from explorer.checkpoints import load
from explorer.diffusion import make_schedule
from explorer.figures.plots import COLUMNS, ENDS, QUANTITIES, schedule_figure
from explorer.gui import app
from explorer.gui.app import TABS, create_app
from explorer.gui.forward import tab as forward
from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.jobs import BEGINS
from explorer.gui.frame.limits import LOCAL
from explorer.gui.reverse.stored import stored_race
from explorer.gui.schedules import tab as schedules
from explorer.gui.train.stored import RUNS, stored_run
from explorer.race import choose_labels, ddim, ddpm, pictures
from explorer.race.view import decode

CPU = torch.device("cpu")
HOME_CONTEXT = Context(Device(CPU), LOCAL)
SHIPPED = HOME / "checkpoints" / "mnist.safetensors"


@pytest.fixture(scope="module")
def demo() -> gr.Blocks:
    return create_app(HOME_CONTEXT)


def test_the_app_builds_with_its_tabs_and_ids(demo: gr.Blocks) -> None:
    ids = {block.elem_id for block in demo.blocks.values() if getattr(block, "elem_id", None)}
    assert ids >= {
        *("forward-image", "schedules-plot", "train-start", "train-stop", "train-status"),
        *("train-samples", "train-loss", "train-buckets", "train-film", "train-neighbours"),
        *("train-pause", "train-continue", "train-race", "train-forecast", "train-compare"),
        *("train-files", "train-report", "train-earlier", "train-rate", "train-network"),
        *("reverse-run", "reverse-stop", "reverse-status", "reverse-fork", "reverse-go-on"),
    }
    titles = ["Forward", "Schedules", "Train", "Reverse", "Plane", "Lectures"]
    assert [tab.TITLE for tab in TABS] == titles


def test_progress_is_shown_on_the_lines_of_jobs_alone(demo: gr.Blocks) -> None:
    """With each answer Gradio's page looks at every part that ever showed progress, value and all:
    with all outputs among them a race kept the page busy without a pause."""
    listeners = [each for each in demo.config["dependencies"] if each["backend_fn"]]
    of_each = [
        each["outputs"] if each["show_progress_on"] is None else each["show_progress_on"]
        for each in listeners
    ]
    assert len(listeners) > 150 and max(map(len, of_each)) == 1
    assert all(
        not shown for each, shown in zip(listeners, of_each, strict=True) if not each["queue"]
    )
    assert len({part for shown in of_each for part in shown}) < 30


def test_the_buttons_that_begin_a_job_wait_for_what_was_chosen_before(demo: gr.Blocks) -> None:
    begin = {
        block
        for each in demo.fns.values()
        for block in [demo.blocks.get(each.targets[0][0])]
        if isinstance(block, gr.Button)
        if each.queue and each.types_generator
    }
    waiting = {
        block
        for block in demo.blocks.values()
        if isinstance(block, gr.Button) and BEGINS in block.elem_classes
    }
    assert waiting == begin and len(begin) > 20


def test_the_order_of_the_tabs_is_free(demo: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same elements and events, whoever is built first; each element on its own tab."""

    def contents(demo: gr.Blocks) -> tuple[dict[str, set[str]], list[Any]]:
        tabs = [block for block in demo.blocks.values() if isinstance(block, gr.Tab)]
        ids = {tab.label: {b.elem_id or "" for b in _below(tab)} for tab in tabs}
        events = [(fn.name, len(fn.inputs), len(fn.outputs)) for fn in demo.fns.values()]
        return ids, sorted(events, key=str)

    as_it_is = contents(demo)
    monkeypatch.setattr(app, "TABS", TABS[::-1])
    assert contents(create_app(HOME_CONTEXT)) == as_it_is
    ids, _ = as_it_is
    assert "train-race" in ids["Train"] and "reverse-model" in ids["Reverse"]
    assert {"train-rate", "train-preset", "train-linear-beta_end"} <= ids["Train"]


def _below(block: gr.blocks.Block) -> Iterator[gr.blocks.Block]:
    for child in getattr(block, "children", ()):
        yield child
        yield from _below(child)


def test_no_handler_is_public_without_a_name(demo: gr.Blocks) -> None:
    assert {fn.api_visibility for fn in demo.fns.values()} <= {"private", "undocumented"}


# ---- forward ----------------------------------------------------------------------------------


def test_scene_noise_depends_on_the_seed_alone() -> None:
    picture = Image.new("RGB", (300, 200), "red")
    a = forward.make_scene(picture, 64, 1000, 7, LOCAL)
    b = forward.make_scene(Image.new("RGB", (10, 10)), 64, 50, 7, LOCAL)
    assert torch.equal(a.eps, b.eps) and a.eps.shape == (3, 64, 64)
    assert not torch.equal(a.eps, forward.make_scene(picture, 64, 1000, 8, LOCAL).eps)
    assert a.picture.size == (64, 64) and [s.name for s in a.schedules] == ["linear", "cosine"]
    assert [s.T for s in b.schedules] == [50, 50]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ((16, 1000, 7), "Resolution: 16"),
        ((257, 1000, 7), "Resolution: 257"),
        ((64, 1, 7), "T: 1"),
        ((64, 10**6, 7), "T: 1000000"),
        ((64, 1000, -1), "Seed: -1"),
        ((64, 1000, None), "Seed is empty"),
        ((64, 10.5, 7), "T: 10.5"),
    ],
)
def test_scene_refuses(settings: tuple, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        forward.make_scene(Image.new("RGB", (8, 8)), *settings, LOCAL)


def test_samples_are_pictures_of_one_size() -> None:
    samples = forward.samples()
    assert len(samples) >= 8
    assert {p.size for p in samples.values()} == {(256, 256)}


# ---- schedules --------------------------------------------------------------------------------


def test_chosen_schedules_keep_the_lists_order_and_take_options() -> None:
    options = dict(schedules.OPTIONS) | {"linear": {"beta_start": 1e-3, "beta_end": 0.05}}
    made = schedules.chosen_schedules(["cosine", "linear"], 100, options, LOCAL)
    assert [s.name for s in made] == ["linear", "cosine"]
    truth = make_schedule("linear", 100, beta_start=1e-3, beta_end=0.05)
    assert torch.equal(made[0].alpha_bar, truth.alpha_bar)


@pytest.mark.parametrize(
    ("names", "T", "change", "says"),
    [
        (["linear"], 5000, {}, "T: 5000"),
        (["nonsense"], 100, {}, "no schedule 'nonsense'"),
        (["linear"], 100, {"linear": {"beta_start": 1e-4, "beta_end": 2}}, "beta_end = 2"),
        (
            ["linear"],
            100,
            {"linear": {"beta_start": None, "beta_end": 0.1}},
            "beta_start is empty",
        ),
    ],
)
def test_bad_options_are_named(names: list, T: int, change: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        schedules.chosen_schedules(names, T, dict(schedules.OPTIONS) | change, LOCAL)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_the_figure_shows_the_schedules_own_numbers(quantity: str) -> None:
    schedule = make_schedule("cosine", 400)
    figure = schedule_figure([schedule], quantity)
    values = QUANTITIES[quantity][2](schedule)
    assert list(figure.data[0].x) == list(range(401))
    drawn = torch.tensor(figure.data[0].y)
    assert drawn[200].item() == pytest.approx(values[200].item(), rel=1e-12)
    cursor = figure.layout.meta["cursor"]
    assert len(cursor["series"][0]["values"]) == len(cursor["columns"]) == len(COLUMNS) + len(ENDS)


def test_is_the_end_noise() -> None:
    """Against Nichol & Dhariwal's point: linear wastes its last steps; and the closed form."""
    drowned, divergence = ENDS.values()
    for schedule in (make_schedule("linear", 1000), make_schedule("cosine-clipped", 1000)):
        decibels = 10 * schedule.snr[1:].log10()
        assert drowned(schedule) == (decibels < -20).sum().item()
        end = schedule.alpha_bar[-1].item()
        nats = 0.5 * (end / 3 - end - math.log1p(-end))  # ½(ᾱx̄² + (1−ᾱ) − 1 − ln(1−ᾱ))
        assert divergence(schedule) == pytest.approx(nats / math.log(2), rel=1e-6)
    assert drowned(make_schedule("linear", 1000)) > 3 * drowned(make_schedule("cosine", 1000))


def test_no_schedule_is_an_empty_figure() -> None:
    assert len(schedule_figure([], next(iter(QUANTITIES))).data) == 0


# ---- reverse ----------------------------------------------------------------------------------


def test_labels() -> None:
    assert choose_labels(("cat", "dog"), 3) == [0, 1, 0]
    assert choose_labels(("cat", "dog"), 2, "dog") == choose_labels(("cat", "dog"), 2, "1")
    assert choose_labels((), 2) is None
    with pytest.raises(ValueError, match="'cow'.*cat, dog"):
        choose_labels(("cat", "dog"), 1, "cow")


# ---- what is stored ---------------------------------------------------------------------------


def test_the_stored_race_is_the_shipped_models() -> None:
    """The first picture on the first screen comes out of the shipped checkpoint again."""
    view = stored_race()
    assert [lane.name for lane in view.lanes] == ["DDPM", "DDIM, S = 50"]
    assert [lane.evaluations for lane in view.lanes] == [ddpm(1000).evaluations, 50]
    assert view.settings["model"] == "mnist" and view.settings["labels"] == [0, 1, 2, 3]
    denoiser, _ = load(SHIPPED)
    truth = pictures(denoiser, ddim(1000, 50), (1, 28, 28), seed=7, labels=[0, 1, 2, 3])
    assert (decode(view)[1].x[-1] - truth).abs().max() <= 0.01


@pytest.mark.parametrize("name", RUNS)
def test_the_stored_runs_are_whole_and_learnt_something(name: str) -> None:
    run = stored_run(name)
    history = run.history
    assert "tored" in run.status and "tored" in run.samples[1] + run.status
    assert len(history.steps) == len(history.losses) == len(history.smooth) > 10
    assert history.smooth[-1] < 0.8 * history.smooth[0]
    probes = [point.step for point in history.probes]
    assert probes[0] == 0 and probes == sorted(set(probes)) and len(probes) > 3
    assert {len(point.buckets) for point in history.probes} == {10}
    assert history.probes[-1].loss < 0.8 * history.probes[0].loss
    film = run.film
    assert film.T == run.T and film.snapshots[0].step == 0 and len(film.snapshots) > 5
    assert abs(film.snapshots[-1].step - history.steps[-1]) <= 0.1 * history.steps[-1]
    for picture, caption in (run.samples, run.neighbours):
        assert np.asarray(picture).any() and caption
