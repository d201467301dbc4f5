"""Classifiers that say which class of a data set a picture shows, made for `tools.judge`.

Each is trained on the set's training pictures at the size that is to be read, kept under the data
root for the next time, and checked on the set's test pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.checkpoints import Spec, write_tensors
from explorer.data import ImageSet, load, to_tensor
from explorer.evaluation.errors import Estimate, share_of
from explorer.precision import AUTO, autocast, choose_precision

BATCH, SHIFT = 128, 2
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Recipe:
    """How a set's classifier is made."""

    epochs: int = 15
    depth: int = 2
    """Convolutions at each of the three resolutions."""
    flips: bool = False
    """Half of the pictures are mirrored, as those of a model may be."""


RECIPES = {
    "mnist": Recipe(epochs=6, depth=1),
    "fashion-mnist": Recipe(flips=True),
    "emoji-four": Recipe(epochs=100, depth=1),
}
"""Data set -> recipe: MNIST's takes two minutes of a busy CPU core, Fashion-MNIST's seventeen."""
LIKE = {"mnist-5k": "mnist"}
"""Sets without test pictures -> a set of the same classes that has some."""


class Reader(NamedTuple):
    """A classifier of a data set."""

    network: nn.Module
    data: str
    classes: tuple[str, ...]
    accuracy: Estimate
    """Of the set's test pictures: the share that it reads rightly."""


def reader_for(spec: Spec, root: Path) -> Reader:
    """What reads a model's pictures; ValueError if there are no such test pictures to check it."""
    reader = reader_of(spec.data, spec.size, root)
    if spec.classes != reader.classes:
        raise ValueError(
            f"{spec.name} has the classes {', '.join(spec.classes) or 'of none'}; those of "
            f"{reader.data} are {', '.join(reader.classes)}: only a model that is told these can "
            "be judged"
        )
    return reader


def reader_of(trained_on: str, size: int, root: Path) -> Reader:
    """What reads pictures of this size of models that were trained on this set.

    ValueError if no classifier is made for it; DataError if its pictures cannot be had.
    """
    data = LIKE.get(trained_on, trained_on)
    if data not in RECIPES:
        known = ", ".join([*RECIPES, *LIKE])
        raise ValueError(f"this was trained on {trained_on}; there are classifiers of: {known}")
    test = load(data, size=size, root=root, split="test")
    network = classifier(test.channels, len(test.classes), RECIPES[data].depth).eval()
    file = root / f"judge-{data}-{size}.safetensors"
    try:
        network.load_state_dict(load_file(file))
    except (OSError, RuntimeError, SafetensorError):  # not made yet, or made by another version
        train(network, load(data, size=size, root=root), RECIPES[data])
        write_tensors(file, network.state_dict(), {})
    assert test.labels is not None  # it has classes
    right = read(network, to_tensor(test.images)) == test.labels
    return Reader(network, data, test.classes, share_of(right))


def classifier(channels: int, classes: int, depth: int) -> nn.Sequential:
    """Convolutions at three resolutions and a linear layer; `depth` 1 is 98,000 weights, for ten
    classes, and 2 is 292,000."""
    layers: list[nn.Module] = []
    for i, width in enumerate((32, 64, 128)):
        for k in range(depth):
            stride = 2 if i and not k else 1
            layers += [
                nn.Conv2d(channels, width, 3, stride=stride, padding=1),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            channels = width
    head = [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(0.3), nn.Linear(512, classes)]
    return nn.Sequential(*layers, *head).to(memory_format=torch.channels_last)


def train(network: nn.Module, data: ImageSet, recipe: Recipe) -> None:
    """Seeded; pictures are shifted by up to 2 pixels. Afterwards the network is in eval mode."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.reset_parameters()
    steps = recipe.epochs * len(data) // BATCH
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.01)
    decay = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    precision = choose_precision(AUTO, CPU)
    network.train()
    for x, labels in batches(data, steps, recipe.flips):
        with autocast(CPU, precision):
            said = network(x)
        loss = F.cross_entropy(said.float(), labels, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay.step()
    network.eval()


def batches(data: ImageSet, count: int, flips: bool) -> Iterator[tuple[Tensor, Tensor]]:
    """Pictures at random, those of a batch shifted alike, and their labels."""
    assert data.labels is not None
    size = data.images.shape[-1]
    for _ in range(count):
        index = torch.randint(len(data), (BATCH,))
        dx, dy = torch.randint(2 * SHIFT + 1, (2,)).tolist()
        x = F.pad(to_tensor(data.images[index]), (SHIFT,) * 4, mode="replicate")
        x = x[:, :, dy : dy + size, dx : dx + size]
        if flips:
            x = torch.where(torch.rand(BATCH, 1, 1, 1) < 0.5, x.flip(3), x)
        yield x.contiguous(memory_format=torch.channels_last), data.labels[index]


@torch.inference_mode()
def read(network: nn.Module, x: Tensor) -> Tensor:
    """The class that each picture in [−1, 1] shows, as an index."""
    return torch.cat([network(part).argmax(1) for part in x.split(1000)])
