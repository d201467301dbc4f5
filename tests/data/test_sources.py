"""The registry: what is bundled, what is downloaded, and what is said when it cannot be."""

from __future__ import annotations

import gzip
import hashlib
import struct
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import torch
from PIL import Image
from torch import Tensor
from torchvision import datasets

from explorer.data import DATASETS, PHOTOS, DataError, load, photo
from explorer.data.bundled import FOLDER
from tests.data.made import Mirror

KINDS = {"mnist": datasets.MNIST, "fashion-mnist": datasets.FashionMNIST}
UNREACHABLE = ["http://127.0.0.1:9/"]


def idx(values: Tensor) -> bytes:
    """LeCun's IDX format: 0x08 (bytes), the number of dimensions, each as big-endian int32."""
    head = struct.pack(f">{1 + values.dim()}I", 0x800 + values.dim(), *values.shape)
    return head + values.numpy().tobytes()


@pytest.fixture(params=KINDS)
def published(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """A mirror on the loopback that publishes made data as torchvision expects it."""
    name, kind = request.param, KINDS[request.param]
    shelf = tmp_path / "mirror"
    shelf.mkdir()
    made, resources = {}, []
    for part, n in (("train", 20), ("t10k", 10)):
        made[f"{part}-images-idx3"] = torch.randint(0, 256, (n, 28, 28), dtype=torch.uint8)
        made[f"{part}-labels-idx1"] = (torch.arange(n) % 10).flip(0).byte()
    for stem, values in made.items():
        packed = gzip.compress(idx(values))
        (shelf / f"{stem}-ubyte.gz").write_bytes(packed)
        resources.append((f"{stem}-ubyte.gz", hashlib.md5(packed).hexdigest()))
    monkeypatch.setattr(kind, "resources", resources)
    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Mirror, directory=str(shelf))) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setattr(kind, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
        yield name, made
        server.shutdown()


def test_mnist_5k_holds_500_of_each_digit() -> None:
    data = load("mnist-5k")
    assert data.images.shape == (5000, 1, 28, 28) and data.images.dtype == torch.uint8
    assert data.classes == tuple("0123456789")
    assert data.labels.bincount().tolist() == [500] * 10
    assert data.images.min() == 0 and data.images.max() == 255
    middle = data.images[:, 0, 12:16, 13:15].float().mean((1, 2))
    assert middle[data.labels == 0].mean() < 40 < 160 < middle[data.labels == 1].mean()


def test_emoji_have_categories_and_stand_on_white() -> None:
    data = load("emoji")
    assert data.images.shape == (1906, 3, 32, 32) and data.images.dtype == torch.uint8
    assert {"Animals & Nature", "Flags", "Food & Drink", "Smileys & Emotion"} <= set(data.classes)
    assert len(data.labels.unique()) == len(data.classes)
    assert (data.images[:, :, 0, 0] == 255).all(1).float().mean() > 0.9
    red, green, blue = data.images.float().mean((0, 2, 3)).tolist()
    assert red > green > blue


def test_four_kinds_of_emoji_have_a_hundred_pictures_each_on_white_and_others_for_tests() -> None:
    train, test = (load("emoji-four", split=split) for split in ("train", "test"))
    assert train.classes == test.classes == ("faces", "flags", "hands", "people")
    counts = torch.stack([data.labels.bincount(minlength=4) for data in (train, test)])
    assert (counts.sum(0) >= 100).all()
    assert torch.allclose(counts[1] / counts.sum(0), torch.tensor(0.125), atol=0.015)
    seen = {image.numpy().tobytes() for image in train.images}
    assert not seen & {image.numpy().tobytes() for image in test.images}
    corners = train.images[:, :, ::31, ::31].flatten(1)
    white = (corners == 255).all(1).float()
    assert white.mean() > 0.7
    red, green, blue = train.images[train.labels == 0].float().mean((0, 2, 3)).tolist()
    assert red > green > blue + 50


@pytest.mark.parametrize("name", [name for name, source in DATASETS.items() if source.bundled])
def test_bundled_sets_are_what_the_registry_says_and_need_no_root(
    name: str, tmp_path: Path
) -> None:
    data, source = load(name, root=tmp_path / "absent"), DATASETS[name]
    assert (data.channels, data.size) == (source.channels, source.size)
    assert (data.name, data.licence, data.source) == (name, source.licence, source.source)
    assert not (tmp_path / "absent").exists()
    assert load(name, size=16).images.shape == (len(data), data.channels, 16, 16)


@pytest.mark.parametrize("name", ["cifar", "", "MNIST"])
def test_an_unknown_name_lists_the_choices(name: str) -> None:
    with pytest.raises(DataError, match="mnist-5k, emoji, emoji-four, mnist, fashion-mnist"):
        load(name)


@pytest.mark.parametrize(("name", "split"), [("mnist-5k", "test"), ("mnist", "validation")])
def test_an_unknown_split_is_refused(name: str, split: str) -> None:
    with pytest.raises(DataError, match=split):
        load(name, split=split)


def test_what_is_published_is_what_is_read(
    published: tuple[str, dict[str, Tensor]], tmp_path: Path
) -> None:
    name, made = published
    for split, part in (("train", "train"), ("test", "t10k")):
        data = load(name, root=tmp_path / "cache", split=split)
        assert torch.equal(data.images[:, 0], made[f"{part}-images-idx3"])
        assert torch.equal(data.labels, made[f"{part}-labels-idx1"].long())
        assert (data.channels, data.size, len(data.classes)) == (1, 28, 10)
    assert data.classes[9] == {"mnist": "9", "fashion-mnist": "Ankle boot"}[name]
    assert data.licence == DATASETS[name].licence


def test_a_downloaded_set_is_read_again_without_a_network(
    published: tuple[str, dict[str, Tensor]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, made = published
    monkeypatch.setenv("DIFFUSION_EXPLORER_DATA", str(tmp_path / "cache"))
    load(name)
    monkeypatch.setattr(KINDS[name], "mirrors", UNREACHABLE)
    assert torch.equal(load(name).images[:, 0], made["train-images-idx3"])


def test_a_damaged_download_is_not_accepted(
    published: tuple[str, dict[str, Tensor]], tmp_path: Path
) -> None:
    name, _ = published
    (tmp_path / "mirror" / "train-images-idx3-ubyte.gz").write_bytes(b"something else")
    with pytest.raises(DataError, match="mnist-5k, emoji"):
        load(name, root=tmp_path / "cache")


@pytest.mark.parametrize("left", [0, 5, 16, 1000])
def test_a_file_whose_unpacking_was_cut_short_is_reported(
    left: int, published: tuple[str, dict[str, Tensor]], tmp_path: Path
) -> None:
    name, _ = published
    load(name, root=tmp_path)
    raw = tmp_path / KINDS[name].__name__ / "raw" / "train-images-idx3-ubyte"
    raw.write_bytes(raw.read_bytes()[:left])
    with pytest.raises(DataError, match="mnist-5k, emoji"):
        load(name, root=tmp_path)


@pytest.mark.parametrize("name", KINDS)
def test_without_a_network_the_bundled_sets_are_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KINDS[name], "mirrors", UNREACHABLE)
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(DataError, match="data set: mnist-5k, emoji, emoji-four$") as error:
        load(name, root=tmp_path)
    assert "\n" not in str(error.value) and str(tmp_path) in str(error.value)


def test_a_root_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="mnist-5k, emoji"):
        load("mnist", root=tmp_path / "file" / "below")


@pytest.mark.parametrize("name", PHOTOS)
def test_photos_are_square_rgb_and_not_one_colour(name: str) -> None:
    picture = photo(name)
    assert isinstance(picture, Image.Image)
    assert (picture.mode, picture.size) == ("RGB", (256, 256))
    assert max(high - low for low, high in picture.getextrema()) > 100


def test_the_licence_of_every_bundled_file_is_stated() -> None:
    text = (FOLDER.parent / "LICENSES.md").read_text(encoding="utf-8")
    files = [path.relative_to(FOLDER) for path in FOLDER.rglob("*") if path.is_file()]
    assert [path for path in files if f"`bundled/{path.as_posix()}`" not in text] == []
    assert {path.stem for path in (FOLDER / "photos").iterdir()} == set(PHOTOS)
    with pytest.raises(ValueError, match="cat, coffee"):
        photo("dog")
