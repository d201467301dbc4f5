"""Train the bundled feature network and classifier, explorer/evaluation/classifier.safetensors.

    python -m tools.make_classifier [--keep]

MNIST's and Fashion-MNIST's training sets and four fifths of the bundled emoji, mixed in every
batch; its accuracies, in the file's header, are of the test sets and of the other emoji. Seeded;
about eight minutes on one CPU core. The classes of the groups `AFTERWARDS` are then read from the
features as they are: `--keep` does only this, so that distances measured before stay comparable.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from explorer.checkpoints import read_header
from explorer.cli.console import check_writable
from explorer.data import ImageSet, load, to_tensor
from explorer.data.sources import default_root
from explorer.evaluation.classifier import (
    FILE,
    GROUPS,
    KEY,
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
AFTERWARDS = {"kinds": 4000}
"""Group -> pictures, drawn from its data set, that its classes' rows of the head are fitted to."""
DECAY = 1e-4
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
    four = (load("emoji-four", split=split) for split in ("train", "test"))
    parts["kinds"] = Part(*map(_pair, four))
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


def fit_head(network: Classifier, group: str, part: Part, count: int) -> None:
    """The group's rows of the last layer by logistic regression, everything else as it is."""
    own = torch.tensor(logit_indices(GROUPS[group]))
    g = torch.Generator().manual_seed(0)
    draws = [drawn(part, 100, False, g) for _ in range(count // 100)]
    x, labels = map(torch.cat, zip(*draws, strict=True))
    features = classify(network, x).features.clone()
    rows = torch.zeros(len(own), features.shape[1] + 1, requires_grad=True)
    optimizer = torch.optim.LBFGS([rows], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        logits = features @ rows[:, :-1].T + rows[:, -1]
        found = F.cross_entropy(logits, labels - own[0]) + DECAY * rows.square().sum()
        found.backward()
        return found

    optimizer.step(loss)
    with torch.no_grad():
        network.head.weight[own], network.head.bias[own] = rows[:, :-1], rows[:, -1]


def kept() -> tuple[Classifier, Description]:
    """The network that there is, also one that knew fewer groups, and its description."""
    network, old = Classifier().eval(), load_file(FILE)
    for name in ("head.weight", "head.bias"):
        whole = network.state_dict()[name]
        whole[: len(old[name])] = old[name][: len(whole)]
        old[name] = whole
    network.load_state_dict(old)
    return network, Description(**json.loads(read_header(FILE)[KEY]))


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
    parser.add_argument("--keep", action="store_true", help="the features, as they are")
    parser.add_argument("--root", type=Path, default=default_root())
    parser.add_argument("--out", type=Path, default=FILE)
    args = parser.parse_args()
    check_writable(args.out)
    parts = read(args.root)
    if args.keep:
        network, about = kept()
    else:
        how = f"{args.steps} steps of {sum(SHARES.values())}, tools/make_classifier.py"
        network, about = train(parts, args.steps), Description(f"cnn-64 {date.today()}", {}, how)
    for group, count in AFTERWARDS.items():
        fit_head(network, group, parts[group], count)
    found = accuracies(network, parts)
    save_classifier(network, replace(about, accuracies=found), args.out)
    print(f"{args.out}: {found}")


if __name__ == "__main__":
    main()
