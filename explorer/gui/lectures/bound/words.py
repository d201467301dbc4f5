"""What a model's bound shows, in sentences made of its numbers.

Without formulas: a stranger's name stands beside them.
"""

from __future__ import annotations

import math

from explorer.diffusion import Mean
from explorer.diffusion.process import Variance
from explorer.evaluation.bound import BoundResult
from explorer.gui.frame.shared import plain
from explorer.gui.lectures.bound.terms import NAMES


def conclusions(result: BoundResult, variance: Variance) -> str:
    """Markdown: where the bits are, where L_simple and the training's loss look; "" before."""
    if not result.finished or not result.simple or not result.loss or result.T == 1:
        return ""
    bits, simple, loss = (result.shares[name] for name in (variance, "simple", "loss"))
    first, last = result.groups[-1]
    told = [
        f"**{plain(result.model)}, {plain(result.pictures)}** (± one standard error).",
        f"With {NAMES[variance]}, {share(bits[0])} of L₀ + Σ Lₜ₋₁ comes from L₀, t = "
        f"1, and {share(bits[-1])} from t = {first}…{last}.",
    ]
    if result.trained_simple:
        told.append(
            f"It was trained with L_simple itself (mean over t: "
            f"{number(result.simple)}), of which {share(simple[-1])} comes from there."
        )
    else:
        told.append(
            f"Of L_simple (mean over t: {number(result.simple)}) "
            f"{share(simple[-1])} comes from there; of the loss that it was trained with, "
            f"{result.loss_name} ({number(result.loss)}), {share(loss[-1])}."
        )
    told.append(widths(result) if variance == "beta" else "")
    return " ".join(part for part in told if part)


def widths(result: BoundResult) -> str:
    """What the wrong width alone costs at t = 2 if σ² = β."""
    if not result.ranges or result.ranges[0] != (2, 2):
        return ""
    schedule = result.make_schedule()
    ratio = (schedule.posterior_variance[1] / schedule.betas[1]).item()
    bits = (ratio - 1 - math.log(ratio)) / (2 * math.log(2))
    step = result.lines["beta"].steps[0]
    return (
        f"At t = 2, β̃/β is {ratio:.2f}: the unequal variances alone cost "
        f"{bits:.3f} of the {step.value:.3f} ± {step.error:.3f} bits/dim there."
    )


def share(mean: Mean) -> str:
    """ "52.1 ± 0.4 %"; a small one keeps a digit."""
    value, error = 100 * mean.value, 100 * mean.error
    places = 1 if value >= 0.1 or not value else min(6, 1 - math.floor(math.log10(value)))
    return f"{value:.{places}f} ± {error:.{places}f} %"


def number(mean: Mean) -> str:
    """ "0.0312 ± 0.0004"."""
    places = max(3, 1 - math.floor(math.log10(mean.error))) if mean.error > 0 else 4
    return f"{mean.value:.{places}f} ± {mean.error:.{places}f}"
