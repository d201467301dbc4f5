"""Which class each picture has: from a table, else its folder, else its name."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.data.skipped import SHOWN, clean

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
        whole = [unicodedata.normalize("NFC", name) for name in found or ()]
        names = sorted(set(whole), key=_in_order if found is listed else str)
        if len(names) >= 2:
            index = {name: i for i, name in enumerate(names)}
            return Classes(torch.tensor([index[name] for name in whole]), _shown(names), by)
    return Classes(None, (), "")


def why_not_deeper(files: Sequence[str]) -> str:
    """A clause: which few files keep folders within a class of `_by_folder` from being the
    classes; "" where nothing looks like it."""
    places = _places(files)
    common = len(os.path.commonprefix(places))
    within: dict[str, set[str]] = {}
    for place in places:
        within.setdefault(place[common], set()).update(place[common + 1 : common + 2])
    deep = [name for name, folders in within.items() if len(folders) >= 2]
    beside = [n for n, place in zip(files, places, strict=True) if place[common] not in deep]
    if len(deep) != 1 or not beside or 2 * len(beside) > len(files):
        return ""
    one = len(beside) == 1
    return (
        f"the folders {_named(sorted(within[deep[0]]))} in {clean(deep[0])} are no classes, since "
        f"{len(beside):,} {'image lies' if one else 'images lie'} beside {clean(deep[0])} "
        f"({_named(beside)}); move {'it' if one else 'them'} elsewhere if they should be"
    )


def why_none(files: Sequence[str]) -> str:
    """A clause: which few of the files keep the others' folders, or names, from being classes."""
    if found := _outside_folders(files) or _otherwise_called(files):
        return found
    return "no table, folder or file name gives any"


def _outside_folders(files: Sequence[str]) -> str:
    """What is said of files that lie beside folders of files; "" if there are none such."""
    inside, outside = list(zip(files, _places(files), strict=True)), []
    while True:
        common = len(os.path.commonprefix([place for _, place in inside]))
        higher = [name for name, place in inside if len(place) <= common]
        if not higher:
            break
        outside += higher
        inside = [(name, place) for name, place in inside if len(place) > common]
    folders = sorted({clean(place[common]) for _, place in inside})
    if not outside or len(folders) < 2:
        return ""
    one = len(outside) == 1
    return (
        f"{len(outside):,} {'image lies' if one else 'images lie'} in none of the class folders "
        f"{_named(folders)} ({_named(outside)}); move {'it' if one else 'them'} into one, or "
        "elsewhere, to have classes"
    )


def _otherwise_called(files: Sequence[str]) -> str:
    """What is said of files whose names, unlike most, are no class and a number; "" for none."""
    words = [_word(name) for name in files]
    counts = Counter(word for word in words if word)
    classes = sorted(w for w, count in counts.items() if count >= 2 and not _camera([w]))
    others = [name for name, word in zip(files, words, strict=True) if word not in classes]
    if not others or len(classes) < 2 or 2 * len(others) > len(files):
        return ""
    one = len(others) == 1
    return (
        f"{len(others):,} {'image is' if one else 'images are'} called otherwise "
        f"({_named(others)}) than the rest, which are {_named(classes)} with numbers, several of "
        f"each; rename or move {'it' if one else 'them'} to have classes"
    )


def _shown(names: Sequence[str]) -> tuple[str, ...]:
    """Names as they can be printed; those that look the same then are numbered."""
    shown: dict[str, None] = {}
    for name in map(clean, names):
        different = (name, *(f"{name} ({i})" for i in range(2, len(names) + 2)))
        shown[next(each for each in different if each not in shown)] = None
    return tuple(shown)


def _named(names: Sequence[str]) -> str:
    """The first of some names."""
    return ", ".join(map(clean, names[:SHOWN])) + (", …" if len(names) > SHOWN else "")


def _places(files: Sequence[str]) -> list[list[str]]:
    """The folders of each file that may be classes, the outermost first."""
    return [
        [part for part in name.split("/")[:-1] if part.lower() not in SPLITS | {".", ""}]
        for name in files
    ]


def _by_folder(files: Sequence[str]) -> list[str] | None:
    places = _places(files)
    common = len(os.path.commonprefix(places))
    if any(len(place) <= common for place in places):
        return None
    return [place[common] for place in places]


def _by_name(files: Sequence[str]) -> list[str] | None:
    found = list(filter(None, map(_word, files)))
    if len(found) < len(files) or min(Counter(found).values(), default=0) < 2:
        return None
    return None if _camera(found) else found


def _word(file: str) -> str:
    """What stands before the number in a file's name; "" for a name of another form."""
    match = NUMBERED.fullmatch(os.path.splitext(file.rpartition("/")[2])[0])
    return match["what"].strip() if match else ""


def _camera(words: Sequence[str]) -> bool:
    return bool(CAMERAS.intersection(map(str.lower, words)))


def _in_order(name: str) -> tuple[bool, int, str]:
    """Numbers first, by their value."""
    number = name.isascii() and name.isdigit() and len(name) < 19
    return (not number, int(name) if number else 0, name)
