"""Train the bundled feature network and classifier, explorer/evaluation/classifier.safetensors.

    python -m tools.make_classifier

MNIST's and Fashion-MNIST's training sets and four fifths of the bundled emoji, mixed in every
batch; its accuracies, in the file's header, are of the test sets and of the other emoji. Seeded;
about eight minutes on one CPU core.
"""

from __future__ import annotations

import argparse
import time
from datetime import date
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from explorer.data import ImageSet, load, to_tensor
from explorer.data.sources import default_root
from explorer.evaluation.classifier import (
    FILE,
    GROUPS,
    SIDE,
    Classifier,
    Description,
    as_input,
    classify,
    logit_indices,
    save_classifier,
)

SHARES = {"digits": 56, "garments": 60, "emoji": 12}
"""Of each batch."""
FLIPPED = ("garments", "emoji")
"""Models may have learnt them mirrored."""
SMALLEST = 12
"""Some pictures are seen as if they had been as small as this."""


class Part(NamedTuple):
    """One group's pictures, uint8, and their logits."""

    train: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


def read(root: Path) -> dict[str, Part]:
    """All groups, at their own sizes."""
    parts = {}
    for group, name in (("digits", "mnist"), ("garments", "fashion-mnist")):
        train, test = (load(name, root=root, split=split) for split in ("train", "test"))
        parts[group] = Part(_pair(train), _pair(test))
    images, labels = _pair(load("emoji"))
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    held, rest = order[: len(images) // 5], order[len(images) // 5 :]
    parts["emoji"] = Part((images[rest], labels[rest]), (images[held], labels[held]))
    return parts


def _pair(data: ImageSet) -> tuple[Tensor, Tensor]:
    return data.images, torch.tensor(logit_indices(data.classes))[data.labels]


def drawn(part: Part, count: int, mirror: bool, g: torch.Generator) -> tuple[Tensor, Tensor]:
    """Pictures as the network takes them: shifted by up to 2 pixels, some seen as smaller ones."""
    images, labels = part.train
    index = torch.randint(len(images), (count,), generator=g)
    x = to_tensor(images[index])
    dx, dy, side = (int(torch.randint(0, end, (), generator=g)) for end in (5, 5, 4 * SIDE))
    if SMALLEST <= side < x.shape[-1]:
        x = F.interpolate(x, (side, side), mode="bilinear", antialias=True)
    x = F.pad(as_input(x), (2, 2, 2, 2), mode="replicate")
    x = x[:, :, dy : dy + SIDE, dx : dx + SIDE]
    if mirror:
        flipped = torch.rand(count, 1, 1, 1, generator=g) < 0.5
        x = torch.where(flipped, x.flip(3), x)
    return x, labels[index]


def train(parts: dict[str, Part], steps: int) -> Classifier:
    """AdamW with one cycle of the learning rate; the forward pass in bfloat16."""
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(0)
    network = Classifier()
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    decay = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps)
    begun = time.perf_counter()
    for step in range(steps):
        pairs = [drawn(parts[k], n, k in FLIPPED, g) for k, n in SHARES.items()]
        x, labels = map(torch.cat, zip(*pairs, strict=True))
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(x.contiguous(memory_format=torch.channels_last)).logits
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay.step()
        if step % 500 == 499:
            seconds = time.perf_counter() - begun
            print(f"step {step + 1}: loss {loss.item():.3f}, {seconds:.0f} s", flush=True)
    return network.eval()


def accuracies(network: Classifier, parts: dict[str, Part]) -> dict[str, float]:
    """By group, the choice being between the group's classes."""
    found = {}
    for group, part in parts.items():
        own = torch.tensor(logit_indices(GROUPS[group]))
        images, labels = part.test
        said = own[classify(network, to_tensor(images)).logits[:, own].argmax(1)]
        found[group] = round((said == labels).float().mean().item(), 4)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--root", type=Path, default=default_root())
    parser.add_argument("--out", type=Path, default=FILE)
    args = parser.parse_args()
    parts = read(args.root)
    network = train(parts, args.steps)
    found = accuracies(network, parts)
    how = f"{args.steps} steps of {sum(SHARES.values())}, tools/make_classifier.py"
    save_classifier(network, Description(f"cnn-64 {date.today()}", found, how), args.out)
    print(f"{args.out}: {found}")


if __name__ == "__main__":
    main()
