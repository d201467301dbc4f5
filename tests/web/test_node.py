"""The browser's mathematics, run by Node against numbers from Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import explorer.gui
from explorer.gui.parts.widget import joined
from tests.web.expected import write_numbers

GUI = Path(explorer.gui.__file__).parent
OLDEST = (20, 19)
"""Node that takes a .js file with imports for what it is."""
TESTS = sorted(Path(__file__).parent.glob("*.test.js"))
PARTS = [page.with_suffix(".js") for page in sorted(GUI.rglob("*.html"))]
"""Every part has a page and a script."""


@pytest.fixture(scope="session")
def node() -> str:
    """Node's path; without one the test is skipped, or fails where REQUIRE_NODE = 1."""
    lack, path = "", shutil.which("node")
    if path is None:
        lack = "there is no Node here"
    else:
        version = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
        if tuple(map(int, version.strip().lstrip("v").split(".")[:2])) < OLDEST:
            lack = f"this Node is {version.strip()}; 20.19 is the oldest that fits"
    if lack and os.environ.get("REQUIRE_NODE") == "1":
        pytest.fail(f"REQUIRE_NODE = 1, but {lack}")
    if lack:
        pytest.skip(f"the browser's mathematics is not tested: {lack}")
    return path


def test_the_browsers_mathematics_is_pythons(node: str, tmp_path: Path) -> None:
    write_numbers(tmp_path)
    quiet = ("--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--test-reporter=spec")
    ran = run(node, *quiet, "--test", *map(str, TESTS), NUMBERS=str(tmp_path))
    assert len(TESTS) == 10 and ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.stem)
def test_a_parts_script_is_one_function(node: str, part: Path, tmp_path: Path) -> None:
    """What Gradio makes of it: nothing is left of the modules, and no name is declared twice."""
    names = ("element", "trigger", "props", "server", "upload", "watch")
    script = tmp_path / "part.js"
    script.write_text(joined(part), encoding="utf-8")
    read = "require('fs').readFileSync(process.argv[1], 'utf8')"
    ran = run(
        node, "--eval", f"new Function(...process.argv.slice(2), {read})", str(script), *names
    )
    assert ran.returncode == 0, ran.stderr


def run(node: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What Node said to these arguments."""
    return subprocess.run(
        [node, *arguments], capture_output=True, text=True, env=os.environ | environment
    )
