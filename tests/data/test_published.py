"""Sets that torchvision reads, laid out small: what is read, kept, and said when it is not."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat
from torchvision.datasets import CIFAR10, Flowers102

from explorer.data import DATASETS, DataError, load, loading
from explorer.data.published import DOWNLOAD_BYTES
from tests.data.made import Mirror, finished, picture

UNREACHABLE = "http://127.0.0.1:9/"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def photo(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture(value, kind="JPEG", size=(90, 70)))


@pytest.fixture
def flowers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "flowers-102"
    for i in range(1, 13):
        photo(folder / "jpg" / f"image_{i:05}.jpg", 20 * i)
    savemat(folder / "imagelabels.mat", {"labels": np.arange(1, 13)[None]})
    splits = {"trnid": [[9, 2, 5]], "valid": [[1, 3]], "tstid": [[4, 6, 7, 8, 10, 11, 12]]}
    savemat(folder / "setid.mat", {key: np.array(value) for key, value in splits.items()})
    made = {"image": ("102flowers.tgz", "")} | {
        key: (name, hashlib.md5((folder / name).read_bytes()).hexdigest())
        for key, name in (("label", "imagelabels.mat"), ("setid", "setid.mat"))
    }
    monkeypatch.setattr(Flowers102, "_file_dict", made)
    return tmp_path


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    folder = tmp_path / "oxford-iiit-pet"
    lines = [f"{name}_{i}" for name in ("Maine_Coon", "Abyssinian", "beagle") for i in (1, 2, 10)]
    for i, name in enumerate(lines):
        photo(folder / "images" / f"{name}.jpg", 20 * i)
    (folder / "annotations").mkdir()
    for split, part in (("trainval", lines[::2]), ("test", lines[1::2])):
        text = "".join(f"{name} 1 {2 - name[0].isupper()} 1\n" for name in part)
        (folder / "annotations" / f"{split}.txt").write_text(text)
    Image.new("RGB", (50, 50), (7, 7, 7)).save(folder / "images" / "Abyssinian_2.jpg", "GIF")
    return tmp_path


@pytest.fixture
def cars(tmp_path: Path) -> Path:
    folder = tmp_path / "stanford_cars"
    (folder / "devkit").mkdir(parents=True)
    for split, listed in (
        ("train", "devkit/cars_train_annos.mat"),
        ("test", "cars_test_annos_withlabels.mat"),
    ):
        rows = [(f"{i:05}.jpg", 1 + i % 2) for i in range(9)]
        for i, (name, _) in enumerate(rows):
            photo(folder / f"cars_{split}" / name, 20 * i)
        table = np.array(rows, dtype=[("fname", "O"), ("class", "u1")])
        savemat(folder / listed, {"annotations": table})
    names = np.array(["AM General Hummer SUV 2000", "Audi 100 Sedan 1994"], dtype="O")
    savemat(folder / "devkit" / "cars_meta.mat", {"class_names": names})
    return tmp_path


@pytest.fixture
def cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A made archive on the loopback, in place of the one in Toronto."""
    channel = np.repeat(np.arange(3, dtype=np.uint8), 1024)
    made = {"batches.meta": pickle.dumps({"label_names": ["plane", "car", "bird", "cat"]})}
    for i, name in enumerate(["data_batch_1", "data_batch_2", "test_batch"]):
        batch = {"data": np.tile(channel + np.uint8(i), (4, 1)), "labels": [0, 1, 2, 3]}
        made[name] = pickle.dumps(batch)
    archive = tmp_path / "mirror" / "cifar.tar.gz"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as file:
        for name, data in made.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    md5 = {name: hashlib.md5(data).hexdigest() for name, data in made.items()}
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(archive.read_bytes()).hexdigest())
    lists = [[name, md5[name]] for name in made if name.startswith(("data", "test"))]
    monkeypatch.setattr(CIFAR10, "train_list", lists[:2])
    monkeypatch.setattr(CIFAR10, "test_list", lists[2:])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": md5["batches.meta"]})
    handler = partial(Mirror, directory=str(archive.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/{archive.name}"
        monkeypatch.setattr(CIFAR10, "url", url)
        yield tmp_path / "root"
        server.shutdown()


def reds(images: torch.Tensor) -> list[int]:
    return [round(value / 20) for value in images[:, 0].float().mean((1, 2)).tolist()]


def test_cifar10_is_downloaded_told_and_read(cifar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = list(loading("cifar10", root=cifar))
    assert steps[0].what.endswith("cifar10") and steps[0].total == 170_498_071
    data = steps[-1].data
    assert data.images.shape == (8, 3, 32, 32) and data.classes == ("plane", "car", "bird", "cat")
    assert data.images[:, :, 5, 5].tolist() == [[0, 1, 2]] * 4 + [[1, 2, 3]] * 4
    assert data.labels.tolist() == [0, 1, 2, 3] * 2 and steps[-1].note == ""
    monkeypatch.setattr(CIFAR10, "url", UNREACHABLE)
    assert load("cifar10", root=cifar, split="test", size=16).images.shape == (4, 3, 16, 16)


def test_a_damaged_batch_of_cifar10_is_unpacked_again(cifar: Path) -> None:
    load("cifar10", root=cifar)
    (cifar / "cifar-10-batches-py" / "data_batch_1").write_bytes(b"cut")
    assert len(load("cifar10", root=cifar)) == 8


def test_flowers_join_their_three_splits_in_order(flowers: Path) -> None:
    last = finished(loading("flowers102", root=flowers))
    data = last.data
    assert data.images.shape == (12, 3, 64, 64) and last.note == ""
    assert data.labels.tolist() == list(range(12)) and reds(data.images) == list(range(1, 13))
    assert (len(data.classes), data.classes[0]) == (102, "pink primrose")
    with pytest.raises(DataError, match="no split 'test'; there is: train"):
        load("flowers102", root=flowers, split="test")


def test_pets_cats_are_the_cats_of_both_splits(pets: Path) -> None:
    data = load("pets-cats", root=pets)
    assert data.classes == ("Abyssinian", "Maine Coon") and data.size == 64
    assert data.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert reds(data.images) == [3, 5, 0, 0, 2, 1]  # by name: 1, 10, 2; one of them is a GIF


@pytest.mark.parametrize("split", ["train", "test"])
def test_stanford_cars_come_from_a_folder_that_is_there(split: str, cars: Path) -> None:
    data = load("stanford-cars", root=cars, split=split)
    assert data.classes == ("AM General Hummer SUV 2000", "Audi 100 Sedan 1994")
    assert data.labels.tolist() == [0, 1] * 4 + [0] and reds(data.images) == list(range(9))


def test_without_the_cars_it_is_said_where_they_go(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="devkit/cars_train_annos.mat.*zip.*mnist-5k") as error:
        load("stanford-cars", root=tmp_path)
    assert str(tmp_path / "stanford_cars") in str(error.value)


def test_decoded_pictures_are_kept_and_read_again(flowers: Path) -> None:
    first = load("flowers102", root=flowers)
    for path in (flowers / "flowers-102" / "jpg").iterdir():
        path.unlink()
    data = load("flowers102", root=flowers)
    assert torch.equal(first.images, data.images) and torch.equal(first.labels, data.labels)
    assert first.classes == data.classes
    assert [path.name for path in flowers.iterdir() if path.is_file()] == [
        "flowers102-64.safetensors"
    ]


@pytest.mark.parametrize("damage", ["cut", "flipped", "other", "empty", "folder"])
def test_a_damaged_cache_is_made_anew(damage: str, flowers: Path) -> None:
    first = load("flowers102", root=flowers)
    cache = flowers / "flowers102-64.safetensors"
    data = bytearray(cache.read_bytes())
    if damage == "cut":
        data = data[:-100]
    elif damage == "flipped":
        data[-1000] ^= 255
    else:
        data = bytearray({"other": b"something else", "empty": b"", "folder": b""}[damage])
    cache.write_bytes(data)
    if damage == "folder":
        cache.unlink()
        cache.mkdir()
    assert torch.equal(load("flowers102", root=flowers).images, first.images)
    if damage != "folder":
        assert cache.stat().st_size > 12 * 3 * 64 * 64


def test_a_cache_that_cannot_be_written_does_no_harm(
    flowers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*paths: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert len(load("flowers102", root=flowers)) == 12
    assert [path.name for path in flowers.iterdir()] == ["flowers-102"]


def test_more_pixels_or_margins_are_kept_beside(flowers: Path) -> None:
    assert load("flowers102", root=flowers, size=32).size == 32
    large = load("flowers102", root=flowers, size=100)
    whole = load("flowers102", root=flowers, fit="pad")
    assert (large.size, whole.size) == (100, 64)
    assert (whole.images[:, :, 0] == 128).all() and (whole.images[:, :, 32, 0] != 128).any()
    assert sorted(path.name for path in flowers.iterdir() if path.is_file()) == [
        "flowers102-128.safetensors",
        "flowers102-64-pad.safetensors",
        "flowers102-64.safetensors",
    ]


def test_pictures_that_are_missing_mean_damage(flowers: Path) -> None:
    (flowers / "flowers-102" / "jpg" / "image_00003.jpg").unlink()
    with pytest.raises(DataError, match="image_00003.jpg.*remove .*flowers-102"):
        load("flowers102", root=flowers)


def test_a_set_that_was_unpacked_in_part_is_reported(pets: Path) -> None:
    (pets / "oxford-iiit-pet" / "annotations" / "test.txt").unlink()
    with pytest.raises(DataError, match="remove .*oxford-iiit-pet.*mnist-5k, emoji"):
        load("pets-cats", root=pets)


@pytest.mark.parametrize("name", DOWNLOAD_BYTES)
def test_what_is_registered_states_its_licence_and_size(name: str) -> None:
    source = DATASETS[name]
    assert source.licence and source.source and DOWNLOAD_BYTES[name] > 10**7
    assert source.channels in (1, 3) and "train" in source.splits and not source.bundled
