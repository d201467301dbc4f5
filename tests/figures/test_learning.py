"""The figures of a run: what is drawn is what was measured."""

from __future__ import annotations

import json
import math

import pytest

from explorer.figures.learning import (
    QUANTITIES,
    Curves,
    Level,
    bucket_figure,
    compare_figure,
    level_figure,
    loss_figure,
)
from explorer.figures.palette import PALETTE, RUNS

STEPS = list(range(1, 1001))
LOSSES = [1 / math.sqrt(step) for step in STEPS]
PROBE = [(0, 2.0), (10, 0.5), (1000, 0.001)]


def test_the_loss_figure_keeps_its_traces_order_and_shows_all_of_the_probe() -> None:
    assert len(loss_figure([], [], []).data) == 2
    figure = loss_figure(STEPS, LOSSES, LOSSES, PROBE)
    assert [trace.name for trace in figure.data] == [
        *("one batch", "moving average", "fixed probe (EMA weights)")
    ]
    assert figure.data[1].x[-1] == 1000 and len(figure.data[1].x) <= 501
    assert list(zip(figure.data[2].x, figure.data[2].y, strict=True)) == PROBE
    assert figure.layout.yaxis.autorange and figure.layout.yaxis.type == "log"


@pytest.mark.parametrize(
    ("steps", "log"),
    [
        ([0, 50, 100, 150, 400], False),
        ([0, 1, 3, 10, 30, 100, 300], True),
        ([5], False),
        ([7, 9], False),
        ([0], False),
    ],
)
def test_a_cell_of_the_heat_map_lies_around_its_step(steps: list[int], log: bool) -> None:
    buckets = [[0.1 * (b + 1) + i for b in range(10)] for i in range(len(steps))]
    figure = bucket_figure(steps, buckets, 1000)
    (heat,) = figure.data
    edges = list(heat.x)
    assert figure.layout.xaxis.type == ("log" if log else None)
    assert len(edges) == len(steps) + 1 and edges == sorted(set(edges))
    for step, low, high in zip(steps, edges, edges[1:], strict=False):
        assert (step == 0 and log) or low <= step <= high
    assert edges[-1] == max(steps[-1], 1)  # the map ends where the run ends
    assert figure.layout.xaxis.autorange  # which ends with the map; a range would end the zoom
    assert list(heat.y) == [100 * i for i in range(11)]
    for i, step in enumerate(steps):
        for b in range(10):
            assert heat.z[b][i] == pytest.approx(math.log10(buckets[i][b]))
            says = f"step {step} · t {100 * b + 1}…{100 * b + 100}<br>loss {buckets[i][b]:.3g}"
            assert heat.text[b][i] == says
    assert heat.zmin <= heat.z[0][0] and max(row[-1] for row in heat.z) <= heat.zmax
    assert figure.layout.meta == {"logs": True}  # the page labels the colours


def test_linear_cells_meet_half_way() -> None:
    heat = bucket_figure([10, 20, 50], [[1.0] * 10] * 3, 1000, log=False).data[0]
    assert list(heat.x) == [5, 15, 35, 50]
    later = bucket_figure([10, 20, 50], [[1.0] * 10] * 3, 1000, log=False, end=57)
    assert list(later.data[0].x) == [5, 15, 35, 57]


def test_a_heat_map_without_values_is_empty_and_as_large() -> None:
    empty, full = bucket_figure([], [], 500), bucket_figure([1], [[1.0] * 10], 500)
    assert len(empty.data) == 0 and empty.layout.height == full.layout.height
    assert empty.layout.xaxis.title.text == "step" and empty.layout.yaxis.range == (0, 500)


def test_losses_that_have_no_logarithm_are_gaps() -> None:
    heat = bucket_figure([1, 2], [[0.0, 1.0], [math.inf, math.nan]], 10).data[0]
    assert [list(row) for row in heat.z] == [[None, None], [0.0, None]]
    json.loads(bucket_figure([1], [[0.0] * 10], 10).to_json())


def test_a_changed_learning_rate_is_a_dotted_line_over_all_that_is_drawn() -> None:
    rates = [(10, 5e-4), (900, 1e-4)]
    figure = loss_figure(STEPS, LOSSES, LOSSES, PROBE, rates)
    assert [trace.name for trace in figure.data[:3]] == [
        *("one batch", "moving average", "fixed probe (EMA weights)")
    ]
    for (step, rate), mark in zip(rates, figure.data[3:], strict=True):
        assert list(mark.x) == [step, step] and list(mark.y) == [0.001, 2.0]
        assert mark.line.dash == "dot" and mark.text[1] == f"rate {rate:g}"
    sides = [mark.textposition for mark in figure.data[3:]]
    assert sides == ["bottom right", "bottom left"]  # within the plot
    assert len(loss_figure([], [], [], [], rates).data) == 2  # nothing to mark yet
    runs = [Curves("a", STEPS, LOSSES, PROBE, rates[:1]), Curves("b", STEPS, LOSSES, PROBE)]
    for quantity in QUANTITIES:
        *curves, mark = compare_figure(runs, quantity).data
        assert len(curves) == 2 and list(mark.x) == [10, 10]
        assert mark.line.color == curves[0].line.color and not mark.showlegend


def test_the_floor_stands_under_its_bucket_and_nothing_is_drawn_below_a_hundredth() -> None:
    probe = Level([0.3, 0.2, 0.1], [0.03, 0.02, 0.01])
    floor, unseen = Level([1e-9, 0.05, 0.09], [1e-9, 0.004, 0.005]), Level([3.0, 0.4, 0.12])
    figure = level_figure(probe, floor, unseen, 300)
    low, other, curve = figure.data
    assert (low.line.dash, other.line.dash, curve.line.dash) == ("dash", "dot", "solid")
    assert list(low.y) == [0.05] * 3 + [None] + [0.09] * 3 + [None]
    assert all(100 < x < 200 for x in low.x[:3]) and all(200 < x < 300 for x in low.x[4:7])
    assert list(low.error_y.array) == [None, 0.004, None, None, None, 0.005, None, None]
    assert list(curve.x) == [50, 150, 250] and list(curve.y) == list(probe.losses)
    assert list(curve.error_y.array) == list(probe.errors)
    assert [other.y[i] for i in (0, 4, 8)] == list(unseen.losses)
    empty = level_figure(Level([]), Level([]), Level([]), 300)
    assert [len(trace.x) for trace in empty.data] == [0, 0, 0]
    assert empty.layout.xaxis.range == (0, 300)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_runs_are_compared_in_their_own_colours(quantity: str) -> None:
    runs = [Curves(f"<b>{k}</b>", STEPS, [k * v for v in LOSSES], PROBE) for k in range(1, 5)]
    figure = compare_figure(runs, quantity)
    assert [trace.line.color for trace in figure.data] == [style.light for style in RUNS]
    assert figure.data[3].name == "&lt;b&gt;4&lt;/b&gt;"  # a name is text, never markup
    last = 4 * LOSSES[-1] if quantity == "smoothed loss" else 0.001
    assert figure.data[3].y[-1] == last and figure.layout.showlegend
    assert len(compare_figure([], quantity).data) == 0
    with pytest.raises(ValueError, match="at most 4"):
        compare_figure([*runs, runs[0]], quantity)


def test_an_unknown_quantity_is_named() -> None:
    with pytest.raises(ValueError, match="no quantity 'fid'; there are: smoothed loss"):
        compare_figure([], "fid")


def test_no_run_has_a_schedules_or_a_samplers_colour() -> None:
    series = {shade for style in PALETTE.values() for shade in (style.light, style.dark)}
    runs = [shade for style in RUNS for shade in (style.light, style.dark)]
    assert len({*runs}) == 8 and not series & {*runs}
    assert len({style.dash for style in RUNS}) == 4
