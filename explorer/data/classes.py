"""Which class each picture has: from a table, else its folder, else its name."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.data.skipped import clean

SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation"}
"""Folders of these names are parts of a set, not classes of pictures."""
CAMERAS = {"img", "image", "dsc", "dscn", "dscf", "pxl", "photo", "picture", "screenshot", "scan"}
"""What devices call all their pictures: not of one class for that."""
NUMBERED = re.compile(r"(?P<what>.*?[^\W\d_])[\s_.\-]*(\d+|\(\d+\))", re.S)
"""A name without its ending: a class that ends in a letter, separators, a number."""


class Classes(NamedTuple):
    """The pictures' classes, or none."""

    labels: Tensor | None
    """int64 (N,), indices into `names`."""
    names: tuple[str, ...]
    by: str
    """What tells them, in two words."""


def classes_of(files: Sequence[str], listed: Sequence[str] | None, table: str) -> Classes:
    """The classes of pictures by their paths, or by what a table has `listed` for each.

    In folders if every picture lies in one and there are at least two: those first below what all
    have in common, but for `SPLITS`. By name if each is a word and a number, such as cat_001.jpg,
    cat-1.jpg, "cat 1.jpg" and cat(3).jpg, and there are at least two words, each of at least two
    pictures, none of them what a device calls all of its own.
    """
    for found, by in (
        (listed, f"by {table}"),
        (_by_folder(files), "by folder"),
        (_by_name(files), "by name"),
    ):
        names = sorted(set(map(clean, found or ())), key=_in_order if found is listed else str)
        if found and len(names) >= 2:
            index = {name: i for i, name in enumerate(names)}
            labels = torch.tensor([index[clean(name)] for name in found])
            return Classes(labels, tuple(names), by)
    return Classes(None, (), "")


def _by_folder(files: Sequence[str]) -> list[str] | None:
    places = [
        [part for part in name.split("/")[:-1] if part.lower() not in SPLITS | {".", ""}]
        for name in files
    ]
    common = len(os.path.commonprefix(places))
    if any(len(place) <= common for place in places):
        return None
    return [place[common] for place in places]


def _by_name(files: Sequence[str]) -> list[str] | None:
    stems = [os.path.splitext(name.rpartition("/")[2])[0] for name in files]
    found = [match["what"].strip() for stem in stems if (match := NUMBERED.fullmatch(stem))]
    if len(found) < len(files) or min(Counter(found).values(), default=0) < 2:
        return None
    if CAMERAS.intersection(map(str.lower, found)):
        return None
    return found


def _in_order(name: str) -> tuple[bool, int, str]:
    """Numbers first, by their value."""
    number = name.isascii() and name.isdigit() and len(name) < 19
    return (not number, int(name) if number else 0, name)
