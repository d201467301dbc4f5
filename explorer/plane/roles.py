"""A generator for each thing that is drawn at random: no noise serves two of them."""

from __future__ import annotations

from torch import Generator

from explorer.diffusion.randomness import named_generator

ROLES = (
    "training points",
    "new points",
    "forward",
    "walk",
    "weights",
    "training",
    "start",
    "left",
    "right",
    "order",
)
"""The points that are learnt, and others to compare samples with; ε of the forward process at
once, and step by step; a network's first weights, and its batches; x_T of both panels, and the
noise of each one's steps; x_T of the error against steps."""


def role_generator(seed: int, role: str) -> Generator:
    """The seed's own generator for one of `ROLES`; ValueError for another."""
    if role not in ROLES:
        raise ValueError(f"no role {role!r}; there are: {', '.join(ROLES)}")
    return named_generator(f"{seed}/{role}")
