"""A training step as a CUDA graph: one launch where there were a thousand."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from explorer.training.run import Run

Step = Callable[["Run"], Tensor]
WARM_UP = 5
"""Steps before the capture: the optimiser makes its state, cuDNN chooses its algorithms."""


def in_graph(run: Run, step: Step) -> Step:
    """`step` replayed as a CUDA graph on one NVIDIA GPU; elsewhere `step` as it is.

    Small networks are bound by kernel launches: the GPU waits for Python. Several processes share
    their gradients in the step, which stays outside a graph.
    """
    if run.device.type != "cuda" or run.processes > 1:
        return step
    torch.backends.cudnn.benchmark = True  # every batch has the same shape
    return GraphedStep(step)


class GraphedStep:
    """Calls `step` a few times, then records it once and replays the record.

    `step` must not look at values on the device; what changes from step to step (the random
    state, the learning rate, the average's decay) lies in tensors that the graph reads.
    """

    def __init__(self, step: Step) -> None:
        self.step, self.calls = step, 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.result: Tensor | None = None

    def __call__(self, run: Run) -> Tensor:
        self.calls += 1
        if self.calls <= WARM_UP:
            return self._aside(run)
        if self.calls == WARM_UP + 1:
            self._record(run)
        if self.graph is None:
            return self.step(run)
        self.graph.replay()
        return self.result.clone()

    def _aside(self, run: Run) -> Tensor:
        """A real step on a stream of its own, as capturing asks for."""
        stream = torch.cuda.Stream(run.device)
        stream.wait_stream(torch.cuda.current_stream(run.device))
        with torch.cuda.stream(stream):
            result = self.step(run)
        torch.cuda.current_stream(run.device).wait_stream(stream)
        return result

    def _record(self, run: Run) -> None:
        """Recording computes nothing; if it fails, training goes on without."""
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(run.generator)
        run.optimizer.zero_grad()  # the gradients shall lie in the graph's own memory
        try:
            with torch.cuda.graph(graph):
                self.result = self.step(run)
            self.graph = graph
        except RuntimeError as error:
            torch.cuda.synchronize(run.device)
            run.optimizer.zero_grad()
            reason = str(error).splitlines()[0]
            logging.getLogger(__name__).warning("no CUDA graph, steps are slower: %s", reason)
