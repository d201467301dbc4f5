"""The numbers of the tour of SciNet 2026."""

from __future__ import annotations

from explorer.diffusion import bound_weights, make_schedule
from explorer.gui.lectures.pages.losses import Learnt
from explorer.gui.lectures.pages.stored import LOSSES, STORED
from explorer.lectures import LECTURES
from tests.gui.lessons.tours.common import Facts, left, linear_bound, weights_of

PRINTED = (387.72831, 14.70780, 2.8991684)
"""Sums of the losses of an epoch, as its text prints them."""


def facts() -> Facts:
    lecture = LECTURES["scinet"]
    (a, n), (b, _), beta = left("linear", 300, 1000), left("linear", 1000, 1000), 0.02
    cosine = make_schedule("cosine", 1000).values
    linear = lecture.make_schedule()
    prior, _, total = linear_bound()
    factor = bound_weights(linear, "posterior")
    first, second, last = PRINTED
    learnt = Learnt.read(STORED / "scinet" / LOSSES)
    assert learnt is not None
    return {
        1: [
            f"(SciNet, {lecture.given.year})",
            f"$t = T = {lecture.T}$ it holds {b:.4f} of the cat's amplitude",
        ],
        2: [
            "$x_{300}$",
            f"{a:.2f} of the cat, {n:.2f} of noise",
            f"$\\beta = {beta}$ bring noise of {(1 - (1 - beta) ** 2) ** 0.5:.3f}",
            f"it would be {((1 - beta) * beta) ** 0.5 + beta**0.5:.3f}",
        ],
        3: ["$t = 0$, 100, 300 and 1000", "slider to 100"],
        4: [
            f"a line from {linear.betas[0].item():.4f} to {linear.betas[-1].item():g}",
            f"$t = 500$: of the variance, *linear* keeps {linear.values[500]:.3f} and *cosine* "
            f"{cosine[500]:.3f}",
        ],
        6: [f"it is {prior} of {total} bits", "$\\sigma^2 = \\beta$"],
        7: [
            "^2$",
            "$\\sigma^2 = \\tilde\\beta$",
            f"from {factor[2].item():.3f} at $t = 2$ to {factor[1000].item():.3f} at $t = 1000$",
        ],
        8: [
            f"batches of {lecture.batch}, Adam with a rate of {lecture.rate:g}",
            f"{weights_of('scinet') / 1e6:.1f} million weights",
            f"($n = {lecture.network.split('-')[1]}$)",
        ],
        10: [
            f"{first:.2f} in the first, {second:.2f} in the second, {last:.2f} in the last",
            "1,800",
            f"{len(learnt.epochs)} epochs",
        ],
        11: [
            "$t = 1000$",
            f"$1/\\sqrt{{\\alpha_t}} = {linear.alphas[999].item() ** -0.5:.3f}$",
            f"which would be {1 / b:.0f}",
        ],
    }
