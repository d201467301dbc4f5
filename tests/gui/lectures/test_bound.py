"""The topic on the variational bound: its handlers without a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import torch

from explorer.diffusion import VARIANCES, Denoiser
from explorer.evaluation.bound import measure_bound
from explorer.evaluation.held_out import choose_pictures
from explorer.gui.frame.call import Patience
from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device, StopFlag
from explorer.gui.frame.limits import LOCAL
from explorer.gui.frame.shared import Shared
from explorer.gui.lectures.bound import panel as bound
from explorer.gui.lectures.bound.words import conclusions
from explorer.gui.lectures.bound.work import (
    CHOICES,
    STORED,
    VIEWS,
    draw,
    not_yet,
    reading,
    run_bound,
    status,
    stored_bound,
)
from tests.evaluation.conftest import DIGITS, made
from tests.gui.panel import merged, named

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints")
    made(folder / "tiny.safetensors", DIGITS)
    return folder


class Page:
    """The topic's handlers, called as a visitor's browser would have them called."""

    def __init__(self, folder: Path) -> None:
        self.context = Context(Device(CPU), LOCAL, checkpoints=folder)
        with gr.Blocks() as demo, gr.Tabs() as tabs, gr.Tab():
            bound.build(self.context, Shared(tabs, None))
        self.fns = {fn.name: fn for fn in demo.fns.values()}
        self.request = SimpleNamespace(session_hash="one")

    def run(self, name: str = "tiny", **changes: Any) -> Iterator[dict[str, Any]]:
        """What it answers, by the ids without "bound-"; the result is the "State"."""
        values = {"n": 4, "times": 5, "seed": 7, "view": VIEWS[0], "shown": "both", "T": 1000}
        handler = self.fns["begin"].fn
        for answer in named(handler(self.request, name, *(values | changes).values())):
            yield _short(answer)

    def call(self, name: str, *values: Any) -> dict[str, Any]:
        return _short(named(self.fns[name].fn(self.request, *values)))


def _short(answer: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("bound-"): value for name, value in (answer or {}).items()}


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return Page(folder)


def test_a_run_ends_with_all_parts(page: Page) -> None:
    last = merged(page.run())
    bars, table, plot = (last[name] for name in ("bars", "reading", "plot"))
    state, result = last["status"], last["State"]
    assert last["trouble"] == "" and result.finished
    assert result.n == 4 and len(result.ranges) == 5
    assert "24 evaluations" in state and "seen in training" in state
    assert last["run"].interactive and not last["stop"].interactive
    assert [cells[0] for cells in table.rows["total"]] == [
        f"{result.lines[v].total.value:.3f}" for v in VARIANCES
    ]
    assert len(bars.data) == 4 and len(plot.data) == 4
    assert last["said"] == conclusions(result, "beta") and "‖x₀ − x̂₀‖²" in last["said"]


def test_it_streams_and_stops_with_what_there_is(folder: Path) -> None:
    flag = StopFlag("someone")
    flag.start()
    states = run_bound(folder / "tiny.safetensors", 2, 30, 1, CPU, flag, every=0)
    shown = [next(states) for _ in range(4)]
    assert [len(state.ranges) for state in shown] == [0, 1, 2, 3]
    assert status(shown[3], running=True).startswith("running:  10%, down to t = ")
    flag.stop()
    *_, last = states
    assert not last.finished and len(last.ranges) == 4
    assert status(last).startswith("stopped:  13%")
    for view in VIEWS:
        draw(view, last, "both", 10, LOCAL)
    assert reading(last, VARIANCES).rows["total"] == (("–", ""), ("–", ""))


def test_one_step_alone_is_drawn_and_read_too() -> None:
    spec = replace(DIGITS, T=1)
    denoiser = Denoiser(lambda x, t: x, spec.make_schedule(), spec.target)
    *_, result = measure_bound(denoiser, spec, choose_pictures(spec, 3))
    for view in VIEWS:
        assert draw(view, result, "both", 10, LOCAL).layout
    assert "3 evaluations" in status(result)
    assert [cells[0] for cells in reading(result, VARIANCES).rows["matching"]] == ["0", "0"]


def test_nobody_keeps_the_device_for_long(folder: Path) -> None:
    states = list(
        run_bound(folder / "tiny.safetensors", 2, 30, 1, CPU, Patience(lambda: False, 0))
    )
    assert len(states) == 1 and not states[0].finished


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"n": 1}, "Images: 1 is not allowed"),
        ({"n": None}, "Images is empty"),
        ({"times": 0}, "Times t: 0"),
        ({"seed": -1}, "Seed: "),
        ({"name": "gone"}, "is no longer available"),
        ({"view": "else"}, "no view"),
        ({"view": VIEWS[3], "T": 1}, "T of the schedules: 1"),
    ],
)
def test_bad_input_is_one_sentence(page: Page, changes: dict[str, Any], says: str) -> None:
    last = merged(page.run(**changes))
    assert says in unescape(last["trouble"]) and last["status"] == "failed"
    assert "State" not in last and last["run"].interactive and not last["stop"].interactive


def test_looks_change_without_computing(page: Page) -> None:
    result = merged(page.run())["State"]
    for view in VIEWS:
        for shown, variances in CHOICES.items():
            drawn = page.call("redraw", result, view, shown, 50)
            assert drawn["trouble"] == "" and drawn["plot"].data
            bars = drawn["bars"].data[0].x
            assert len(drawn["reading"].columns) == len(bars) == len(variances)
    refused = page.call("redraw", result, VIEWS[3], "both", None)
    assert "T of the schedules" in refused.pop("trouble") and not refused
    settled = page.call("settle", None, VIEWS[1], "both", 50)
    assert settled.keys() == {"bars", "reading", "plot", "said"}
    assert page.call("settle", result, VIEWS[3], "both", None) == {}  # trouble stays


def test_what_is_chosen_meanwhile_is_what_comes_next(page: Page) -> None:
    states = page.run(times=30)
    next(states)
    (job,) = page.context.jobs.alive
    assert page.call("redraw", None, VIEWS[1], "σ² = β", 50) == {"trouble": ""}
    assert VIEWS[1] in job.flag.read()
    shown = next(states)
    assert [bars.name for bars in shown["plot"].data] == [
        "bound, σ² = β", "L<sub>simple</sub>", "trained with: ‖x₀ − x̂₀‖²",
    ]  # fmt: skip
    page.call("ask_to_stop")
    last = merged(states)
    assert "tiny, stopped" in last["status"] and len(last["plot"].data) == 3


def test_stored_results_belong_to_the_shipped_models(folder: Path, tmp_path: Path) -> None:
    home = Context(Device(CPU), LOCAL)
    result, said = bound.begin_with(home, "mnist", "")
    assert result.finished and said.startswith("Stored&#58; mnist") and result.model == "mnist"
    other = Context(Device(CPU), LOCAL, checkpoints=tmp_path)
    own = tmp_path / "runs" / "mnist.safetensors"
    own.parent.mkdir()
    shutil.copy(folder / "tiny.safetensors", own)
    assert stored_bound(other, own) is None
    assert (STORED / "mnist.json").exists() and (HOME / "checkpoints").exists()


def test_before_it_is_computed_the_prior_is_known(page: Page) -> None:
    chosen = page.call("choose", "tiny", VIEWS[0], "both", 1000)
    table, result = chosen["reading"], chosen["State"]
    assert "not computed yet" in chosen["status"] and not chosen["trouble"] and not result.ranges
    assert table.rows["prior"][0][0] != "–" and table.rows["matching"][0][0] == "–"
    assert replace(result, seconds=0) == replace(not_yet(DIGITS), seconds=0)
    refused = page.call("choose", "gone", VIEWS[0], "both", 1000)
    assert "no longer available" in refused.pop("trouble") and not refused


def test_nothing_is_public(page: Page) -> None:
    assert {fn.api_visibility for fn in page.fns.values()} <= {"private", "undocumented"}


def test_without_any_model_it_says_so(tmp_path: Path) -> None:
    page = Page(tmp_path)
    refused = page.call("redraw", None, VIEWS[0], "both", 1000)
    assert "No model is available" in refused.pop("trouble") and not refused
