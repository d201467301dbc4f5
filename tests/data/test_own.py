"""Pictures of one's own: which become a set, which classes, and what is said of the rest."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.data import DataError, OwnLimits, load, loading, read_own
from explorer.data.skipped import clean
from tests.data.made import fill, finished, picture, read, zipped


def test_files_become_a_set_in_the_order_of_their_names(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    files = sorted(tmp_path.iterdir(), reverse=True)
    data, note = read(*files)
    assert data.images.shape == (10, 3, 8, 8) and data.images.dtype == torch.uint8
    assert data.images[:, 0, 4, 4].tolist() == list(range(10))
    assert (data.labels, data.classes, data.name) == (None, (), "your images")
    assert "10 images" in note and "nothing was skipped" in note


def test_progress_counts_the_pictures_and_ends_with_the_set(tmp_path: Path) -> None:
    steps = list(read_own([fill(tmp_path, 9)], size=8))
    assert [step.done for step in steps] == [*range(9), 9]
    assert {step.total for step in steps} == {9} and steps[0].what == "reading 9 images"
    assert [step.data is not None for step in steps] == [False] * 9 + [True]


@pytest.mark.parametrize("n", [0, 1, 7])
def test_fewer_than_eight_are_refused_with_their_number(n: int, tmp_path: Path) -> None:
    fill(tmp_path, n)
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(DataError, match=f"at least 8 .* {n} could be read.*notes.txt"):
        read(tmp_path)


def test_eight_are_enough_and_no_paths_are_not(tmp_path: Path) -> None:
    assert len(read(fill(tmp_path, 8))[0]) == 8
    with pytest.raises(DataError, match="0 could be read"):
        read()


def test_what_is_skipped_is_grouped_and_named(tmp_path: Path) -> None:
    fill(tmp_path, 8)
    (tmp_path / "notes.txt").write_text("text")
    (tmp_path / "a.pdf").write_text("%PDF-1.4")
    (tmp_path / "cut.png").write_bytes(picture()[:-30])
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "phone.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(20))
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "more.zip").write_bytes(b"PK\x03\x04")
    for name in (".DS_Store", ".hidden.png", "Thumbs.db"):
        (tmp_path / name).write_bytes(picture())
    data, note = read(tmp_path)
    assert len(data) == 8 and "10 skipped: " in note
    for says in (
        "2 are not images (a.pdf, notes.txt)",
        "1 is damaged or incomplete (cut.png)",
        "1 is empty (empty.jpg)",
        "1 is HEIC: save it as JPEG first (phone.HEIC)",
        "1 cannot be found (gone.png)",
        "1 is a zip inside: give it by itself (more.zip)",
        "3 are hidden, or are kept by the system for itself (.DS_Store, .hidden.png, Thumbs.db)",
    ):
        assert says in note


def test_hidden_folders_are_counted_and_not_entered(tmp_path: Path) -> None:
    fill(tmp_path, 8)
    fill(tmp_path / ".thumbnails", 3)
    data, note = read(tmp_path)
    assert len(data) == 8 and "1 skipped: 1 is hidden" in note and "(.thumbnails/)" in note


def test_folders_are_classes_whatever_they_have_in_common(tmp_path: Path) -> None:
    for part in ("train", "test"):
        fill(tmp_path / "set" / part / "dog", 3, 100)
        fill(tmp_path / "set" / part / "cat" / "deeper", 3)
    data, note = read(tmp_path / "set")
    assert data.classes == ("cat", "dog") and "2 classes" in note
    assert data.labels.tolist() == [int(red >= 100) for red in data.images[:, 0, 0, 0].tolist()]
    zips = [
        zipped(tmp_path / f"{name}.zip", {f"{i}.png": picture(i) for i in range(4)})
        for name in ("b", "a")
    ]
    assert read(*zips)[0].classes == ("a", "b")


def test_a_picture_outside_the_folders_or_one_folder_alone_makes_no_classes(
    tmp_path: Path,
) -> None:
    fill(tmp_path / "one" / "cat", 8)
    assert read(tmp_path / "one")[0].labels is None
    fill(tmp_path / "one" / "dog", 8)
    assert read(tmp_path / "one")[0].classes == ("cat", "dog")
    (tmp_path / "one" / "loose.png").write_bytes(picture())
    assert read(tmp_path / "one")[0].labels is None


def test_grey_pictures_have_one_channel_until_one_has_colour(tmp_path: Path) -> None:
    for i in range(8):
        mode = ("L", "RGB", "1", "LA")[i % 4]
        Image.new("L", (9, 9), 20 * i).convert(mode).save(tmp_path / f"{i}.png")
    data, note = read(tmp_path)
    assert data.channels == 1 and "all grey" in note
    assert data.images[2, 0, 0, 0] in (0, 255) and data.images[4, 0, 0, 0] == 80
    (tmp_path / "colour.png").write_bytes(picture())
    assert read(tmp_path)[0].channels == 3


def test_odd_pictures_are_read_and_cut_square(tmp_path: Path) -> None:
    fill(tmp_path, 8)
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "cmyk.jpg")
    Image.fromarray(np.full((9, 9), 40_000, np.uint16)).save(tmp_path / "deep.png")
    frames = [Image.new("P", (9, 9), i) for i in range(3)]
    frames[0].save(tmp_path / "moves.gif", save_all=True, append_images=frames[1:])
    Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "one.png")
    Image.new("RGB", (1, 4000), (1, 2, 3)).save(tmp_path / "tall.png")
    Image.new("RGB", (4000, 2), (1, 2, 3)).save(tmp_path / "wide.jpg", quality=95)
    Image.new("RGBA", (9, 9), (0, 0, 0, 0)).save(tmp_path / "zero.png")
    data, note = read(tmp_path)
    assert len(data) == 15 and "nothing was skipped" in note
    assert data.images[-1].min() == 255 and data.images[9, 0, 4, 4] == 156
    assert data.images[11, :, 7, 7].tolist() == data.images[12, :, 0, 0].tolist() == [1, 2, 3]


def test_photos_are_turned_upright_before_the_cut(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    stored = Image.new("RGB", (32, 32), "black")
    stored.paste("white", (0, 16, 32, 32))
    for i in range(8):
        stored.save(tmp_path / f"{i}.jpg", exif=exif)
    data, _ = read(tmp_path)
    assert data.images[:, :, 0].min() > 200 and data.images[:, :, -1].max() < 50


def test_large_photos_keep_their_middle(tmp_path: Path) -> None:
    wide = Image.new("RGB", (3000, 1000), (200, 0, 0))
    wide.paste((0, 0, 200), (1000, 0, 2000, 1000))
    for i in range(8):
        wide.save(tmp_path / f"{i}.jpg", quality=95)
    data, _ = read(tmp_path, size=16)
    assert (data.images.float().mean((0, 2, 3)) - torch.tensor([0, 0, 200])).abs().max() < 12


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_with_margins_the_whole_picture_is_kept(kind: str, tmp_path: Path) -> None:
    for i, (width, height) in enumerate([(320, 160), (160, 320), (3000, 10), (10, 3000)] * 2):
        Image.new("RGB", (width, height), (255, 0, 0)).save(tmp_path / f"{i}.{kind}", quality=95)
    data, note = read(tmp_path, size=16, fit="pad")
    red = (data.images[:, 0].int() - data.images[:, 1].int()) > 200
    assert red.sum(1).amax(1).tolist()[:4] == [8, 16, 1, 16]  # rows high
    assert red.sum(2).amax(1).tolist()[:4] == [16, 8, 16, 1]
    assert (data.images.permute(0, 2, 3, 1)[~red] == 128).all()
    assert "padded to squares with grey margins" in note
    assert (read(tmp_path, size=16)[0].images[:, 0] > 200).all()


def test_grey_pictures_with_margins_stay_grey(tmp_path: Path) -> None:
    for i in range(8):
        Image.new("L", (20, 10), 200).save(tmp_path / f"{i}.png")
    assert (
        read(tmp_path, fit="pad")[0].images[0, 0, :, 4].tolist()
        == [128] * 2 + [200] * 4 + [128] * 2
    )
    with pytest.raises(ValueError, match="fit = 'fill' is not allowed: one of crop, pad"):
        read(tmp_path, fit="fill")


def test_pictures_are_decoded_at_up_to_128_pixels(tmp_path: Path) -> None:
    photo = np.indices((300, 300)).sum(0).astype(np.uint8)
    for i in range(8):
        Image.fromarray(photo).save(tmp_path / f"{i}.jpg", quality=95)
    data, _ = read(tmp_path, size=128)
    assert data.images.shape == (8, 1, 128, 128) and data.resized(32).size == 32


def test_links_to_files_are_followed_and_loops_are_not(tmp_path: Path) -> None:
    fill(tmp_path / "far", 1)
    fill(tmp_path / "set" / "deep", 8)
    (tmp_path / "set" / "linked.png").symlink_to(tmp_path / "far" / "00.png")
    (tmp_path / "set" / "deep" / "loop").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "self.png").symlink_to(tmp_path / "set" / "self.png")
    data, note = read(tmp_path / "set")
    assert len(data) == 9 and "1 is a link (deep/loop)" in note and "self.png" in note


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    fill(tmp_path, 8)
    os.mkfifo(tmp_path / "pipe.png")
    assert "1 is not a regular file" in read(tmp_path)[1]
    assert "pipe.zip" in read(tmp_path, _pipe(tmp_path.parent / "pipe.zip"))[1]


def _pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def test_what_may_not_be_opened_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, 8)
    (tmp_path / "locked.png").write_bytes(picture())
    real = Image.open

    def guarded(file: object, **options: object) -> Image.Image:
        if str(file).endswith("locked.png"):
            raise PermissionError(13, "Permission denied")
        return real(file, **options)

    monkeypatch.setattr(Image, "open", guarded)
    assert "1 may not be opened" in read(tmp_path)[1]


def test_names_in_any_language_or_none_can_be_told(tmp_path: Path) -> None:
    fill(tmp_path / "Kätzchen", 8)
    fill(tmp_path / "犬", 8)
    (tmp_path / os.fsdecode(b"\xff\n\x1b[31m.txt")).write_text("")
    data, note = read(tmp_path)
    assert set(data.classes) == {"Kätzchen", "犬"}
    assert note.isprintable() and note.encode() and clean("a\u202eb" * 40).isprintable()
    assert len(clean("x" * 300)) == 60


def test_limits_on_files_and_pixels(tmp_path: Path) -> None:
    fill(tmp_path, 12)
    with pytest.raises(DataError, match="more than 10 files"):
        read(tmp_path, limits=OwnLimits(entries=10))
    with pytest.raises(DataError, match="megapixels in all"):
        read(tmp_path, limits=OwnLimits(total_pixels=256 * 10))
    assert len(read(tmp_path, limits=OwnLimits(entries=12, total_pixels=256 * 12))[0]) == 12
    (tmp_path / "big.png").write_bytes(picture(size=(40, 40)))
    assert "1 has too many pixels" in read(tmp_path, limits=OwnLimits(pixels=400))[1]
    assert "larger than" in read(tmp_path, limits=OwnLimits(file_bytes=90))[1]


@pytest.mark.parametrize("size", [7, 129, True, 16.0])
def test_other_sizes_are_refused(size: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="8 to 128"):
        list(read_own([tmp_path], size=size))


def test_a_folder_or_zip_can_stand_for_a_data_set(tmp_path: Path) -> None:
    folder = fill(tmp_path / "emoji", 8)
    archive = zipped(tmp_path / "cats.zip", {}, 8)
    last = finished(loading(str(folder), size=16))
    assert last.data.images.shape == (8, 3, 16, 16) and last.data.name == "emoji/"
    assert "8 images" in last.note
    assert load(archive).images.shape == (8, 3, 64, 64) and load(archive).name == "cats.zip"
    with pytest.raises(DataError, match="split 'test'"):
        load(folder, split="test")


@pytest.mark.parametrize("name", ["no/such/folder", "~nobody/x", "a\0b", "x" * 5000])
def test_a_path_that_is_not_there_names_what_could_be(name: str) -> None:
    with pytest.raises(DataError, match="mnist-5k, emoji.*folder or a .zip"):
        load(name)


def test_one_picture_is_no_set(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    with pytest.raises(DataError, match="1 could be read"):
        load(tmp_path / "a.png")


def test_jpegs_are_decoded_small_but_faithfully(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    smooth = Image.fromarray(noise).resize((600, 600), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    smooth.save(buffer, "JPEG", quality=95)
    for i in range(8):
        (tmp_path / f"{i}.jpg").write_bytes(buffer.getvalue())
    made = read(tmp_path, size=16)[0].images[0].permute(1, 2, 0).numpy().astype(int)
    whole = np.asarray(smooth.resize((16, 16), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(made - whole).mean() < 2
