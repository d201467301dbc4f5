"""Learning to denoise points, in seconds."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from explorer.diffusion import Denoiser, Schedule, losses
from explorer.diffusion.options import is_number, is_whole
from explorer.plane.network import PointConfig, PointNetwork
from explorer.plane.roles import role_generator

BATCH, RATE, WARMUP = 256, 0.01, 50
EMA = 0.99
LOOK_EVERY = 10
"""Steps between two yields."""


@dataclass(frozen=True)
class LearnStep:
    """How far it is; the learner's state is true when it is yielded."""

    step: int
    loss: float
    """The mean over the last LOOK_EVERY batches."""
    share: float
    """Of the budget, 0…1."""


class Learner:
    """A network, its moving average and its optimiser, for points x_0 (N, 2) on a schedule.

    A run of so many steps depends on nothing but its seed. ValueError for an unknown target, or
    points that are not finite, none, or of another shape.
    """

    def __init__(
        self,
        points: Tensor,
        schedule: Schedule,
        *,
        seed: int = 0,
        target: str = "v",
        config: PointConfig | None = None,
        device: str | torch.device = "cpu",
    ) -> None:
        if points.dim() != 2 or points.shape[1] != 2 or len(points) == 0:
            raise ValueError(f"points are (N, 2) with N >= 1, not {tuple(points.shape)}")
        if not points.isfinite().all():
            raise ValueError("points must be finite: some are NaN or infinite")
        self.schedule, self.target, self.device = schedule, target, torch.device(device)
        self.config = replace(config or PointConfig(), T=schedule.T)
        self.points = points.float()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(role_generator(seed, "weights").initial_seed())
            self.network = PointNetwork(self.config)
        self.network.to(self.device)
        self.average = copy.deepcopy(self.network).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=RATE, weight_decay=0.01, fused=True
        )
        self.generator = role_generator(seed, "training")
        self.step = 0
        self.denoiser = Denoiser(self.average, schedule, target, clip=False)
        """x̂_0 by the averaged weights; it goes on learning with them."""

    def learn(self, rate: float) -> Tensor:
        """One step of AdamW on ‖network(x_t, t) − target‖² / 2; the loss, not waited for."""
        g, n, device = self.generator, self.step, self.device
        x0 = self.points[torch.randint(len(self.points), (BATCH,), generator=g)].to(device)
        t = torch.randint(1, self.schedule.T + 1, (BATCH,), generator=g).to(device)
        eps = torch.randn(BATCH, 2, generator=g).to(device)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * min(1.0, (n + 1) / WARMUP)
        loss = losses(self.network, self.schedule, x0, t, eps, target=self.target).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.step += 1
        keep = min(EMA, (1 + n) / (10 + n))
        with torch.no_grad():
            averaged: list[Tensor] = [*self.average.parameters()]
            torch._foreach_lerp_(averaged, [*self.network.parameters()], 1 - keep)
        return loss.detach()

    @property
    def weights(self) -> dict[str, Tensor]:
        """The averaged weights, copied to the CPU."""
        return {name: value.cpu().clone() for name, value in self.average.state_dict().items()}


def fit(
    learner: Learner, *, seconds: float | None = None, steps: int | None = None
) -> Iterator[LearnStep]:
    """Minimise E ‖network(x_t, t) − target‖² / 2 for so many seconds or steps: Ho et al., eq. 14.

    The learning rate falls along half a cosine to a twentieth. The seconds are those of training:
    what whoever pulls does meanwhile does not count. To stop, stop pulling. FloatingPointError
    when the loss is no longer finite; ValueError, at once, unless there is one budget, above 0.
    """
    if (seconds is None) == (steps is None):
        raise ValueError("give either seconds or steps")
    for name, budget, fits in (("seconds", seconds, is_number), ("steps", steps, is_whole)):
        if budget is not None and not (fits(budget) and 0 < budget < math.inf):
            raise ValueError(f"{name} = {budget!r} is not allowed: training takes some, above 0")
    return _fit(learner, seconds or math.inf, steps)


def _fit(learner: Learner, seconds: float, steps: int | None) -> Iterator[LearnStep]:
    first, spent, share = learner.step, 0.0, 0.0
    while share < 1:
        begun, found = time.perf_counter(), []
        count = LOOK_EVERY if steps is None else min(LOOK_EVERY, steps - learner.step + first)
        for _ in range(count):
            if steps is not None:
                share = (learner.step - first) / steps
            found.append(learner.learn(RATE * (0.05 + 0.95 * (1 + math.cos(math.pi * share)) / 2)))
        loss = torch.stack(found).mean().item()
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss became {loss} at step {learner.step}")
        spent += time.perf_counter() - begun
        share = (learner.step - first) / steps if steps else spent / seconds
        yield LearnStep(learner.step, loss, min(1.0, share))


def denoiser_from(
    weights: Mapping[str, Tensor],
    schedule: Schedule,
    *,
    target: str = "v",
    config: PointConfig | None = None,
    device: str | torch.device = "cpu",
) -> Denoiser:
    """The denoiser with `Learner.weights`; config, target and schedule as they were there."""
    network = PointNetwork(replace(config or PointConfig(), T=schedule.T))
    network.load_state_dict(weights)
    network.to(device).eval().requires_grad_(False)
    return Denoiser(network, schedule, target, clip=False)
