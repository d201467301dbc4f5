"""The numbers of the tour of SUTD week 12."""

from __future__ import annotations

import math

from explorer.diffusion.sde import SDES
from explorer.gui.lectures.autoencoder import work as autoencoder
from explorer.lectures import LECTURES
from explorer.networks.autoencoder import FACTOR, Autoencoder
from tests.gui.lessons.tours.common import Facts, left, weights_of

PRINTED = (0.2830, 0.1845, 23)
"""Mean losses of its first and last epoch, and how many there are, as its text prints them."""


def facts() -> Facts:
    lecture, cut = LECTURES["sutd"], LECTURES["sutd"].make_schedule()
    last = cut.values[1000]
    held = sum(beta == 0.02 for beta in cut.betas.tolist())
    assert set(cut.betas.tolist()[-held:]) == {0.02}
    drift = SDES["drift"]
    k, x0 = (drift.parameters[key].default for key in ("k", "x0"))
    steps = round(drift.horizon / drift.dt)
    a, n = left("cosine", 750, 1000)
    factor = [(1 - cut.values[t]) ** 0.5 / cut.values[t] ** 0.5 for t in (1000, 200)]
    begin, end, epochs = PRINTED
    training, walk = autoencoder.read()
    weights = sum(p.numel() for p in Autoencoder().parameters())
    geometric = SDES["geometric"]
    mu, horizon = geometric.parameters["mu"].default, geometric.horizon
    assert mu == geometric.parameters["sigma"].default == 0.5
    assert SDES["brownian"].horizon == 2 and SDES["brownian"].parameters["sigma"].default == 1
    return {
        1: ["95 % of the paths", f"$t = 2$ it reaches $\\pm {1.959964 * 2**0.5:.2f}$"],
        2: [
            f"= {k:g}\\,x\\,dt",
            f"$x(0) = {x0:g}$",
            f"{x0 * math.exp(k * drift.horizon):.2f} at $t = {drift.horizon:g}$",
            f"$dt = {drift.dt:g}$ to {x0 * (1 + k * drift.dt) ** steps:.2f}",
        ],
        3: [
            f"$\\mu = \\sigma = {mu:g}$",
            f"the mean reaches {math.exp(mu * horizon):.2f} at $t = {horizon:g}$",
        ],
        4: [
            f"{weights:,} weights, one noise factor, {FACTOR:g}",
            f"after {training.steps} steps",
        ],
        5: [f"applies it {len(walk.autoencoder) - 1} times"],
        6: [
            f"$T = {lecture.T}$",
            "cut at 0.02",
            f"the last {held} steps",
            f"$\\bar\\alpha_T = {last:.4f}$",
            f"{last**0.5:.3f} of the amplitude",
        ],
        7: [
            "0, 250, 500, 750 and 999",
            f"$t = 750$: {a:.2f} of the digit, {n:.2f} of noise",
        ],
        10: [
            "$t = 1000$, its index 999",
            f"counts {factor[0]:.1f} times",
            f"index 199, it counts {factor[1]:.2f} times",
        ],
        11: [
            f"batches of {lecture.batch}, Adam with a rate of {lecture.rate:g}",
            f"{weights_of('sutd'):,} weights",
            f"{begin:.4f} after the first epoch and {end:.4f} after the {epochs}rd",
        ],
        12: ["$t = 800$"],
    }
