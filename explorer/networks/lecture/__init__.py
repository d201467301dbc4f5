"""The networks of five lectures, each as its lecture prints it; called like `UNet`."""

from explorer.networks.lecture.cars import SimpleUnet
from explorer.networks.lecture.ladder import LadderUnet
from explorer.networks.lecture.mnist_jax import AttentionUnet
from explorer.networks.lecture.oslo import PlainNet
from explorer.networks.lecture.scinet import NaiveUnet
from explorer.networks.lecture.sutd import TimelessUnet

__all__ = [
    "AttentionUnet",
    "LadderUnet",
    "NaiveUnet",
    "PlainNet",
    "SimpleUnet",
    "TimelessUnet",
]
