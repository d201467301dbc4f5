"""Real pictures that a model was not trained on, as far as there are any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.data import DATASETS, DataError, ImageSet, load, resize, to_tensor
from explorer.data.bundled import EXAMPLES, examples
from explorer.data.images import FITS
from explorer.settings.training import PROBE_SHARE

PROBE = 256
"""A run holds out a tenth of its pictures, at most so many."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Some pictures, and what they are."""

    x0: Tensor
    """(n, C, H, W) in [−1, 1], float32, in 256 steps."""
    what: str
    """ "64 test images of mnist"."""


def choose_pictures(
    spec: Spec,
    n: int,
    *,
    name: str | None = None,
    root: str | Path | None = None,
    read: Callable[[str, int, str | Path | None], ImageSet] | None = None,
    bundled: bool = False,
) -> Pictures:
    """n pictures for a model, always the same: of its data's test split, where there is one.

    Without one those that its run held out, and else training pictures; `what` says which. There
    are fewer where there are no more. Where a set cannot be downloaded, its bundled pictures
    stand in.

    name : another data set, or a path; never one that comes from a stranger.
    read : (name, size, root) -> training pictures; by default `explorer.data.load`.
    bundled : take what comes with the package, whatever else there is.

    DataError if there are none; ValueError if they do not fit the model, or n < 1.
    """
    if n < 1:
        raise ValueError(f"n = {n!r} is not allowed: at least one image")
    chosen = name or spec.data
    if name is None and chosen not in DATASETS:
        raise DataError(
            f"the images of {chosen!r} that {spec.name} was trained on are not one of the data "
            "sets"
        )
    fit = fit_of(spec)
    read = read or (lambda name, size, root: load(name, size=size, root=root, fit=fit))
    tests = chosen in DATASETS and "test" in DATASETS[chosen].splits
    away = chosen in DATASETS and not DATASETS[chosen].bundled
    try:
        if bundled and away:
            raise DataError(f"no images of {chosen} come with the package")
        if tests:
            data = load(chosen, size=spec.size, root=root, split="test", fit=fit)
            images, what = data.images, f"test images of {chosen}"
        else:
            images, what = _of_training(spec, read(chosen, spec.size, root), name)
    except DataError:
        shipped = examples(chosen)
        if shipped is None:
            raise
        images = resize(shipped, spec.size)
        seen = chosen == "mnist"  # the digits of mnist-5k are training digits
        what = f"images of {EXAMPLES[chosen]}" + (", seen in training" if seen else "")
    if images.shape[1] != spec.channels:
        raise ValueError(
            f"{chosen} has images of {images.shape[1]} channels, {spec.name} makes images of "
            f"{spec.channels}"
        )
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))[:n]
    what = what.replace("images", "image", 1) if len(order) == 1 else what
    return Pictures(to_tensor(images[order]), f"{len(order)} {what}")


def _of_training(spec: Spec, data: ImageSet, name: str | None) -> tuple[Tensor, str]:
    """Of a set without a test split, what the model's run held out of it."""
    seed = spec.training.get("seed")
    if data.name != spec.data:
        return data.images, f"images of {name}"
    if not isinstance(seed, int) or not 0 <= seed < 2**63:
        return data.images, f"images of {data.name}, seen in training"
    return data.images[held_out(len(data), seed)], f"images of {data.name} kept out of training"


def fit_of(spec: Spec) -> str:
    """How the pictures that the model was trained on were made square, one of `FITS`."""
    told = spec.training.get("fit")
    return told if told in FITS else FITS[0]


def held_out(count: int, seed: int) -> Tensor:
    """Which of `count` pictures a run of this seed does not train on, see `training.Run`."""
    out = min(PROBE, max(count // PROBE_SHARE, 1), count - 1)
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))[: max(1, out)]
