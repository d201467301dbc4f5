"""A trained network ready to be called: loaded once for all, faster where the device can."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from explorer.checkpoints import Spec, load, load_classifier
from explorer.devices import exact_float32
from explorer.diffusion import Denoiser, Network
from explorer.networks.recorder import Pool, Recorded, RecordingFailed
from explorer.precision import PRECISIONS, autocast

WARM_UP = 3
"""Calls with arguments of one shape before they are recorded: cuDNN chooses its algorithms."""
MOST_SHARED = 4
"""Models and classifiers that are kept in memory, those that were asked for last."""
MOST_GRAPHS = 4
"""A race calls with two shapes (one lane, all lanes together), guidance doubles the batch."""


def shared(path: str | Path, device: str | torch.device = "cpu") -> tuple[Denoiser, Spec]:
    """As `checkpoints.load`, but read once and then given to everybody who asks.

    So nobody may change the network: no weights, no hooks, no mode, no other device. A file that
    is replaced is read anew.
    """
    return _loaded(load, *_version(path), torch.device(device))


def shared_classifier(
    path: str | Path, device: str | torch.device = "cpu"
) -> tuple[torch.nn.Module, Spec]:
    """As `checkpoints.load_classifier`, shared as above."""
    return _loaded(load_classifier, *_version(path), torch.device(device))


def _version(path: str | Path) -> tuple[Path, int, int, int]:
    """Another one for another file in the same place."""
    path = Path(path).resolve()
    try:
        about = path.stat()
    except OSError:  # the loader says it
        return path, 0, 0, 0
    return path, about.st_mtime_ns, about.st_size, about.st_ino


@lru_cache(maxsize=MOST_SHARED)
def _loaded(
    loader: Any, path: Path, mtime: int, size: int, inode: int, device: torch.device
) -> Any:
    with torch.inference_mode(False):  # whoever asks first must not decide what others can do
        return loader(path, device)


def prepare(
    network: Network,
    device: str | torch.device,
    precision: str = "float32",
    *,
    exact: bool = False,
) -> Network:
    """What a `Denoiser` calls instead of `network`, with (x_t, t) or (x_t, t, label).

    On CUDA every shape of the arguments is recorded after a few calls and then replayed: small
    networks are bound by kernel launches, the GPU waits for Python. On other devices float32 is
    `network` itself. Weights are read where they lie: changing them in place is seen, replacing
    them by other tensors is not.

    precision : one of `PRECISIONS`; below float32 it computes under autocast, float32 comes out.
    exact : float32 without TF32, to which CUDA rounds the factors of convolutions by default.

    ValueError for an unknown precision.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"no precision {precision!r}; there are: {', '.join(PRECISIONS)}")
    device = torch.device(device)
    called = network if precision == "float32" else InPrecision(network, device, precision)
    if exact and device.type == "cuda":
        called = Exact(called)
    return Graphs(called) if device.type == "cuda" else called


class Called:
    """Another network, called in another way."""

    def __init__(self, network: Network) -> None:
        self.network = network

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.network.device


class InPrecision(Called):
    """Calls `network` under autocast on such a device; float32 comes out."""

    def __init__(self, network: Network, kind: torch.device, precision: str) -> None:
        super().__init__(network)
        self.kind, self.precision = kind, precision

    def __call__(self, *arguments: Any) -> Tensor:
        with autocast(self.kind, self.precision):
            output = self.network(*arguments)
        return output.float()


class Exact(Called):
    """Calls `network` without TF32."""

    def __call__(self, *arguments: Any) -> Tensor:
        with exact_float32():
            return self.network(*arguments)


@cache
def shared_pool(device: torch.device) -> Pool:
    """The memory of all graphs of networks on a device: they keep nothing from call to call."""
    return Pool(device)


class Graphs(Called):
    """Calls `network` by a graph for each shape of its arguments; the `MOST_GRAPHS` last used.

    `network` must not look at values on the device. Calls from several threads take turns, on the
    stream that is theirs. If recording fails, it goes on without graphs.
    """

    def __init__(self, network: Network) -> None:
        super().__init__(network)
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
                self.recorded[key] = Recorded(
                    self.network, x_t.device, WARM_UP, pool=shared_pool(x_t.device)
                )
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
