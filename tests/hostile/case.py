"""One hostile file: for which door it is, and what becomes of it there."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

Fate = Literal["taken", "refused", "either"]
"""Either: damage by chance, which some readers bear."""


class Case(NamedTuple):
    """A file that `write` puts into DOOR/FATE/NAME."""

    door: str
    fate: Fate
    name: str
    data: bytes

    def write(self, folder: Path) -> Path:
        path = folder / self.door / self.fate / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            raise ValueError(f"{path} is there already: two cases have one name")
        path.write_bytes(self.data)
        return path
