"""Small pictures in blocks of columns, each with its heading, some with a number below."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from explorer.gui.parts.widget import Widget


@dataclass(frozen=True, eq=False)
class Block:
    """Rows of pictures under common headings; columns may still be missing at the right."""

    title: str
    headings: tuple[tuple[str, str], ...]
    """Of each column: a word and what is said below it."""
    columns: tuple[Tensor, ...]
    """uint8, (rows, C, H, W) each; at most as many as headings."""
    rows: int
    captions: tuple[str, ...] = field(default=())
    """Below the last row."""
    names: tuple[str, ...] = field(default=())
    """Of the rows, at their left; none by default."""


class Tiles(Widget):
    """Blocks beside each other where there is room, else below each other; pixelated."""

    def postprocess(self, value: tuple[Block, ...] | None) -> list[dict[str, Any]] | None:
        """Pictures as bytes: row, column, channel."""
        if value is None:
            return None
        return [
            {
                "title": block.title,
                "headings": [list(heading) for heading in block.headings],
                "columns": [
                    {
                        "channels": column.shape[1],
                        "size": column.shape[-1],
                        "pictures": [
                            base64.b64encode(x.permute(1, 2, 0).numpy().tobytes()).decode()
                            for x in column
                        ],
                    }
                    for column in block.columns
                ],
                "rows": block.rows,
                "captions": list(block.captions),
                "names": list(block.names),
            }
            for block in value
        ]
