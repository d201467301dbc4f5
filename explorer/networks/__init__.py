"""Networks that predict what the denoiser needs; all take (x_t, t, label) and keep x_t's shape."""

from collections.abc import Mapping
from typing import Any

from explorer.networks.classifier import NoisyClassifier
from explorer.networks.layers import Placed
from explorer.networks.lecture import (
    AttentionUnet,
    LadderUnet,
    NaiveUnet,
    PlainNet,
    SimpleUnet,
    TimelessUnet,
)
from explorer.networks.unet import UNet
from explorer.settings.networks import (
    CHOICES,
    CONFIGS,
    PRESETS,
    NoisyClassifierConfig,
    UNetConfig,
)

BUILT: Mapping[str, type[Placed]] = {
    "unet": UNet,
    "naive-unet": NaiveUnet,
    "simple-unet": SimpleUnet,
    "timeless-unet": TimelessUnet,
    "ladder-unet": LadderUnet,
    "attention-unet": AttentionUnet,
    "plain-net": PlainNet,
    "classifier": NoisyClassifier,
}
NETWORKS: dict[str, tuple[type[Any], type[Placed]]] = {
    name: (CONFIGS[name], network) for name, network in BUILT.items()
}
"""Name -> (frozen dataclass of settings, network built from it), as checkpoints name them."""

__all__ = [
    "CHOICES",
    "NETWORKS",
    "PRESETS",
    "NoisyClassifier",
    "NoisyClassifierConfig",
    "UNet",
    "UNetConfig",
]
