"""The hostile corpus: `python -m tests.hostile.make FOLDER` writes it, always the same."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.hostile.arrays import arrays
from tests.hostile.capsules import capsules
from tests.hostile.case import Case
from tests.hostile.labels import labels
from tests.hostile.pictures import pictures
from tests.hostile.tensors import checkpoints
from tests.hostile.zips import zips

PARTS: tuple[Callable[[], Iterator[Case]], ...] = (
    *(pictures, zips, arrays, labels, checkpoints, capsules),
)


def cases() -> Iterator[Case]:
    """All, one after the other: only one at a time is in memory."""
    for part in PARTS:
        yield from part()


def make(folder: Path) -> list[Path]:
    """Write all of them; ValueError if one is there already."""
    return [case.write(folder) for case in cases()]


if __name__ == "__main__":
    print(f"{len(make(Path(sys.argv[1])))} files in {sys.argv[1]}")
