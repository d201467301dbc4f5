"""What several tours speak of."""

from __future__ import annotations

import torch

from explorer.diffusion import make_schedule
from explorer.evaluation.bound import read_bound
from explorer.evaluation.bound_shares import noise_bits
from explorer.gui.lectures.bound.work import STORED as BOUNDS
from explorer.gui.reverse.stored import stored_race
from explorer.lectures import LECTURES
from explorer.networks import CHOICES, NETWORKS

Facts = dict[int, list[str]]
"""What a scene says, by its number from 1."""


def left(name: str, t: int, T: int) -> tuple[float, float]:
    """√ᾱ_t and √(1 − ᾱ_t)."""
    bar = make_schedule(name, T).alpha_bar[t].item()
    return bar**0.5, (1 - bar) ** 0.5


def weights_of(name: str) -> int:
    """Of a lecture's network, without allocating it."""
    kind, options = CHOICES[LECTURES[name].network]
    config, network = NETWORKS[kind]
    channels = 3 if "RGB" in LECTURES[name].pictures else 1
    with torch.device("meta"):
        built = network(config(**{"channels": channels, "T": LECTURES[name].T, **options}))
    return sum(p.numel() for p in built.parameters())


def prior_bits(T: int) -> float:
    """L_T of the linear schedule for digits, bits/dim."""
    return noise_bits(make_schedule("linear", T), read_bound(BOUNDS / "mnist-linear.json").power)


def linear_bound() -> tuple[str, str, str]:
    """L_T, L_0 and the sum of mnist-linear with σ² = β, as the page writes them."""
    result = read_bound(BOUNDS / "mnist-linear.json")
    line = result.lines["beta"]
    assert (result.schedule, result.T) == ("linear", 1000)
    return (
        f"{result.prior.value:.6f}",
        f"{line.reconstruction.value:.3f}",
        f"{line.total.value:.3f}",
    )


def calls_at(t: int) -> list[int]:
    """How often the lanes of the stored race have asked the network when they show t."""
    return [
        lane.evaluated[max(i for i, time in enumerate(lane.times) if time >= t)]
        for lane in stored_race().lanes
    ]
