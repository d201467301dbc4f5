"""A stand-in for CUDA graphs on a machine without a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor

from explorer.networks.recorder import Recorded


class FakeStream:
    def __init__(self, cuda: FakeCuda) -> None:
        self.cuda = cuda

    def wait_stream(self, other: object) -> None:
        self.cuda.asked.append("wait")


class FakeGraph:
    """A replay computes what was recorded, into the same place."""

    def __init__(self, cuda: FakeCuda) -> None:
        self.cuda = cuda
        self.options: dict[str, Any] = {}

    def register_generator_state(self, generator: torch.Generator) -> None:
        self.cuda.asked.append("generator")

    def pool(self) -> object:
        return self.options["pool"] or (id(self), 0)

    def replay(self) -> None:
        self.cuda.asked.append("replay")
        self.cuda.replays(self)


class FakeCuda:
    """Notes what is asked of it, and where one is: on which device, which stream, in a capture."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.recorded: Recorded | None = None
        self.here = self.start = FakeStream(self)
        self.made: list[tuple[FakeStream, object]] = []
        """Streams, and the device that each was made on."""
        self.devices: list[object] = []
        """Those that are chosen now, one in the other."""
        self.capturing = False
        self.graphs: list[FakeGraph] = []

    def current_stream(self, device: torch.device) -> FakeStream:
        return self.here

    def Stream(self, device: torch.device) -> FakeStream:
        self.made.append((FakeStream(self), device))
        return self.made[-1][0]

    @contextmanager
    def device(self, device: object) -> Iterator[None]:
        self.devices.append(device)
        try:
            yield
        finally:
            self.devices.pop()

    @contextmanager
    def stream(self, other: FakeStream) -> Iterator[None]:
        before, self.here = self.here, other
        yield
        self.here = before

    def CUDAGraph(self) -> FakeGraph:
        return FakeGraph(self)

    @contextmanager
    def graph(self, graph: FakeGraph, **options: Any) -> Iterator[None]:
        """As PyTorch's: where the capture fails, the stream stays."""
        self.asked.append("record")
        graph.options = options
        self.graphs.append(graph)
        before, self.here, self.capturing = self.here, options["stream"], True
        try:
            yield
        finally:
            self.capturing = False
        self.end()
        self.here = before

    def end(self) -> None:
        """The end of a capture, before the stream is set back."""

    def replays(self, graph: FakeGraph) -> None:
        made = self.recorded
        assert made is not None
        made.output.copy_(made.work(*made.arguments))

    def set_stream(self, stream: FakeStream) -> None:
        self.asked.append("back")
        self.here = stream

    def synchronize(self, device: torch.device) -> None:
        self.asked.append("synchronize")


def installed(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    """Takes the place of `torch.cuda` until the test ends."""
    fake = FakeCuda()
    for name in (
        *("current_stream", "Stream", "stream", "device", "CUDAGraph", "graph", "set_stream"),
        "synchronize",
    ):
        monkeypatch.setattr(torch.cuda, name, getattr(fake, name))
    monkeypatch.setattr(Tensor, "record_stream", lambda tensor, stream: None)
    return fake
