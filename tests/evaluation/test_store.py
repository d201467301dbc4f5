"""A table of quality on disk, and as text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from explorer.evaluation import (
    HAT,
    QUANTITIES,
    STRIDED,
    Column,
    Setting,
    differences,
    evaluation_notes,
    quality_path,
    read,
    table,
    write,
)
from explorer.gui.frame.context import HOME
from tests.evaluation.made import QUALITY, row


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = quality_path(tmp_path / "new" / "mnist.v2.safetensors")
    assert path == tmp_path / "new" / "mnist.v2.quality.json"
    write(path, QUALITY)
    assert read(path) == QUALITY
    free = replace(QUALITY, rows=(row(5, HAT, 1.0, None),), floor_accuracy=None)
    write(path, free)
    assert read(path) == free and [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "harm",
    [
        lambda v: v.update(version=2),
        lambda v: v.pop("rows"),
        lambda v: v.pop("weights"),
        lambda v: v.update(rows={"a": 1}),
        lambda v: v.update(rows=7),
        lambda v: v.update(n=True),
        lambda v: v.update(n=21),
        lambda v: v.update(n=10**400),
        lambda v: v.update(floor=float("nan")),
        lambda v: v.update(floor="3"),
        lambda v: v.update(model=None),
        lambda v: v["rows"].append(v["rows"][0]),
        lambda v: v["rows"].append(7),
        lambda v: v["rows"][0].update(frechet=float("inf")),
        lambda v: v["rows"][0].update(frechet=-1),
        lambda v: v["rows"][0].update(accuracy=1.5),
        lambda v: v["rows"][0].update(more=1),
        lambda v: v["rows"][0].pop("seconds"),
        lambda v: v["rows"][0]["setting"].update(eta=2),
        lambda v: v["rows"][0]["setting"].update(eta=[]),
        lambda v: v["rows"][0]["setting"].update(steps=0),
        lambda v: v["rows"][0]["setting"].update(steps=5.5),
        lambda v: v["rows"][0]["setting"].update(variance="large"),
        lambda v: v["rows"][0]["setting"].update(sampler="euler"),
        lambda v: v["rows"][0]["setting"].update(sampler="ddpm"),
        lambda v: v["rows"][0]["setting"].update(sampler=None),
        lambda v: v["rows"][0]["setting"].update(sampler="heun", eta=0.5),
        lambda v: v["rows"][0].update(setting=None),
    ],
)
def test_a_damaged_file_is_said_to_be_one(harm: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.quality.json", QUALITY)
    values = json.loads(path.read_text())
    harm(values)
    path.write_text(json.dumps(values))
    with pytest.raises(
        ValueError, match="a.quality.json: this table of quality cannot be used"
    ) as error:
        read(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_what_is_no_table_is_said_to_be_none(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.quality.json"
    path.write_bytes(text)
    with pytest.raises(ValueError, match="cannot be used"):
        read(path)
    with pytest.raises(OSError):
        read(tmp_path / "absent.json")


def test_the_sampler_is_written_where_it_is_another(tmp_path: Path) -> None:
    """What is stored of DDIM alone stays as it always was, byte for byte."""
    shipped = sorted((HOME / "checkpoints").glob("*.quality.json"))
    assert len(shipped) >= 4
    for old in shipped:
        assert write(tmp_path / "again.quality.json", read(old)).read_bytes() == old.read_bytes()
    both = QUALITY.adding(row(5, Column(sampler="heun"), 2.0, 0.9))
    path = write(tmp_path / "both.quality.json", both)
    assert read(path) == both
    assert write(tmp_path / "again.quality.json", read(path)).read_bytes() == path.read_bytes()
    settings = [row["setting"] for row in json.loads(path.read_text())["rows"]]
    assert [setting.get("sampler") for setting in settings] == [None, "heun", None, None, None]


def test_more_is_no_damage(tmp_path: Path) -> None:
    """A later version of the program may say more of a table."""
    path = write(tmp_path / "a.quality.json", QUALITY)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"bound": [1, 2]}))
    assert read(path) == QUALITY


def test_rows_join_in_order_and_take_their_like_s_place() -> None:
    more = QUALITY.adding(row(5, Column(0.2), 11.0, 0.5))
    assert [r.setting.name for r in more.rows] == [
        "S = 5, η = 0", "S = 5, η = 0.2", "S = 5, σ̂", "S = 5, η = 1", "S = 10, η = 0",
    ]  # fmt: skip
    again = more.adding(row(10, Column(0.0), 5.0, 0.8))
    assert len(again.rows) == 5 and again.find(Setting(10, 0.0)).frechet == 5.0
    assert again.find(Setting(50, 0.0)) is None


def test_what_keeps_rows_apart_is_named() -> None:
    assert differences(QUALITY, replace(QUALITY, hardware="other", date="later", rows=())) == ""
    said = differences(QUALITY, replace(QUALITY, n=30, precision="bfloat16"))
    assert said == "n 20 → 30, precision float32 → bfloat16"


def test_every_sampler_has_a_column_in_the_registrys_order() -> None:
    assert evaluation_notes(QUALITY) == []
    for name in ("heun", "dpm-solver"):
        quality = QUALITY.adding(row(5, Column(sampler=name), 2.0, 0.9))
        assert table(quality).columns[-1] == Column(sampler=name).title
    more = quality.adding(row(10, Column(sampler="heun"), 1.0, 0.9))
    more = more.adding(row(5, Column(0.7), 3.0, 0.9))
    columns, rows = table(more)
    assert columns == ["S", "η = 0", "η = 1", "σ̂", "η = 0.7", "DPM-Solver++(2M)", "Heun, karras"]
    assert [cell.text for cell in rows[0][1]] == ["12.3", "40.0", "322", "3.00", "2.00", ""]
    assert rows[1][1][-1] == ("1.00", True)
    assert evaluation_notes(more) == ["Heun asks the network 2S − 1 times."]
    assert {len(Column(sampler=name).noise) for name in STRIDED} == {0, 2}


def test_the_table_marks_the_best_of_a_row() -> None:
    columns, rows = table(QUALITY)
    assert columns == ["S", "η = 0", "η = 1", "σ̂"]
    assert [(S, [cell.text for cell in cells]) for S, cells in rows] == [
        ("5", ["12.3", "40.0", "322"]),
        ("10", ["6.00", "", ""]),
    ]
    assert [cell.best for _, cells in rows for cell in cells] == [True] + [False] * 5
    _, rows = table(QUALITY, "class accuracy")
    assert [cell.text for cell in rows[0][1]] == ["50.0%", "25.0%", "10.0%"]
    assert [cell.best for cell in rows[0][1]] == [True, False, False]
    _, rows = table(QUALITY, "seconds")
    assert rows[0][1][0] == ("7.5", False)
    assert table(replace(QUALITY, rows=(row(5, HAT, 1.0, None),)), "class accuracy").rows == []
    with pytest.raises(ValueError, match=f"there are: {', '.join(QUANTITIES)}"):
        table(QUALITY, "beauty")
