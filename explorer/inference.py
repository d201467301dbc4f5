"""A trained network, called faster: bfloat16 where asked for, CUDA graphs where there are any."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor

PRECISIONS = ("float32", "bfloat16")
WARM_UP = 3
"""Calls with arguments of one shape before they are recorded: cuDNN chooses its algorithms."""
MOST_GRAPHS = 4
"""A race calls with two shapes (one lane, all lanes together), guidance doubles the batch."""

Network = Callable[..., Tensor]


def prepare(network: Network, device: str | torch.device, precision: str = "float32") -> Network:
    """What a `Denoiser` calls instead of `network`, with (x_t, t) or (x_t, t, label).

    precision "bfloat16" computes under autocast; float32 comes out. On CUDA every shape of the
    arguments is recorded after a few calls and then replayed: small networks are bound by kernel
    launches, the GPU waits for Python. On other devices float32 is `network` itself. Weights are
    read where they lie: changing them in place is seen, replacing them by other tensors is not.

    ValueError for an unknown precision.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"no precision {precision!r}; there are: {', '.join(PRECISIONS)}")
    kind = torch.device(device).type
    called = network if precision == "float32" else in_bfloat16(network, kind)
    return Graphs(called) if kind == "cuda" else called


def in_bfloat16(network: Network, kind: str) -> Network:
    """`network` under autocast on such a device; float32 comes out."""

    def called(*arguments: Tensor) -> Tensor:
        # a cast that was kept would not see changed weights, and a graph cannot own it
        with torch.autocast(kind, dtype=torch.bfloat16, cache_enabled=False):
            output = network(*arguments)
        return output.float()

    return called


class Graphs:
    """Calls `network` by a graph for each shape of its arguments; the `MOST_GRAPHS` last used.

    `network` must not look at values on the device. Calls from several threads take turns, on the
    stream that is theirs. If recording fails, it goes on without graphs.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.recorded: OrderedDict[tuple[object, ...], Recorded] = OrderedDict()
        self.works = True
        self._lock = threading.Lock()

    @torch.no_grad()
    def __call__(self, x_t: Tensor, t: Tensor | int, label: Tensor | None = None) -> Tensor:
        if not isinstance(t, Tensor):
            t = torch.full((len(x_t),), t, device=x_t.device)
        arguments = (x_t, t) if label is None else (x_t, t, label)
        if not self.works:
            return self.network(*arguments)
        key = tuple((argument.shape, argument.dtype) for argument in arguments)
        with self._lock:
            if key not in self.recorded:
                self.recorded[key] = Recorded(self.network)
            self.recorded.move_to_end(key)
            while len(self.recorded) > MOST_GRAPHS:
                self.recorded.popitem(last=False)
            try:
                return self.recorded[key](*arguments)
            except RecordingFailed as error:
                self.works = False
                self.recorded.clear()
                log = logging.getLogger(__name__)
                log.warning("no CUDA graph, sampling is slower: %s", error)
        return self.network(*arguments)


class RecordingFailed(RuntimeError):
    """A call cannot be recorded; says why, in a line."""


class Recorded:
    """`network` for arguments of one shape: a few calls as it is, then one graph, replayed."""

    def __init__(self, network: Network) -> None:
        self.network, self.calls = network, 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.arguments: tuple[Tensor, ...] = ()
        """Where the graph reads."""
        self.output: Tensor | None = None
        """Where it writes."""

    def __call__(self, *arguments: Tensor) -> Tensor:
        self.calls += 1
        if self.calls <= WARM_UP:
            return self._aside(arguments)
        if self.graph is None:
            self._record(arguments)
        for mine, given in zip(self.arguments, arguments, strict=True):
            mine.copy_(given)
        self.graph.replay()
        return self.output.clone()  # the next replay writes there again

    def _aside(self, arguments: tuple[Tensor, ...]) -> Tensor:
        """A real call on a stream of its own, as capturing asks for."""
        here = torch.cuda.current_stream(arguments[0].device)
        stream = torch.cuda.Stream(arguments[0].device)
        stream.wait_stream(here)
        with torch.cuda.stream(stream):
            output = self.network(*arguments)
        here.wait_stream(stream)
        output.record_stream(here)
        return output

    def _record(self, arguments: tuple[Tensor, ...]) -> None:
        """Computes nothing. RecordingFailed if it cannot be done."""
        device = arguments[0].device
        with torch.inference_mode(False):  # so that any later call may write into them
            self.arguments = tuple(
                torch.empty_like(given, memory_format=torch.preserve_format).copy_(given)
                for given in arguments
            )
        graph = torch.cuda.CUDAGraph()
        here, stream = torch.cuda.current_stream(device), torch.cuda.Stream(device)
        # other threads may go on using the GPU meanwhile
        capture = torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local")
        try:
            with torch.cuda.device(device), capture:
                self.output = self.network(*self.arguments)
        except RuntimeError as error:
            torch.cuda.set_stream(here)  # PyTorch may have stayed where the capture was
            torch.cuda.synchronize(device)
            raise RecordingFailed(str(error).splitlines()[0]) from error
        self.graph = graph
