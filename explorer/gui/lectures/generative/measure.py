"""How real, how different and how dear images are, whatever made them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor

from explorer.checkpoints import describe, load, read_header, write_tensors
from explorer.data import from_tensor, to_tensor
from explorer.data import load as load_images
from explorer.devices import hardware
from explorer.diffusion import Denoiser
from explorer.evaluation.classifier import classify, load_classifier, logit_indices
from explorer.evaluation.diversity import effective_classes, within_classes
from explorer.evaluation.errors import average_of, distance_of
from explorer.evaluation.frechet import Frechet
from explorer.evaluation.weights import weights_of
from explorer.gui.lectures.generative.records import Comparison, Measured
from explorer.inference import prepare
from explorer.race import Lane, race

N = 128
"""Images of each way: DDPM takes four minutes of a core for them."""
SEED = 0
BATCH = 64
REFERENCE = 10_000
PIXEL = Path("checkpoints/mnist.safetensors")
WORK = Path("scratch/generative")
DIGITS = tuple("0123456789")
GREY = 0.6
"""A pixel in [−1, 1] is grey within ± this."""


class Made(NamedTuple):
    """Images, and what they took."""

    images: Tensor
    """(n, 1, 28, 28), uint8."""
    seconds: float
    """Of one core, for `timed` images."""
    timed: int


class Measure:
    """Against training images of MNIST, in the features of the bundled classifier."""

    def __init__(self, n: int = N, reference: int = REFERENCE) -> None:
        self.n = n
        self.classifier, self.description = load_classifier()
        found = logit_indices(DIGITS)
        assert found is not None
        self.digits = found
        train, tests = (load_images("mnist", size=28, split=split) for split in ("train", "test"))
        self.reference = min(reference, len(train))
        chosen = _shuffled(len(train))[: self.reference]
        seen = classify(self.classifier, to_tensor(train.images[chosen]))
        self.frechet = Frechet(seen.features)
        self.tests = tests.images[_shuffled(len(tests))[:n]]
        """(n, 1, 28, 28), real and in no training."""
        self.real = self.of(Made(self.tests, 0.0, 0), "real images", 0, 0)

    def of(
        self, made: Made, title: str, weights: int, evaluations: int, trained: float | None = None
    ) -> Measured:
        """The images' numbers, each with its standard error. ValueError for fewer than 40."""
        x = to_tensor(made.images)
        seen = classify(self.classifier, x)
        judged = seen.logits[:, self.digits].argmax(1)
        return Measured(
            title,
            weights,
            evaluations,
            trained,
            made.seconds if made.timed else None,
            made.timed,
            distance_of(self.frechet, seen.features),
            effective_classes(judged, len(DIGITS)),
            within_classes(seen.features, judged),
            average_of((x.abs() < GREY).double().mean((1, 2, 3))),
        )

    def compared(self, ways: dict[str, Measured]) -> Comparison:
        """All ways beside as many real images."""
        return Comparison(
            self.n,
            self.reference,
            self.real,
            ways,
            hardware(torch.device("cpu")),
            self.description.name,
            weights_of(*load(PIXEL)),
            date.today().isoformat(),
        )


def _shuffled(count: int) -> Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(0))


def kept(name: str, make: Callable[[], Made], folder: Path = WORK) -> Made:
    """What `make` gives, or gave before: it is kept in the folder."""
    path = folder / f"{name}.safetensors"
    if path.is_file():
        told = read_header(path)
        return Made(load_file(path)["images"], float(told["seconds"]), int(told["timed"]))
    found = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"seconds": repr(found.seconds), "timed": str(found.timed)}
    write_tensors(path, {"images": found.images}, told)
    return found


def walked(
    denoiser: Denoiser,
    lane: Lane,
    shape: tuple[int, ...],
    n: int = N,
    *,
    precision: str = "bfloat16",
    decode: Callable[[Tensor], Tensor] = lambda x: x,
) -> Made:
    """n images by a sampler, told no class; `decode` makes images of what it ends with."""
    network = prepare(denoiser.network, "cpu", precision, exact=True)
    denoiser, parts, seconds = replace(denoiser, network=network), [], 0.0
    for first in range(0, n, BATCH):
        begun = time.thread_time()
        for entry in race(
            denoiser, [lane], shape, seed=SEED, n=min(BATCH, n - first), first=first
        ):
            last = entry.frame.x
        parts.append(from_tensor(decode(last)))
        seconds += time.thread_time() - begun
    return Made(torch.cat(parts), seconds, n)


def drawn_at_once(draw: Callable[[int, int], Tensor], n: int = N, timed: int = 5120) -> Made:
    """n images of a model that makes them in one pass; more are made to time it.

    draw : (first, count) -> images (count, 1, 28, 28) in [−1, 1].
    """
    parts, begun = [], time.thread_time()
    for first in range(0, timed, BATCH):
        parts.append(from_tensor(draw(first, BATCH)))
    seconds = time.thread_time() - begun
    return Made(torch.cat(parts)[:n].clone(), seconds, timed)


def weights_in(path: Path) -> int:
    """Of a shipped model's network."""
    return sum(p.numel() for p in describe(path).make_network().parameters())
