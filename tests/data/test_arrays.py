"""Arrays of pictures: which layouts are read, what the labels mean, and what is refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.lib import format as npy
from PIL import Image

from explorer.data import HOSTED, DataError, ImageSet, OwnLimits, load, loading, read_own
from explorer.data.arrays import HELP
from explorer.data.uploads import square
from tests.data.made import fill, finished, picture, read

RNG = np.random.default_rng(0)
DIGITS = RNG.integers(0, 256, (12, 28, 28), dtype=np.uint8)
COLOURED = RNG.integers(0, 256, (12, 16, 20, 3), dtype=np.uint8)


def npz(folder: Path, **arrays: Any) -> Path:
    np.savez_compressed(folder / "a.npz", **arrays)
    return folder / "a.npz"


def read_array(path: Path, **options: Any) -> tuple[ImageSet, str]:
    last = finished(read_own([path], **options))
    assert last.data is not None
    return last.data, last.note


@pytest.mark.parametrize("layout", ["NHW", "NHWC", "NCHW"])
def test_grey_pictures_are_read_as_they_are_in_every_layout(layout: str, tmp_path: Path) -> None:
    images = {"NHW": DIGITS, "NHWC": DIGITS[..., None], "NCHW": DIGITS[:, None]}[layout]
    data, note = read_array(npz(tmp_path, images=images))
    assert np.array_equal(data.images.numpy(), DIGITS[:, None])
    assert data.labels is None and "Read 12 images from an array, 28 × 28" in note


def test_colours_are_the_same_first_or_last(tmp_path: Path) -> None:
    last, _ = read_array(npz(tmp_path, images=COLOURED), size=16)
    first, note = read_array(npz(tmp_path, images=COLOURED.transpose(0, 3, 1, 2).copy()), size=16)
    middle = COLOURED[:, :, 2:18].transpose(0, 3, 1, 2)
    assert np.array_equal(last.images.numpy(), middle)
    assert torch.equal(first.images, last.images) and "as their middle squares" in note


def test_what_is_clear_lies_on_white(tmp_path: Path) -> None:
    alpha = np.zeros((12, 16, 20, 1), np.uint8)
    alpha[:, :, 10:] = 255
    data, _ = read_array(npz(tmp_path, images=np.concatenate([COLOURED, alpha], 3)), size=16)
    assert (data.images[..., :8] == 255).all()
    assert np.array_equal(
        data.images[..., 8:].numpy(), COLOURED[:, :, 10:18].transpose(0, 3, 1, 2)
    )


@pytest.mark.parametrize("shape", [(10, 30), (30, 10), (1, 4000), (16, 16)])
def test_margins_are_where_they_are_around_a_picture_file(
    shape: tuple[int, int], tmp_path: Path
) -> None:
    images = np.full((8, *shape, 3), (200, 10, 60), np.uint8)
    made = read_array(npz(tmp_path, images=images), size=16, fit="pad")[0].images
    theirs = np.asarray(square(Image.fromarray(images[0]), 16, "pad"))
    assert np.array_equal(made[3].permute(1, 2, 0).numpy(), theirs)


def test_labels_are_classes_by_their_numbers_or_names(tmp_path: Path) -> None:
    labels = np.array([7, 3, 10] * 4, np.int32)
    data, note = read_array(npz(tmp_path, images=DIGITS, labels=labels))
    assert data.classes == ("3", "7", "10") and data.labels.tolist() == [1, 0, 2] * 4
    assert "in 3 classes by its labels" in note
    labels = np.array([1, 0] * 6, np.uint8)
    data, _ = read_array(npz(tmp_path, images=DIGITS, labels=labels, classes=["cat", "dog", "ox"]))
    assert data.classes == ("cat", "dog", "ox") and data.labels.tolist() == [1, 0] * 6


@pytest.mark.parametrize(
    ("labels", "says"), [([-1] * 12, "12 labels are −1"), ([4] * 12, "all have the same label")]
)
def test_labels_that_tell_nothing_make_no_classes(
    labels: list[int], says: str, tmp_path: Path
) -> None:
    data, note = read_array(npz(tmp_path, images=DIGITS, labels=labels))
    assert data.labels is None and data.classes == () and says in note


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"images": DIGITS.astype(np.float32)}, "images is float32 .*only uint8, 0…255"),
        ({"images": DIGITS.astype(np.int64)}, "images is int64"),
        ({"images": DIGITS[:, :, 0]}, r"images is uint8 \(12, 28\), which is no set"),
        ({"images": DIGITS[..., None].repeat(2, 3)}, "no set of grey, RGB or RGBA"),
        ({"images": DIGITS[:7]}, "at least 8 images are needed, and images has 7"),
        ({"images": DIGITS[:, :0]}, "no set of grey"),
        ({"images": DIGITS.T}, "stored by columns"),
        ({"images": np.array([None] * 9)}, "pickled"),
        ({"pictures": DIGITS}, "no array 'images' .it holds pictures.npy"),
        ({"images": DIGITS, "labels": [1, 2]}, r"labels is int64 \(2,\).*\(12,\)"),
        ({"images": DIGITS, "labels": [0.5] * 12}, "labels holds numbers that are not whole"),
        ({"images": DIGITS, "labels": [True] * 12}, "labels is bool"),
        ({"images": DIGITS, "labels": [0, 2] * 6, "classes": ["a", "b"]}, "lie in 0…1"),
        ({"images": DIGITS, "labels": [-2, 1] * 6, "classes": ["a", "b"]}, "lie in 0…1"),
        ({"images": DIGITS, "labels": [0, 1] * 6, "classes": ["a", "a"]}, "a name twice"),
        ({"images": DIGITS, "labels": [0, 1] * 6, "classes": ["a" * 400, "b"]}, "300 characters"),
        ({"images": DIGITS, "labels": [0, 1] * 6, "classes": [["a", "b"]]}, "a list of names"),
    ],
)
def test_what_does_not_fit_is_a_sentence(
    arrays: dict[str, Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=f"'a.npz' cannot be read: .*{says}"):
        read_array(npz(tmp_path, **arrays))


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (OwnLimits(entries=11), "12 images, and at most 11"),
        (OwnLimits(file_bytes=700), "784 bytes in each image, and at most 700"),
        (OwnLimits(total_pixels=9000), "9,408 pixels in all, and at most 9,000"),
        (OwnLimits(bytes=9000), "9,408 bytes in all, and at most 9,000"),
    ],
)
def test_the_headers_shape_is_bounded(limits: OwnLimits, says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says):
        read_array(npz(tmp_path, images=DIGITS), limits=limits)


def forged(folder: Path, shape: tuple[int, ...], data: bytes, version: bytes = b"\1\0") -> Path:
    """An array whose header says what it likes."""
    head = io.BytesIO()
    npy.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": shape})
    text = head.getvalue()[:6] + version + head.getvalue()[8:]
    with zipfile.ZipFile(folder / "a.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("images.npy", text + data)
    return folder / "a.npz"


def test_headers_that_lie_are_refused(tmp_path: Path) -> None:
    for shape, data, version, says in (
        ((12, 28, 28), bytes(100), b"\1\0", "damaged or incomplete"),
        ((12, 28, 28), bytes(12 * 28 * 28 + 1), b"\1\0", "longer than its header says"),
        ((10**18, 28, 28), bytes(100), b"\1\0", "images, and at most 2,000"),
        ((12, 28, -28), bytes(100), b"\1\0", "no set of grey"),
        ((12, 28, 28), bytes(100), b"\2\0", "format .2, 0., not 1.0"),
        ((12, 28, 28), bytes(100), b"\7\0", "damaged|not 1.0"),
    ):
        with pytest.raises(DataError, match=says):
            read_array(forged(tmp_path, shape, data, version), limits=HOSTED)
    (tmp_path / "a.npz").write_bytes(b"no zip")
    with pytest.raises(DataError, match="is a damaged .npz file, or not one") as error:
        read_array(tmp_path / "a.npz")
    assert HELP in str(error.value)


def test_an_array_stands_for_a_data_set_at_its_own_size_or_another(tmp_path: Path) -> None:
    path = npz(tmp_path, images=DIGITS)
    assert load(path).size == 28 and load(path).name == "a.npz"
    last = finished(loading(str(path), size=16))
    assert last.data.images.shape == (12, 1, 16, 16)
    assert load(npz(tmp_path, images=COLOURED)).size == 64
    with pytest.raises(ValueError, match="fit = 'stretch' is not allowed: one of crop, pad"):
        load(path, fit="stretch")


def test_an_array_among_pictures_is_left_out(tmp_path: Path) -> None:
    npz(fill(tmp_path / "in", 8), images=DIGITS)
    assert "1 is an array of images: give it by itself (a.npz)" in read(tmp_path / "in")[1]
    few = fill(tmp_path / "few", 7)
    (few / "b.png").write_bytes(picture())
    data, note = read(*few.iterdir(), npz(tmp_path, images=DIGITS))
    assert len(data) == 8 and "1 is an array" in note


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.arange(12)[:, None] % 3, ("0", "1", "2")),
        (np.arange(12.0) % 3, ("0", "1", "2")),
        (np.array(["a", "b", "c"] * 4), ("a", "b", "c")),
    ],
)
def test_labels_in_a_column_as_decimals_or_by_name_are_told(
    labels: np.ndarray, classes: tuple[str, ...], tmp_path: Path
) -> None:
    np.savez(tmp_path / "a.npz", images=DIGITS, labels=labels)
    data, _ = read(tmp_path / "a.npz")
    assert data.classes == classes and data.labels is not None
    assert data.labels.tolist() == [0, 1, 2] * 4
