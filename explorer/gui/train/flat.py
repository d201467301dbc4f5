"""Why is my loss flat? How much of it is floor, and how much the batches jump: in numbers."""

from __future__ import annotations

import math
import statistics

import plotly.graph_objects as go

from explorer.figures.learning import Level, level_figure
from explorer.gui.frame.spoken import after_steps
from explorer.training import History

TITLE = "Why is my loss flat?"
NOT_YET = "The floor is computed once, when the run begins."
MOSTLY, HARDLY = 0.8, 0.05
"""Shares of the probe's loss from which on it is mostly floor, and up to which hardly any."""
QUARTER = 0.75
"""Of the run; what comes after is its last quarter."""


def levels_of(history: History, T: int, run: str = "") -> go.Figure:
    """The newest look at the probe by noise level, with the floor."""
    floor = history.floor
    newest = history.probes[-1].buckets if history.probes else ()
    return level_figure(
        Level(newest, history.errors),
        Level(floor.seen, floor.errors) if floor else Level(()),
        Level(floor.unseen) if floor else Level(()),
        T,
        run=run,
    )


def why_flat(history: History, T: int) -> str:
    """What keeps the loss up, from the numbers that the plot beside it shows, as Markdown."""
    floor = history.floor
    if floor is None or not history.probes:
        return NOT_YET
    probe = history.probes[-1]
    share = floor.loss / probe.loss if probe.loss > 0 else math.nan
    known, whole = f"all {floor.of:,} training images", ""
    if floor.pictures < floor.of:
        known = f"{floor.pictures:,} of the {floor.of:,} training images, drawn at random"
        whole = " (the floor of the whole set is, on average over such draws, no lower than this)"
    told = ", given their classes," if floor.told else ""
    said = [
        f"**Floor: {_with_error(floor.loss, floor.error)}**, {_percent(share)} of the probe's "
        f"{_with_error(probe.loss, history.probe_error)} {after_steps(probe.step)}. This error "
        "remains "
        f"even for the ideal denoiser{told} on noisy versions of the images that it knows, "
        f"{known}: where several could lie behind one noisy image, nothing tells which. No "
        f"network's expected loss on them is lower, however long it trains{whole}.",
        _by_level(history, T),
        _below(history, T),
        "The gap between floor and curve can be closed by learning, or only by memorising. The "
        "dotted "
        "marks show the same ideal denoiser on the probe's images, which it does not know: "
        "how well memorising works there. They are not a floor.",
        _movement(history),
        "So look at the **probe**, which does not jump, at the heat map and at the samples.",
    ]
    return "\n\n".join(filter(None, said))


def _by_level(history: History, T: int) -> str:
    """Where the loss is mostly floor, and where hardly any of it."""
    floor = history.floor
    assert floor is not None  # the caller has looked
    buckets = history.probes[-1].buckets
    shares = [low / loss for low, loss in zip(floor.seen, buckets, strict=True) if loss > 0]
    if len(shares) < len(buckets):
        return ""
    mostly = [i for i, share in enumerate(shares) if share >= MOSTLY]
    hardly = [i for i, share in enumerate(shares) if share <= HARDLY]
    parts = []
    if mostly:
        parts.append(f"at least {MOSTLY:.0%} of the loss at t = {_ranges(mostly, len(shares), T)}")
    if hardly:
        parts.append(f"at most {HARDLY:.0%} of the loss at t = {_ranges(hardly, len(shares), T)}")
    if not parts:
        return ""
    rows = zip(shares, buckets, floor.errors, history.errors, strict=False)
    errors = [math.hypot(a, share * b) / loss for share, loss, a, b in rows]
    known = [errors[i] for i in (*mostly, *hardly) if i < len(errors)]
    sure = f" (standard errors of these shares: up to {max(known):.1%})" if known else ""
    return f"By noise level the floor is {', and '.join(parts)}{sure}."


def _below(history: History, T: int) -> str:
    """Where the probe lies below the floor: by how much of what chance explains."""
    floor = history.floor
    assert floor is not None  # the caller has looked
    rows = zip(floor.seen, floor.errors, history.probes[-1].buckets, history.errors, strict=False)
    gaps = [(low - loss) / math.hypot(a, b) if a or b else 0.0 for low, a, loss, b in rows]
    below = [i for i, gap in enumerate(gaps) if gap > 0]
    if not below:
        return ""
    return (
        f"At t = {_ranges(below, len(gaps), T)} the probe lies below the floor, by at most "
        f"{max(gaps):.1f} standard errors of their difference: it is measured on other images."
    )


def _movement(history: History) -> str:
    """How much the batches jump, and how much the probe fell, in the last quarter of the run."""
    start = QUARTER * history.end
    pairs = zip(history.steps, history.losses, history.smooth, strict=True)
    ratios = [loss / smooth for step, loss, smooth in pairs if step >= start and smooth > 0]
    looks = [point for point in history.probes if point.step >= start]
    if len(ratios) < 10 or len(looks) < 2 or not looks[0].loss > 0:
        return ""
    fell = 1 - looks[-1].loss / looks[0].loss
    verb = "fell" if fell >= 0 else "rose"
    return (
        f"From step {looks[0].step:,} on the loss of a batch deviated from its average by "
        f"{statistics.pstdev(ratios):.1%} (standard deviation), while the probe {verb} by "
        f"{abs(fell):.1%}."
    )


def _ranges(indices: list[int], count: int, T: int) -> str:
    """ "1…300 and 901…1000"."""
    runs: list[list[int]] = []
    for i in indices:
        if runs and i == runs[-1][-1] + 1:
            runs[-1].append(i)
        else:
            runs.append([i])
    edges = [T * i // count for i in range(count + 1)]
    return " and ".join(f"{edges[run[0]] + 1}…{edges[run[-1] + 1]}" for run in runs)


def _with_error(value: float, error: float) -> str:
    """ "0.122 ± 0.004"."""
    return f"{value:.3g}" + (f" ± {error:.1g}" if math.isfinite(error) else "")


def _percent(share: float) -> str:
    return "as much as all" if 0.995 <= share < 1.005 else f"{share:.0%}"
