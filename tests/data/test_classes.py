"""Classes: tables beat folders, folders beat names, and the note says which told them."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from explorer.data import DataError, OwnLimits
from explorer.data.classes import classes_of, why_not_deeper
from explorer.data.tables import MOST
from tests.data.made import fill, picture, read, zipped

ROWS = [(f"{i:02}.png", "cat" if i % 3 else "dog") for i in range(9)]
LABELS = [0 if i % 3 else 1 for i in range(9)]


def written(table: str, rows: list[tuple[str, str]] = ROWS) -> str:
    """The rows in the way that the table's name says."""
    if table.endswith(".jsonl"):
        return "\n".join(json.dumps({"file_name": a, "label": b}) for a, b in rows)
    if table == "records.json":
        return json.dumps([{"Path": a, "Class": b, "other": None} for a, b in rows])
    if table.endswith(".json"):
        return json.dumps(dict(rows))
    apart = {".tsv": "\t"}.get(table[-4:], ";" if table == "excel.csv" else ",")
    lines = [("id", "Image ", "label"), *((str(i), a, b) for i, (a, b) in enumerate(rows))]
    return "\ufeff" + "\r\n".join(apart.join(line) for line in lines)


TABLES = ["labels.csv", "excel.csv", "a.TSV", "metadata.jsonl", "labels.json", "records.json"]


@pytest.mark.parametrize("table", TABLES)
def test_tables_of_every_kind_tell_classes(table: str, tmp_path: Path) -> None:
    fill(tmp_path, 9)
    (tmp_path / table).write_text(written(table.lower()), encoding="utf-8")
    data, note = read(tmp_path)
    assert data.classes == ("cat", "dog") and data.labels.tolist() == LABELS
    assert f"in 2 classes by {table}; nothing was skipped" in note


def test_a_table_in_a_zip_or_beside_files_tells_them_too(tmp_path: Path) -> None:
    entries = {"set/labels.csv": written("labels.csv").encode()}
    entries |= {f"set/{name}": picture(i) for i, (name, _) in enumerate(ROWS)}
    assert read(zipped(tmp_path / "a.zip", entries))[0].labels.tolist() == LABELS
    folder = fill(tmp_path / "in", 9)
    (folder / "labels.csv").write_text(written("labels.csv"))
    assert read(*folder.iterdir())[0].labels.tolist() == LABELS


def test_a_table_beats_folders_and_finds_names_wherever_they_lie(tmp_path: Path) -> None:
    fill(tmp_path / "train", 5)
    for i in range(5, 9):
        (tmp_path / "other").mkdir(exist_ok=True)
        (tmp_path / "other" / f"{i:02}.png").write_bytes(picture(i))
    assert read(tmp_path)[0].labels is None  # "train" is no class
    rows = [(f"./train/{a}" if i < 3 else a, b) for i, (a, b) in enumerate(ROWS)]
    rows[0] = ("train\\00.png", "dog")
    (tmp_path / "labels.csv").write_text(written("labels.csv", rows))
    data, _ = read(tmp_path)
    reds = data.images[:, 0, 0, 0].tolist()
    assert data.classes == ("cat", "dog") and [LABELS[red] for red in reds] == data.labels.tolist()


def test_what_is_not_listed_listed_twice_or_not_there_is_counted(tmp_path: Path) -> None:
    fill(tmp_path, 10)  # 09 is not listed
    rows = [*ROWS, ("00.png", "ox"), ("02.png", "cat"), ("gone.png", "cat")]
    (tmp_path / "labels.csv").write_text(written("labels.csv", rows))
    data, note = read(tmp_path)
    assert data.labels.tolist() == LABELS and data.classes == ("cat", "dog")
    assert "1 is in no table of classes (09.png)" in note
    assert "labels.csv has 2 lines for an image that it has already listed" in note
    assert "1 lines for files that do not exist" in note


def test_a_table_that_tells_too_little_leaves_the_pictures_as_they_are(tmp_path: Path) -> None:
    fill(tmp_path, 9)
    (tmp_path / "labels.csv").write_text(written("labels.csv", ROWS[:4]))
    data, note = read(tmp_path)
    assert len(data) == 9 and data.labels is None and "without classes" in note
    assert "labels.csv is not used: it lists 4 of these 9 files, in 2 classes" in note
    (tmp_path / "labels.csv").write_bytes(b"file,label\n\0,\0\n../../etc/passwd,root")
    assert "labels.csv is not used: it lists 0 of these 9 files" in read(tmp_path)[1]
    (tmp_path / "labels.csv").write_text(written("labels.csv", [(a, "cat") for a, _ in ROWS]))
    assert "it lists 9 of these 9 files, in one class" in read(tmp_path)[1]


def test_numbers_are_in_their_order(tmp_path: Path) -> None:
    fill(tmp_path, 11)
    (tmp_path / "labels.json").write_text(json.dumps({f"{i:02}.png": i for i in range(11)}))
    data, _ = read(tmp_path)
    assert data.classes == tuple(map(str, range(11))) and data.labels.tolist() == list(range(11))


NO_TABLES: dict[str, bytes] = {
    "empty.csv": b"",
    "columns.csv": b"a,b\n1,2\n",
    "head.csv": b"file,label\n",
    "bytes.csv": b"file,label\n\x81.png,a\n",
    "field.csv": b'file,label\n"' + b"x" * 200_000 + b'",a\n',
    "number.json": b"1",
    "deep.json": b"[" * 100_000,
    "other.json": b'{"a": {"b": 1}}',
    "names.json": b'[["a", "b"]]',
    "digits.json": b'{"a": ' + b"9" * 5000 + b"}",
    "text.jsonl": b"a\nb\n",
    "long.csv": b"file,label\n" + b"a.png,b\n" * 200_000,
}


@pytest.mark.parametrize("name", NO_TABLES)
def test_what_is_no_table_is_said(name: str, tmp_path: Path) -> None:
    fill(tmp_path, 8)
    (tmp_path / name).write_bytes(NO_TABLES[name])
    data, note = read(tmp_path, limits=OwnLimits(entries=100))
    assert len(data) == 8 and data.labels is None
    assert f"1 is not a readable table of files and classes ({name})" in note


def test_a_table_beside_every_picture_is_no_work(tmp_path: Path) -> None:
    fill(tmp_path, 30)
    for i in range(30):
        (tmp_path / f"{i:02}.json").write_text('{"width": 16}')
    data, note = read(tmp_path)
    assert (
        len(data) == 30 and data.labels is None and f"{30 - MOST} are not readable tables" in note
    )


@pytest.mark.parametrize(
    "form", ["{}_{:03}", "{}-{}", "{} {}", "{}({})", "{} ({})", "{}{}", "{}.{}"]
)
def test_names_before_numbers_are_classes(form: str) -> None:
    names = [f"in/{form.format(what, i)}.jpg" for what in ("cat", "big dog") for i in range(3)]
    found = classes_of(names, None, "")
    assert found.names == ("big dog", "cat") and found.labels.tolist() == [1] * 3 + [0] * 3
    assert found.by == "by name"


@pytest.mark.parametrize(
    "names",
    [
        ["cat_1", "cat_2", "dog_1"],  # a class of one picture
        ["cat_1", "cat_2", "dog_1", "dog_2", "ox"],  # one without a number
        ["1", "2", "3", "4"],
        ["cat_1", "cat_2", "cat_3"],
        ["cat_1a", "cat_2a", "dog_1a", "dog_2a"],
        [],
    ],
)
def test_other_names_tell_no_classes(names: list[str]) -> None:
    assert classes_of([f"{name}.png" for name in names], None, "") == (None, (), "")


def test_folders_beat_names_and_the_note_says_who_told(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        for i in range(4):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / f"{('cat', 'dog')[i % 2]}_{i}.png").write_bytes(picture(i))
    data, note = read(tmp_path)
    assert data.classes == ("a", "b") and "in 2 classes by folder" in note
    (tmp_path / "cat_9.png").write_bytes(picture())
    data, note = read(tmp_path)
    assert data.classes == ("cat", "dog") and "in 2 classes by name" in note


def test_a_bomb_of_a_table_is_bounded_by_the_zips_limits(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("labels.csv", b"file,label\n" + bytes(40 * 2**20))
    with pytest.raises(DataError, match="0 could be read; 1 skipped"):
        read(tmp_path / "a.zip")


def test_the_classes_of_what_could_not_be_read_are_no_classes(tmp_path: Path) -> None:
    fill(tmp_path, 9)
    rows: list[tuple[str, Any]] = [*ROWS, ("bad.png", "ox")]
    (tmp_path / "bad.png").write_bytes(b"no image")
    (tmp_path / "labels.csv").write_text(written("labels.csv", rows))
    assert read(tmp_path)[0].classes == ("cat", "dog")


@pytest.mark.parametrize(
    "text",
    [
        "\r\nfile,category\r\n{}",
        "sep=;\r\nfile;label\r\n{}",
        "id\tlabels\n{}",
        "file_path,class_name\n{}",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_tables_as_spreadsheets_write_them_tell_classes(
    text: str, encoding: str, tmp_path: Path
) -> None:
    fill(tmp_path, 9)
    apart = ";" if "sep" in text else "\t" if "\t" in text else ","
    rows = [
        f"{name.removesuffix('.png') if 'id' in text else name}{apart}{label}é"
        for name, label in ROWS
    ]
    (tmp_path / "labels.csv").write_bytes(text.format("\n".join(rows)).encode(encoding))
    data, note = read(tmp_path)
    assert data.classes == ("caté", "dogé") and data.labels.tolist() == LABELS, note


def test_paths_from_the_root_of_a_disk_are_taken_by_their_ends(tmp_path: Path) -> None:
    for folder in ("train", "val"):
        fill(tmp_path / folder, 9)
    rows = [f"C:\\data\\set\\train\\{name},{label}" for name, label in ROWS]
    rows += [f"/data/set/val/{name},bird" for name, _ in ROWS]
    (tmp_path / "labels.csv").write_text("file,label\n" + "\n".join(rows))
    data, _ = read(tmp_path)
    assert data.classes == ("bird", "cat", "dog")
    assert data.labels.tolist() == [label + 1 for label in LABELS] + [0] * 9


def test_one_stray_image_does_not_take_the_classes_silently(tmp_path: Path) -> None:
    fill(tmp_path / "set" / "cats", 8)
    fill(tmp_path / "set" / "dogs", 8)
    assert read(tmp_path)[0].classes == ("cats", "dogs")
    (tmp_path / "preview.png").write_bytes(picture(3))
    (tmp_path / "set" / "all.png").write_bytes(picture(4))
    data, note = read(tmp_path)
    assert data.labels is None and "without classes: 2 images lie in none of the class" in note
    assert "folders cats, dogs (preview.png, set/all.png)" in note
    (tmp_path / "set" / "all.png").unlink()
    note = read(tmp_path)[1]
    assert "1 image lies in none of the class folders cats, dogs (preview.png); move it" in note


@pytest.mark.parametrize("stray", ["readme.png", "bird_1.png"])
def test_one_name_of_another_form_is_said(stray: str, tmp_path: Path) -> None:
    for kind in ("cat", "dog"):
        for i in range(5):
            (tmp_path / f"{kind}_{i}.png").write_bytes(picture(i))
    assert read(tmp_path)[0].classes == ("cat", "dog")
    (tmp_path / stray).write_bytes(picture())
    data, note = read(tmp_path)
    assert data.labels is None and f"1 image is called otherwise ({stray}) than the rest" in note
    assert "cat, dog with numbers, several of each; rename or move it" in note


def test_where_nothing_looks_like_classes_nothing_is_guessed(tmp_path: Path) -> None:
    fill(tmp_path, 8)
    fill(tmp_path / "more", 2)
    assert "without classes: no table, folder or file name gives any" in read(tmp_path)[1]


def test_what_cameras_call_their_pictures_is_no_class() -> None:
    files = [f"{name}_{i:04}.jpg" for name in ("DSC", "IMG") for i in range(5)]
    assert classes_of(files, None, "").labels is None
    assert classes_of([name.replace("IMG", "cat") for name in files], None, "").labels is None
    own = [name.replace("DSC", "dog").replace("IMG", "cat") for name in files]
    assert classes_of(own, None, "").names == ("cat", "dog")


LONG = "a set of photographs that were taken in the summer of two thousand"


def test_folders_that_look_the_same_once_they_are_cut_stay_apart(tmp_path: Path) -> None:
    entries = {f"{LONG} {kind}/{i}.png": picture(i) for kind in ("cats", "dogs") for i in range(4)}
    entries |= {f"birds/{i}.png": picture(i) for i in range(4)}
    data, _ = read(zipped(tmp_path / "x.zip", entries))
    assert data.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert data.classes[1:] == (f"{data.classes[0]} (2)", "birds")


def test_folders_in_bytes_that_are_no_text_stay_apart(tmp_path: Path) -> None:
    for kind in ("고양이", "강아지"):
        fill(tmp_path / os.fsdecode(kind.encode("cp949")), 4)
    data, note = read(tmp_path)
    assert sorted(data.labels.tolist()) == [0] * 4 + [1] * 4 and len(set(data.classes)) == 2
    assert "in 2 classes by folder" in note and "".join(data.classes).isprintable()


def test_one_image_beside_the_folder_of_the_classes_is_named(tmp_path: Path) -> None:
    entries = {f"d/{kind}/{i}.png": picture(i) for kind in ("cats", "dogs") for i in range(5)}
    data, note = read(zipped(tmp_path / "x.zip", entries | {"other/x.png": picture()}))
    assert data.classes == ("d", "other")
    assert "the folders cats, dogs in d are no classes, since 1 image lies beside d" in note
    assert "(other/x.png); move it elsewhere" in note
    parts = {f"{kind}/{part}/{i}.png": b"" for kind in "ab" for part in "xy" for i in range(4)}
    assert why_not_deeper([*parts]) == ""  # each class in parts


def test_images_of_a_camera_among_named_ones_are_said(tmp_path: Path) -> None:
    names = [f"{kind}_{i}.png" for kind in ("cat", "dog") for i in range(5)]
    entries = {name: picture(i) for i, name in enumerate([*names, "IMG_1.png", "IMG_2.png"])}
    _, note = read(zipped(tmp_path / "x.zip", entries))
    assert "2 images are called otherwise (IMG_1.png, IMG_2.png) than the rest" in note
    assert "which are cat, dog with numbers" in note
