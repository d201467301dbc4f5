"""Runs beside each other, whatever their names are."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from explorer.figures.learning import QUANTITIES
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED
from explorer.gui.train import compare
from explorer.gui.train.compare import MOST, STORED, names, records, run_curves
from explorer.gui.train.stored import RUNS, stored_run
from explorer.gui.train.task import Job
from explorer.training import Record
from explorer.training.state import read_state
from tests.gui.small import CPU, progress_of, small


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A visitor's folder with a finished run."""
    folder = tmp_path_factory.mktemp("runs")
    progress_of(Job(small(steps=4), folder / "first.safetensors"))
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "runs" / "one"))


def copied(folder: Path, name: str) -> Record:
    """The first run under another name."""
    first, other = (Record(folder / f"{n}.safetensors") for n in ("first", name))
    shutil.copy(first.model, other.model)
    shutil.copytree(first.folder, other.folder)
    return other


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_the_stored_runs_come_first(quantity: str, tmp_path: Path) -> None:
    figure, pictures = compare.compare(list(STORED), quantity, tmp_path)
    assert [trace.name for trace in figure.data] == list(STORED)
    assert [caption for _, caption in pictures] == list(STORED)
    for trace, name in zip(figure.data, RUNS, strict=True):
        history = stored_run(name).history
        if quantity == "probe loss":
            assert list(trace.y) == [point.loss for point in history.probes]
        else:
            assert trace.y[-1] == history.smooth[-1] and trace.x[-1] == history.steps[-1]


def test_a_visitors_runs_join_them(folder: Path) -> None:
    (record,) = records(folder)
    figure, pictures = compare.compare(["first", *STORED], "probe loss", folder)
    assert [trace.name for trace in figure.data] == ["first", *STORED]
    points = read_state(record.state).history.probes
    assert list(figure.data[0].x) == [point.step for point in points]
    assert "first: cosine" in pictures[0][1] and "after 4 steps" in pictures[0][1]
    assert np.asarray(pictures[0][0]).any()


def test_names_are_a_visitors_own_newest_first(folder: Path) -> None:
    context = Context(Device(CPU), HOSTED, checkpoints=folder.parents[1])
    copied(folder, "second").state.touch()
    assert names(context, "one") == ["second", "first", *STORED]
    assert names(context, "two") == names(context, "") == list(STORED)


def test_nothing_is_an_empty_figure(tmp_path: Path) -> None:
    figure, pictures = compare.compare([], QUANTITIES[0], tmp_path)
    assert len(figure.data) == 0 and pictures == []


def test_too_many_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="5 runs are too many to compare: at most 4"):
        compare.compare(["first"] * (MOST + 1), QUANTITIES[0], folder)
    with pytest.raises(ValueError, match="no quantity 'speed'"):
        compare.compare(["first"], "speed", folder)


@pytest.mark.parametrize("name", ["gone", "../two/first", "/etc/passwd", "first.run", "", "*"])
def test_a_run_that_is_gone_or_somebody_elses_is_a_sentence(name: str, folder: Path) -> None:
    shutil.copytree(folder, folder.with_name("two"))
    with pytest.raises(ValueError, match="is no longer here"):
        compare.compare([name], QUANTITIES[0], folder)


def test_a_damaged_run_is_a_sentence_and_is_not_in_the_way(folder: Path) -> None:
    broken = copied(folder, "broken")
    broken.state.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="the run 'broken' cannot be read"):
        compare.compare(["broken"], QUANTITIES[0], folder)
    assert len(compare.compare(["first"], QUANTITIES[0], folder)[0].data) == 1


def test_a_hostile_name_is_text(folder: Path) -> None:
    name = "<img src=x onerror=alert(1)>"
    copied(folder, name)
    figure, pictures = compare.compare([name], QUANTITIES[0], folder)
    assert "<" not in figure.data[0].name and name in pictures[0][1]  # a caption is text


def test_an_interrupted_run_has_curves_without_samples(folder: Path) -> None:
    interrupted = copied(folder, "interrupted")
    (interrupted.folder / "samples.png").unlink()
    curves, picture = run_curves("interrupted", folder)
    assert curves.smooth and picture is None
    (interrupted.folder / "samples.png").write_bytes(b"cut short")
    assert run_curves("interrupted", folder)[1] is None
