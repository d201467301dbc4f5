"""Run the tests with the oldest packages that requirements.txt allows, each at its lower bound.

    python -m tools.lower_bounds [--folder FOLDER] [--python PYTHON] [TESTS ...]

Makes a virtual environment in FOLDER (kept for the next time; some gigabytes), installs every
package of requirements.txt at its lower bound and what the tests need, and runs them: the whole
suite, browser tests included, or those that are named. What has no wheel for PYTHON at its bound
fails there, with pip's own words: then the bound, or the claim of that Python, is wrong.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
REQUIREMENT = re.compile(r"([\w.-]+)>=([\w.]+)")


def lowest(requirements: str) -> list[str]:
    """Each line's package with == its lower bound; ValueError for one without.

    requirements : as requirements.txt has them.
    """
    lines = [line.split("#")[0].strip() for line in requirements.splitlines()]
    found = []
    for line in filter(None, lines):
        match = REQUIREMENT.match(line)
        if not match:
            raise ValueError(f"requirements.txt: {line!r} names no lower bound, PACKAGE>=VERSION")
        found.append(f"{match[1]}=={match[2]}")
    return found


def main() -> int:
    """pytest's exit code, or pip's if something cannot be installed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tests", nargs="*", metavar="TESTS", help="what pytest is given; all")
    parser.add_argument("--folder", type=Path, default=ROOT / ".venv-lowest")
    parser.add_argument("--python", default=sys.executable, help="which makes the environment")
    args = parser.parse_args()
    pinned = lowest((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    python = environment(args.folder, args.python)
    wanted = [*pinned, "-r", str(ROOT / "requirements-dev.txt")]
    installed = subprocess.run([python, "-m", "pip", "install", *wanted], cwd=ROOT)
    if installed.returncode:
        return installed.returncode
    needed = {"REQUIRE_BROWSER": "1", "OMP_NUM_THREADS": "1"}
    words = [python, "-m", "pytest", *args.tests]
    return subprocess.run(words, cwd=ROOT, env=os.environ | needed).returncode


def environment(folder: Path, python: str) -> str:
    """The Python of a virtual environment, which is made if it is not there; its path."""
    place = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not place.exists():
        if python == sys.executable:
            venv.create(folder, with_pip=True)
        else:
            subprocess.run([python, "-m", "venv", str(folder)], check=True)
    return str(place.absolute())


if __name__ == "__main__":
    sys.exit(main())
