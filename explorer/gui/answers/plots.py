"""What each plot shows: axes, what to look at and what follows, from the figure on the page."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.gui.parts.numbers import short

Sentence = Callable[["Shown"], str]


def plain_markup(text: str) -> str:
    """Plotly's <sub>t</sub> as _{t}, other tags gone."""
    text = re.sub(r"<sub>(.*?)</sub>", r"_{\1}", text)
    text = re.sub(r"<sup>(.*?)</sup>", r"^{\1}", text)
    return html.unescape(re.sub(r"<[^>]+>", "", text))


@dataclass(frozen=True)
class Line:
    """A trace with numbers that can be seen."""

    name: str
    x: np.ndarray
    y: np.ndarray

    def at(self, x: float) -> float:
        """y where x comes nearest."""
        return float(self.y[np.abs(self.x - x).argmin()])

    def first_below(self, level: float) -> float | None:
        """The first x at which y is below a level."""
        below = np.flatnonzero(self.y < level)
        return float(self.x[below[0]]) if len(below) else None


class Shown:
    """A figure as a reader sees it."""

    def __init__(self, figure: go.Figure) -> None:
        self.figure = figure
        self.lines = [line for line in map(_line, figure.data) if line is not None]

    def named(self, start: str) -> Line | None:
        """The first line whose name begins so."""
        return next((line for line in self.lines if line.name.startswith(start)), None)

    def axis(self, which: str) -> str:
        """An axis in words."""
        axis = self.figure.layout[f"{which}axis"]
        title = plain_markup((axis.title.text or "").strip())
        if not title and which == "y":
            title = ", ".join(line.name for line in self.lines[:3])
        return title

    def is_log(self, which: str) -> bool:
        """Whether equal distances on it are equal factors."""
        return bool(self.figure.layout[f"{which}axis"].type == "log")

    @property
    def y_title(self) -> str:
        return plain_markup(self.figure.layout.yaxis.title.text or "")


def _line(trace: Any) -> Line | None:
    if trace.type != "scatter" or not trace.name or trace.x is None or trace.y is None:
        return None
    pairs = [
        (float(a), float(b))
        for a, b in zip(trace.x, trace.y, strict=False)
        if a is not None and b is not None and math.isfinite(float(a)) and math.isfinite(float(b))
    ]
    if not pairs:
        return None
    x, y = np.array(pairs).T
    return Line(plain_markup(trace.name), x, y)


def explain(elem_id: str | None, figure: go.Figure | None) -> str | None:
    """Axes, what to look at and what follows, as paragraphs; None for a plot that is not known."""
    if figure is None or elem_id is None:
        return None
    found = next((e for pattern, e in PLOTS.items() if fnmatchcase(elem_id, pattern)), None)
    if found is None:
        return None
    shown = Shown(figure)
    look, numbers = found
    parts = [f"**Axes.** {_axes(shown)}", f"**Look at** {look}"]
    if said := numbers(shown):
        parts.append(f"**What follows.** {said}")
    return "\n\n".join(parts)


def _axes(shown: Shown) -> str:
    names = {"Across": shown.axis("x"), "Up": shown.axis("y")}
    said = " ".join(f"{way}: {title}." for way, title in names.items() if title)
    logs = [shown.is_log(which) for which in ("x", "y")]
    if any(logs):
        which = "Both axes are" if all(logs) else f"The {'x' if logs[0] else 'y'} axis is"
        said += f" {which} logarithmic: equal distances are equal factors."
    return said


def _schedules(shown: Shown) -> str:
    if not shown.lines:
        return ""
    if shown.y_title.startswith("ᾱ"):
        falls = [(line.name, line.first_below(0.5)) for line in shown.lines]
        said = [f"{name} at t = {t:.0f}" for name, t in falls if t is not None]
        return f"Half of the variance is noise from here on: {', '.join(said)}." if said else ""
    middle = float(shown.lines[0].x[-1]) / 2
    values = ", ".join(f"{line.name} {short(line.at(middle))}" for line in shown.lines)
    return f"Half-way, at t = {middle:.0f}: {values}."


def _loss(shown: Shown) -> str:
    batch, smooth = shown.named("one batch"), shown.named("moving average")
    probe = shown.named("fixed probe")
    said = []
    if batch and smooth and len(batch.y) > 1:
        half = len(batch.y) // 2
        swing = np.std(batch.y[half:] / smooth.y[half:])
        said.append(
            f"In the second half a batch is off its average by {swing:.0%}, because every batch "
            "draws other images and times: that is no sign of learning or of its end."
        )
    if probe and len(probe.y) > 1:
        said.append(
            f"The probe went from {short(probe.y[0])} to {short(probe.y[-1])} in "
            f"{probe.x[-1]:,.0f} steps; it is asked the same each time, so believe it."
        )
    return " ".join(said)


def _levels(shown: Shown) -> str:
    model = shown.named("the model on the probe")
    if model is None:
        return ""
    most, least = int(model.y.argmax()), int(model.y.argmin())
    return (
        f"The loss is greatest near t = {model.x[most]:.0f} ({short(model.y[most])}) and least "
        f"near t = {model.x[least]:.0f} ({short(model.y[least])}). Only what lies above the floor "
        "can be learned."
    )


def _buckets(shown: Shown) -> str:
    maps = [trace for trace in shown.figure.data if trace.type == "heatmap"]
    if not maps or len(maps[0].z[0]) < 2:
        return ""
    rows = np.array(maps[0].z, dtype=float)
    low, high = ((10 ** row[0], 10 ** row[-1]) for row in (rows[0], rows[-1]))
    return (
        f"From the first look to the last the loss fell from {short(low[0])} to {short(low[1])} "
        f"near the data (bottom), and from {short(high[0])} to {short(high[1])} near the noise "
        "(top). Compare a row with itself: rows differ in how much can be known."
    )


def _last(unit: str) -> Sentence:
    def said(shown: Shown) -> str:
        ends = [f"{line.name} {short(line.y[-1])} at {unit} {line.x[-1]:,.0f}"
                for line in shown.lines]  # fmt: skip
        return f"The last values: {'; '.join(ends)}." if ends else ""

    return said


def _quality(shown: Shown) -> str:
    band = shown.named("real images")
    lines = [line for line in shown.lines if line is not band]
    if not lines:
        return ""
    lowest = "accuracy" not in shown.y_title
    ends = [(line.y.min() if lowest else line.y.max(), line) for line in lines]
    value, best = (min if lowest else max)(ends, key=lambda pair: pair[0])
    few = min(lines, key=lambda line: (line.x.min(), line.y[line.x.argmin()]))
    at, where = few.x.min(), best.x[np.flatnonzero(best.y == value)[0]]
    return (
        f"{'Least' if lowest else 'Most'}: {best.name} with {where:,.0f} evaluations "
        f"({short(value)}). With {at:,.0f}, the fewest, {few.name} has "
        f"{short(few.y[few.x.argmin()])}. Error bars are two standard errors: what overlaps may "
        "well be equal."
    )


def _guidance(shown: Shown) -> str:
    real = shown.named("real images")
    said = []
    for line in shown.lines:
        if line is real or len(line.y) < 2:
            continue
        best = int(line.y.argmax())
        said.append(f"{line.name}: at most {line.y[best]:.1%} right, "
                    f"at a diversity of {short(line.x[best])}")  # fmt: skip
    if real is not None:
        said.append(f"real images: {real.y[0]:.1%} right, {short(real.x[0])}")
    return "; ".join(said) + "." if said else ""


def _draws(shown: Shown) -> str:
    said = [
        f"{line.name} {short(line.y.min())} to {short(line.y.max())}"
        for line in shown.lines
        if line.name in ("DDPM", "DDIM")
    ]
    if not said:
        return ""
    return f"Measured: {', '.join(said)}; a draw from an exact network has 2 on average."


def _spread(shown: Shown) -> str:
    said = []
    for line in shown.lines:
        if "half" in line.name:
            at = f"{line.x[0]:.0f}"
            said.append(f"{line.name.partition(',')[0]} has lost half of its spread at t = {at}")
        elif "mean of" in line.name:
            said.append(f"{line.name.partition(',')[0]} spreads {short(line.y.max())} at most")
        elif line.name.startswith("DDIM"):
            said.append(f"DDIM spreads {short(line.y.max())} at most")
    return "; ".join(said) + "." if said else ""


def _order(shown: Shown) -> str:
    if not shown.lines:
        return ""
    said = []
    for line in shown.lines:
        name, _, slope = line.name.partition(", slope ")
        first, last = line.y[line.x.argmin()], line.y[line.x.argmax()]
        said.append(f"{name} {short(first, 2)} to {short(last, 2)} (slope {slope})")
    low, high = (f"{f(line.x):.0f}" for f, line in ((np.min, shown.lines[0]),
                                                   (np.max, shown.lines[0])))  # fmt: skip
    return (
        f"From {low} to {high}: {'; '.join(said)}. With slope −1 twice as many leave half of the "
        "error, with −2 a quarter."
    )


def _factors(shown: Shown) -> str:
    before, after = shown.named("MSE noised"), shown.named("denoised")
    if not before or not after:
        return ""
    best = int(after.y.argmin())
    return (
        f"The denoised digit is nearest at a noise factor of {short(after.x[best])} (error "
        f"{short(after.y[best])}, noised {short(before.at(after.x[best]))}). It was trained at "
        "one factor; away from it the error grows."
    )


def _bars(shown: Shown) -> str:
    bars = [trace for trace in shown.figure.data if trace.type == "bar" and trace.x is not None]
    sums: dict[str, float] = {}
    for trace in bars:
        for name, value in zip(trace.y, trace.x, strict=False):
            if value is not None:
                sums[str(name)] = sums.get(str(name), 0.0) + float(value)
    said = [f"{plain_markup(name)}: {short(value)}" for name, value in sums.items()]
    return f"In all {', '.join(said)} bits per dimension; pixels without a model take 8." * bool(
        said
    )


def _terms(shown: Shown) -> str:
    said = []
    for line in shown.lines:
        if len(line.y) > 1 and line.y.max() > 0:
            said.append(f"{line.name} is greatest at t = {line.x[line.y.argmax()]:.0f}")
    return "; ".join(said[:4]) + "." if said else ""


def _crossing(shown: Shown) -> str:
    if not shown.lines:
        return ""
    low, high = ({line.name: line.y[i] for line in shown.lines if len(line.y)} for i in (0, -1))
    best = [min(values, key=lambda name: values[name]) for values in (low, high)]
    return (
        f"Near the data {best[0]} has the least ({short(low[best[0]])}), near the noise "
        f"{best[1]} ({short(high[best[1]])})."
    )


def _peaks(shown: Shown) -> str:
    said = [
        f"{line.name} is {short(line.y.max())} at t = {line.x[line.y.argmax()]:.0f}"
        for line in shown.lines
    ]
    return f"The greatest factor {', '.join(said)}." if said else ""


def _reach(shown: Shown) -> str:
    said = [f"{line.name} {short(line.y.max())}" for line in shown.lines]
    return f"The farthest: {', '.join(said)}; pixels end at 1." if said else ""


def _walk(shown: Shown) -> str:
    mean, exact = shown.named("mean"), shown.named("analytic mean")
    if not mean or not exact:
        return ""
    return (
        f"At t = {short(mean.x[-1])} the mean of the paths is {short(mean.y[-1])}, the exact one "
        f"{short(exact.y[-1])}. The mean of few paths differs by chance, a large dt by more."
    )


def _errors(shown: Shown) -> str:
    said = []
    for line in shown.lines:
        if line.name.startswith(("strong", "weak")) and len(line.y) > 1 and line.y.min() > 0:
            few, many = line.y[line.x.argmax()], line.y[line.x.argmin()]
            kind = line.name.partition(",")[0]
            said.append(f"{kind} {short(few, 2)} at the largest dt, {short(many, 2)} at the least")
    return "; ".join(said) + "." if said else ""


def _rungs(shown: Shown) -> str:
    said = [f"{line.name}: {short(line.y[0])} at first, {short(line.y[-1])} at last"
            for line in shown.lines]  # fmt: skip
    return f"{'; '.join(said)}. A step that only one of them takes may be chance." if said else ""


def _noises(shown: Shown) -> str:
    said = [f"{line.name} {short(line.y.min(), 2)} to {short(line.y.max(), 2)} nats"
            for line in shown.lines[:2]]  # fmt: skip
    return f"Over all t: {'; '.join(said)}." if said else ""


def _bins(shown: Shown) -> str:
    bars = [trace for trace in shown.figure.data if trace.type == "bar" and len(trace.y or ())]
    said = [f"{plain_markup(bar.name)}: at most {short(max(bar.y))}" for bar in bars]
    return f"Probability, {', '.join(said)}; all 256 bins have 1 together." if said else ""


def _densities(shown: Shown) -> str:
    lines = [line for line in shown.lines if line.name.startswith("R")]
    said = [f"{line.name}: highest at {short(line.x[line.y.argmax()], 2)}" for line in lines]
    return f"{', '.join(said)}; after ever more steps at 0, as noise." if said else ""


PLOTS: Mapping[str, tuple[str, Sentence]] = {
    "schedules-plot": (
        "where a curve is steep: there the noise level changes fast, and few steps are spent.",
        _schedules,
    ),
    "train-loss": (
        "the line with markers, the fixed probe; the faint one jumps by itself.",
        _loss,
    ),
    "train-levels": ("the gap between the model and the floor, at each noise level.", _levels),
    "train-buckets": ("one row from left to right: when it turns dark, it is learned.", _buckets),
    "train-compare-plot": ("which run is lower after as many steps.", _last("step")),
    "quality-plot": (
        "who is nearest to the band of real images with the fewest evaluations.",
        _quality,
    ),
    "guidance-plot": ("how a line passes the star, the real images.", _guidance),
    "draws-plot": ("how near DDPM comes to the line at 2.", _draws),
    "spread-plot": ("where the curve falls: there the image is decided.", _spread),
    "order-plot": ("how steep a line is: that is the sampler's order.", _order),
    "autoencoder-loss": ("the mean, not single batches.", _last("step")),
    "autoencoder-factors": ("the lowest point of the denoised curve.", _factors),
    "bound-bars": ("which part of the bar is longest.", _bars),
    "bound-plot": ("from which t the most comes; the axis above names what is drawn.", _terms),
    "forms-plot": ("the distance between the two lines at one t.", _noises),
    "decoder-plot": ("how much of the probability the true bin has.", _bins),
    "pixel-plot": ("where a curve has its middle, and how wide it is.", _densities),
    "targets-errors": ("where the lines cross: who is best changes with t.", _crossing),
    "targets-factors": ("the ends: there an error is magnified most.", _peaks),
    "targets-reach": ("how far above 1 a line goes, beyond black and white.", _reach),
    "sde-plot": ("whether the measured mean and band stay on the dashed ones.", _walk),
    "sde-errors": ("the slope: half the step, half the error, or 0.7 of it.", _errors),
    "ladder-levels": ("where the two lines are apart: there the change counts.", _crossing),
    "ladder-losses": ("which steps both seeds take, and which only one.", _rungs),
    "*-epochs": ("the dots: the epochs that the lecture prints, and ours.", _last("step")),
    "*-loss": ("both curves at the same step: the same loss need not mean the same images.",
               _last("step")),
}  # fmt: skip
"""A plot's id -> what to look at, and a sentence with numbers of what is shown."""
