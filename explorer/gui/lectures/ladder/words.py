"""What each single change did to the loss, in sentences made of the numbers."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.evaluation.quantities import with_error
from explorer.gui.lectures.ladder.rungs import BEGINNING, RUNGS, WIDTH, Rung
from explorer.gui.lectures.ladder.work import TIMES, Measured
from explorer.lectures import LECTURES

CLEAR = 3
"""Standard errors from which on a change is called one."""


def caption(found: Measured, rung: Rung) -> str:
    """Of a rung's samples."""
    return f"{rung.title}, loss {found.loss(RUNGS.index(rung), 0).value:.4f}"


def about(found: Measured) -> str:
    """How it was trained and measured."""
    seeds = " and ".join(map(str, found.seeds))
    return (
        f"All rungs: {LECTURES[BEGINNING].title}'s data, schedule, optimiser and batch, its "
        f"network at width {WIDTH} instead of 64, {found.steps:,} steps, seeds {seeds} "
        f"({found.hardware}). The loss is ‖ε̂ − ε‖²/D, its mean over {len(TIMES)} evenly spaced t "
        f"and {found.images}, which has the same noise for all rungs; ± is one standard error "
        "over the images. How far another seed of the training moves it, the two columns show."
    )


def table(found: Measured) -> list[list[str]]:
    """A row for each rung; the first row is the head."""
    seeds = range(len(found.seeds))
    heads = [f"{what}, seed {found.seeds[k]}" for what in ("loss", "change") for k in seeds]
    rows = [["", "weights", *heads]]
    for i, rung in enumerate(RUNGS):
        losses = [with_error(*found.loss(i, k)) for k in seeds]
        shares = [share(found, i, k) if i else "" for k in seeds]
        rows.append([rung.title, f"{found.weights[i]:,}", *losses, *shares])
    return rows


def share(found: Measured, rung: int, seed: int) -> str:
    """The change in per cent of the loss before it: "−12.3 ± 0.4 %"."""
    before = found.loss(rung - 1, seed).value
    value, error = found.change(rung, seed)
    if not error:
        return "0 %"
    sign = "+" if value > 0 else ""
    written = f"{sign}{with_error(100 * value / before, 100 * error / before)} %"
    return written.replace("-", "\N{MINUS SIGN}")


def verdict(found: Measured, rung: int) -> int:
    """−1 if the loss fell clearly with every seed, 1 if it rose so, else 0."""
    signs = set()
    for seed in range(len(found.seeds)):
        value, error = found.change(rung, seed)
        clear = abs(value) > CLEAR * error
        signs.add((1 if value > 0 else -1) if clear else 0)
    return signs.pop() if len(signs) == 1 else 0


def sentence(found: Measured, rung: int) -> str:
    """What the rung's one change did, and at which noise most of it."""
    step = RUNGS[rung]
    shares = " and ".join(
        f"{share(found, rung, k)} (seed {seed})" for k, seed in enumerate(found.seeds)
    )
    word = {
        -1: "lowers the loss with both seeds",
        1: "raises the loss with both seeds",
        0: "does not change the loss clearly in one direction with both seeds",
    }[verdict(found, rung)]
    return f"**{step.change}** {word}: {shares}. {where(found, rung)}"


def where(found: Measured, rung: int) -> str:
    """The t of the largest change with the first seed, and what share of it lies at low noise."""
    after, before = found.levels[0, rung], found.levels[0, rung - 1]
    gaps = (after - before).double()
    total = gaps.sum().item()
    if not verdict(found, rung) or not total:
        return ""
    i = int((gaps / total).argmax())
    return (
        f"The largest part of it lies at t = {TIMES[i]}: {before[i]:.4f} before, {after[i]:.4f} "
        "after."
    )


def findings(found: Measured) -> Sequence[str]:
    """A sentence for each change."""
    return [sentence(found, rung) for rung in range(1, len(RUNGS))]
