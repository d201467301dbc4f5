"""Measure the tables of the shipped models, as `python -m explorer evaluate` does.

python -m tools.make_stored quality [MODEL ...] [--n 512 and other words of evaluate]

All models without a name. Cells that are there already are not measured again, so that it goes on
where it was stopped; rows of other weights or another n move aside.
"""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

from explorer.checkpoints import catalogue
from explorer.cli.main import main
from explorer.evaluation import quality_path, read, stored_settings
from explorer.gui.frame.context import HOME

FOLDER = HOME / "checkpoints"


def make_quality(*words: str) -> None:
    """Hours for all; the seconds of each cell are in the tables."""
    names = list(takewhile(lambda word: not word.startswith("-"), words))
    found = {path.stem: path for path in catalogue(FOLDER)}
    for name in names or found:
        if name not in found:
            raise SystemExit(f"no model {name!r}; there are: {', '.join(found)}")
    for name in names or found:
        code = main(["evaluate", str(found[name]), *words[len(names) :]])
        if code:
            raise SystemExit(code)
        print(told(found[name]))


def told(path: Path) -> str:
    """What is in a model's table, and how long an evaluation took."""
    quality = read(quality_path(path))
    gone = len(quality.missing(stored_settings(quality.T or 1000)))
    each = sum(row.seconds for row in quality.rows) / sum(
        row.n * row.evaluations for row in quality.rows
    )
    return f"{path.stem}: {len(quality.rows)} cells, {gone} missing, {1000 * each:.2f} ms a look"
