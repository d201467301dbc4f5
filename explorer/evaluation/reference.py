"""What a model's pictures are measured against: real ones, in features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.data import DATASETS, DataError, ImageSet, load, to_tensor
from explorer.evaluation.classifier import classify, load_classifier, logit_indices
from explorer.evaluation.floor import DRAWS, Floor, Known, floor_of_splits, floor_of_tests
from explorer.evaluation.held_out import fit_of

MOST = 10_000
"""Training pictures in a reference."""
BUNDLED_INSTEAD: Mapping[str, str] = {"mnist": "mnist-5k"}
"""What is taken where a set is not there and cannot be downloaded."""


@dataclass(frozen=True, eq=False)
class Reference:
    """Real pictures at a model's size, as features, and how far others as real are from them."""

    data: str
    """The data set's name."""
    features: Tensor
    """(m, 64), of training pictures."""
    others: Tensor
    """(k, 64), of real pictures that are not in the reference."""
    floor: Floor
    """What a perfect model would reach."""
    shares: tuple[float, ...] | None
    """How often each of the model's classes occurs; None for a model without classes."""
    note: str = ""
    """What is to be said of the choice of the data."""


def load_reference(
    spec: Spec,
    *,
    n: int,
    most: int = MOST,
    name: str | None = None,
    root: str | Path | None = None,
    read: Callable[[str, int, str | Path | None], ImageSet] | None = None,
) -> Reference:
    """The reference for a model from the set that it was trained on, or from the set `name`.

    For a set that is not there and cannot be downloaded a bundled one stands in, where there is
    one like it; `note` says so. n and `most` as in `make_reference`.

    name : of a data set, or a path; never one that comes from a stranger.
    read : (name, size, root) -> the training pictures; by default `explorer.data.load`.

    DataError if the pictures cannot be had; ValueError if they do not fit the model.
    """
    _check_counts(n, most)
    fit = fit_of(spec)
    read = read or (lambda name, size, root: load(name, size=size, root=root, fit=fit))
    if name is None and spec.data not in DATASETS:
        raise DataError(
            f"the images of {spec.data!r} that {spec.name} was trained on are not one of the "
            "data sets; say where they are (--data)"
        )
    chosen, note = name or spec.data, ""
    try:
        train = read(chosen, spec.size, root)
    except DataError as error:
        if name is not None or chosen not in BUNDLED_INSTEAD:
            raise
        chosen = BUNDLED_INSTEAD[chosen]
        note = f"{error}; the bundled {chosen} is the reference instead"
        train = read(chosen, spec.size, root)
    tests = chosen in DATASETS and "test" in DATASETS[chosen].splits
    held = load(chosen, size=spec.size, root=root, split="test", fit=fit) if tests else None
    return replace(make_reference(spec, train, held, n=n, most=most), note=note)


def make_reference(
    spec: Spec, train: ImageSet, held: ImageSet | None = None, *, n: int, most: int = MOST
) -> Reference:
    """Up to `most` training pictures as the reference, others for its floor, draws of n.

    These come from `held`, as many as `floor_of_tests` asks for, or else, n of them, are taken out
    of `train` (at most a third of it). Both are chosen at random, always the same. A model that
    was trained on pictures of which half were mirrored is measured against such.

    ValueError if the pictures' channels are not the model's, or they are fewer than two.
    """
    if train.channels != spec.channels:
        raise ValueError(
            f"{train.name} has images of {train.channels} channels, {spec.name} makes images "
            f"of {spec.channels}"
        )
    _check_counts(n, most)
    order = _shuffled(len(train))
    if held is None:
        out = min(n, len(train) // 3)
        others, order = order[:out], order[out:]
    else:
        others = _shuffled(len(held))[: n * DRAWS]
    order = order[:most]
    if min(len(order), len(others)) < 2:
        raise ValueError(f"{len(train)} images are too few for a reference")
    real = _known(spec, train, order)
    apart = _known(spec, held or train, others)
    if held is None:
        floor = floor_of_splits(apart.and_also(real), out)
    else:
        floor = floor_of_tests(real.features, apart, n)
    shares = _shares(spec.classes, train)
    return Reference(train.name, real.features, apart.features, floor, shares)


def _known(spec: Spec, data: ImageSet, index: Tensor) -> Known:
    """The chosen pictures as the classifier sees them."""
    x = _pictures(data, index, spec.size, bool(spec.training.get("flips")))
    seen = classify(load_classifier()[0], x)
    own = logit_indices(data.classes) if set(spec.classes) == set(data.classes) else None
    if data.labels is None or own is None:
        return Known(seen.features, None)
    return Known(seen.features, seen.logits[:, own].argmax(1) == data.labels[index])


def _check_counts(n: int, most: int) -> None:
    if n < 2 or most < 2:
        raise ValueError(f"n = {n} and a reference of {most}: both are 2 or more")


def choose_labels(shares: Sequence[float] | None, n: int) -> list[int] | None:
    """A class for each of n pictures: in turn, each as often as its share says.

    Picture i gets the class that is furthest behind p_c (i + 1): the same for every n.
    """
    if shares is None:
        return None
    counts, labels = [0] * len(shares), []
    for i in range(n):
        behind = [share * (i + 1) - count for share, count in zip(shares, counts, strict=True)]
        labels.append(behind.index(max(behind)))
        counts[labels[-1]] += 1
    return labels


def _shares(classes: tuple[str, ...], data: ImageSet) -> tuple[float, ...] | None:
    """The classes' shares in the data; the same for all if it does not have these classes."""
    if not classes:
        return None
    if data.labels is None or set(classes) != set(data.classes):
        return (1 / len(classes),) * len(classes)
    counts = data.labels.bincount(minlength=len(data.classes)).tolist()
    return tuple(counts[data.classes.index(name)] / len(data) for name in classes)


def _shuffled(count: int) -> Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(0))


def _pictures(data: ImageSet, index: Tensor, size: int, flips: bool) -> Tensor:
    """The chosen pictures in [−1, 1], every other one mirrored if `flips`."""
    x = to_tensor(replace(data, images=data.images[index], labels=None).resized(size).images)
    if flips:
        x[1::2] = x[1::2].flip(3)
    return x
