"""What the topic of the variational bound computes and says, without a page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import torch

from explorer.checkpoints import Spec
from explorer.diffusion import VARIANCES, Denoiser, Mean
from explorer.diffusion.process import Variance
from explorer.evaluation.bound import BoundResult, measure_bound, read_bound
from explorer.evaluation.held_out import choose_pictures
from explorer.gui.frame.context import Context
from explorer.gui.frame.limits import Limits, whole
from explorer.gui.lectures.bound.figure import PARTS, in_powers, noise_figure, share_figure
from explorer.gui.lectures.bound.reading import Reading
from explorer.gui.lectures.bound.terms import NAMES, terms_figure, weights_figure
from explorer.inference import shared

STORED = Path(__file__).with_name("stored")
VIEWS = ("each step", "share of the total", "weights", "is it noise at T?")
BOTH = "both"
CHOICES = {BOTH: VARIANCES, **{NAMES[variance]: (variance,) for variance in VARIANCES}}
"""What the variance's control says -> the variances that are shown."""
N, TIMES, SEED = 16, 50, 7
TITLES = {"n": "Images", "times": "Times t"}


def stored_bound(context: Context, path: Path) -> BoundResult | None:
    """What the package holds of a shipped model; a visitor's own may have the same name."""
    file = STORED / f"{path.stem}.json"
    shipped = path.parent == context.checkpoints and file.exists()
    return read_bound(file) if shipped else None


def not_yet(spec: Spec) -> BoundResult:
    """L_T alone, which no network is asked for. ValueError if there are no pictures."""
    pictures = choose_pictures(spec, N, bundled=True)
    nobody: Any = torch.nn.Identity()  # a denoiser's network, which is not asked
    denoiser = Denoiser(nobody, spec.make_schedule(), spec.target)
    return next(measure_bound(denoiser, spec, pictures))


def run_bound(
    path: Path,
    n: int,
    times: int,
    seed: int,
    device: torch.device,
    stopped: Callable[[], bool],
    *,
    every: float = 0.7,
) -> Iterator[BoundResult]:
    """Load the model and measure, now and then what there is."""
    denoiser, spec = shared(path, device)
    pictures = choose_pictures(spec, n, bundled=True)
    states = measure_bound(denoiser, spec, pictures, count=times, seed=seed, device=device)
    told = -every
    for state in states:
        ended = state.finished or stopped()
        if ended or time.monotonic() - told >= every:
            told = time.monotonic()
            yield state
        if ended:
            return


def status(result: BoundResult, running: bool = False) -> str:
    """How far it is, or what it was measured on."""
    if result.finished:
        evaluations = result.n * (min(result.count, result.T - 1) + 1)
        return f"{result.pictures}: {evaluations:,} evaluations in {result.seconds:.1f} s"
    if not result.ranges and not running:
        return "not computed yet; only L_T is known without the network"
    t = result.ranges[0][0] if result.ranges else result.T
    return f"{'running' if running else 'stopped'}: {result.share:4.0%}, down to t = {t}"


def reading(result: BoundResult, variances: Sequence[Variance]) -> Reading:
    """All parts of the bound as text, in bits/dim; a dash for what is not there yet."""
    rows: dict[str, list[tuple[str, str]]] = {name: [] for name in (*PARTS, "total")}
    for variance in variances:
        line = result.lines[variance]
        rows["reconstruction"].append(_texts(line.reconstruction))
        known = result.ranges or result.finished  # with T = 1 there is nothing to add up
        rows["matching"].append(_texts(line.matching if known else None))
        rows["prior"].append(_texts(result.prior))
        rows["total"].append(_texts(line.total))
    styles = {name: (style.light, style.dark) for name, (_, style) in PARTS.items()}
    names = tuple(NAMES[variance] for variance in variances)
    return Reading(names, {name: tuple(cells) for name, cells in rows.items()}, styles)


def _texts(mean: Mean | None) -> tuple[str, str]:
    """A value with three decimals and its error, or the value in powers of ten if it is small."""
    if mean is None:
        return "–", ""
    if abs(mean.value) >= 1e-3:
        return f"{mean.value:.3f}", f"± {mean.error:.3f}"
    return in_powers(mean.value), ""


def draw(view: Any, result: BoundResult, shown: Any, T: Any, limits: Limits) -> go.Figure:
    """One of `VIEWS`; ValueError for another, or a T that is not allowed."""
    if view not in VIEWS or shown not in CHOICES:
        raise ValueError(f"no view {view!r} with {shown!r}; there are: {', '.join(VIEWS)}")
    variances = CHOICES[shown]
    if view == VIEWS[0]:
        return terms_figure(result, variances)
    if view == VIEWS[1]:
        return share_figure(result, variances)
    if view == VIEWS[2]:
        return weights_figure(result, variances)
    return noise_figure(whole("T of the schedules", T, limits.T), result.power)
