"""A table of quality on disk, and as text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from explorer.evaluation import (
    ACCURACY,
    HAT,
    QUANTITIES,
    STEPS,
    STRIDED,
    Column,
    Setting,
    differences,
    evaluation_notes,
    findings,
    floor_notes,
    missing_cells,
    quality_path,
    read,
    table,
    write,
)
from explorer.evaluation.quantities import with_error
from tests.evaluation.made import QUALITY, exact, exact_row, row


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
        lambda v: v.update(version=3),
        lambda v: v.update(version=0),
        lambda v: v.update(version="2"),
        lambda v: v.update(floor_kind="guessed"),
        lambda v: v.update(floor_spread=-1),
        lambda v: v["rows"][0].update(frechet_error=float("nan")),
        lambda v: v["rows"][0].update(kid_draws=[1] * 10**4),
        lambda v: v["rows"][0].update(wrong=[20]),
        lambda v: v["rows"][0].update(wrong=[3, 3]),
        lambda v: v["rows"][0].update(wrong=[-1]),
        lambda v: v["rows"][0].update(wrong=[1], accuracy=None),
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
    both = QUALITY.adding(row(5, Column(sampler="heun"), 2.0, 0.9))
    path = write(tmp_path / "both.quality.json", both)
    assert read(path) == both
    assert write(tmp_path / "again.quality.json", read(path)).read_bytes() == path.read_bytes()
    settings = [row["setting"] for row in json.loads(path.read_text())["rows"]]
    assert [setting.get("sampler") for setting in settings] == [None, "heun", None, None, None]


def test_errors_are_stored_and_a_row_is_a_line(tmp_path: Path) -> None:
    table = exact(exact_row(5, Column(0.0), 1.0, (3, 4)), exact_row(10, HAT, 2.0, ()))
    path = write(tmp_path / "a.quality.json", table)
    assert read(path) == table and read(path).has_errors
    lines = path.read_text().splitlines()
    assert sum(line.startswith('  {"setting"') for line in lines) == 2
    assert lines[-2:] == [" ]", "}"]
    assert read(write(tmp_path / "none.json", replace(table, rows=()))) == replace(table, rows=())


OLD = """{"model": "m", "data": "mnist-5k", "n": 128, "reference": 4872, "floor": 0.546,
"floor_n": 128, "floor_accuracy": 1.0, "seed": 0, "guidance": 1.0, "hardware": "CPU",
"precision": "float32", "date": "2026-11-25", "weights": "860d8e06aa71cef4",
"classifier": "cnn-64 2026-11-22", "rows": [{"setting": {"steps": 5, "eta": 0.0,
"variance": "posterior"}, "n": 128, "frechet": 0.61, "accuracy": 1.0, "seconds": 1.6,
"evaluations": 5}, {"setting": {"steps": 10, "eta": 0.0, "variance": "posterior"}, "n": 128,
"frechet": 0.52, "accuracy": 0.97, "seconds": 3.2, "evaluations": 10}], "version": 1}"""


def test_a_table_of_the_first_version_is_read_and_says_that_it_has_no_errors(
    tmp_path: Path,
) -> None:
    path = tmp_path / "old.quality.json"
    path.write_text(OLD)
    old = read(path)
    assert old.version == 2 and len(old.rows) == 2 and not old.has_errors
    assert old.rows[0].frechet == 0.61 and old.rows[0].kid is None
    assert table(old).rows[0][1] == [("0.610", False)]
    (said,) = findings(old)
    assert said.startswith("Measured without errors")
    assert floor_notes(old) == [
        "128 real images: Fréchet distance 0.546, class accuracy 100.0%. This is a single draw."
    ]
    new = write(tmp_path / "new.quality.json", old)
    assert read(new) == old and json.loads(new.read_text())["version"] == 2


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
    assert evaluation_notes(more) == ["Heun evaluates the network 2S − 1 times."]
    assert {len(Column(sampler=name).noise) for name in STRIDED} == {0, 2}


def test_all_that_nothing_tells_from_the_best_is_marked() -> None:
    """Apart by 0.02: 1.4 errors of the difference of rows drawn apart, and 2.8."""
    for error, tied in ((0.01, True), (0.005, False)):
        rows = [exact_row(5, Column(eta), 1 + eta / 10, (), error) for eta in (0.0, 0.2, 0.5)]
        marks = [cell.best for cell in table(exact(*rows)).rows[0][1]]
        assert marks == [True, tied, False]
    assert table(exact(*rows)).rows[0][1][1].text == "1.0200 ± 0.0050"


def test_what_moves_together_is_told_apart_sooner() -> None:
    """The same draws moved by 0.02: a difference without an error, of rows with large ones."""
    rows = [exact_row(5, Column(eta), 1 + eta / 10, (), 0.5, alone=False) for eta in (0.0, 0.2)]
    assert [cell.best for cell in table(exact(*rows)).rows[0][1]] == [True, False]
    assert table(exact(*rows)).rows[0][1][1].text == "1.02 ± 0.50"
    pairs = [exact_row(5, Column(0.0), 1, tuple(range(9))), exact_row(5, HAT, 1, (0, 1))]
    cells = table(exact(*pairs), ACCURACY).rows[0][1]
    assert [cell.best for cell in cells] == [False, True] and cells[0].text == "95.5 ± 1.0 %"
    alike = [exact_row(5, Column(0.0), 1, (0, 1, 2, 3)), exact_row(5, HAT, 1, (4, 5))]
    assert all(cell.best for cell in table(exact(*alike), ACCURACY).rows[0][1])


def test_an_error_sets_the_digits() -> None:
    assert with_error(0.6149, 0.0421) == "0.615 ± 0.042"
    assert with_error(71.58, 12.3) == "72 ± 12" and with_error(3.0, 0.0) == "3 ± 0"
    assert with_error(-0.04, 4.2) == "0.0 ± 4.2"  # no "−0.0"


def test_missing_cells_are_named() -> None:
    assert missing_cells(QUALITY) == "Not measured: S = 10 of η = 1 and σ̂."
    whole = exact(*(exact_row(S, HAT, 1) for S in STEPS))
    assert missing_cells(whole) == ""
    few = exact(*(exact_row(S, HAT, 1) for S in STEPS[:3]))
    assert missing_cells(few) == "Not measured: S = 50 and 100; all 1000 steps."


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
