"""The temporary folder is this account's alone, whatever it is called; and where its cache is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.account import cache_folder, expanded, user_folder
from explorer.gui.frame.environment import FOLDER, use_own_folder

NAME = f"diffusion-explorer-{os.getuid()}"


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The machine's temporary folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    user_folder.cache_clear()
    yield tmp_path
    user_folder.cache_clear()


def test_it_is_open_to_its_owner_alone(system: Path) -> None:
    (system / NAME).mkdir(mode=0o755)
    assert user_folder() == system / NAME
    assert user_folder().stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["file", "link", "foreign"])
def test_what_somebody_else_has_put_there_is_not_used(
    system: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = system / NAME
    if kind == "file":
        name.write_text("")
    elif kind == "link":
        (system / "elsewhere").mkdir()
        name.symlink_to(system / "elsewhere")
    else:
        other = os.getuid() + 1
        name = system / f"diffusion-explorer-{other}"
        name.mkdir()
        monkeypatch.setattr(os, "getuid", lambda: other)
    found = user_folder()
    assert found != name and found.parent == system and found == user_folder()
    assert found.stat().st_mode & 0o777 == 0o700


def test_what_the_environment_calls_the_account_says_nothing(
    system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`su` and containers leave another's name, or none that may stand in a path."""
    for name in ("USER", "LOGNAME", "USERNAME", "LNAME"):
        monkeypatch.setenv(name, "../somebody")
    assert user_folder() == system / NAME


def test_where_accounts_have_no_numbers_it_is_found_too(
    system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows: a folder's owner is 0, and there is no getuid."""
    monkeypatch.delattr(os, "getuid")
    found = user_folder()
    assert found.parent == system and found.name.startswith("diffusion-explorer-")


def test_the_environment_has_the_last_word(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, "/elsewhere")
    use_own_folder()
    assert os.environ[FOLDER] == "/elsewhere"
    monkeypatch.delenv(FOLDER)
    use_own_folder()
    assert os.environ[FOLDER] == str(system / NAME / "pages")


def test_the_app_uses_it() -> None:
    asked = "import explorer.gui.frame.shared, gradio as gr; print(gr.HTML().GRADIO_CACHE)"
    environment = {k: v for k, v in os.environ.items() if k != FOLDER}
    told = subprocess.run(
        [sys.executable, "-c", asked], env=environment, check=True, capture_output=True, text=True
    )
    assert Path(told.stdout.strip()).parent.name.startswith("diffusion-explorer-")


def test_the_cache_is_in_the_home_that_there_is(
    system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = system / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    assert cache_folder() == home / ".cache" / "diffusion-explorer"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert cache_folder() == system / NAME / "data"
    (home / ".cache" / "diffusion-explorer").mkdir(parents=True)  # what is there can be read
    assert cache_folder() == home / ".cache" / "diffusion-explorer"


def test_a_tilde_is_a_home_or_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/a") == tmp_path / "a" and expanded("./~/a") == Path("~/a")
    assert expanded(Path("a~")) == Path("a~")
    with pytest.raises(ValueError, match="~nobody-of-this-name/a: .*give the whole path"):
        expanded("~nobody-of-this-name/a")
