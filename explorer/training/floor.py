"""The floor under the loss: what the best denoiser leaves over, at each noise level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from explorer.data import to_tensor
from explorer.diffusion import IdealDenoiser, Schedule, losses
from explorer.diffusion.denoiser import regression_target
from explorer.diffusion.process import noise_in

if TYPE_CHECKING:
    from explorer.training.run import Run

PICTURES = 4096
"""At most so many training pictures are weighed, fewer if they are large."""
PAIRS = 100
"""Pairs (x_t, t) for each bucket of the probe."""
WORK = 1.2e10
"""Pairs × pictures × numbers in a picture, at most: some seconds on one core."""
CHUNK = 4_000_000
"""Numbers that are weighed at once."""


@dataclass(frozen=True)
class Floor:
    """The loss of the ideal denoiser of the training pictures by buckets of t, low t first."""

    seen: tuple[float, ...]
    """On noisy training pictures: no network's expected loss there is lower."""
    errors: tuple[float, ...]
    """Standard errors of `seen`."""
    unseen: tuple[float, ...]
    """On the probe, pictures that it does not know: no bound; what learning by heart reaches."""
    pictures: int
    """How many training pictures it knows …"""
    of: int
    """… of so many: a subset's floor lies lower, if anything."""
    told: bool
    """Whether it knows the class of each picture, as the network does."""

    @property
    def loss(self) -> float:
        """Mean of `seen` over all t."""
        return sum(self.seen) / len(self.seen)

    @property
    def error(self) -> float:
        """Standard error of `loss`."""
        return math.hypot(*self.errors) / len(self.errors)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Floor:
        """What `dataclasses.asdict` made; TypeError, KeyError or ValueError for anything else."""
        seen, errors, unseen = (
            tuple(map(float, values[name])) for name in ("seen", "errors", "unseen")
        )
        if not 0 < len(seen) == len(errors) == len(unseen):
            raise ValueError("its floors differ in length")
        return cls(
            seen, errors, unseen, int(values["pictures"]), int(values["of"]), bool(values["told"])
        )


def ideal_floor(run: Run) -> Floor:
    """E w_t ‖E[target | x_t, label] − target‖² over the training pictures, by buckets of t.

    The training loss is an expectation over N pictures; its minimiser is their `IdealDenoiser`,
    and of the class that the network is told, that class's. What this leaves over, no network can
    learn: x_t does not tell it. The floor of some of the pictures is, on average over which ones
    they are, not above that of all, and this in turn not above what any denoiser reaches on new
    pictures of the same kind (the minimum of a mean is at least the mean of the minima).

    Mirrored pictures count where the run mirrors. It is computed in float64 on the CPU from a
    generator of its own: the run learns the same.
    """
    generator = torch.Generator().manual_seed(0x666C6F6F72)
    probe, schedule, config = run._probe, run.schedule, run.config
    size = run.images.shape[1:].numel() * (2 if config.flips else 1)
    n = PAIRS * probe.count
    most = max(1, min(PICTURES, int(WORK / (n * size))))
    chosen = torch.randperm(len(run.images), generator=generator)[:most]
    chosen = chosen.to(run.images.device)
    x = to_tensor(run.images[chosen].cpu()).double()
    labels = None if run.labels is None else run.labels[chosen].cpu()

    which = torch.randint(len(x), (n,), generator=generator)
    t = ((torch.arange(n) + 0.5) / n * schedule.T).ceil().long().clamp(1, schedule.T)
    eps = torch.randn((n, *x.shape[1:]), generator=generator, dtype=torch.float64)
    ideal = _Ideal(x, labels, schedule, config.target, flips=config.flips)
    weights = run.weights.double().cpu()

    def by_bucket(x0: Tensor, t: Tensor, eps: Tensor, label: Tensor | None) -> Tensor:
        found = losses(ideal, schedule, x0, t, eps, label, target=config.target)
        return (found.double() * weights[t]).reshape(probe.count, -1)

    seen = by_bucket(x[which], t, eps, None if labels is None else labels[which])
    told = None if probe.labels is None else probe.labels.cpu()
    unseen = by_bucket(probe.x0.cpu().double(), probe.t.cpu(), probe.eps.cpu().double(), told)
    return Floor(
        tuple(seen.mean(1).tolist()),
        tuple((seen.var(1) / seen.shape[1]).sqrt().tolist()),
        tuple(unseen.mean(1).tolist()),
        len(x),
        len(run.images),
        labels is not None,
    )


class _Ideal:
    """The ideal denoisers of all pictures and of each class, called as a network."""

    def __init__(
        self, x: Tensor, labels: Tensor | None, schedule: Schedule, target: str, *, flips: bool
    ) -> None:
        self.x, self.labels, self.schedule, self.target = x, labels, schedule, target
        self.flips = flips

    def __call__(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        """What the network would best put out; a class without pictures is taken for none."""
        x0 = torch.empty_like(x_t)
        for c in [None] if label is None else label.unique().tolist():
            asked = slice(None) if label is None else label == c
            x0[asked] = self._of_class(c)(x_t[asked], t[asked])
        eps = noise_in(self.schedule, x0, x_t, t)
        return regression_target(self.schedule, x0, eps, t, self.target)

    def _of_class(self, c: int | None) -> IdealDenoiser:
        x = self.x
        if c is not None and c >= 0 and self.labels is not None and (self.labels == c).any():
            x = x[self.labels == c]
        x = torch.cat([x, x.flip(-1)]) if self.flips else x
        return IdealDenoiser(x, self.schedule, chunk=max(1, CHUNK // x[0].numel()))
