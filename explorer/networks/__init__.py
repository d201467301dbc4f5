"""Networks that predict what the denoiser needs; all take (x_t, t, label) and keep x_t's shape."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from explorer.networks.classifier import NoisyClassifier, NoisyClassifierConfig
from explorer.networks.layers import Placed
from explorer.networks.lecture import (
    AttentionUnet,
    AttentionUnetConfig,
    NaiveUnet,
    NaiveUnetConfig,
    PlainNet,
    PlainNetConfig,
    SimpleUnet,
    SimpleUnetConfig,
    TimelessUnet,
    TimelessUnetConfig,
)
from explorer.networks.unet import PRESETS, UNet, UNetConfig

NETWORKS: dict[str, tuple[type[Any], type[Placed]]] = {
    "unet": (UNetConfig, UNet),
    "naive-unet": (NaiveUnetConfig, NaiveUnet),
    "simple-unet": (SimpleUnetConfig, SimpleUnet),
    "timeless-unet": (TimelessUnetConfig, TimelessUnet),
    "attention-unet": (AttentionUnetConfig, AttentionUnet),
    "plain-net": (PlainNetConfig, PlainNet),
    "classifier": (NoisyClassifierConfig, NoisyClassifier),
}
"""Name -> (frozen dataclass of settings, network built from it), as checkpoints name them."""

CHOICES: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {name: ("unet", options) for name, options in PRESETS.items()}
    | {f"naive-{n}": ("naive-unet", {"width": n}) for n in (32, 64, 128, 512)}
    | {f"simple-{n}": ("simple-unet", {"width": n}) for n in (16, 32, 64)}
    | {
        "timeless": ("timeless-unet", {"width": 64}),
        "attention": ("attention-unet", {"width": 32}),
        "plain": ("plain-net", {"width": 64}),
    }
)
"""What a run can be asked for: name -> one of `NETWORKS` and its options."""

__all__ = [
    "CHOICES",
    "NETWORKS",
    "PRESETS",
    "NoisyClassifier",
    "NoisyClassifierConfig",
    "UNet",
    "UNetConfig",
]
