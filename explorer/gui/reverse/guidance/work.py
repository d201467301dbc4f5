"""What the guidance panel computes, and what it says of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from explorer.checkpoints import Spec
from explorer.diffusion.guidance import Classifier
from explorer.evaluation import guidance
from explorer.evaluation.guidance import Curve
from explorer.gui.frame.limits import Limits
from explorer.gui.frame.shared import plain
from explorer.gui.reverse.guidance import strip as strips
from explorer.gui.reverse.guidance.strip import KINDS, STEPS, Strip, begin, walk_down
from explorer.guides import find_guide
from explorer.inference import shared, shared_classifier

STORED = Path(__file__).with_name("stored")
CURVES = STORED / "curves.json"
STRENGTHS = {"w": (0.0, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0), "s": (0.0, 1.0, 2.0, 5.0, 10.0)}
"""What can be chosen, for each kind."""
FIRST = {"w": (0.0, 1.0, 2.0, 4.0, 8.0), "s": (0.0, 1.0, 2.0, 5.0, 10.0)}
"""What the strip opens with."""
SEED = 7
MOST = 8.0
"""The largest w of a race; s goes as far as `STRENGTHS`."""


def chosen(kind: Any, values: Any) -> tuple[str, list[float]]:
    """The kind and its strengths, increasing; ValueError for what is not offered."""
    if kind not in KINDS:
        raise ValueError(f"Guidance: {kind!r} is neither of the two; choose again")
    known = {name(value): value for value in STRENGTHS[kind]}
    found = sorted({known[each] for each in values or [] if each in known})
    if not found:
        raise ValueError(f"Choose at least one {kind}.")
    return kind, found


def name(value: float) -> str:
    """A strength as the page says it."""
    return f"{value:g}"


def classifier_for(spec: Spec, kind: str, device: torch.device) -> Classifier | None:
    """The shipped classifier that fits, for kind "s"; ValueError says why none does."""
    return shared_classifier(find_guide(spec), device)[0] if kind == "s" else None


def fitting(spec: Spec | None) -> str:
    """Whether a model can be guided, and by what, as Markdown."""
    if spec is None:
        return ""
    if not spec.classes:
        return (
            f"{plain(spec.name)} was trained without classes: there is no class to guide it "
            "towards."
        )
    try:
        path = find_guide(spec)
    except ValueError as error:
        return f"Classifier-free guidance works; {plain(str(error))}."
    return f"Both ways work: {plain(path.stem)} is a classifier of such noisy images."


def check_cost(
    kind: str, strengths: Sequence[float], pictures: int, spec: Spec, limits: Limits
) -> None:
    """ValueError if so many pictures at each strength are too much for this place."""
    needed = guidance.cost(kind, strengths, pictures, spec.T)
    if needed > limits.evaluations:
        raise ValueError(
            f"{needed:,} evaluations of the network are too many: {limits.evaluations:,} are "
            "allowed here; choose fewer strengths or images"
        )


def run_strip(
    path: Path,
    kind: str,
    strengths: Sequence[float],
    seed: int,
    device: torch.device,
    stopped: Callable[[], bool],
) -> Iterator[Strip]:
    """Load the model, and for kind "s" its classifier, and walk the whole strip down."""
    denoiser, spec = shared(path, device)
    strip = begin(spec, kind, strengths, seed)
    yield from walk_down(
        denoiser,
        strip,
        (spec.channels, spec.size, spec.size),
        classes=spec.classes,
        classifier=classifier_for(spec, kind, device),
        device=device,
        stopped=stopped,
    )


@dataclass(frozen=True)
class Measured:
    """A curve so far."""

    curve: Curve
    share: float
    strength: float
    running: bool


def run_curve(
    path: Path,
    kind: str,
    strengths: Sequence[float],
    n: int,
    device: torch.device,
    stopped: Callable[[], bool],
) -> Iterator[Measured]:
    """Load the model and measure its pictures at each strength, from the same noises."""
    denoiser, spec = shared(path, device)
    classifier = classifier_for(spec, kind, device)
    found = Measured(Curve(spec.name, kind), 0.0, strengths[0], True)
    yield found
    for at in guidance.measure(
        denoiser, spec, kind, strengths, n=n, classifier=classifier, device=device
    ):
        found = Measured(at.curve, at.share, at.strength, at.share < 1)
        yield found
        if stopped():
            break
    yield replace(found, running=False)


def status(strip: Strip) -> str:
    """How far it is."""
    what = f"{plain(strip.model)}, seed {strip.seed}"
    if strip.finished:
        count = len(strip.strengths) * len(strip.classes)
        return f"{what}: {count} images from one noise, DDIM-{min(STEPS, strip.T)}"
    total = min(STEPS, strip.T)
    word = "running" if strip.running else "stopped"
    return f"{what}: {word} at step {max(0, len(strip.times) - 1):2d} of {total}"


def curve_facts(curves: Sequence[Curve]) -> str:
    """What the points were measured of."""
    parts = []
    for curve in curves:
        if curve.points:
            worst = 2 * max(map(curve.error, curve.points))
            parts.append(
                f"**{plain(curve.model)}**, {curve.kind}: {curve.points[0].n} images of each "
                f"class at each {curve.kind}, DDIM-{STEPS}, so a share has an error of up to "
                f"{worst:.0%}"
            )
    if not parts:
        return "Nothing measured yet."
    bars = "Bars and ± are two standard errors of a share."
    return " ".join(part for part in ("; ".join(parts) + ".", bars, compare_ways(curves)) if part)


def compare_ways(curves: Sequence[Curve]) -> str:
    """The best share that a classifier reaches beside that of w = 1; "" unless both are there."""
    plainly = [(c, p) for c in curves for p in c.points if (c.kind, p.strength) == ("w", 1)]
    pushed = [(c, p) for c in curves if c.kind == "s" for p in c.points]
    if not plainly or not pushed or plainly[0][0].model != pushed[0][0].model:
        return ""
    pushed_by, best = max(pushed, key=lambda pair: pair[1].accuracy)
    told_by, told = plainly[0]
    gap = told.accuracy - best.accuracy
    error = math.hypot(told_by.error(told), pushed_by.error(best))
    how = "fewer than" if gap > 3 * error else "more than" if gap < -3 * error else "as many as"
    but = ", within the errors" if how == "as many as" else ""
    return (
        f"With the classifier at most {best.accuracy:.0%} are recognised as requested "
        f"(s = {best.strength:g}), {how} the {told.accuracy:.0%} of w = 1{but}."
    )


def stored_strips() -> dict[str, Strip]:
    """Of the shipped model, by kind."""
    return {kind: strips.read(STORED, kind) for kind in KINDS}


def stored_curves() -> tuple[Curve, ...]:
    """Of the shipped model, one of each kind."""
    return guidance.read(CURVES)
