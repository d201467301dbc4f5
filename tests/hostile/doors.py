"""The doors that files go through: each takes one rightly or refuses it with one sentence."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch

from explorer.checkpoints import describe, load
from explorer.data.limits import HOSTED
from explorer.data.own import read_own
from explorer.data.uploads import read_picture
from explorer.evaluation.store import read as read_table
from explorer.export.capsule import unpack
from explorer.text import is_text, printable
from explorer.training.state import read_state
from tests.hostile.zips import GOOD

SIDE, GOOD_ONES = 16, len(GOOD)


def take_picture(path: Path) -> None:
    """By itself, and among good ones."""
    try:
        picture = read_picture(path, max_bytes=HOSTED.file_bytes, max_pixels=HOSTED.pixels)
        assert picture.mode == "RGB" and min(picture.size) > 0
        picture.load()
        alone = None
    except ValueError as error:
        alone = error
    with beside_good_ones(path) as folder:
        *_, last = read_own([folder], size=SIDE, limits=HOSTED)
    assert last.data is not None and len(last.data) == GOOD_ONES + (alone is None)
    say(last.note)
    if alone:
        raise alone


@contextmanager
def beside_good_ones(path: Path) -> Iterator[Path]:
    """A folder with the file and eight good pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for k, data in enumerate(GOOD.values()):
            (folder / f"good-{k}.png").write_bytes(data)
        shutil.copy(path, folder / path.name)
        yield folder


def take_zip(path: Path) -> None:
    """A set; nothing is written, and nothing outside the folder is read."""
    before = {file: file.stat().st_mtime_ns for file in path.parents[2].rglob("*")}
    try:
        *_, last = read_own([path], size=SIDE, limits=HOSTED)
    finally:
        assert before == {file: file.stat().st_mtime_ns for file in path.parents[2].rglob("*")}
    assert last.data is not None and GOOD_ONES <= len(last.data) <= GOOD_ONES + 50
    assert all(map(is_text, last.data.classes))
    say(last.note)


def take_array(path: Path) -> None:
    """A set of its pictures."""
    *_, last = read_own([path], size=SIDE, limits=HOSTED)
    assert last.data is not None and GOOD_ONES <= len(last.data) <= HOSTED.entries
    assert all(map(is_text, last.data.classes))
    say(last.note)


def take_labels(path: Path) -> None:
    """Classes for eight good pictures; what is no table of them is told, and they are read."""
    with beside_good_ones(path) as folder:
        *_, last = read_own([folder], size=SIDE, limits=HOSTED)
    assert last.data is not None and len(last.data) == GOOD_ONES
    assert all(map(is_text, last.data.classes))
    say(last.note)
    if not last.data.classes:
        raise ValueError(last.note)


def take_checkpoint(path: Path) -> None:
    """A model that makes pictures."""
    spec = describe(path)
    assert all(map(is_text, (spec.name, spec.data, spec.licence, *spec.classes)))
    denoiser, _ = load(path)
    shape = (1, spec.channels, spec.size, spec.size)
    x0 = denoiser(torch.zeros(shape), torch.tensor([1]), torch.tensor([0]))
    assert x0.shape == shape


def take_state(path: Path) -> None:
    """What a run left."""
    read_state(path)


def take_capsule(path: Path) -> None:
    """A race; a refused one leaves nothing behind."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "race"
        try:
            view = unpack(path, folder)
        except ValueError:
            assert not folder.exists()
            raise
        assert is_text(view.title) and all(is_text(lane.name) for lane in view.lanes)
        assert {file.parent for file in folder.rglob("*")} == {folder}


def take_table(path: Path) -> None:
    """What stands beside a model."""
    read_table(path)


DOORS: Mapping[str, Callable[[Path], None]] = {
    "pictures": take_picture,
    "zips": take_zip,
    "arrays": take_array,
    "labels": take_labels,
    "checkpoints": take_checkpoint,
    "states": take_state,
    "capsules": take_capsule,
    "tables": take_table,
}
"""A case's door -> what goes through it; ValueError if it is refused."""


def say(sentence: str) -> None:
    """AssertionError unless it is one that a person can read."""
    assert sentence.strip() and len(sentence) < 2000, f"no sentence: {sentence[:200]!r}"
    assert printable(sentence) == sentence, f"not one line of text: {sentence[:200]!r}"
    assert "Traceback" not in sentence and "object at 0x" not in sentence


def lead_through(path: Path) -> str:
    """What became of a file DOOR/FATE/NAME, in a word; AssertionError if it should not have."""
    door, fate = path.parts[-3], path.parts[-2]
    try:
        DOORS[door](path)
        found = "taken"
    except ValueError as error:
        say(str(error))
        found = "refused"
    assert fate in (found, "either"), f"it was {found}, and should have been {fate}"
    return found
