"""The networks of five lectures, each as plain as beside its slides; called like `UNet`."""

from explorer.networks.lecture.cars import SimpleUnet, SimpleUnetConfig
from explorer.networks.lecture.mnist_jax import AttentionUnet, AttentionUnetConfig
from explorer.networks.lecture.oslo import PlainNet, PlainNetConfig
from explorer.networks.lecture.scinet import NaiveUnet, NaiveUnetConfig
from explorer.networks.lecture.sutd import TimelessUnet, TimelessUnetConfig

__all__ = [
    "AttentionUnet",
    "AttentionUnetConfig",
    "NaiveUnet",
    "NaiveUnetConfig",
    "PlainNet",
    "PlainNetConfig",
    "SimpleUnet",
    "SimpleUnetConfig",
    "TimelessUnet",
    "TimelessUnetConfig",
]
