"""Error against steps: the numbers, the sentence about them, and the panel's handlers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
import torch

from explorer.diffusion import (
    SAMPLERS,
    SCHEDULES,
    SPACINGS,
    GaussianMixture,
    make_schedule,
    sample,
)
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED
from explorer.gui.frame.shared import Shared
from explorer.gui.plane.order import panel
from explorer.gui.plane.order.figure import order_figure
from explorer.gui.plane.order.work import (
    AGAINST,
    STEPS,
    Curve,
    Order,
    checked,
    measure,
    read,
    sentence_of,
    write,
)
from explorer.plane import gaussian_means, noise
from explorer.plane.points import SPREAD
from explorer.race.lanes import lane_of
from tests.gui.panel import in_turn, merged, named

STORED = read()


def curve(name: str, errors: list[float], evaluations: list[int] | None = None) -> Curve:
    return Curve(name, list(STEPS), evaluations or list(STEPS), errors)


def test_the_slopes_are_the_orders() -> None:
    (order,) = measure(STORED.schedule, STORED.grid, STORED.points)
    assert (order.schedule, order.grid) == ("linear", "karras")
    measured = {curve.sampler: curve for curve in order.curves}
    for stored in STORED.curves:
        fresh = measured[stored.sampler]
        assert fresh.errors == pytest.approx(stored.errors, rel=1e-6)
        assert replace(fresh, errors=stored.errors) == stored
    slopes = {each.sampler: [each.slope(against) for against in AGAINST] for each in order.curves}
    for name, slope in (("ddim", -1), ("dpm-solver", -2), ("heun", -2)):
        assert slopes[name] == pytest.approx([slope, slope], abs=0.25)
    assert "ddpm" not in slopes  # it adds noise


def test_an_error_is_the_distance_to_the_exact_flow() -> None:
    """Which DPM-Solver++ with all 1000 steps finds, too."""
    (order,) = measure("cosine", "quadratic", 20)
    table, x_T = make_schedule("cosine", 1000), noise(20, 7, "order").double()
    law = GaussianMixture(gaussian_means(), table, std=SPREAD)
    *_, truth = sample(law, table, x_T, range(1000, -1, -1), sampler="dpm-solver")
    for each in order.curves:
        lane = lane_of(each.sampler, table, steps=20, spacing="quadratic")
        *_, last = sample(law, table, x_T, lane.times, sampler=each.sampler)
        rms = (last.x - truth.x).square().sum(1).mean().sqrt().item()
        assert each.errors[1] == pytest.approx(rms, rel=0.02, abs=2e-4)


def test_which_grids_show_an_order() -> None:
    """What the prose says of them, for every schedule."""
    text = Path(panel.__file__).with_name("prose.md").read_text(encoding="utf-8")
    assert "falls more slowly than $S^{-1.7}$ with every schedule, with some no faster" in text
    assert "the slopes are −1, −2 and −2 to within 0.3" in text
    slopes = {}
    for grid in ("uniform", "karras"):
        for schedule in SCHEDULES:
            (order,) = measure(schedule, grid, 64)
            slopes[grid, schedule] = [each.slope(AGAINST[0]) for each in order.curves]
    second = [slopes["uniform", schedule][1] for schedule in SCHEDULES]
    assert min(second) > -1.7
    assert any(s[1] > s[0] - 0.1 for (grid, _), s in slopes.items() if grid == "uniform")
    for schedule in SCHEDULES:
        near = slopes["karras", schedule] == pytest.approx([-1, -2, -2], abs=0.3)
        assert near == (schedule not in ("cosine", "constant")), schedule


def test_evaluations_are_counted_as_they_are_asked() -> None:
    for each in STORED.curves:
        twice = each.sampler == "heun"
        assert each.steps == list(STEPS)
        assert each.evaluations == [2 * S - 1 if twice else S for S in STEPS]


def test_the_sentence_says_what_the_numbers_say() -> None:
    falling = {p: [S**-p for S in STEPS] for p in (1.0, 2.0)}
    twice = [2 * S - 1 for S in STEPS]
    lines = [curve("ddim", falling[1.0]), curve("heun", [50 * e for e in falling[2.0]], twice)]
    order = Order("cosine", "uniform", 9, lines)
    assert sentence_of(order, AGAINST[0]) == (
        "Computed from the exact distribution, cosine schedule with T = 1000, uniform grid, 9 "
        "points: "
        "with 10 steps DDIM ends nearest to the exact flow (error 0.1), with 160 Heun does "
        "(0.002). Fitted slopes: DDIM −1.0, Heun −2.0."
    )
    said = sentence_of(order, AGAINST[1])  # by the lines, where both have one: from 19 to 160
    assert "DDIM ends nearest to the exact flow with 19 evaluations (error 0.053) and with" in said
    assert "and with 160 (0.0063). Fitted slopes: DDIM −1.0, Heun −2.0." in said


@pytest.mark.parametrize("grid", SPACINGS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_and_grid_has_a_sentence_that_is_true(schedule: str, grid: str) -> None:
    (order,) = measure(schedule, grid, 32)
    said = sentence_of(order, AGAINST[0])
    few, many = (min((c.errors[i], c.way.title) for c in order.curves) for i in (0, -1))
    if few[1] == many[1]:
        form = r": (.+) ends .+ with 10 steps \(error (.+)\) and with 160 \((.+)\)\. Fitted"
        title, *errors = re.search(form, said).groups()
        titles = [title, title]
    else:
        form = r"with 10 steps (.+) ends .+ \(error (.+)\), with 160 (.+) does \((.+)\)\. Fitted"
        *one, title, error = re.search(form, said).groups()
        titles, errors = [one[0], title], [one[1], error]
    assert titles == [few[1], many[1]]
    assert [float(each) for each in errors] == pytest.approx([few[0], many[0]], rel=0.06)
    slopes = said.split("Fitted slopes: ")[1].rstrip(".").split(", ")
    for text, each in zip(slopes, order.curves, strict=True):
        assert text.startswith(f"{each.way.title} −")
        assert -float(text.split("−")[1]) == pytest.approx(each.slope(AGAINST[0]), abs=0.051)


def test_the_figure_draws_what_was_measured() -> None:
    for against in AGAINST:
        figure = order_figure(STORED, against)
        for line, each in zip(figure.data, STORED.curves, strict=True):
            assert list(line.x) == each.costs(against) and list(line.y) == each.errors
            style = SAMPLERS[each.sampler].style
            assert (line.line.color, line.line.dash) == (style.light, style.dash)
            assert line.meta["dark"] == style.dark
            slope = f"{each.slope(against):.1f}".replace("-", "−")
            assert line.name == f"{each.way.title}, slope {slope}"
        assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", "log")
        assert figure.layout.xaxis.title.text == against
    with pytest.raises(ValueError, match="no axis 'S'; there are: steps S"):
        order_figure(STORED, "S")


def test_it_is_stored_and_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "stored" / "order.json"
    monkeypatch.setattr("explorer.gui.plane.order.work.STORED", file)
    write(STORED)
    assert read() == STORED and file.stat().st_size < 4000


def test_only_the_choices_are_allowed() -> None:
    assert checked("cosine", "uniform") == ("cosine", "uniform")
    for choice, said in (
        (("cosin", "uniform"), "no schedule 'cosin'; there are: linear"),
        ((["linear"], "uniform"), "no schedule"),
        (("linear", "edm"), "no grid 'edm'; there are: uniform"),
        (("linear", None), "no grid None"),
    ):
        with pytest.raises(ValueError, match=said):
            checked(*choice)


@pytest.fixture
def handlers(tmp_path: Path) -> Callable[..., list[dict]]:
    limits = replace(HOSTED, order_points=10)
    context = Context(Device(torch.device("cpu")), limits, checkpoints=tmp_path)
    with gr.Blocks() as demo:
        panel.build(context, Shared(gr.Tabs(), gr.Dropdown()))
    found = {fn.name: fn.fn for fn in demo.fns.values()}
    request = SimpleNamespace(session_hash="one")

    def call(name: str, *values: object) -> list[dict]:
        if name != "compute":
            return [named(found[name](*values))]
        answered = list(in_turn(found[name](request, *values)))
        assert {} not in answered  # which the page would take for values
        return [named(answer) for answer in answered]

    return call


def test_the_handlers_measure_and_show(handlers: Callable[..., list[dict]]) -> None:
    order = merged(handlers("compute", "sigmoid", "uniform"))["State"]
    assert (order.schedule, order.grid, order.points) == ("sigmoid", "uniform", 10)
    shown = merged(handlers("show", order, AGAINST[1]))
    assert shown["order-status"] == sentence_of(order, AGAINST[1])
    assert shown["order-plot"] == order_figure(order, AGAINST[1])


def test_trouble_is_a_sentence_and_what_was_shown_stays(
    handlers: Callable[..., list[dict]],
) -> None:
    *_, last = handlers("compute", "linear", "edm")
    assert "no grid" in last["trouble"] and "State" not in last and "order-status" not in last
    last = merged(handlers("show", STORED, "time"))
    assert "no axis" in last["trouble"] and "order-plot" not in last
