"""What a Space and a citation need of the repository: python -m tools.check_release

The Space's front matter in README.md is complete and agrees with requirements.txt and
pyproject.toml, CITATION.cff with the package, and no tracked file is larger than a Space takes
without large-file storage.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parent.parent
MOST_BYTES = 10 * 2**20
COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
FRONT = {
    "title": str,
    "emoji": str,
    "colorFrom": str,
    "colorTo": str,
    "sdk": str,
    "sdk_version": str,
    "python_version": str,
    "app_file": str,
    "pinned": bool,
    "license": str,
    "short_description": str,
    "tags": list,
}
"""The front matter's entries, all of which must be there, and of which type."""
CITATION = ("cff-version", "message", "title", "authors", "version", "license", "date-released")


def front_matter_faults(root: Path) -> Iterator[str]:
    """A sentence for each thing that a Space could not read, or would read wrongly."""
    found = re.match(r"---\n(.*?)\n---\n", (root / "README.md").read_text("utf-8"), re.DOTALL)
    given = yaml.safe_load(found[1]) if found else None
    if not isinstance(given, dict):
        yield "README.md: it does not begin with a front matter"
        return
    for name, kind in FRONT.items():
        if not isinstance(given.get(name), kind) or given[name] in ("", []):
            yield f"README.md: {name} is {given.get(name)!r} and should be a {kind.__name__}"
    yield from (f"README.md: {name} is not an entry of a Space" for name in given.keys() - FRONT)
    if given.get("sdk") != "gradio":
        yield f"README.md: sdk is {given.get('sdk')!r} and should be gradio"
    for name in ("colorFrom", "colorTo"):
        if given.get(name) not in COLOURS:
            yield f"README.md: {name} is {given.get(name)!r}; there are: {', '.join(COLOURS)}"
    if len(str(given.get("short_description"))) > 60:
        yield "README.md: short_description has more than 60 characters"
    if not (root / str(given.get("app_file"))).is_file():
        yield f"README.md: app_file {given.get('app_file')!r} does not exist"
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    python = SpecifierSet(project["requires-python"])
    for name, allowed in (("sdk_version", gradio(root)), ("python_version", python)):
        if not _satisfies(given.get(name), allowed):
            yield f"README.md: {name} {given.get(name)!r} does not satisfy {allowed}"


def gradio(root: Path) -> SpecifierSet:
    """The versions of Gradio that requirements.txt allows."""
    lines = (root / "requirements.txt").read_text("utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    return next(one.specifier for one in wanted if one.name == "gradio")


def _satisfies(version: Any, allowed: SpecifierSet) -> bool:
    try:
        return Version(str(version)) in allowed
    except InvalidVersion:
        return False


def citation_faults(root: Path) -> Iterator[str]:
    """Where CITATION.cff lacks something, or says another version than the package."""
    given = yaml.safe_load((root / "CITATION.cff").read_text("utf-8"))
    yield from (f"CITATION.cff: {name} is missing" for name in CITATION if not given.get(name))
    package = (root / "explorer" / "__init__.py").read_text("utf-8")
    version = re.search(r'__version__ = "(.+)"', package)
    if version is None or given.get("version") != version[1]:
        yield f"CITATION.cff: version is {given.get('version')!r}, the package's is another"
    if not isinstance(given.get("date-released"), date):
        yield "CITATION.cff: date-released is not a date"
    if not all({"name", "family-names"} & one.keys() for one in given.get("authors") or []):
        yield "CITATION.cff: an author has no name"


def size_faults(root: Path) -> Iterator[str]:
    """The tracked files that are too large."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = root / name
        if path.is_file() and (size := path.stat().st_size) > MOST_BYTES:
            yield f"{name} has {size / 2**20:.1f} MB; at most {MOST_BYTES >> 20} MB are allowed"


CHECKS: tuple[Callable[[Path], Iterator[str]], ...] = (
    front_matter_faults,
    citation_faults,
    size_faults,
)


def main(root: Path = ROOT) -> int:
    faults = [fault for check in CHECKS for fault in check(root)]
    print("\n".join(faults) or "release: well", file=sys.stderr if faults else sys.stdout)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
