"""Published sets, read by torchvision: downloaded once, decoded once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from explorer.data.bundled import BUNDLED
from explorer.data.cache import read_cache, write_cache
from explorer.data.downloads import DAMAGE, obtain
from explorer.data.images import FITS, SIZES
from explorer.data.limits import OwnLimits
from explorer.data.progress import DataError, Loading, Parts, Reading
from explorer.data.skipped import Skipped
from explorer.data.squares import PictureFile, read_squares

DOWNLOAD_BYTES = {
    "mnist": 11_594_722,
    "fashion-mnist": 30_878_645,
    "cifar10": 170_498_071,
    "flowers102": 344_878_000,
    "pets-cats": 811_092_049,
}
"""Of the archives, all together."""
SIDE = 64
"""Pictures of varying size are made squares and kept at this side, or where more is asked for at
the largest of `SIZES`."""
UNREADABLE = 0.01
"""The share of a published set that may be unreadable before it counts as damaged."""


class Wanted(NamedTuple):
    """What is asked of a published set."""

    root: Path
    """Where downloads are kept."""
    split: str
    side: int
    """What pictures of varying size are wanted for: no smaller, if they can be had."""
    fit: str = FITS[0]
    """How they become squares, one of `FITS`."""


Listing = tuple[Sequence[tuple[Path, int]], tuple[str, ...]]
"""Each picture's file and class, and the classes' names."""


def read_mnist(name: str, kind: str, wanted: Wanted) -> Reading:
    """MNIST and its like, 28 × 28; `kind` is torchvision's class."""
    from torchvision import datasets

    made = getattr(datasets, kind)
    data = yield from obtain(
        name,
        lambda download: made(wanted.root, train=wanted.split == "train", download=download),
        wanted.root,
        kind,
        f"{kind}/raw/*.gz",
        DOWNLOAD_BYTES[name],
    )
    classes = tuple(name.split(" - ")[0] for name in data.classes)
    return Parts(data.data.unsqueeze(1), torch.as_tensor(data.targets).long(), classes)


def read_cifar10(wanted: Wanted) -> Reading:
    """CIFAR-10, 32 × 32."""
    from torchvision.datasets import CIFAR10

    data = yield from obtain(
        "cifar10",
        lambda download: CIFAR10(wanted.root, train=wanted.split == "train", download=download),
        wanted.root,
        CIFAR10.base_folder,
        "cifar-10-python.tar.gz",
        DOWNLOAD_BYTES["cifar10"],
    )
    images = torch.from_numpy(data.data).permute(0, 3, 1, 2).contiguous()
    return Parts(images, torch.tensor(data.targets), tuple(data.classes))


def read_flowers(wanted: Wanted) -> Reading:
    """The Oxford 102 flowers, all three of their splits, in the order of their files."""
    from torchvision.datasets import Flowers102

    root = wanted.root

    def opened(download: bool) -> Listing:
        sets = [
            Flowers102(root, split=part, download=download, loader=Path)
            for part in ("train", "val", "test")
        ]
        return sorted(pair for data in sets for pair in data), tuple(Flowers102.classes)

    name, folder = "flowers102", "flowers-102"
    archives = f"{folder}/*.*"
    listing = obtain(name, opened, root, folder, archives, DOWNLOAD_BYTES[name])
    return (yield from _decoded(name, wanted, folder, listing))


def read_cats(wanted: Wanted) -> Reading:
    """The cats of Oxford-IIIT Pet, both splits: the files whose names begin with a capital."""
    from torchvision.datasets import OxfordIIITPet

    root, folder = wanted.root, "oxford-iiit-pet"

    def opened(download: bool) -> Listing:
        names: set[str] = set()
        for part in ("trainval", "test"):
            OxfordIIITPet(root, split=part, download=download)
            text = (root / folder / "annotations" / f"{part}.txt").read_text(encoding="utf-8")
            names.update(line.split()[0] for line in text.splitlines() if line[:1].isupper())
        breeds = sorted({name.rsplit("_", 1)[0] for name in names})
        files = [
            (root / folder / "images" / f"{name}.jpg", breeds.index(name.rsplit("_", 1)[0]))
            for name in sorted(names)
        ]
        return files, tuple(breed.replace("_", " ") for breed in breeds)

    name, archives = "pets-cats", f"{folder}/*.gz"
    listing = obtain(name, opened, root, folder, archives, DOWNLOAD_BYTES[name])
    return (yield from _decoded(name, wanted, folder, listing))


def read_cars(wanted: Wanted) -> Reading:
    """Stanford Cars from a folder that is already there: it is no longer published."""
    from torchvision.datasets import StanfordCars

    (root, split), folder = wanted[:2], "stanford_cars"

    def listing() -> Generator[Loading, None, Listing]:
        yield Loading("looking for stanford-cars", 0, 1)
        labels = "devkit/cars_train_annos.mat"
        if split == "test":
            labels = "cars_test_annos_withlabels.mat"
        try:
            data = StanfordCars(root, split=split, download=False, loader=Path)
            return [(path, int(label)) for path, label in data], tuple(map(str, data.classes))
        except (*DAMAGE, RuntimeError, OSError) as error:
            raise DataError(
                f"stanford-cars ({split}) cannot be read from {root / folder} ({error}): it "
                f"is no longer published. If you have it, put cars_{split}/, devkit/cars_meta.mat "
                f"and {labels} there. A folder or a zip of any images works too, as do the "
                f"bundled data sets: {', '.join(BUNDLED)}"
            ) from error

    name = "stanford-cars" if split == "train" else f"stanford-cars-{split}"
    return (yield from _decoded(name, wanted, folder, listing()))


def _decoded(
    name: str, wanted: Wanted, folder: str, listing: Generator[Loading, None, Listing]
) -> Reading:
    """The listed pictures as squares, from the cache if they were read before."""
    root, side = wanted.root, SIDE if wanted.side <= SIDE else SIZES[-1]
    way = "" if wanted.fit == FITS[0] else f"-{wanted.fit}"
    cache = root / f"{name}-{side}{way}.safetensors"
    parts = read_cache(cache)
    if parts is not None:
        return parts
    files, classes = yield from listing
    skipped = Skipped(OwnLimits())
    pictures = [PictureFile(path.name, partial(Path, path)) for path, _ in files]
    how: dict[str, Any] = {"fit": wanted.fit, "scratch": root, "colour": True}
    squares = yield from read_squares(pictures, side, skipped, **how)
    if len(skipped) > UNREADABLE * len(files):
        raise DataError(
            f"{name} is damaged or only partly unpacked ({skipped}); remove {root / folder} and "
            f"get it again, or use a bundled data set: {', '.join(BUNDLED)}"
        )
    labels = torch.tensor([files[i][1] for i in squares.kept])
    parts = Parts(squares.images, labels, classes, f"{skipped}." if len(skipped) else "")
    return (write_cache(cache, parts) and read_cache(cache)) or parts
