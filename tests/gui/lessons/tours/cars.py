"""The numbers of the tour of the text on Stanford cars."""

from __future__ import annotations

import math

import pytest

from explorer.diffusion import make_schedule
from explorer.gui.lectures.pages.losses import Learnt
from explorer.gui.lectures.pages.stored import LOSSES, STORED
from explorer.lectures import LECTURES
from tests.gui.lessons.tours.common import Facts, left, linear_bound, prior_bits, weights_of


def facts() -> Facts:
    lecture = LECTURES["cars"]
    (a, n), (c, d), (e, _) = (left("linear", t, 300) for t in (42, 90, 300))
    linear, cosine = lecture.make_schedule(), make_schedule("cosine", 300)
    _, first, total = linear_bound()
    learnt = Learnt.read(STORED / "cars" / LOSSES)
    assert learnt is not None
    assert cosine.values[300] < 1e-5
    assert c**2 + d**2 == pytest.approx(1)
    return {
        1: [
            "$x_{42}$: an image after 42 steps",
            "after 42 steps?",
            f"$T$ is {lecture.T}",
            f"{a:.2f} of its amplitude is left, with {n:.2f} of noise",
        ],
        2: [
            f"$t = T = {lecture.T}$",
            "made for 1000 steps",
            f"$\\bar\\alpha_T = {linear.values[300]:.3f}$",
            "ends at 0.",
        ],
        3: [f"holds {e:.2f} of the cat's amplitude"],
        4: ["32 numbers"],  # tests/networks/test_lecture.py counts its weights
        5: ["came in 2021"],
        6: [f"$t = 90$: {c:.2f} of $x_0$ and {d:.2f} of $\\varepsilon$", "add up to 1."],
        8: [
            f"$T = 300$: *linear* ends at {prior_bits(300):.3f} bits per dimension",
            f"with $T = 1000$ at {prior_bits(1000):.6f}",
        ],
        9: [
            "each of 256 values",
            "$\\pm 1/255$",
            f"*reconstruction* is {first} of {total} bits per dimension",
            "$\\sigma^2 = \\beta$",
        ],
        10: [
            f"batches of {lecture.batch}, Adam with a rate of {lecture.rate:g}, 100 epochs",
            f"${lecture.size} \\times {lecture.size}$",
            f"{weights_of('cars') / 1e6:.1f} million weights",
        ],
        11: [
            "$[-1, 1]$",
            f"$t = {lecture.T}$",
            f"{100 * math.erfc(2**-0.5):.0f} % lies outside",
        ],
        12: [f"{len(learnt.epochs)} epochs"],
    }
