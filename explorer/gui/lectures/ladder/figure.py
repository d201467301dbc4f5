"""The rungs' losses, and over t that of a rung beside the one before it."""

from __future__ import annotations

import plotly.graph_objects as go

from explorer.figures.axes import framed, logarithmic, titled
from explorer.figures.palette import RUNS, drawn
from explorer.gui.lectures.ladder.rungs import RUNGS
from explorer.gui.lectures.ladder.work import TIMES, Measured


def rungs_figure(found: Measured) -> go.Figure:
    """The mean loss of each rung, a line for each seed, ± standard error."""
    figure, values = go.Figure(), []
    for k, seed in enumerate(found.seeds):
        losses = [found.loss(i, k) for i in range(len(RUNGS))]
        values += [loss.value for loss in losses]
        look = drawn(RUNS[k], 1.5)
        look["marker"]["size"] = 7
        figure.add_scatter(
            x=list(range(len(RUNGS))),
            y=[loss.value for loss in losses],
            error_y={"array": [loss.error for loss in losses], "thickness": 1, "width": 3},
            mode="lines+markers",
            name=f"seed {seed}",
            hovertemplate="%{y:.4f} ± %{error_y.array:.1g}",
            **look,
        )
    names = {"tickvals": list(range(len(RUNGS))), "ticktext": [rung.title for rung in RUNGS]}
    return figure.update_layout(
        xaxis={"title": "rung: one change more at each", "automargin": True} | names,
        yaxis=titled("mean loss", **logarithmic(values)),
        **framed("rungs", 320) | {"hovermode": "closest"},
    )


def levels_figure(found: Measured, rung: int) -> go.Figure:
    """The loss over t of a rung and of the one before it, with the first seed."""
    figure, values = go.Figure(), []
    shown = [rung] if not rung else [rung - 1, rung]
    for k, i in enumerate(reversed(shown)):
        y = found.levels[0, i].tolist()
        values += y
        look = drawn(RUNS[k], 2)
        look["marker"]["size"] = 5
        figure.add_scatter(
            x=TIMES,
            y=y,
            error_y={"array": found.level_errors[0, i].tolist(), "thickness": 1, "width": 2},
            mode="lines+markers",
            name=RUNGS[i].title if i == rung else f"before: {RUNGS[i].title}",
            hovertemplate="%{y:.4f} ± %{error_y.array:.1g}",
            **look,
        )
    return figure.update_layout(
        xaxis={"title": "t (0 data, T noise)", "range": [0, 1015]},
        yaxis=titled("loss at t", **logarithmic(values)),
        **framed("levels", 320),
    )
