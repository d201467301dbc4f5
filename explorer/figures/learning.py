"""How a model learns: its losses, which noise levels it learns when, runs side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go

from explorer.figures.axes import titled
from explorer.figures.palette import PROBE, RUNS, Style, drawn
from explorer.text import escaped

POINTS = 400
"""A curve is drawn through at most about this many points."""
EVALUATIONS = 160
"""The heat map has at most about this many columns."""
HEIGHT = 360
FAINT = Style("#9ca3af", "#6b7280", "solid")
STRONG = Style("#18181b", "#ececef", "solid")
SCALE = [a * 10.0**k for k in range(-9, 6) for a in (1, 2, 5)]
"""1, 2, 5, 10, …: where axes and colour bars are labelled."""


class Curves(NamedTuple):
    """What is compared of a run."""

    name: str
    steps: Sequence[int]
    smooth: Sequence[float]
    """The moving average of the loss at each of `steps`."""
    probe: Sequence[tuple[int, float]]
    """(step, loss on the fixed probe), at a few steps."""
    rates: Sequence[tuple[int, float]] = ()
    """(step, learning rate from there on), wherever it was changed."""


class Level(NamedTuple):
    """A loss in each bucket of t = 1…T, low t first, and the standard errors of these."""

    losses: Sequence[float]
    errors: Sequence[float] = ()


QUANTITIES = ("smoothed loss", "probe loss")
"""What `compare_figure` compares."""


def loss_figure(
    steps: Sequence[int],
    losses: Sequence[float],
    smooth: Sequence[float],
    probe: Sequence[tuple[int, float]] = (),
    rates: Sequence[tuple[int, float]] = (),
    *,
    run: str = "",
) -> go.Figure:
    """The training loss: each batch faint, their moving average strong, the probe with markers.

    probe : (step, loss) of the averaged weights on the same pictures, t and ε at every look.
    rates : (step, learning rate from there on): a dotted vertical line each.
    run : whose they are; the zoom stays as long as it is the same.
    """
    shown = _thinned(len(steps), POINTS)
    x = [steps[i] for i in shown]
    figure = go.Figure()
    for name, values, style, width in (
        ("one batch", losses, FAINT, 1),
        ("moving average", smooth, STRONG, 2.5),
    ):
        y = [values[i] for i in shown]
        _curve(figure, name, x, y, drawn(style, width))
    if probe:
        _curve(figure, "fixed probe (EMA weights)", *_columns(probe), drawn(PROBE), markers=True)
    values = [*losses, *(loss for _, loss in probe)]
    _mark_rates(figure, rates, values, STRONG)
    return _laid_out(figure, _loss_axis("loss", values), uirevision=f"loss {run}")


def compare_figure(runs: Sequence[Curves], quantity: str) -> go.Figure:
    """One of `QUANTITIES` of up to four runs over each other, in the order of `RUNS`' colours.

    ValueError for an unknown quantity or too many runs.
    """
    if quantity not in QUANTITIES:
        raise ValueError(f"no quantity {quantity!r}; there are: {', '.join(QUANTITIES)}")
    if len(runs) > len(RUNS):
        raise ValueError(f"{len(runs)} runs are too many to compare: at most {len(RUNS)}")
    figure, values = go.Figure(), []
    for run, style in zip(runs, RUNS, strict=False):
        if quantity == "probe loss":
            x, y = _columns(run.probe)
        else:
            shown = _thinned(len(run.steps), POINTS)
            x, y = [run.steps[i] for i in shown], [run.smooth[i] for i in shown]
        values += y
        markers = quantity == "probe loss"
        _curve(figure, escaped(run.name), x, y, drawn(style), markers=markers)
    for run, style in zip(runs, RUNS, strict=False):
        _mark_rates(figure, run.rates, values, style)
    figure.update_layout(showlegend=True)
    return _laid_out(figure, _loss_axis(quantity, values), uirevision=f"compare {quantity}")


def bucket_figure(
    steps: Sequence[int],
    buckets: Sequence[Sequence[float]],
    T: int,
    *,
    end: int | None = None,
    log: bool | None = None,
    run: str = "",
) -> go.Figure:
    """The probe's loss by noise level while a model learns: a heat map, step × t.

    Parameters
    ----------
    steps : when the probe was measured, increasing.
    buckets : for each of these the loss of each bucket of t = 1…T, low t first.
    end : the run's last step, where the map ends; by default the last of `steps`.
    log : whether steps are shown on a logarithmic axis; by default if they are spaced like that.
    run : as in `loss_figure`.
    """
    kept = _thinned(len(steps), EVALUATIONS)
    at = [steps[i] for i in kept]
    log = _log_spaced(at) if log is None else log
    figure = go.Figure()
    if at:
        rows = list(zip(*(buckets[i] for i in kept), strict=True))  # low t first
        edges = [T * i / len(rows) for i in range(len(rows) + 1)]
        sides = _edges(at, log, max(at[-1], end or 0))
        figure.add_heatmap(
            x=sides,
            y=edges,
            z=[[_log10(loss) for loss in row] for row in rows],
            text=[
                [f"step {s} · t {math.floor(a) + 1}…{math.floor(b)}<br>loss {loss:.3g}"
                 for s, loss in zip(at, row, strict=True)]
                for row, a, b in zip(rows, edges, edges[1:], strict=False)
            ],
            hovertemplate="%{text}<extra></extra>",
            **_colours([loss for row in rows for loss in row]),
        )  # fmt: skip
    figure = _laid_out(
        figure,
        {
            "title": "t (0 data, T noise)",
            "range": [0, T],
            "tickvals": [T * i / 4 for i in range(5)],
        },
        uirevision=f"buckets {T} {log} {run}",
    )
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(showgrid=False, zeroline=False, tickformat="d", automargin=True)
    if log and at:
        span = max(at) / max(1, min(at))
        ticks = [v for v in SCALE if v >= 1 and (span < 1000 or math.log10(v) % 1 < 1e-9)]
        figure.update_xaxes(type="log", tickvals=ticks, ticktext=[f"{v:g}" for v in ticks])
    if not at:
        return figure.update_xaxes(range=[0, 1], tickvals=[0])
    # not a range of ours: Plotly would take that for another one at every look, and end the zoom
    return figure.update_xaxes(autorange=True)


def level_figure(probe: Level, floor: Level, unseen: Level, T: int, *, run: str = "") -> go.Figure:
    """The loss by noise level: the model's on the probe, and dashed what nobody gets below.

    probe : of the model, at the newest look.
    floor : of the ideal denoiser of the training pictures, on these; what is below a hundredth of
        the lowest other loss is left out.
    unseen : of the same denoiser on the probe.
    run : as in `loss_figure`.
    """
    figure = go.Figure()
    others = [value for value in (*probe.losses, *unseen.losses) if 0 < value < math.inf]
    least = min(others, default=0.0) / 100
    for name, level, style in (
        ("floor: ideal denoiser, training images", floor, STRONG._replace(dash="dash")),
        ("ideal denoiser on the probe: not a floor", unseen, FAINT._replace(dash="dot")),
    ):
        x, y, errors = _across(level, T, least)
        _curve(figure, name, x, y, drawn(style), errors=errors)
    n = len(probe.losses)
    middles = [T * (i + 0.5) / n for i in range(n)]
    values = [value if 0 < value < math.inf else None for value in probe.losses]
    name = "the model on the probe"
    _curve(figure, name, middles, values, drawn(PROBE), markers=True, errors=probe.errors)
    shown = [v for trace in figure.data for v in trace.y if v is not None]
    figure = _laid_out(figure, _loss_axis("loss", shown), uirevision=f"levels {T} {run}")
    ticks = [T * i / 4 for i in range(5)]
    axis = {"title": "t (0 data, T noise)", "range": [0, T], "tickvals": ticks, "tickformat": "d"}
    return figure.update_layout(xaxis=axis, hovermode="x", showlegend=True)


def _across(level: Level, T: int, least: float) -> tuple[list, list, list]:
    """A flat mark over each bucket of t, with its error in the middle; none up to `least`."""
    x: list[float | None] = []
    y: list[float | None] = []
    errors: list[float | None] = []
    width = T / max(1, len(level.losses))
    for i, value in enumerate(level.losses):
        if least < value < math.inf:
            x += [width * (i + share) for share in (0.04, 0.5, 0.96)] + [None]
            y += [value] * 3 + [None]
            errors += [None, level.errors[i] if level.errors else None, None, None]
    return x, y, errors


def _mark_rates(
    figure: go.Figure,
    rates: Sequence[tuple[int, float]],
    values: Sequence[float],
    style: Style,
) -> None:
    """A dotted vertical line where the learning rate changed, over all that is drawn, with it."""
    drawn_values = [value for value in values if 0 < value < math.inf]
    if not rates or not drawn_values:
        return
    low, high = min(drawn_values), max(drawn_values)
    end = max(max(trace.x, default=0) for trace in figure.data)
    for step, rate in rates:
        line = drawn(style._replace(dash="dot"), 1.5)
        side = "left" if step > 0.6 * end else "right"
        figure.add_scatter(
            x=[step, step],
            y=[low, high],
            mode="lines+text",
            text=["", f"rate {rate:g}"],
            textposition=f"bottom {side}",
            showlegend=False,
            name="",
            hovertemplate=f"learning rate {rate:g} from step {step} on<extra></extra>",
            **line,
        )


def _thinned(count: int, most: int) -> list[int]:
    """At most about so many indices of a list, evenly, the last among them."""
    return sorted({*range(0, count, max(1, count // most)), count - 1}) if count else []


def _columns(points: Sequence[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [step for step, _ in points], [loss for _, loss in points]


def _curve(
    figure: go.Figure,
    name: str,
    x: Sequence[float | None],
    y: Sequence[float | None],
    style: dict[str, Any],
    markers: bool = False,
    errors: Sequence[float | None] = (),
) -> None:
    mode = "lines+markers" if markers else "lines"
    style["marker"]["size"] = 6
    if errors:
        style["error_y"] = {"array": list(errors), "thickness": 1.5, "width": 3}
    figure.add_scatter(x=x, y=y, mode=mode, name=name, hovertemplate="%{y:.3g}", **style)


def _loss_axis(title: str, values: Iterable[float]) -> dict[str, Any]:
    """Logarithmic; the page labels it, at least three values however far one zooms."""
    shown = any(0 < value < math.inf for value in values)
    room = {"autorange": True} if shown else {"range": [math.log10(0.05), math.log10(1.2)]}
    return titled(title, type="log", **room)


def _laid_out(figure: go.Figure, yaxis: dict[str, Any], uirevision: str) -> go.Figure:
    return figure.update_layout(
        xaxis={"title": "step", "rangemode": "tozero"},
        yaxis=yaxis,
        hovermode="x",
        height=HEIGHT,
        margin={"l": 64, "r": 20, "t": 12, "b": 48},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        uirevision=uirevision,
        meta={"logs": True},
    )


def _log_spaced(steps: Sequence[int]) -> bool:
    """Whether the gaps grow with the steps themselves."""
    positive = [step for step in steps if step > 0]
    if len(positive) < 4 or positive[-1] < 16 * positive[0]:
        return False
    gaps = [b - a for a, b in zip(positive, positive[1:], strict=False)]
    return sum(gaps[-2:]) > 4 * sum(gaps[:2])


def _edges(steps: Sequence[int], log: bool, end: float) -> list[float]:
    """The borders of cells around the steps: half-way, on the axis that is drawn, up to `end`.

    With a single step, 0, there is nothing yet: its cell is as wide as a step.
    """
    if log:
        at = [math.log(step) for step in steps if step > 0]
        gap = at[1] - at[0] if len(at) > 1 else 0.5
        at = [at[0] - gap if at else -1.0] * (len(steps) - len(at)) + at  # step 0 has no place
    else:
        at = [float(step) for step in steps]
    first = at[1] - at[0] if len(at) > 1 else 1.0
    middles = [(a + b) / 2 for a, b in zip(at, at[1:], strict=False)]
    edges = [at[0] - first / 2, *middles]
    inner = [math.exp(edge) for edge in edges] if log else [max(0.0, edges[0]), *edges[1:]]
    return [*inner, float(max(end, 1))]


def _log10(loss: float) -> float | None:
    return math.log10(loss) if 0 < loss < math.inf else None


def _colours(losses: Sequence[float]) -> dict[str, Any]:
    """Cividis (the same to colour-blind eyes) between round losses; low is dark: learnt.

    The values are logarithms, labelled by the page as the losses that they stand for.
    """
    positive = [loss for loss in losses if 0 < loss < math.inf] or [1.0]
    low = max(value for value in SCALE if value <= max(min(positive), SCALE[0]))
    high = min([value for value in SCALE if value >= max(positive)] or SCALE[-1:])
    high = high if high > low else 2 * low
    return {
        "colorscale": "Cividis",
        "zmin": math.log10(low),
        "zmax": math.log10(high),
        "colorbar": {
            "title": {"text": "probe loss", "side": "right"},
            "thickness": 14,
            "outlinewidth": 0,
        },
    }
