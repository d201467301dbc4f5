"""The losses that a lecture prints over those of its network trained here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from explorer.figures.axes import logarithmic, titled
from explorer.figures.palette import PROBE, RUNS, drawn
from explorer.lectures.printed import PRINTED, Printed

HEIGHT = 360
NEAR = 0.05
"""Epochs' losses that differ by less, relatively, are called near."""


@dataclass(frozen=True)
class Learnt:
    """How one lecture's network learnt here, with the lecture's optimiser, batch, T and noise."""

    epochs: tuple[float, ...]
    """Means over the batches of each epoch."""
    steps: int
    """Of one epoch."""
    curve: tuple[tuple[int, float], ...]
    """(step, mean of the losses since the last point)."""
    seconds: float
    hardware: str
    precision: str

    @classmethod
    def of(cls, training: Mapping[str, Any], history: Mapping[str, Any], images: int) -> Learnt:
        """From what a finished run recorded; of `history` every loss that was kept is used.

        images : of the training set; an epoch is so many, and a last part of one is left out.
        """
        steps = math.ceil(images / training["batch"])
        kept = list(zip(history["steps"], history["losses"], strict=True))
        epochs = [
            [loss for step, loss in kept if n * steps < step <= (n + 1) * steps]
            for n in range(training["steps"] // steps)
        ]
        wide = max(1, len(kept) // 120)
        groups = [kept[i : i + wide] for i in range(0, len(kept), wide)]
        return cls(
            tuple(round(_mean(losses), 5) for losses in epochs),
            steps,
            tuple((group[-1][0], round(_mean([y for _, y in group]), 5)) for group in groups),
            round(training["seconds"], 1),
            training["hardware"],
            training["precision"],
        )

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Learnt | None:
        """None where nothing was stored."""
        if not path.is_file():
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{name: _tuples(value) for name, value in found.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def epochs_figure(learnt: Learnt, printed: Printed | None) -> go.Figure:
    """Ours as a curve, and the means of its epochs; what the lecture prints as dots."""
    figure = go.Figure()
    ours, theirs = drawn(RUNS[0], 2), drawn(PROBE)
    x, y = zip(*learnt.curve, strict=True)
    figure.add_scatter(x=x, y=y, mode="lines", name="trained here", **ours)
    if learnt.epochs:
        _dots(figure, "trained here: mean of each epoch", learnt.steps, learnt.epochs, ours)
    if printed:
        _dots(figure, "printed: mean of each epoch", printed.steps, printed.epochs, theirs)
    figure.update_layout(
        height=HEIGHT,
        showlegend=True,
        margin={"l": 60, "r": 10, "t": 10, "b": 40},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        hovermode="closest",
    )
    figure.update_xaxes(title="step")
    figure.update_yaxes(**titled("loss") | logarithmic([*y, *learnt.epochs]))
    return figure


def _dots(
    figure: go.Figure, name: str, steps: int, epochs: Sequence[float], style: Mapping[str, Any]
) -> None:
    """At the end of each epoch."""
    x = [steps * (n + 1) for n in range(len(epochs))]
    look = {**style, "marker": {**style["marker"], "size": 9}}
    figure.add_scatter(x=x, y=epochs, mode="markers", name=name, **look)


def bounded_floor() -> float:
    """E[(|ε| − 1)₊²] = 4 Q(1) − 2 φ(1) for ε ~ N(0, 1): the least loss of outputs in [−1, 1]."""
    density = math.exp(-0.5) / math.sqrt(2 * math.pi)
    tail = 0.5 * math.erfc(1 / math.sqrt(2))
    return 4 * tail - 2 * density


def share_within() -> float:
    """P(|ε| < 1) for ε ~ N(0, 1)."""
    return math.erf(1 / math.sqrt(2))


def verdict(name: str, learnt: Learnt) -> str:
    """How near the lecture's losses ours come, and why, from the numbers; Markdown."""
    where = f"{learnt.hardware}, {learnt.precision}, {learnt.seconds:,.0f} seconds"
    said = [f"**Trained here** for {_epochs(len(learnt.epochs))} ({where})."]
    printed = PRINTED.get(name)
    if printed is None:
        ends = f"{learnt.epochs[-1]:.3f}" if learnt.epochs else f"{learnt.curve[-1][1]:.3f}"
        return f"{said[0]} Its loss ends at {ends}; {_nothing_printed(name)}"
    pairs = list(zip(printed.epochs, learnt.epochs, strict=False))
    shown = sorted({0, 1, len(pairs) - 1} & set(range(len(pairs))))
    each = [f"epoch {i + 1}: printed {pairs[i][0]:.4f}, here {pairs[i][1]:.4f}" for i in shown]
    said.append(f"Mean losses: {'; '.join(each)}.")
    gaps = [abs(ours / theirs - 1) for theirs, ours in pairs]
    if max(gaps) < NEAR:
        said.append(
            f"They differ by {100 * max(gaps):.0f} % at most: this is the lecture's network, and "
            "its training."
        )
    elif all(theirs > bounded_floor() > ours for theirs, ours in pairs[1:]):
        said.append(_bounded(pairs))
    else:
        said.append(f"They differ by up to {100 * max(gaps):.0f} %.")
    return " ".join(said)


def _epochs(n: int) -> str:
    return f"{n} epoch" if n == 1 else f"{n} epochs"


def _nothing_printed(name: str) -> str:
    if name == "scinet":
        return (
            "the lecture prints sums over its epochs' batches of cats, which cannot be compared."
        )
    return "the lecture prints no losses."


def _bounded(pairs: Sequence[tuple[float, float]]) -> str:
    """A reading of losses that stay above what outputs within [−1, 1] can reach."""
    theirs, ours = pairs[-1]
    floor, inside = bounded_floor(), share_within()
    return (
        f"Ours is far lower. The lecture does not print its forward pass; a tanh after the last "
        f"layer would explain the difference. No output beyond ±1 can match noise beyond ±1: "
        f"E[(|ε| − 1)₊²] = {floor:.4f} is left over, and of our loss the share where |ε| < 1, "
        f"{inside:.2f} of the pixels, remains: {floor:.4f} + {inside:.2f} · {ours:.4f} = "
        f"{floor + inside * ours:.4f}, where {theirs:.4f} is printed. The network here has no "
        "tanh, since such noise cannot be predicted with it."
    )
