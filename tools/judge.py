"""How many of a model's digits are what was asked for, judged by a classifier made for it.

    python -m tools.judge checkpoints/mnist.safetensors --n 1000 --write

A small convolutional network is trained on MNIST (at the checkpoint's size, kept under the data
root for the next time), checked on MNIST's test set, and asked to read DDIM-50 samples.
`--write` puts the result into the checkpoint's header.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from explorer import checkpoints
from explorer.data import ImageSet, load, to_tensor
from explorer.data.sources import default_root
from explorer.diffusion.samplers import DDIM, SAMPLERS
from explorer.race import lane_of, pictures


def classifier() -> nn.Sequential:
    """Three convolutions and a linear layer; about 160,000 weights."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, stride=2, padding=1),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.Conv2d(64, 128, 3, stride=2, padding=1),
        nn.BatchNorm2d(128),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(512, 10),
    ).to(memory_format=torch.channels_last)


def train(data: ImageSet, epochs: int = 6, batch: int = 128) -> nn.Sequential:
    """Seeded; pictures are shifted by up to 2 pixels."""
    torch.manual_seed(0)
    network = classifier()
    steps = epochs * len(data) // batch
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.01)
    decay = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    for _ in range(steps):
        index = torch.randint(len(data), (batch,))
        dx, dy = torch.randint(-2, 3, (2,)).tolist()
        x = to_tensor(data.images[index]).roll((dx, dy), (2, 3))
        loss = F.cross_entropy(network(x), data.labels[index], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay.step()
    return network.eval()


@torch.inference_mode()
def read(network: nn.Module, x: Tensor) -> Tensor:
    """The digit each picture in [−1, 1] shows."""
    return torch.cat([network(part).argmax(1) for part in x.split(1000)])


def judge_for(size: int, root: Path) -> tuple[nn.Module, float]:
    """The classifier for pictures of this size and its accuracy on MNIST's test set."""
    file = root / f"judge-{size}.safetensors"
    network = classifier().eval()
    if file.is_file():
        network.load_state_dict(load_file(file))
    else:
        network = train(load("mnist", size=size, root=root))
        save_file({k: v.contiguous() for k, v in network.state_dict().items()}, file)
    test = load("mnist", size=size, root=root, split="test")
    right = read(network, to_tensor(test.images)) == test.labels
    return network, right.float().mean().item()


class Accuracy(NamedTuple):
    """How many digits are what was asked for."""

    share: float
    by_digit: list[float]
    judge: float
    """The judge's own accuracy on MNIST's test set."""


def accuracy(
    file: Path,
    n: int,
    root: Path,
    *,
    seed: int = 0,
    sampler: str = DDIM.name,
    steps: int = 50,
    guidance: float = 1.0,
    device: torch.device | str = "cpu",
) -> Accuracy:
    """Samples of a checkpoint, the ten classes in turn, read by the judge; ValueError if it is
    no model of digits with classes."""
    denoiser, spec = checkpoints.load(file, device)
    if spec.classes != tuple("0123456789"):
        raise ValueError(f"{file} is not a model of digits with classes")
    network, own = judge_for(spec.size, root)
    denoiser = replace(denoiser, guidance=guidance)
    labels = [i % 10 for i in range(n)]
    strided = {"steps": steps} if SAMPLERS[sampler].strided else {}
    lane = lane_of(sampler, denoiser.schedule, **strided)
    shape = (spec.channels, spec.size, spec.size)
    x = pictures(denoiser, lane, shape, seed=seed, labels=labels, device=device)
    right = (read(network, x.cpu()) == torch.tensor(labels)).float()
    return Accuracy(right.mean().item(), [right[d::10].mean().item() for d in range(10)], own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--sampler", choices=SAMPLERS, default=DDIM.name)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--guidance", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--root", type=Path, default=default_root())
    parser.add_argument("--write", action="store_true", help="into the checkpoint's header")
    args = parser.parse_args()

    found = accuracy(
        args.file,
        args.n,
        args.root,
        seed=args.seed,
        sampler=args.sampler,
        steps=args.steps,
        guidance=args.guidance,
    )
    print(f"the judge reads {found.judge:.2%} of MNIST's test digits rightly")
    for digit, share in enumerate(found.by_digit):
        print(f"  asked for {digit}: {share:.1%}")
    print(f"{found.share:.2%} of {args.n} digits are what was asked for")
    if args.write:
        denoiser, spec = checkpoints.load(args.file)
        steps = args.steps if SAMPLERS[args.sampler].strided else spec.T
        how = f"{args.sampler}_{steps}" + (f"_w{args.guidance:g}" if args.guidance != 1 else "")
        metrics = {f"{how}_accuracy": round(found.share, 4)}
        metrics |= {f"{how}_samples": args.n, "judge_accuracy": round(found.judge, 4)}
        spec = replace(spec, metrics={**spec.metrics, **metrics})
        checkpoints.save(args.file, denoiser.network.state_dict(), spec)


if __name__ == "__main__":
    main()
