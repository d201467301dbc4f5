"""The feature network: one small classifier of digits, garments and emoji, bundled."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.checkpoints import read_header, write_tensors
from explorer.devices import memory_format

FILE = Path(__file__).parent / "classifier.safetensors"
"""Made by `tools/make_classifier.py`."""
KEY = "diffusion-explorer-classifier"
"""The header's entry that holds the `Description` as JSON."""
SIDE = 32
"""Pixels; pictures of other sizes are resized."""
FEATURES = 64

GROUPS: Mapping[str, tuple[str, ...]] = {
    "digits": tuple("0123456789"),
    "garments": (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
        "Bag", "Ankle boot",
    ),
    "emoji": (
        "Activities", "Animals & Nature", "Flags", "Food & Drink", "Objects", "People & Body",
        "Smileys & Emotion", "Symbols", "Travel & Places",
    ),
    "kinds": ("faces", "flags", "hands", "people"),
}  # fmt: skip
"""The 33 classes, in the order of the logits: those of MNIST, Fashion-MNIST, the emoji and the
four kinds of emoji. The features are learnt from the first three groups."""


@dataclass(frozen=True)
class Description:
    """What the bundled file says of itself."""

    name: str
    """Changes with the weights: values made with another classifier cannot be compared."""
    accuracies: Mapping[str, float]
    """Group -> share of pictures it was not trained on that it reads rightly."""
    training: str
    """How it was trained."""


class Classified(NamedTuple):
    """What the network says of n pictures."""

    features: Tensor
    """(n, 64), the averages of the last feature maps, ≥ 0."""
    logits: Tensor
    """(n, 33), over all groups."""


class Classifier(nn.Module):
    """Four convolutions, the average over the picture, one linear layer; 169,473 weights."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Sequential(
            *_convolution(3, 32),
            nn.MaxPool2d(2),
            *_convolution(32, 64),
            nn.MaxPool2d(2),
            *_convolution(64, 128),
            nn.MaxPool2d(2),
            *_convolution(128, FEATURES),
        )
        self.head = nn.Linear(FEATURES, sum(map(len, GROUPS.values())))
        self.to(memory_format=memory_format("cpu"))

    def forward(self, x: Tensor) -> Classified:
        """Pictures (n, 1 or 3, H, W) in [−1, 1], of any size; ValueError for other shapes."""
        features = self.maps(as_input(x)).mean((2, 3))
        return Classified(features, self.head(features))


def _convolution(before: int, after: int) -> tuple[nn.Module, ...]:
    conv = nn.Conv2d(before, after, 3, padding=1, bias=False)
    return conv, nn.BatchNorm2d(after), nn.ReLU()


def as_input(x: Tensor) -> Tensor:
    """Pictures (n, 1 or 3, H, W) as the network takes them: (n, 3, 32, 32), bilinear,
    antialiased when shrinking; ValueError for other shapes."""
    if x.dim() != 4 or x.shape[1] not in (1, 3):
        raise ValueError(f"images are (n, 1 or 3, H, W), not {tuple(x.shape)}")
    if x.shape[2:] != (SIDE, SIDE):
        shrinks = max(x.shape[2:]) > SIDE
        x = F.interpolate(x, (SIDE, SIDE), mode="bilinear", antialias=shrinks)
    return x.expand(-1, 3, -1, -1).contiguous(memory_format=memory_format(x.device))


@torch.inference_mode()
def classify(classifier: Classifier, x: Tensor, batch: int = 500) -> Classified:
    """`classifier(x)`, `batch` pictures at a time, on the CPU."""
    parts = [classifier(part.float().cpu()) for part in x.split(batch)]
    return Classified(*map(torch.cat, zip(*parts, strict=True)))


def logit_indices(classes: Sequence[str]) -> list[int] | None:
    """The logit of each of a model's classes, matched by name.

    None unless these are all classes of one group, in any order: a choice between others than
    the model's own would be no fair question.
    """
    first = 0
    for names in GROUPS.values():
        if len(classes) == len(names) and set(classes) == set(names):
            return [first + names.index(name) for name in classes]
        first += len(names)
    return None


@cache
def load_classifier() -> tuple[Classifier, Description]:
    """The bundled network, on the CPU, ready to be called, and what it says of itself.

    ValueError if the file is damaged: then the package must be installed again.
    """
    try:
        description = Description(**json.loads(read_header(FILE)[KEY]))
        with torch.device("meta"):
            network = Classifier()
        network.load_state_dict(load_file(FILE), assign=True)
    except (KeyError, TypeError, ValueError, RuntimeError, OSError, SafetensorError) as error:
        raise ValueError(f"{FILE} is damaged; install the package again ({error})") from error
    network.to(memory_format=memory_format("cpu"))
    return network.eval().requires_grad_(False), description


def save_classifier(classifier: Classifier, description: Description, path: Path = FILE) -> None:
    """Write the network and its description at once or not at all."""
    header = {KEY: json.dumps(asdict(description), ensure_ascii=False)}
    write_tensors(path, classifier.state_dict(), header)
