"""Work on an NVIDIA GPU recorded as a CUDA graph: one launch where there were a thousand.

Small networks are bound by kernel launches: the GPU waits for Python.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


class RecordingFailed(RuntimeError):
    """Work cannot be recorded; says why, in a line."""


class Recorded:
    """`work` for arguments of one shape: `warm_up` calls as it is, then one graph, replayed.

    The warm-up lets cuDNN choose its algorithms and an optimiser make its state. `work` must not
    look at values on the device; what changes from call to call, and is no argument, lies in
    tensors that the graph reads, or is drawn from `generator`. RecordingFailed if the call after
    the warm-up cannot be recorded; it has computed nothing then.
    """

    def __init__(
        self,
        work: Callable[..., Tensor],
        device: torch.device,
        warm_up: int,
        generator: torch.Generator | None = None,
    ) -> None:
        self.work, self.device, self.warm_up, self.generator = work, device, warm_up, generator
        self.calls = 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.arguments: tuple[Tensor, ...] = ()
        """Where the graph reads."""
        self.output = torch.empty(0)
        """Where it writes."""

    def __call__(self, *arguments: Tensor) -> Tensor:
        self.calls += 1
        if self.calls <= self.warm_up:
            return self._aside(arguments)
        graph = self.graph or self._record(arguments)
        for mine, given in zip(self.arguments, arguments, strict=True):
            mine.copy_(given)
        graph.replay()
        return self.output.clone()  # the next replay writes there again

    def _aside(self, arguments: tuple[Tensor, ...]) -> Tensor:
        """A real call on a stream of its own, as capturing asks for."""
        here, stream = torch.cuda.current_stream(self.device), torch.cuda.Stream(self.device)
        stream.wait_stream(here)
        with torch.cuda.stream(stream):
            output = self.work(*arguments)
        here.wait_stream(stream)
        output.record_stream(here)
        return output

    def _record(self, arguments: tuple[Tensor, ...]) -> torch.cuda.CUDAGraph:
        """Computes nothing."""
        with torch.inference_mode(False):  # so that any later call may write into them
            self.arguments = tuple(
                torch.empty_like(given, memory_format=torch.preserve_format).copy_(given)
                for given in arguments
            )
        graph = torch.cuda.CUDAGraph()
        if self.generator is not None:
            graph.register_generator_state(self.generator)
        here, stream = torch.cuda.current_stream(self.device), torch.cuda.Stream(self.device)
        # other threads may go on using the GPU meanwhile
        capture = torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local")
        try:
            with torch.cuda.device(self.device), capture:
                self.output = self.work(*self.arguments)
        except RuntimeError as error:
            torch.cuda.set_stream(here)  # PyTorch may have stayed where the capture was
            torch.cuda.synchronize(self.device)
            raise RecordingFailed(str(error).splitlines()[0]) from error
        self.graph = graph
        return graph
