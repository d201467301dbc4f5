"""What pictures are like, in numbers: read as asked, contrast, diversity, grain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.data import DataError, load, to_tensor
from explorer.evaluation.classifier import classify, load_classifier, logit_indices
from explorer.evaluation.errors import Estimate, average_of, jackknife, share, share_of
from explorer.evaluation.held_out import fit_of
from explorer.evaluation.reference import BUNDLED_INSTEAD
from explorer.race.fork import spread

MOST_REAL = 100
"""Real pictures of each class."""


@dataclass(frozen=True)
class Look:
    """What some pictures of all classes are like."""

    accuracy: Estimate
    """The share that the bundled classifier reads as what was asked for."""
    contrast: Estimate
    """The standard deviation of a picture's pixels, in units of the pictures (−1 to 1)."""
    diversity: Estimate
    """How far pictures of one class are apart (root mean square, mean over pairs and classes), as
    a share of how far real pictures of the class are. Whatever differs counts, noise too."""
    alike: Estimate
    """The correlation of pixels beside each other: 0 for white noise, 1 for a flat picture."""


@dataclass(frozen=True)
class Free:
    """What pictures are like that no class was asked for."""

    commonest: str
    """The class that the bundled classifier reads most often."""
    share: Estimate
    diversity: Estimate
    """As `Look.diversity`, of all pictures as one class."""


@dataclass(frozen=True, eq=False)
class Real:
    """Real pictures of what a model was trained on, and how far they are apart."""

    x: Tensor
    """(m, C, H, W) in [−1, 1]."""
    labels: Tensor
    """(m,), of the model's classes."""
    name: str
    """The data set's."""
    own: list[int]
    """The logit of each class, see `evaluation.classifier.logit_indices`."""
    apart: tuple[Estimate, ...]
    """The `spread` of each class."""
    free: Estimate
    """The `spread` of all."""


def real_pictures(spec: Spec, most: int = MOST_REAL) -> Real:
    """Up to `most` real pictures of each class, always the same.

    Where a data set is not here and cannot be downloaded, its bundled pictures stand in.
    DataError if there are none; ValueError if the bundled classifier does not know the model's
    classes, or there are too few pictures.
    """
    own = logit_indices(spec.classes)
    if own is None:
        raise ValueError(f"the bundled classifier does not know the classes of {spec.name}")
    try:
        data = load(spec.data, size=spec.size, fit=fit_of(spec))
    except DataError:
        if spec.data not in BUNDLED_INSTEAD:
            raise
        data = load(BUNDLED_INSTEAD[spec.data], size=spec.size, fit=fit_of(spec))
    if data.labels is None or set(data.classes) != set(spec.classes):
        raise ValueError(f"{data.name} has other classes than {spec.name}")
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
    there = data.labels[order]
    index = torch.cat([order[there == data.classes.index(name)][:most] for name in spec.classes])
    x = to_tensor(data.images[index])
    if spec.training.get("flips"):  # as it was trained: half of them mirrored
        x[1::2] = x[1::2].flip(3)
    own_order = torch.tensor([spec.classes.index(name) for name in data.classes])
    labels = own_order[data.labels[index]]
    apart = tuple(_spread_of(x[labels == k]) for k in range(len(spec.classes)))
    return Real(x, labels, data.name, own, apart, _spread_of(x))


def look_at(x: Tensor, labels: Tensor, real: Real) -> Look:
    """(n, C, H, W) in [−1, 1], asked to be `labels`, (n,), n at least 40, 3 of each class."""
    seen = classify(load_classifier()[0], x).logits[:, real.own].argmax(1)
    return Look(
        share_of(seen == labels),
        average_of(contrast_of(x)),
        diversity_of(x, labels, real.apart),
        average_of(correlation_of(x)),
    )


def look_at_free(x: Tensor, classes: tuple[str, ...], real: Real) -> Free:
    """The same of pictures that no class was asked for."""
    seen = classify(load_classifier()[0], x).logits[:, real.own].argmax(1)
    counts = seen.bincount(minlength=len(classes))
    most = int(counts.argmax())
    one = torch.zeros(len(x), dtype=torch.long)
    diversity = diversity_of(x, one, (real.free,))
    return Free(classes[most], share(int(counts[most]), len(x)), diversity)


def contrast_of(x: Tensor) -> Tensor:
    """The standard deviation of each picture's pixels, (n,)."""
    return x.flatten(1).double().std(1, correction=0)


def correlation_of(x: Tensor) -> Tensor:
    """1 − E(x_i − x_j)²/(2 Var x) over pixels i, j beside or below each other, (n,).

    The correlation coefficient of neighbours, if both have the picture's variance: 0 for white
    noise. 1 for a flat picture.
    """
    x = x.double()
    squares = [(x.diff(dim=d) ** 2).flatten(1) for d in (2, 3)]
    variance = x.flatten(1).var(1, correction=0)
    ratio = torch.cat(squares, 1).mean(1) / (2 * variance)
    return torch.where(variance > 1e-9, 1 - ratio, 1.0)


def diversity_of(x: Tensor, labels: Tensor, apart: tuple[Estimate, ...]) -> Estimate:
    """The mean over the classes k of spread(x of k)/`apart[k]`, with the error of both."""
    order = labels.argsort(stable=True)  # so that the jackknife leaves out as much of each class
    x, labels = x[order], labels[order]

    def mean(kept: Tensor) -> float:
        ratios = [spread(x[kept & (labels == k)]) / a.value for k, a in enumerate(apart)]
        return sum(ratios) / len(ratios)

    found = jackknife(mean, len(x))
    reference = math.hypot(
        *(spread(x[labels == k]) / a.value * a.error / a.value for k, a in enumerate(apart))
    )
    return Estimate(found.value, math.hypot(found.error, reference / len(apart)))


def moved(x: Tensor, sound: Tensor, labels: Tensor, real: Real) -> Estimate:
    """How far pictures are from the sound ones of the same noise, in the unit of diversity."""
    distance = (x - sound).flatten(1).double().square().mean(1).sqrt()
    unit = torch.tensor([a.value for a in real.apart], dtype=torch.float64)
    return average_of(distance / unit[labels])


def _spread_of(x: Tensor) -> Estimate:
    return jackknife(lambda kept: spread(x[kept]), len(x))
