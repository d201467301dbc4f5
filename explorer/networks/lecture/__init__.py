"""The networks of five lectures, each as plain as beside its slides; called like `UNet`."""

from explorer.networks.lecture.cars import SimpleUnet
from explorer.networks.lecture.mnist_jax import AttentionUnet
from explorer.networks.lecture.oslo import PlainNet
from explorer.networks.lecture.scinet import NaiveUnet
from explorer.networks.lecture.sutd import TimelessUnet

__all__ = [
    "AttentionUnet",
    "NaiveUnet",
    "PlainNet",
    "SimpleUnet",
    "TimelessUnet",
]
