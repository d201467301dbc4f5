"""Work on an NVIDIA GPU recorded as a CUDA graph: one launch where there were a thousand.

Small networks are bound by kernel launches: the GPU waits for Python.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from weakref import WeakSet

import torch
from torch import Tensor

EMPTY = "the graph is empty"
WARNING = "The CUDA Graph is empty"
"""How PyTorch's warning of it begins, at the end of a capture."""
SENTINEL = -1234
"""What no output is all over; exact in every kind of float."""
_CAPTURING = threading.Lock()
"""PyTorch allows one capture at a time in a process."""


class RecordingFailed(RuntimeError):
    """Work cannot be recorded, or its record not replayed; says why, in a line.

    output : what the work gave, if it was done all the same; else it has computed nothing.
    """

    def __init__(self, why: str, output: Tensor | None = None) -> None:
        super().__init__(why)
        self.output = output


class Pool:
    """A stream of one device, and memory for graphs that are never replayed at the same time.

    Graphs that share memory may write where others wrote. That is safe in any order as long as
    each reads only what lies elsewhere, and its output is copied before the next is replayed.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.lock = threading.RLock()
        """Whoever records or replays one of its graphs holds it."""
        self.graphs: WeakSet[torch.cuda.CUDAGraph] = WeakSet()
        self.last: torch.cuda.Stream | None = None
        """Where one of its graphs was replayed last."""

    @cached_property
    def stream(self) -> torch.cuda.Stream:
        """The same for all captures, or they could not share memory.

        Not PyTorch's own for captures: that one is made once for all, on the device that is the
        current one then; what computes on another device would not be recorded.
        """
        return torch.cuda.Stream(self.device)


class Recorded:
    """`work` for arguments of one shape: `warm_up` calls as it is, then one graph, replayed.

    The warm-up lets cuDNN choose its algorithms and an optimiser make its state. `work` must not
    look at values on the device; what changes from call to call, and is no argument, lies in
    tensors that the graph reads, or is drawn from `generator`. Calls from several threads take
    turns, on the stream that is theirs.

    RecordingFailed if it cannot be recorded or replayed. `generator` is then the one to go on
    with, where the failed call began to draw: one that took part in a capture which failed stays
    in capture mode in PyTorch before 2.14.

    pool : shared with other graphs that keep nothing from call to call; else its own.
    """

    def __init__(
        self,
        work: Callable[..., Tensor],
        device: torch.device,
        warm_up: int,
        generator: torch.Generator | None = None,
        pool: Pool | None = None,
    ) -> None:
        self.work, self.device, self.warm_up, self.generator = work, device, warm_up, generator
        self.pool = pool or Pool(device)
        self.calls = 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.arguments: tuple[Tensor, ...] = ()
        """Where the graph reads."""
        self.output = torch.empty(0)
        """Where it writes."""

    def __call__(self, *arguments: Tensor) -> Tensor:
        with self.pool.lock, torch.cuda.device(self.device):
            self.calls += 1
            here = torch.cuda.current_stream(self.device)
            if self.calls <= self.warm_up:
                return self._aside(arguments, here)
            if self.graph is None:
                return self._record(arguments, here)
            return self._replay(self.graph, arguments, here)

    def _aside(self, arguments: tuple[Tensor, ...], here: torch.cuda.Stream) -> Tensor:
        """A real call on the stream that will be recorded, as capturing asks for."""
        stream = self.pool.stream
        stream.wait_stream(here)
        with torch.cuda.stream(stream):
            output = self.work(*arguments)
        here.wait_stream(stream)
        output.record_stream(here)
        return output

    def _replay(
        self, graph: torch.cuda.CUDAGraph, arguments: tuple[Tensor, ...], here: torch.cuda.Stream
    ) -> Tensor:
        if self.pool.last is not None and self.pool.last != here:
            here.wait_stream(self.pool.last)  # its memory is still written to there
        self.pool.last = here
        for mine, given in zip(self.arguments, arguments, strict=True):
            mine.copy_(given)
        try:
            graph.replay()
        except RuntimeError as error:  # before 2.14 also if another graph's capture has failed
            raise RecordingFailed(_first_line(error)) from error
        return self.output.clone()  # the next replay writes there again

    def _record(self, arguments: tuple[Tensor, ...], here: torch.cuda.Stream) -> Tensor:
        """The first call of the graph, which shows whether there is anything in it."""
        before = [(generator, generator.get_state()) for generator in self._generators()]
        try:
            graph = self._capture(arguments)
            torch.cuda.synchronize(self.device)
            done = self.output.clone()  # by the capture itself, if it recorded nothing
            with torch.no_grad():
                self.output.fill_(SENTINEL)
            output = self._replay(graph, arguments, here)
            if torch.equal(output, torch.full_like(output, SENTINEL)):
                raise RecordingFailed(EMPTY, done)
        except BaseException as error:
            torch.cuda.set_stream(here)  # PyTorch stays on the other one if a capture fails
            with suppress(RuntimeError):  # which would say again what is known
                torch.cuda.synchronize(self.device)
            self.arguments, self.output = (), torch.empty(0)
            if isinstance(error, RecordingFailed) and error.output is not None:
                raise
            self._renew(before)
            if isinstance(error, RuntimeError) and not isinstance(error, RecordingFailed):
                raise RecordingFailed(_first_line(error)) from error
            raise
        self.graph = graph
        return output

    def _capture(self, arguments: tuple[Tensor, ...]) -> torch.cuda.CUDAGraph:
        """Computes nothing, if all that `work` does is recorded."""
        with torch.inference_mode(False):  # so that any later call may write into them
            self.arguments = tuple(
                torch.empty_like(given, memory_format=torch.preserve_format).copy_(given)
                for given in arguments
            )
        graph = torch.cuda.CUDAGraph()
        if self.generator is not None and _before_2_14():
            graph.register_generator_state(self.generator)  # since then needless, and it warns
        # the memory of a living graph: PyTorch fails at that of graphs which are all gone
        other = next(iter(self.pool.graphs), None)
        capture = torch.cuda.graph(
            graph,
            pool=None if other is None else other.pool(),
            stream=self.pool.stream,
            capture_error_mode="thread_local",  # other threads may use the GPU meanwhile
        )
        with _CAPTURING, warnings.catch_warnings():
            warnings.filterwarnings("error", WARNING)
            try:
                with capture:
                    self.output = self.work(*self.arguments)
            except UserWarning as warning:
                if not str(warning).startswith(WARNING):
                    raise
                raise RecordingFailed(EMPTY, self.output) from warning
        self.pool.graphs.add(graph)
        return graph

    def _generators(self) -> list[torch.Generator]:
        """Those that a capture which fails leaves in capture mode."""
        own = [] if self.generator is None else [self.generator]
        if not (_before_2_14() and torch.cuda.default_generators):
            return own
        return [*own, torch.cuda.default_generators[torch.cuda.current_device()]]

    def _renew(self, before: list[tuple[torch.Generator, Tensor]]) -> None:
        """Only a new generator is out of capture mode; the device's own one takes its inside."""
        for generator, state in before:
            fresh = torch.Generator(generator.device)
            fresh.set_state(state)
            if generator is self.generator:
                self.generator = fresh
            else:
                generator.graphsafe_set_state(fresh)


def _before_2_14() -> bool:
    """Whether generators are registered with a graph by hand, and are in one mode for all."""
    return torch.__version__ < "2.14"  # compares versions, not letters


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
