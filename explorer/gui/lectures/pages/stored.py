"""What two finished runs of a lecture left on its page: `pages.make` makes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from explorer.figures.learning import Curves
from explorer.gui.frame.page_files import page_files
from explorer.gui.lectures.pages.demonstration import blocks_of, read
from explorer.gui.parts.tiles import Block

STORED = Path(__file__).with_name("stored")
LOSSES = "losses.json"
"""How its network learnt in a longer training, see losses.py."""


@dataclass(frozen=True)
class StoredPage:
    """What one or two finished runs left."""

    about: str
    """What was trained, and what was not as in the lecture."""
    curves: tuple[Curves, ...]
    """Of the lecture's network and, where it was trained alike, of ours."""
    weights: tuple[int, ...]
    sheets: tuple[tuple[Image.Image, str], ...]
    """Pictures with their captions."""
    walk: str | None
    """A GIF's address."""
    blocks: tuple[Block, ...] = ()
    """Of a lecture without a sampler: what it shows, by each network."""


@cache
def stored_page(name: str) -> StoredPage | None:
    """What is stored of a lecture; None if nothing was made yet."""
    folder = STORED / name
    if not (folder / "page.json").is_file():
        return None
    page = json.loads((folder / "page.json").read_text(encoding="utf-8"))
    owners = (f"the lecture's network, {page['runs'][0]['network']}", "ours")
    curves = [
        Curves(owner, run["steps"], run["smooth"], [tuple(point) for point in run["probe"]])
        for owner, run in zip(owners, page["runs"], strict=False)
    ]
    walk = folder / "walk.gif"
    blocks = [
        block
        for owner, file in page.get("demonstrations", {}).items()
        for block in blocks_of(read(folder / file), owner, repair=True)
    ]
    both = "both " if len(curves) > 1 else ""
    return StoredPage(
        f"Stored: {both}trained for {page['steps']:,} steps on {page['data']}, "
        f"{page['size']}×{page['size']}, from seed {page['seed']}. "
        + (f"Different from the lecture: {', '.join(page['said'])}." if page["said"] else ""),
        tuple(curves),
        tuple(run["weights"] for run in page["runs"]),
        tuple((_picture(folder / f"{i}.png"), text) for i, text in enumerate(page["sheets"])),
        page_files.add_file(walk) if walk.is_file() else None,
        tuple(blocks),
    )


def _picture(path: Path) -> Image.Image:
    with Image.open(path) as stored:
        return stored.convert("RGB")
