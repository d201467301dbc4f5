"""The check of what a Space and a citation need: ours passes, and each fault is found."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tools.check_release import (
    MOST_BYTES,
    ROOT,
    citation_faults,
    front_matter_faults,
    main,
    size_faults,
)

FILES = ("README.md", "requirements.txt", "pyproject.toml", "app.py", "CITATION.cff")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A repository with the files that are checked."""
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "explorer").mkdir()
    shutil.copy(ROOT / "explorer" / "__init__.py", tmp_path / "explorer")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "-A"], cwd=tmp_path, check=True)
    return tmp_path


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_copy_of_ours_has_no_fault(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(copy) == 0 and "well" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("---\n", "", "does not begin with a front matter"),
        ("license: mit\n", "", "license is None and should be a str"),
        ("pinned: false\n", "pinned: maybe\n", "pinned is 'maybe' and should be a bool"),
        ("emoji: 🌫️\n", "emoji: ''\n", "emoji is '' and should be a str"),
        ("sdk: gradio", "sdk: streamlit", "sdk is 'streamlit' and should be gradio"),
        ("colorTo: blue", "colorTo: cyan", "colorTo is 'cyan'; there are: red"),
        ("app_file: app.py", "app_file: main.py", "app_file 'main.py' does not exist"),
        ("sdk_version: 6.31.0", "sdk_version: 5.49.1", "sdk_version '5.49.1' does not satisfy <7"),
        ("sdk_version: 6.31.0", "sdk_version: 7.0.0", "sdk_version '7.0.0' does not satisfy <7"),
        ("sdk_version: 6.31.0", "sdk_version: newest", "sdk_version 'newest' does not satisfy <7"),
        ('python_version: "3.12"', "python_version: '3.10'", "python_version '3.10' does not"),
        ("tags:\n", "tag:\n", "tag is not an entry of a Space"),
        ("short_description: See", f"short_description: {'See ' * 20}", "more than 60 characters"),
    ],
)
def test_a_fault_of_the_front_matter_is_named(copy: Path, old: str, new: str, says: str) -> None:
    change(copy / "README.md", old, new)
    assert says in "\n".join(front_matter_faults(copy))


def test_a_newer_bound_of_the_requirements_is_noticed(copy: Path) -> None:
    change(copy / "requirements.txt", "gradio>=6.31,<7", "gradio>=6.40,<7")
    assert "sdk_version '6.31.0' does not satisfy" in "\n".join(front_matter_faults(copy))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("version: 0.1.0\n", "version: 0.0.9\n", "version is '0.0.9'"),
        ("license: MIT\n", "", "license is missing"),
        ("date-released: 2026-11-26", "date-released: soon", "is not a date"),
        ("  - name: The Diffusion Explorer authors", "  - alias: us", "an author has no name"),
    ],
)
def test_a_fault_of_the_citation_is_named(copy: Path, old: str, new: str, says: str) -> None:
    change(copy / "CITATION.cff", old, new)
    assert says in "\n".join(citation_faults(copy))


def test_a_file_is_too_large_only_if_it_is_tracked(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, size in (("fits.bin", MOST_BYTES), ("large.bin", MOST_BYTES + 1)):
        with open(copy / name, "wb") as file:
            file.truncate(size)
    assert list(size_faults(copy)) == []
    subprocess.run(["git", "add", "-A"], cwd=copy, check=True)
    assert list(size_faults(copy)) == ["large.bin has 10.0 MB; at most 10 MB are allowed"]
    assert main(copy) == 1 and "large.bin" in capsys.readouterr().err
