"""python -m explorer evaluate, as it is used."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch

from explorer import evaluation
from explorer.cli.main import main
from explorer.data import DataError, load
from explorer.evaluation import Quality, Row, load_reference, quality_path, read, write
from explorer.precision import choose_precision
from tests.evaluation.conftest import DIGITS, made
from tests.evaluation.test_quality import timeless

COMMON = "--n 20 --reference 300 --batch 10 --device cpu"
Explorer = Callable[..., tuple[int, str, str]]


@pytest.fixture
def explorer(capfd: pytest.CaptureFixture[str]) -> Explorer:
    """(exit code, stdout, the lines of stderr that are no progress bar)."""

    def run(*words: object) -> tuple[int, str, str]:
        try:
            code = main(["evaluate", *" ".join(map(str, words)).split()])
        except SystemExit as stop:  # argparse
            code = stop.code
        out, err = capfd.readouterr()
        said = [line for line in err.replace("\r", "\n").split("\n") if line.strip("\x1b[A ")]
        return code, out, "\n".join(line for line in said if "%|" not in line)

    return run


@pytest.fixture
def file(digits: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(digits, tmp_path / "tiny.safetensors"))


def test_a_table_beside_the_checkpoint(file: Path, explorer: Explorer) -> None:
    code, out, err = explorer(file, "--steps 2,100 --eta 0,hat", COMMON)
    assert (code, err) == (0, "")
    quality = read(quality_path(file))
    assert [row.setting.name for row in quality.rows] == [
        "S = 2, η = 0", "S = 2, σ̂", "S = 40, η = 0", "S = 40, σ̂",
    ]  # fmt: skip
    assert (quality.model, quality.data, quality.n, quality.reference) == (
        "tiny", "mnist-5k", 20, 300,
    )  # fmt: skip
    lines = out.splitlines()
    assert quality.precision == choose_precision("auto", torch.device("cpu"))
    against = "tiny: 20 images per cell against 300 of mnist-5k"
    assert lines[0].startswith(f"{against}; {quality.precision} on CPU")
    assert lines[1].startswith("20 real images: Fréchet distance ") and "±" in lines[1]
    assert lines[2].startswith("Mean and standard deviation of 20 draws out of all 320 images")
    at = lines.index("Fréchet distance")
    assert lines[at + 1].split() == ["S", "η", "=", "0", "σ̂"]
    assert [line.split()[0] for line in lines[at + 2 : at + 4]] == ["2", "40"]
    assert "*" in lines[at + 2] and "class accuracy" in lines and "seconds" in lines


def test_other_samplers_are_columns_too(file: Path, explorer: Explorer) -> None:
    code, out, err = explorer(file, "--steps 2,4 --sampler ddim,dpm-solver,heun --eta 0", COMMON)
    assert (code, err) == (0, "")
    rows = read(quality_path(file)).rows
    evaluations = [(r.setting.steps, r.setting.sampler, r.evaluations) for r in rows]
    assert evaluations == [
        (2, "ddim", 2), (2, "dpm-solver", 2), (2, "heun", 3),
        (4, "ddim", 4), (4, "dpm-solver", 4), (4, "heun", 7),
    ]  # fmt: skip
    lines = out.splitlines()
    assert "Heun evaluates the network 2S − 1 times." in lines
    at = lines.index("Fréchet distance")
    assert lines[at + 1].endswith("η = 0 DPM-Solver++(2M) Heun, karras")
    widths = {len(line.rstrip("*")) for line in lines[at + 1 : at + 4]}
    assert len(widths) == 1  # values stand under their column's name


def test_without_words_it_is_the_stored_tables_cells() -> None:
    from explorer.cli.evaluate import parse_settings
    from explorer.evaluation import STRIDED, choose_columns, choose_settings, stored_settings

    assert parse_settings(None, None, None)(1000) == stored_settings(1000)
    columns = choose_columns(STRIDED)
    assert parse_settings("5,1000", None, None)(1000) == choose_settings(1000, (5, 1000), columns)
    assert {s.sampler for s in parse_settings(None, None, "0")(1000)} == {"ddim"}


def test_what_is_missing_is_added_and_the_rest_is_left(file: Path, explorer: Explorer) -> None:
    explorer(file, "--steps 2 --eta 0", COMMON)
    first = read(quality_path(file))
    code, out, err = explorer(file, "--steps 3,2 --eta 0", COMMON)
    both = read(quality_path(file))
    assert (code, err) == (0, "") and len(both.rows) == 2 and both.rows[0] == first.rows[0]
    other = file.with_name("other.json")
    explorer(file, "--steps 2,3 --eta 0 --out", other, COMMON)
    assert timeless(read(other)) == timeless(both)


def test_rows_without_errors_are_measured_again(file: Path, explorer: Explorer) -> None:
    explorer(file, "--steps 2,3 --eta 0", COMMON)
    whole = read(quality_path(file))
    bare = Row(*(getattr(whole.rows[0], field.name) for field in fields(Row)[:6]))
    write(quality_path(file), replace(whole, rows=(bare, whole.rows[1])))
    code, _, err = explorer(file, "--steps 2 --eta 0", COMMON)
    assert code == 0 and "1 rows of an earlier version have no errors" in err
    again = read(quality_path(file))
    assert timeless(again) == timeless(whole) and again.rows[1] == whole.rows[1]


def test_another_model_or_a_damaged_file_starts_over(file: Path, explorer: Explorer) -> None:
    path = quality_path(file)
    explorer(file, "--steps 2 --eta 0", COMMON)
    kept = path.read_bytes()
    made(file, DIGITS, seed=2)
    code, _, err = explorer(file, "--steps 3 --eta 0", COMMON)
    assert code == 0 and err.startswith("explorer: starting over; the earlier table is now ")
    assert "weights " in err and err.count("\n") == 0
    assert [row.setting.steps for row in read(path).rows] == [3]
    assert path.with_suffix(".json.old").read_bytes() == kept
    path.write_text("{")
    code, _, err = explorer(file, "--steps 2 --eta 0", COMMON)
    assert code == 0 and "cannot be used" in err and len(read(path).rows) == 1


def test_ctrl_c_keeps_what_there_is(
    file: Path, explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path, quality: Quality) -> None:
        written(path, quality)
        if len(quality.rows) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    written, before = evaluation.write, signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(evaluation, "write", write)
    words = (file, "--steps 2,3,4 --eta 0", COMMON)
    code, out, err = explorer(*words)
    assert code == 130 and "2 rows are saved" in err and "Fréchet distance" in out
    assert signal.getsignal(signal.SIGINT) is before
    kept = read(quality_path(file))
    assert len(kept.rows) == 2
    monkeypatch.setattr(evaluation, "write", written)
    assert explorer(*words)[0] == 0
    assert read(quality_path(file)).rows[:2] == kept.rows


@pytest.mark.parametrize("kept", ["float32", "bfloat16"])
def test_a_table_goes_on_in_its_own_precision_unless_told(
    kept: str, file: Path, explorer: Explorer
) -> None:
    assert explorer(file, "--steps 2 --eta 1 --precision", kept, COMMON)[0] == 0
    code, out, err = explorer(file, "--steps 2,3 --eta 1", COMMON)
    quality = read(quality_path(file))
    assert (code, err, quality.precision, len(quality.rows)) == (0, "", kept, 2) and kept in out
    other = {"float32": "bfloat16", "bfloat16": "float32"}[kept]
    code, out, err = explorer(file, "--steps 2 --eta 1 --precision", other, COMMON)
    assert code == 0 and f"precision {kept} → {other}" in err
    assert read(quality_path(file)).precision == other


def test_without_classes_there_is_no_accuracy(
    free: Path, explorer: Explorer, tmp_path: Path
) -> None:
    out = tmp_path / "free.json"
    code, text, err = explorer(free, "--steps 2 --eta 1 --precision bfloat16 --out", out, COMMON)
    assert (code, err) == (0, "") and "class accuracy" not in text and "bfloat16" in text
    assert read(out).rows[0].accuracy is None and read(out).precision == "bfloat16"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("{tmp}/absent.safetensors", "there is no checkpoint"),
        ("{file} --n 1", "n = 1"),
        ("{file} --n many", "--n"),
        ("{file} --steps 5,x", "--steps x"),
        ("{file} --steps 0", "--steps 0"),
        ("{file} --eta 2", "--eta 2"),
        ("{file} --eta hut", "--eta hut"),
        ("{file} --eta nan", "--eta nan"),
        (
            "{file} --sampler euler",
            "--sampler euler: samplers that take S steps: ddim, dpm-solver, ",
        ),
        ("{file} --sampler ddim,ddpm", "--sampler ddpm: samplers that take S steps: ddim"),
        ("{file} --sampler heun,dpm-solver", "Heun and DPM-Solver++(2M) have no η; leave out"),
        ("{file} --seed -1", "seed = -1"),
        ("{file} --guidance -1", "guidance = -1"),
        ("{file} --batch 0", "batch = 0"),
        ("{file} --reference 1", "a reference of 1"),
        ("{file} --precision half", "--precision half: there are: auto, float32"),
        ("{file} --device gpu", "'gpu'"),
        ("{file} --data absent", "no data set 'absent'"),
        ("{file} --data emoji", "images of 3 channels, tiny makes images of 1"),
        ("{file} --out {tmp}/a.txt", "end in .json"),
        ("{file} --out {tmp}/text/a.json", "cannot be written"),
        ("{own}", "say where they are (--data)"),
        ("{free} --guidance 2", "trained without classes"),
    ],
)
def test_an_error_is_one_line(
    words: str, says: str, file: Path, free: Path, explorer: Explorer, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("hello")
    own = made(tmp_path / "own.safetensors", replace(DIGITS, data="mine/"))
    before = sorted(tmp_path.rglob("*"))
    code, out, err = explorer(
        "--steps 2 --eta 0", words.format(tmp=tmp_path, file=file, free=free, own=own)
    )
    assert code not in (0, None) and out == "" and says in err, err
    assert err.startswith("explorer: ") and err.count("\n") == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_a_bundled_set_stands_in_for_what_cannot_be_downloaded() -> None:
    def absent(name: str, size: int, root: Path | None) -> object:
        if name == "mnist-5k":
            return load(name, size=size)
        raise DataError(f"{name} cannot be downloaded")

    spec = replace(DIGITS, data="mnist")
    reference = load_reference(spec, n=10, most=50, read=absent)
    assert reference.data == "mnist-5k" and "mnist cannot be downloaded" in reference.note
    with pytest.raises(DataError, match="mnist cannot be downloaded"):
        load_reference(spec, n=10, most=50, read=absent, name="mnist")
    with pytest.raises(DataError, match="fashion-mnist cannot"):
        load_reference(replace(DIGITS, data="fashion-mnist"), n=10, most=50, read=absent)
