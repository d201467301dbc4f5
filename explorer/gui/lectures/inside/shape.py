"""What a network consists of, and what share of the arithmetic each part has."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from explorer.checkpoints import Spec
from explorer.networks.anatomy import multiply_adds
from explorer.networks.layers import Attention, ResBlock
from explorer.networks.unet import UNet


@dataclass(frozen=True)
class Part:
    """Some of a network's modules. A level has the convolution that leads to it, too."""

    name: str
    """As in `networks.anatomy.stages`, or "stem", "time", "head", or that of a direct part."""
    parameters: int
    multiply_adds: int
    """For one picture."""
    level: int | None = None
    """Of a U-Net: 0 is the finest."""
    resolution: int | None = None
    channels: int | None = None
    blocks: int = 0
    """Residual blocks."""
    attention: int = 0
    """How many of them are followed by self-attention."""


@dataclass(frozen=True)
class Anatomy:
    """A network's parts in the order of their work; their sums are the network's own."""

    parts: tuple[Part, ...]
    unet: bool
    """Whether the parts are a U-Net's; else they are the direct parts by name."""

    @property
    def parameters(self) -> int:
        return sum(part.parameters for part in self.parts)

    @property
    def multiply_adds(self) -> int:
        return sum(part.multiply_adds for part in self.parts)

    def share(self, part: Part) -> float:
        """Of the multiply-adds."""
        return part.multiply_adds / max(1, self.multiply_adds)


def anatomy(spec: Spec) -> Anatomy:
    """The parts of the network that a checkpoint describes; nothing is computed."""
    with torch.device("meta"):  # shapes without values
        network = spec.make_network()
        x = torch.empty(1, spec.channels, spec.size, spec.size)
        t = torch.zeros(1, dtype=torch.long)
    counts = multiply_adds(network, x, t)
    if isinstance(network, UNet):
        return Anatomy(tuple(_levels(network, spec.size, counts)), True)
    return Anatomy(tuple(_plain(network, counts)), False)


def _part(network: nn.Module, counts: dict[str, int], name: str, *roots: str, **more: int) -> Part:
    """A part made of the modules below these names."""

    def below(path: str) -> bool:
        return any(path == root or path.startswith(f"{root}.") for root in roots)

    modules = [module for path, module in network.named_modules() if below(path)]
    return Part(
        name,
        sum(p.numel() for path, p in network.named_parameters() if below(path)),
        sum(count for path, count in counts.items() if below(path)),
        blocks=sum(isinstance(module, ResBlock) for module in modules),
        attention=sum(isinstance(module, Attention) for module in modules),
        **more,
    )


def _levels(network: UNet, size: int, counts: dict[str, int]) -> list[Part]:
    config, last = network.config, len(network.config.multipliers) - 1

    def place(level: int) -> dict[str, int]:
        channels = config.width * config.multipliers[level]
        return {
            "level": level,
            "resolution": size // config.patch // 2**level,
            "channels": channels,
        }

    parts = [
        _part(network, counts, "time", "time_mlp", "class_embedding"),
        _part(network, counts, "stem", "stem"),
    ]
    for i in range(last + 1):
        roots = [f"down.{i}", *([f"shrink.{i - 1}"] if i else [])]
        parts.append(_part(network, counts, f"down.{i}", *roots, **place(i)))
    parts.append(_part(network, counts, "middle", "middle", **place(last)))
    for i in reversed(range(last + 1)):
        roots = [f"up.{i}", *([f"grow.{i}"] if i < last else [])]
        parts.append(_part(network, counts, f"up.{i}", *roots, **place(i)))
    return [*parts, _part(network, counts, "head", "norm", "head")]


def _plain(network: nn.Module, counts: dict[str, int]) -> list[Part]:
    parts = [_part(network, counts, name, name) for name, _ in network.named_children()]
    parameters = sum(p.numel() for p in network.parameters()) - sum(p.parameters for p in parts)
    rest = sum(counts.values()) - sum(p.multiply_adds for p in parts)
    return [*parts, Part("the rest", parameters, rest)] if parameters or rest else parts
