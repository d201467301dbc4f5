"""The fixed probe: a loss that does not jitter, because nothing about it is random."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from explorer.devices import memory_format
from explorer.diffusion import Schedule, losses
from explorer.settings.training import PROBE_SHARE

BUCKETS = 10
PAIRS = 20
"""Pictures in each bucket."""


def few_held_out(count: int) -> str:
    """What is said of the probe where only one of `count` images is held out; else ""."""
    if count >= 2 * PROBE_SHARE:
        return ""
    return (
        f"Of {count} images one is held out: the probe is one image, and its loss says little "
        f"about any other. With {2 * PROBE_SHARE} images or more it is at least two."
    )


class ProbeLoss(NamedTuple):
    """The training loss on the probe."""

    loss: float
    """Mean over all t."""
    buckets: tuple[float, ...]
    """Mean over each bucket of t, low t (little noise) first."""
    error: float
    """Standard error of `loss`, by how much pictures within the buckets differ."""
    errors: tuple[float, ...] = ()
    """Standard error of each of `buckets`."""


class Probe:
    """The same held-out x_0, t and ε at every look, evenly spread over t = 1…T.

    The loss is what training minimises (the squared error of the target, weighted over t), so
    that a falling probe means that training works, however much the batches' losses jump.

    x0 : (N, C, H, W) in [−1, 1], held out of training; used in turn.
    labels : (N,) or None.
    weights : (T + 1,), w_t.
    """

    def __init__(
        self,
        x0: Tensor,
        labels: Tensor | None,
        schedule: Schedule,
        weights: Tensor,
        target: str,
    ) -> None:
        self.schedule, self.target = schedule, target
        self.count = min(BUCKETS, schedule.T)
        n = self.count * PAIRS
        t = (torch.arange(n) + 0.5) / n * schedule.T  # the middles of n equal parts
        self.t = t.ceil().long().clamp(1, schedule.T)
        which = torch.arange(n) % len(x0)
        if len(x0) < n:  # the same picture must not always meet the same t's neighbourhood
            which = torch.randperm(n, generator=torch.Generator().manual_seed(0)) % len(x0)
        self.x0 = x0[which.to(x0.device)].contiguous(memory_format=memory_format(x0.device))
        self.labels = None if labels is None else labels[which.to(x0.device)]
        eps = torch.randn(x0[:1].expand(n, -1, -1, -1).shape, generator=_generator())
        self.eps = eps.to(x0.device)
        self.weights = weights[self.t.to(weights.device)]

    @torch.no_grad()
    def measure(self, network: nn.Module) -> ProbeLoss:
        """The loss of `network`, called as (x_t, t, label) in eval mode."""
        label = self.labels
        found = losses(
            network, self.schedule, self.x0, self.t, self.eps, label, target=self.target
        )
        found = (found * self.weights).reshape(self.count, PAIRS)
        means = found.mean(1).tolist()
        errors = found.std(1) / PAIRS**0.5
        error = errors.square().sum().sqrt().item() / self.count
        return ProbeLoss(sum(means) / len(means), tuple(means), error, tuple(errors.tolist()))


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0x70726F6265)
