"""The temporary folder is this account's alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.gui.frame import temporary
from explorer.gui.frame.temporary import VARIABLE, use_own_folder, user_folder


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The machine's temporary folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(temporary.getpass, "getuser", lambda: "me")
    user_folder.cache_clear()
    yield tmp_path
    user_folder.cache_clear()


def test_it_is_open_to_its_owner_alone(system: Path) -> None:
    (system / "diffusion-explorer-me").mkdir(mode=0o755)
    assert user_folder() == system / "diffusion-explorer-me"
    assert user_folder().stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["file", "link", "foreign"])
def test_what_somebody_else_has_put_there_is_not_used(
    system: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = system / "diffusion-explorer-me"
    if kind == "file":
        name.write_text("")
    elif kind == "link":
        (system / "elsewhere").mkdir()
        name.symlink_to(system / "elsewhere")
    else:
        name.mkdir()
        monkeypatch.setattr(os, "getuid", lambda: name.stat().st_uid + 1)
    found = user_folder()
    assert found != name and found.parent == system and found == user_folder()
    assert found.stat().st_mode & 0o777 == 0o700


def test_the_environment_has_the_last_word(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/elsewhere")
    use_own_folder()
    assert os.environ[VARIABLE] == "/elsewhere"
    monkeypatch.delenv(VARIABLE)
    use_own_folder()
    assert os.environ[VARIABLE] == str(system / "diffusion-explorer-me" / "pages")


def test_an_account_without_a_name_has_a_number(
    system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(temporary.getpass, "getuser", nobody)
    assert user_folder().name == f"diffusion-explorer-{os.getuid()}"


def test_the_app_uses_it() -> None:
    asked = "import explorer.gui.app, gradio as gr; print(gr.HTML().GRADIO_CACHE)"
    environment = {k: v for k, v in os.environ.items() if k != VARIABLE}
    told = subprocess.run(
        [sys.executable, "-c", asked], env=environment, check=True, capture_output=True, text=True
    )
    assert Path(told.stdout.strip()).parent.name.startswith("diffusion-explorer-")
