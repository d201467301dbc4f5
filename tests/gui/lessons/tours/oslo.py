"""The numbers of the tour of Oslo, May 2025."""

from __future__ import annotations

import math

from explorer.gui.lectures.pages.losses import Learnt
from explorer.gui.lectures.pages.stored import LOSSES, STORED
from explorer.lectures import LECTURES
from tests.gui.lessons.tours.common import (
    Facts,
    calls_at,
    left,
    linear_bound,
    prior_bits,
    weights_of,
)


def facts() -> Facts:
    lecture, linear = LECTURES["oslo"], LECTURES["oslo"].make_schedule()
    (c, d), (e, _) = (left("linear", t, 300) for t in (90, 300))
    _, _, total = linear_bound()
    beta = linear.betas[-1].item()
    first_form = 0.5 * math.log2(1 / beta)  # KL(N(√α x, β) ‖ N(0, 1)), x of variance 1
    lane = lecture.make_lanes(linear)[0]
    _, _, of_x0, of_eps, of_z, *_ = lane.coefficients(linear, (1, 0))
    signal, noise = left("linear", 1, 300)
    assert of_z == 0
    assert e > 0.2  # not quite a standard Gaussian
    learnt = Learnt.read(STORED / "oslo" / LOSSES)
    assert learnt is not None
    side = 1 + 2 * 4  # four convolutions of 3 × 3
    return {
        1: [
            f"(Oslo, {lecture.given.year})",
            f"$T = {lecture.T}$: at $t = 90$ {c:.2f} of the digit and {d:.2f} of noise",
        ],
        2: [f"${c:.2f}^2 + {d:.2f}^2 = 1$"],
        3: [
            f"$T = {lecture.T}$ and $\\beta_t$ up to {beta:g}",
        ],
        4: [f"$\\bar\\alpha_T = {linear.values[300]:.3f}$"],
        5: ["$T = 1000$"],
        6: [
            f"{first_form:.2f} bits per dimension for $\\beta_T = {beta:g}$",
            f"the other form: {total}",
            "$\\sigma^2 = \\beta$",
        ],
        7: [f"$T = {lecture.T}$: *linear* ends at {prior_bits(300):.3f} bits per dimension"],
        8: ["at $t = 600$: {} calls of the network against {}".format(*calls_at(600))],
        9: [
            f"batches of {lecture.batch}, Adam with a rate of {lecture.rate:.4f}, 5 epochs",
        ],
        10: [
            f"{weights_of('oslo'):,} weights",
            f"${side} \\times {side}$",
            f"{len(learnt.epochs)} epochs",
        ],
        12: [
            "$t = 1$",
            f"{of_x0 * noise / signal - of_eps:.2f} of the predicted noise",
            "$\\sigma_t^2 = \\beta_t$",
        ],
    }
