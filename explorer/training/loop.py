"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from explorer.diffusion import forward, regression_target
from explorer.training.run import Run


@dataclass(frozen=True)
class TrainStep:
    """What one step did; the run's state is true when it is yielded."""

    step: int
    """1, 2, …"""
    loss: float
    """Mean squared error of the network's output over this batch."""
    smooth_loss: float
    learning_rate: float
    seconds: float
    """Spent so far."""
    images_per_second: float
    """Over the run."""
    seconds_left: float
    """Estimated."""


def fit(run: Run) -> Iterator[TrainStep]:
    """Minimise E ‖network(x_t, t) − target‖² over x_0, t ~ U{1…T}, ε: Ho et al. 2020, eq. 14.

    Yields after every optimiser and EMA step. To stop, stop pulling: `run.denoiser()` and
    `run.save()` work at any moment. Raises FloatingPointError when the loss or its gradient is no
    longer finite, before any weights are touched.
    """
    config, network, schedule = run.config, run.network, run.schedule
    bf16 = run.device.type == "cuda" and torch.cuda.is_bf16_supported()  # on CPUs it does not pay
    before = run.seconds
    started = time.perf_counter()
    first = run.step
    while run.progress < 1:
        lr = learning_rate(run)
        for group in run.optimizer.param_groups:
            group["lr"] = lr
        x0, t, eps, label = run.draw()
        x_t, sigma = forward(schedule, x0, t)
        x_t = x_t + sigma * eps
        target = regression_target(schedule, x0, eps, t, config.target)
        with torch.autocast(run.device.type, torch.bfloat16, enabled=bf16):
            output = network(x_t, t.to(run.device), label)
        loss = F.mse_loss(output.float(), target)

        run.optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), config.clip_norm)
        value, slope = torch.stack([loss.detach(), norm]).tolist()
        if not math.isfinite(value + slope):
            what = "gradient" if math.isfinite(value) else "loss"
            raise FloatingPointError(
                f"the {what} became {slope if what == 'gradient' else value} at step "
                f"{run.step + 1}; try a lower learning rate than {config.learning_rate:g}"
            )
        run.optimizer.step()
        run.ema.update_parameters(network)

        run.step += 1
        keep = min(0.98, run.step / (run.step + 10))
        smooth = value if run.smooth_loss is None else run.smooth_loss
        run.smooth_loss = keep * smooth + (1 - keep) * value
        run.seconds = before + time.perf_counter() - started
        yield TrainStep(
            step=run.step,
            loss=value,
            smooth_loss=run.smooth_loss,
            learning_rate=lr,
            seconds=run.seconds,
            images_per_second=(run.step - first) * config.batch / (run.seconds - before),
            seconds_left=run.seconds * (1 - run.progress) / run.progress,
        )


def learning_rate(run: Run) -> float:
    """Linear warm-up, then half a cosine from the peak to a tenth of it over the budget."""
    config = run.config
    warmup = min(1.0, (run.step + 1) / (config.warmup + 1))
    decay = 0.1 + 0.9 * (1 + math.cos(math.pi * run.progress)) / 2
    return config.learning_rate * warmup * decay
