"""What `sample` writes, and what it leaves alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.cli import pictures
from explorer.cli.main import main
from tests.evaluation.conftest import digits

__all__ = ["digits"]

Sample = Callable[..., int]


@pytest.fixture
def sample(digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sample:
    """The exit code of `sample` with a tiny model, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> int:
        common = ["--steps", "2", "--device", "cpu"]
        return main(["sample", str(digits), *common, *map(str, words)])

    return run


def test_files_array_and_grid_hold_the_same_pictures(sample: Sample) -> None:
    assert sample("--n", 5, "--batch", 2, "--each", "--out", "files") == 0
    assert sample("--n", 5, "--out", "a.npz", "--seed", 0) == 0
    assert sample("--n", 5, "--out", "a.png") == 0
    names = sorted(path.name for path in Path("files").iterdir())
    assert names == [f"{i:05}.png" for i in range(5)]
    single = np.stack([np.array(Image.open(Path("files") / name)) for name in names])
    found = np.load("a.npz")
    assert found["images"].dtype == np.uint8 and (found["images"][..., 0] == single).all()
    assert found["labels"].tolist() == [0, 1, 2, 3, 4] and int(found["seed"]) == 0
    settings = json.loads(str(found["settings"]))
    assert settings["sampler"] == "DDIM" and settings["evaluations"] == 2
    assert settings["options"]["eta"] == 0
    side = single.shape[1]
    sheet = np.array(Image.open("a.png").convert("L"))
    assert (sheet[2 : 2 + side, 2 : 2 + side] == single[0]).all()


def test_an_array_says_which_precision_auto_was(sample: Sample) -> None:
    assert sample("--n", 1, "--precision", "auto", "--out", "a.npz") == 0
    assert json.loads(str(np.load("a.npz")["settings"]))["precision"] in ("float32", "bfloat16")


def test_nothing_is_written_over_but_the_usual_grid(
    sample: Sample,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words in (["--out", "a.png"], ["--out", "a.npz"], ["--each"]):
        assert sample("--n", 2, *words) == 0
        assert sample("--n", 2, *words) == 1
        assert "already exists: overwrite it (--overwrite)" in capsys.readouterr().err
        assert sample("--n", 2, "--overwrite", *words) == 0
    assert sample("--n", 2) == 0 and sample("--n", 2) == 0 and Path("grid.png").is_file()


def test_of_an_earlier_time_no_single_pictures_are_left_among_the_new(sample: Sample) -> None:
    assert sample("--n", 4, "--each") == 0
    (Path("samples") / "mine.png").write_bytes(b"")
    assert sample("--n", 2, "--each", "--overwrite") == 0
    names = sorted(path.name for path in Path("samples").iterdir())
    assert names == ["00000.png", "00001.png", "mine.png"]


@pytest.mark.parametrize("words", [["--out", "a.png"], ["--out", "a.npz"], ["--each"]])
def test_ctrl_c_keeps_the_pictures_that_are_finished(
    words: list[str],
    sample: Sample,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def add(writer: pictures.Writer, x: object) -> None:
        added(writer, x)  # type: ignore[arg-type]
        if writer.made == 6:
            os.kill(os.getpid(), signal.SIGINT)

    added = pictures.Writer.add
    monkeypatch.setattr(pictures.Writer, "add", add)
    assert sample("--n", 9, "--batch", 3, *words) == 130
    assert "stopped; 6 of 9 images are saved in " in capsys.readouterr().err
    if "a.npz" in words:
        assert len(np.load("a.npz")["images"]) == 6
    elif words == ["--each"]:
        assert len(list(Path("samples").iterdir())) == 6
    else:
        assert Image.open("a.png").width > 0


def test_ctrl_c_before_the_first_keeps_nothing(
    sample: Sample,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("explorer.cli.sample.signals_noted", lambda: _asked())
    assert sample("--n", 2) == 130 and not Path("grid.png").exists()
    assert "no image was finished" in capsys.readouterr().err


class _asked:
    def __enter__(self) -> list[int]:
        return [signal.SIGINT]

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--each --out a.png", "with --each it is a folder"),
        ("--out folder", "images end in .png"),
        ("--batch 0", "--batch 0"),
        ("--precision half", "--precision half: there are: auto, float32, bfloat16, float16"),
        ("--precision float16", "float16"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    words: str,
    says: str,
    sample: Sample,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert sample(*words.split()) != 0
    told = capsys.readouterr().err
    assert says in told and told.count("\n") == 1


def test_a_closed_pipe_leaves_no_traceback(digits: Path) -> None:
    command = [sys.executable, "-m", "explorer", "describe", str(digits)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait() == 141


CODE = """
import os, signal, sys

number, module = sys.argv[3:]
del sys.argv[3:]

class Interrupting:
    def find_spec(self, name, *_):
        if name == module:
            os.kill(os.getpid(), getattr(signal, number))

sys.meta_path.insert(0, Interrupting())
signal.signal(signal.SIGINT, signal.default_int_handler)
from explorer.__main__ import main
raise SystemExit(main())
"""


@pytest.mark.parametrize(
    ("number", "module"),
    [
        ("SIGINT", "explorer.cli.main"),
        ("SIGINT", "torch"),
        ("SIGTERM", "torch"),
        ("SIGHUP", "torch"),
    ],
)
def test_a_signal_while_modules_are_imported_ends_cleanly(
    number: str, module: str, digits: Path
) -> None:
    command = [sys.executable, "-c", CODE, "describe", str(digits), number, module]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "explorer: stopped\n")
