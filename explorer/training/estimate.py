"""What a run will take, before it starts: weights, memory, arithmetic, time."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from explorer.checkpoints import Spec
from explorer.devices import memory_format
from explorer.networks import NETWORKS, UNet
from explorer.precision import AUTO, autocast, choose_precision
from explorer.settings.training import TrainConfig
from explorer.training.observe import SNAPSHOTS

STORED = 4
"""Of the weights, in the file of a run's state: themselves, their average, AdamW's moments."""
COPIES = 5
"""Of the weights, in float32: themselves, gradient, two moments of AdamW, moving average."""


@dataclass(frozen=True)
class Estimate:
    """Of a training run on one device."""

    parameters: int
    memory: int
    """Bytes: weights with their gradients, moments and average, and what backward keeps."""
    flops: float
    """Multiplications and additions of one step, forward and backward."""

    def seconds(self, steps: int, speed: float) -> float:
        """Time for `steps` steps at `speed` FLOP/s."""
        return steps * self.flops / speed

    def steps(self, seconds: float, speed: float) -> int:
        """Steps that fit into `seconds` at `speed` FLOP/s."""
        return int(seconds * speed / self.flops)


def state_bytes(config: TrainConfig, channels: int, classes: int) -> int:
    """What the file of the run's state takes, its header aside: four bytes a number.

    ValueError as in `estimate`, without its arithmetic.
    """
    return 4 * STORED * _numbers(config.network, _network_config(config, channels, classes))


def run_bytes(config: TrainConfig, channels: int, classes: int) -> int:
    """What a run leaves on the disk: state, model, and snapshots in half precision.

    Film and samples come to less than a megabyte. ValueError as in `estimate`.
    """
    numbers = _numbers(config.network, _network_config(config, channels, classes))
    return numbers * (4 * STORED + 4 + 2 * len(SNAPSHOTS))


@lru_cache(maxsize=256)
def _numbers(kind: str, network_config: Any) -> int:
    """Weights, and what layers count themselves."""
    with torch.device("meta"):
        network = NETWORKS[kind][1](network_config)
    return sum(value.numel() for value in network.state_dict().values())


def estimate(config: TrainConfig, channels: int, classes: int) -> Estimate:
    """From the network as it will be built, without computing anything; ValueError as in `Run`."""
    network_config = _network_config(config, channels, classes)
    part = _estimate(
        config.network, network_config, config.size, config.batch // config.accumulate
    )
    return replace(part, flops=part.flops * config.accumulate)


def forward_flops(spec: Spec) -> float:
    """Multiplications and additions of a trained network's one look at one picture."""
    config = NETWORKS[spec.network][0](**spec.network_config)
    return _estimate(spec.network, config, spec.size, 1).flops / 3


def _network_config(config: TrainConfig, channels: int, classes: int) -> Any:
    return config.make_network_config(channels, classes if config.conditional else 0)


@lru_cache(maxsize=256)
def _estimate(kind: str, network_config: Any, size: int, batch: int) -> Estimate:
    with torch.device("meta"):  # shapes without values
        network = NETWORKS[kind][1](network_config)
        x = torch.empty(batch, network_config.channels, size, size)
        t = torch.zeros(batch, dtype=torch.long)
        label = t if network_config.classes else None
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        kept[id(tensor)] = tensor.numel() * tensor.element_size()
        saved.append(tensor)  # ids are only unique while the tensors live
        return tensor

    saved: list[Tensor] = []
    counter = FlopCounterMode(display=False)
    with counter, saved_tensors_hooks(pack, lambda tensor: tensor):
        network(x, t, label)
    parameters = sum(p.numel() for p in network.parameters())
    memory = 4 * COPIES * parameters + sum(kept.values())
    return Estimate(parameters, memory, 3.0 * counter.get_total_flops())


def measure_speed(device: torch.device | str = "cpu") -> float:
    """FLOP/s of this device in training, in the precision that it takes there by itself.

    A small network's step, timed for half a second.
    """
    config = TrainConfig(size=16, steps=1, network_options={"width": 32}, batch=32)
    network_config = config.make_network_config(1, 0)
    with torch.random.fork_rng(devices=[]):
        network = UNet(network_config)
    network.to(device).to(memory_format=memory_format(device))
    x = torch.zeros(config.batch, 1, 16, 16, device=device)
    precision = choose_precision(AUTO, torch.device(device))
    times: list[float] = []
    end = time.perf_counter() + 0.5
    while len(times) < 3 or time.perf_counter() < end:
        begun = time.perf_counter()
        with autocast(torch.device(device), precision):
            output = network(x, 1)
        output.float().square().mean().backward()
        first = next(network.parameters())
        assert first.grad is not None
        first.grad.sum().item()  # waits for the device
        times.append(time.perf_counter() - begun)
    flops = estimate(replace(config, conditional=False), 1, 0).flops
    return flops / sorted(times)[len(times) // 2]
