"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.diffusion import losses
from explorer.precision import autocast
from explorer.training.graph import in_graph
from explorer.training.memory import halve, unless_out_of_memory
from explorer.training.run import Run

FETCH_EVERY = {"cpu": 1, "mps": 10, "xpu": 10, "cuda": 25}
"""Steps between two looks at the losses: looking waits for the device."""
LEAVES_OUT = ("cpu", "cuda")
"""Where the fused AdamW leaves out a step that it is told to; elsewhere it is not relied on."""


@dataclass(frozen=True)
class TrainStep:
    """What the last step did; the run's state is true when it is yielded."""

    step: int
    """1, 2, …; on a GPU only every so many steps are yielded."""
    loss: float
    """Weighted squared error over the batch."""
    smooth_loss: float
    learning_rate: float
    seconds: float
    """Spent so far."""
    images_per_second: float
    """Of training alone, without the time that whoever pulls takes."""
    seconds_left: float
    """Estimated."""


def fit(run: Run) -> Iterator[TrainStep]:
    """Minimise E w_t ‖network(x_t, t) − target‖² over x_0, t ~ U{1…T}, ε: Ho et al. 2020, eq. 14.

    Yields after optimiser and EMA step. To stop, stop pulling: `run.denoiser()` and `run.save()`
    work at any moment. Raises FloatingPointError when the loss or its gradient is no longer
    finite; the weights are then those of the last good step. If memory does not suffice for a
    step the batch is halved, once in a run (`run.note` says so), and training goes on from the
    last good step; the second time OutOfMemory is raised.
    """
    run.sound.fill_(True)
    step = in_graph(run, train_step)  # on a GPU; elsewhere train_step itself
    fetch_every = FETCH_EVERY.get(run.device.type, 1)
    before, started, first, busy = run.seconds, time.perf_counter(), run.seen, 0.0
    away = run.away
    while run.progress < 1:
        begun = time.perf_counter()
        left = run.config.steps - run.step if run.config.steps else fetch_every
        waiting: list[Tensor] = []
        for _ in range(min(fetch_every, left)):
            rate = learning_rate(run)
            run.rate.fill_(rate)
            run.decay.fill_(min(run.config.ema, (1 + run.step) / (10 + run.step)) * (run.step > 0))
            if (found := unless_out_of_memory(step, run)) is None:
                halve(run)
                step = in_graph(run, train_step)
                break
            waiting.append(found)
            run.step += 1
        if not waiting:
            continue
        values = fetch(run, torch.stack(waiting))  # (n, 3); the only wait for the device
        busy += time.perf_counter() - begun
        run.seconds = agreed(run, before + time.perf_counter() - started - run.away + away)
        note(run, values)
        assert run.smooth_loss is not None  # noted just now
        yield TrainStep(
            step=run.step,
            loss=values[-1][0],
            smooth_loss=run.smooth_loss,
            learning_rate=rate,
            seconds=run.seconds,
            images_per_second=(run.seen - first) / busy,
            seconds_left=run.seconds * (1 - run.progress) / run.progress,
        )


def train_step(run: Run) -> Tensor:
    """One step, all on the device: the loss, its gradient's norm, and 1 while all was well; (3,).

    Nothing of it is waited for. A step whose loss or gradient is not finite changes no weights,
    and no step after it does: `run.sound` is False until `fit` begins anew. In float16 a gradient
    may overflow: such a step is left out, and its scale made smaller, as long as it can be.
    """
    run.optimizer.zero_grad()
    loss = gradients(run)
    run.scaler.unscale_(run.optimizer)
    norm = torch.nn.utils.clip_grad_norm_(run.network.parameters(), run.config.clip_norm)
    finite = norm.isfinite()
    scale = run.scaler.scale(torch.ones_like(norm))
    run.sound.logical_and_(loss.isfinite() & (finite | (scale > 1)))
    good = run.sound & finite
    if run.device.type in LEAVES_OUT:
        # PyTorch declares this for its own GradScaler alone
        run.optimizer.found_inf = (~good).float()  # type: ignore[attr-defined]
        run.optimizer.step()
    elif good:  # waits for the device
        run.optimizer.step()
    run.scaler.update()
    run.average(good)
    return torch.stack([loss, norm, run.sound.float()])


def gradients(run: Run) -> Tensor:
    """The mean loss over a new batch; its gradients, scaled for float16, are in the weights.

    The batch goes through the network in `accumulate` parts, one after the other.
    """
    parts, total = run.config.accumulate, torch.zeros((), device=run.device)
    x0, t, eps, label = run.draw()
    split = [value.chunk(parts) for value in (x0, t, eps)]
    labels = [None] * parts if label is None else label.chunk(parts)
    for i, (x0, t, eps, label) in enumerate(zip(*split, labels, strict=True), start=1):
        together = i < parts and run.processes > 1  # the processes share their sum alone
        with run.accelerator.no_sync(run.model) if together else nullcontext():
            with autocast(run.device, run.precision):
                target = run.config.target
                found = losses(run.model, run.schedule, x0, t, eps, label, target=target)
            loss = (run.weights[t.to(run.device)] * found).mean() / parts
            run.scaler.scale(loss).backward()
        total = total + loss.detach()
    return total if run.processes == 1 else run.accelerator.reduce(total, "mean")


def learning_rate(run: Run) -> float:
    """Linear warm-up, then half a cosine from the peak to `final_rate` of it over the budget."""
    warmup = min(1.0, (run.step + 1) / (run.config.warmup + 1))
    left = run.config.final_rate
    decay = left + (1 - left) * (1 + math.cos(math.pi * run.progress)) / 2
    return run.peak * warmup * decay


def fetch(run: Run, found: Tensor) -> list[list[float]]:
    """What some steps gave, (n, 3), as numbers; means over all processes."""
    return run.accelerator.reduce(found, "mean").tolist() if run.processes > 1 else found.tolist()


def agreed(run: Run, seconds: float) -> float:
    """The time on which all processes agree: their mean, so that they end with the same step."""
    if run.processes == 1:
        return seconds
    clock = torch.tensor(seconds, device=run.device)
    return float(run.accelerator.reduce(clock, "mean").item())


def note(run: Run, values: list[list[float]]) -> None:
    """Into the history; FloatingPointError at the first step that was not finite."""
    for step, (loss, norm, sound) in enumerate(values, start=run.step - len(values) + 1):
        if not sound >= 1:  # nor is a NaN
            run.step = step - 1
            what, value = ("loss", loss) if not math.isfinite(loss) else ("gradient", norm)
            raise FloatingPointError(
                f"the {what} became {value} at step {step}; try a lower learning rate than "
                f"{run.peak:g}"
            )
        keep = min(0.98, step / (step + 10))
        smooth = loss if run.smooth_loss is None else run.smooth_loss
        run.smooth_loss = keep * smooth + (1 - keep) * loss
        run.history.add(step, loss, run.smooth_loss)
