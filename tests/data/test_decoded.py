"""Own pictures are decoded once: what is found again, what is made anew, what is deleted."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explorer.data import DataError, ImageSet, load, loading, squares
from explorer.data import cache as cached
from explorer.data import decoded as kept
from explorer.data import pixels as many
from explorer.data.cache import read_cache, write_cache
from explorer.data.decoded import FOLDER, delete_least_used
from explorer.data.pixels import Pixels
from explorer.data.progress import Parts
from tests.data.made import fill, finished, picture


@pytest.fixture
def mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few pictures are dealt with as many."""
    for module in (cached, kept, many):
        monkeypatch.setattr(module, "IN_MEMORY", 0)


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the pictures that are decoded."""
    names: list[str] = []
    real = squares._read

    def counted(file: Any, *rest: Any) -> Any:
        names.append(file.name)
        return real(file, *rest)

    monkeypatch.setattr(squares, "_read", counted)
    return names


def caches(root: Path) -> list[Path]:
    return sorted((root / FOLDER).glob("*.safetensors"))


def two(folder: Path) -> Path:
    """Pictures in two classes, one of them damaged."""
    for name in ("cat", "dog"):
        fill(folder / name, 5, 100 * (name == "dog"))
    (folder / "cat" / "cut.png").write_bytes(picture()[:-30])
    return folder


def test_the_second_time_nothing_is_decoded(
    tmp_path: Path, decodings: list[str], mapped: None
) -> None:
    folder, root = two(tmp_path / "in"), tmp_path / "root"
    first = finished(loading(folder, size=8, root=root))
    assert len(decodings) == 11
    second = finished(loading(folder, size=8, root=root))
    assert len(decodings) == 11 and len(caches(root)) == 1
    assert torch.equal(first.data.images, second.data.images)
    assert torch.equal(first.data.labels, second.data.labels)
    for what in ("name", "classes", "licence", "source"):
        assert getattr(first.data, what) == getattr(second.data, what)
    assert first.note == second.note and "1 is damaged" in second.note
    assert [path.name for path in (root / FOLDER).iterdir()] == [caches(root)[0].name]


def test_a_change_of_files_size_or_fit_is_decoded_anew(
    tmp_path: Path, decodings: list[str]
) -> None:
    folder, root = two(tmp_path / "in"), tmp_path / "root"

    def decoded(**options: Any) -> int:
        decodings.clear()
        load(folder, root=root, **{"size": 8} | options)
        return len(decodings)

    assert decoded() == 11 and decoded() == 0
    assert decoded(size=16) == 11 and decoded(fit="pad") == 11 and decoded() == 0
    (folder / ".DS_Store").write_bytes(b"x")
    assert decoded() == 0
    os.utime(folder / "cat" / "00.png", ns=(10**18, 10**18))
    assert decoded() == 11
    (folder / "cat" / "00.png").unlink()
    assert decoded() == 10
    (folder / "cat" / "labels.csv").write_text("nothing")
    assert decoded() == 10 and decoded() == 0


@pytest.mark.parametrize("where", ["flipped", "cut", "other"])
def test_a_damaged_cache_is_made_anew(where: str, tmp_path: Path, decodings: list[str]) -> None:
    folder, root = two(tmp_path / "in"), tmp_path / "root"
    first = load(folder, size=8, root=root)
    (cache,) = caches(root)
    data = bytearray(cache.read_bytes())
    data[-500] ^= 255
    damaged = {"flipped": bytes(data), "cut": bytes(data[:-9]), "other": b"other"}[where]
    cache.write_bytes(damaged)
    assert torch.equal(load(folder, size=8, root=root).images, first.images)
    assert len(decodings) == 22 and cache.read_bytes() != damaged


def test_a_reading_that_is_given_up_leaves_nothing(tmp_path: Path, mapped: None) -> None:
    reading = loading(two(tmp_path / "in"), size=8, root=tmp_path / "root")
    next(reading), next(reading), next(reading)
    reading.close()
    gc.collect()
    assert list((tmp_path / "root" / FOLDER).iterdir()) == []


def test_a_root_that_cannot_be_written_is_no_hindrance(
    tmp_path: Path, decodings: list[str], mapped: None
) -> None:
    folder, root = two(tmp_path / "in"), tmp_path / "root"
    root.write_text("a file where a folder should be")
    first, second = load(folder, size=8, root=root), load(folder, size=8, root=root)
    assert torch.equal(first.images, second.images) and len(decodings) == 11


def test_a_full_disk_is_a_sentence_or_costs_only_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapped: None
) -> None:
    folder = two(tmp_path / "in")

    def full(*arguments: object) -> Any:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(cached, "_write", full)
        assert len(load(folder, size=8, root=tmp_path / "root")) == 10
    assert list((tmp_path / "root" / FOLDER).iterdir()) == []
    pixels = Pixels((1, 8, 8), 100, tmp_path)
    monkeypatch.setattr(pixels, "_file", type("Full", (), {"write": full})())
    with pytest.raises(DataError, match="No space left.*MB are needed in .*free some space"):
        pixels.add(np.zeros((1, 8, 8), np.uint8))


def test_what_was_used_longest_ago_is_deleted_but_never_what_is_used(tmp_path: Path) -> None:
    for name in "abcd":
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(bytes(100))
        os.utime(path, ns=(ord(name), ord(name)))
    with (tmp_path / "a.safetensors").open("rb") as file:
        kept._lock(file, shared=True)
        delete_least_used(tmp_path, tmp_path / "b.safetensors", most=300)
        assert [path.stem for path in sorted(tmp_path.iterdir())] == ["a", "b", "d"]
    delete_least_used(tmp_path, tmp_path / "b.safetensors", most=100)
    assert [path.stem for path in tmp_path.iterdir()] == ["b"]


def test_a_set_is_in_use_as_long_as_somebody_has_it(tmp_path: Path, mapped: None) -> None:
    folder, root = two(tmp_path / "in"), tmp_path / "root"
    data: ImageSet | None = load(folder, size=8, root=root)
    delete_least_used(root / FOLDER, root / "none", most=0)
    assert len(caches(root)) == 1
    del data
    gc.collect()
    delete_least_used(root / FOLDER, root / "none", most=0)
    assert caches(root) == []


def test_whoever_uses_a_set_makes_it_the_youngest(tmp_path: Path) -> None:
    root = tmp_path / "root"
    folder = two(tmp_path / "in")
    load(folder, size=8, root=root)
    (cache,) = caches(root)
    os.utime(cache, ns=(1, 1))
    load(folder, size=8, root=root)
    assert cache.stat().st_mtime_ns > 10**18


@pytest.mark.parametrize("labelled", [True, False])
def test_a_cache_is_read_as_it_was_written(labelled: bool, tmp_path: Path, mapped: None) -> None:
    images = torch.randint(0, 256, (13, 3, 9, 9), dtype=torch.uint8)
    labels = torch.arange(13) % 2 if labelled else None
    written = Parts(images, labels, ("ä", "b") if labelled else (), "said “so”")
    assert write_cache(tmp_path / "a.cache", written)
    found = read_cache(tmp_path / "a.cache")
    assert torch.equal(found.images, images) and found[2:] == written[2:]
    assert (found.labels is None) if labels is None else torch.equal(found.labels, labels)
    found.images.zero_()  # a copy of its own
    assert torch.equal(read_cache(tmp_path / "a.cache").images, images)


def test_a_cache_that_safetensors_wrote_before_is_still_read(tmp_path: Path) -> None:
    from zlib import crc32

    from safetensors.torch import save_file

    images = torch.randint(0, 256, (5, 1, 8, 8), dtype=torch.uint8)
    labels = torch.tensor([0, 1, 0, 1, 1])
    check = crc32(labels.numpy().data, crc32(images.numpy().data))
    about = {"version": "1", "check": str(check), "classes": '["a", "b"]', "note": ""}
    save_file({"images": images, "labels": labels}, tmp_path / "a", about)
    found = read_cache(tmp_path / "a")
    assert torch.equal(found.images, images) and torch.equal(found.labels, labels)


def test_grey_pictures_that_were_gathered_stay_grey_in_colour(mapped: None) -> None:
    pixels = Pixels((1, 4, 4), 10)
    for value in range(3):
        pixels.add(np.full((1, 4, 4), value, np.uint8))
    pixels = pixels.in_colour()
    pixels.add(np.array([7, 8, 9], np.uint8)[:, None, None].repeat(4, 1).repeat(4, 2))
    images = pixels.tensor()
    assert images[:, :, 2, 2].tolist() == [[0] * 3, [1] * 3, [2] * 3, [7, 8, 9]]
    assert Pixels((1, 4, 4), 10).tensor().shape == (0, 1, 4, 4)


MEASURED = """
import sys
from pathlib import Path
import psutil
from benchmarks.data import fullest
from explorer.data import load
load("mnist-5k")
before = psutil.Process().memory_info().rss
data = load(Path(sys.argv[1]), size=64, root=Path(sys.argv[2]))
print((fullest() * 2**20 - before) / data.images.nbytes, len(data))
"""


@pytest.fixture
def long_array(tmp_path: Path) -> Path:
    """12,000 images of 64 × 64 in colour: 147 MB."""
    images = np.zeros((12_000, 64, 64, 3), np.uint8)
    np.savez(tmp_path / "long.npz", images=images)
    return tmp_path / "long.npz"


def test_loading_takes_less_than_twice_the_cache(long_array: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", MEASURED, str(long_array), str(tmp_path / "root")]
    for most in (2, 0.5):  # the first time, and from the cache: nothing is in memory yet
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
        ratio, count = ended.stdout.split()
        assert float(ratio) < most and count == "12000"
