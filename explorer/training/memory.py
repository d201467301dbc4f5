"""What becomes of a run when memory does not suffice for its step."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from explorer.failures import OutOfMemory, out_of_memory

if TYPE_CHECKING:
    from explorer.training.run import Run


def unless_out_of_memory(step: Callable[[Run], Tensor], run: Run) -> Tensor | None:
    """What `step` gives; None if memory did not suffice for it but may for half the batch.

    OutOfMemory, a sentence, if the batch was halved before or cannot be. Several processes
    cannot agree on another batch in the midst of a step: they end so the first time.
    """
    try:
        return step(run)
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        if run.halved or run.processes > 1 or run.config.batch == 1:
            raise OutOfMemory(_advice(run)) from error
    return None  # by now the failed step's tensors, which the error held, are gone


def halve(run: Run) -> None:
    """Go on from the last good step with half the batch.

    Weights, average, optimiser and random state stay as the failed step found or left them: it
    ends before it changes a weight.
    """
    run.shrink(run.config.batch // 2)
    run.halved = True
    run.forget_step()
    for parameter, state in list(run.optimizer.state.items()):
        if not {"step", "exp_avg", "exp_avg_sq"} <= state.keys():  # memory ended at its moments
            del run.optimizer.state[parameter]
    with torch.no_grad():  # BatchNorm counts in the forward pass, before the step has succeeded
        for kept, new in zip(run.ema.buffers(), run.network.buffers(), strict=True):
            new.copy_(kept)
    gc.collect()
    if run.device.type != "cpu":
        with suppress(RuntimeError):  # PyTorch before 2.12, once a graph could not be recorded
            torch.get_device_module(run.device).empty_cache()


def _advice(run: Run) -> str:
    config = run.config
    weights = sum(parameter.numel() for parameter in run.network.parameters())
    fewer = f"a batch below {config.batch}, "
    choose = f"lower --batch: choose {fewer}" if config.batch > 1 else "choose "
    return (
        f"there is not enough memory for a step of {config.batch} images of {config.size} × "
        f"{config.size} through the network {config.network} of {weights:,} weights: "
        f"{choose}smaller images or a smaller network"
    )
