"""The numbers of the tour of MNIST in JAX."""

from __future__ import annotations

from explorer.diffusion import bound_weights, make_schedule
from explorer.gui.lectures.pages.losses import Learnt
from explorer.gui.lectures.pages.stored import LOSSES, STORED
from explorer.lectures import LECTURES
from tests.gui.lessons.tours.common import Facts, calls_at, left, weights_of

PRINTED = (5.7107234, 0.294822, 0.049330965)
"""The loss of its first batch, and the means of its first and last epoch, as its text has them."""


def facts() -> Facts:
    lecture, linear = LECTURES["jax"], LECTURES["jax"].make_schedule()
    (a, n), (b, m) = (left("linear", t, 200) for t in (60, 185))
    factor = bound_weights(make_schedule("linear", 1000), "beta")
    first, begin, end = PRINTED
    lane = lecture.make_lanes(linear)[0]
    at = lane.times[0]
    *seen, of_x0, of_eps, of_z = lane.coefficients(linear, (at, at - 1))
    signal, _ = left("linear", 200, 200)
    of_x = of_x0 / seen[0]  # x̂_0 = (x_t − √(1 − ᾱ) ε̂)/√ᾱ
    learnt = Learnt.read(STORED / "jax" / LOSSES)
    assert learnt is not None
    size = lecture.size
    return {
        1: [f"$T$ is {lecture.T}", "$x_{60}$", f"{a:.2f} of the digit and {n:.2f} of noise"],
        2: ["$t = 10$, 50, 100 and 185", f"At 185 that is {100 * b:.0f} % and {100 * m:.0f} %"],
        3: [
            f"from {1e-4:.4f} to {linear.betas[-1].item():g}",
            "for 1000 steps",
            f"$\\bar\\alpha_T = {linear.values[200]:.3f}$, so {signal:.2f} of the amplitude",
            "begins with 1",
        ],
        4: ["32 sines and cosines", "128 numbers"],  # test_lecture.py counts its weights
        5: [f"{weights_of('jax'):,} weights", f"{size * size:,} positions"],
        6: [
            "$\\sigma^2 = \\beta$",
            f"from {factor[2].item():.3f} at $t = 2$ to {factor[1000].item():.3f} at $t = 1000$",
            "$T = 1000$",
        ],
        7: [f"batches of {lecture.batch}, Adam with a rate of {lecture.rate:.4f}", "10 epochs"],
        8: [
            f"a loss of {first:.2f}",
            f"from {begin:.4f} to {end:.4f}",
            f"{len(learnt.epochs)} epochs, {learnt.epochs[0]:.4f} after the first",
        ],
        9: [
            f"$t = {at}$",
            f"{of_x:.3f} of $x_t$, less {of_x * seen[1] - of_eps:.4f} of",
            f"{of_z:.4f} of fresh noise",
            f"It makes {len(lane.steps)} steps",
        ],
        10: [
            f"{lecture.lanes[1]['steps']} steps",
            "$t = 180$: the step goes to $s = 160$",
            f"$\\sqrt{{\\bar\\alpha_s}} = {linear.values[160] ** 0.5:.3f}$",
            f"{linear.alphas[179].item() ** 0.5:.3f}, and so "
            f"{linear.betas[179].item() ** 0.5:.3f} of noise",
        ],
        11: ["at $t = 600$: {} calls of the network against {}".format(*calls_at(600))],
        12: [
            "{} steps are enough, or even {}".format(*(x["steps"] for x in lecture.lanes[1:])),
            "with 5 and with 10 steps",
        ],
    }
