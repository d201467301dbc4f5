"""Where runs go: as asked, else beside the models, else to a folder of the user's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from explorer.failures import told
from explorer.gui.command_line import read_arguments
from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED, LOCAL
from explorer.gui.frame.runs_folder import VARIABLE, runs_folder, why_not
from explorer.gui.train.task import free_path
from tests.gui.small import CPU


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's, which is left alone by others."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "home" / ".local" / "share" / "diffusion-explorer" / "runs"


def closed(folder: Path) -> Path:
    """A folder that nobody can make: a file is where it would be."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file")
    return folder


def test_beside_the_models_if_that_can_be_written(mine: Path, tmp_path: Path) -> None:
    assert runs_folder(tmp_path / "checkpoints") == (tmp_path / "checkpoints" / "runs", "")
    assert not mine.exists()


def test_a_folder_of_the_users_where_not(mine: Path, tmp_path: Path) -> None:
    closed(tmp_path / "checkpoints" / "runs")
    folder, said = runs_folder(tmp_path / "checkpoints")
    assert folder == mine and folder.is_dir()
    assert str(mine) in said and "a file is in its way" in said and "--runs" in said
    assert "rrno" not in said and "\n" not in said


def test_a_nameless_user_without_a_home_has_one_too(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed(tmp_path / "checkpoints" / "runs")
    closed(tmp_path / "home")
    folder, said = runs_folder(tmp_path / "checkpoints")
    assert not why_not(folder) and str(folder) in said and not folder.is_relative_to(tmp_path)


def test_what_is_asked_for_goes_first_and_has_to_work(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "named"))
    assert runs_folder(tmp_path) == (tmp_path / "named", "")
    assert runs_folder(tmp_path, tmp_path / "asked") == (tmp_path / "asked", "")
    with pytest.raises(ValueError, match="cannot hold runs: a file is in its way") as error:
        runs_folder(tmp_path, closed(tmp_path / "file"))
    assert "rrno" not in str(error.value)
    monkeypatch.chdir(tmp_path)
    assert runs_folder(tmp_path, Path("relative"))[0] == tmp_path / "relative"


def test_a_home_that_is_not_known_is_no_folder_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="the home folder that ~ stands for is not known"):
        runs_folder(tmp_path / "checkpoints", "~nosuch-user/runs")
    assert [*tmp_path.iterdir()] == []


def test_the_command_line_takes_both_words() -> None:
    asked = read_arguments(["--runs", "/r", "--lessons", "l"])
    assert asked.runs == Path("/r") and asked.lessons == [Path("l")]
    assert read_arguments([]).runs is None


def test_all_that_is_kept_lies_there(tmp_path: Path) -> None:
    for limits, runs in ((LOCAL, tmp_path), (HOSTED, tmp_path / "one")):
        context = Context(Device(CPU), limits, checkpoints=HOME, runs_at=tmp_path)
        assert context.runs("one") == runs and context.room("one").folder == runs
        assert context.all_runs == tmp_path and context.runs_name == str(tmp_path)
    usual = Context(Device(CPU), LOCAL, checkpoints=HOME / "checkpoints")
    assert usual.runs_name == "checkpoints/runs"


def test_a_run_that_cannot_be_saved_is_one_sentence(tmp_path: Path) -> None:
    closed(tmp_path / "runs")
    with pytest.raises(OSError, match="no run can be saved") as error:
        free_path(tmp_path / "runs", "mnist")
    said = told(error.value)
    assert said and "a file is in its way" in said and "--runs FOLDER" in said
    assert "rrno" not in said and "[" not in said


READ_ONLY = """
set -e
mount --bind {home} {home} && mount -o remount,bind,ro {home}
cd / && exec {python} -c '
import sys; sys.path.insert(0, "{home}"); sys.dont_write_bytecode = True
from explorer.gui.frame.context import Context
from explorer.gui.app import create_app
context = Context.detect()
create_app(context)
print("runs:", context.all_runs); print("said:", context.told)
'
"""


@pytest.mark.skipif(not shutil.which("unshare"), reason="there are no mount namespaces here")
def test_the_app_starts_in_a_read_only_checkout(mine: Path) -> None:
    script = READ_ONLY.format(home=HOME, python=sys.executable)
    words = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script]
    done = subprocess.run(words, capture_output=True, text=True, timeout=250)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no mount namespace here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert f"runs: {mine}" in done.stdout and "read-only disk" in done.stdout
