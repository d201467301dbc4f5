"""A training step as a CUDA graph."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from torch import Tensor

from explorer.devices import cudnn_measuring
from explorer.networks.recorder import Recorded, RecordingFailed

if TYPE_CHECKING:
    from explorer.training.run import Run

Step = Callable[["Run"], Tensor]
WARM_UP = 5
"""Steps before the capture: the optimiser makes its state, cuDNN chooses its algorithms."""


def in_graph(run: Run, step: Step) -> Step:
    """`step` replayed as a CUDA graph on one NVIDIA GPU; elsewhere `step` as it is.

    Several processes share their gradients in the step, which stays outside a graph.
    """
    if run.device.type != "cuda" or run.processes > 1:
        return step
    return GraphedStep(step)


class GraphedStep:
    """Calls `step` a few times, then records it once and replays the record.

    `step` must not look at values on the device; what changes from step to step (the random
    state, the learning rate, the average's decay) lies in tensors that the graph reads. If
    recording fails, training goes on without.
    """

    def __init__(self, step: Step) -> None:
        self.step = step
        self.recorded: Recorded | None = None
        self.works = True

    def __call__(self, run: Run) -> Tensor:
        with cudnn_measuring():  # every batch has the same shape
            return self._take(run)

    def _take(self, run: Run) -> Tensor:
        if not self.works:
            return self.step(run)
        if self.recorded is None:
            self.recorded = Recorded(lambda: self.step(run), run.device, WARM_UP, run.generator)
        if self.recorded.calls == WARM_UP:
            run.optimizer.zero_grad()  # the gradients shall lie in the graph's own memory
        try:
            return self.recorded()
        except RecordingFailed as error:
            self.works = False
            run.generator = self.recorded.generator or run.generator
            self.recorded = None
            run.forget_step()
            logging.getLogger(__name__).warning("no CUDA graph, steps are slower: %s", error)
            done = error.output
        return self.step(run) if done is None else done  # a step is never taken twice
