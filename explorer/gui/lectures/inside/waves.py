"""The embedding of time as a heat map, with a cursor that other parts of the page hear of."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from explorer.gui.parts.widget import Widget


class TimeWaves(NamedTuple):
    """What the network is told of time."""

    table: np.ndarray
    """(rows, width), int16 of 1/32767; rows are evenly spaced over t = 0…T."""
    T: int
    t: int
    """Where the cursor begins."""
    note: str = ""
    """Said below."""


class Waves(Widget):
    """Drawn in the browser; `waves.release(handler)` gets `gr.EventData` with `t`, let go."""

    def __init__(self, value: TimeWaves | None = None, **props: Any) -> None:
        super().__init__(value, **props)

    def postprocess(self, value: TimeWaves | None) -> dict[str, Any] | None:
        if value is None:
            return None
        rows, width = value.table.shape
        table = self.publish(value.table.astype("<i2").tobytes(), "waves.bin")
        told = {"T": value.T, "t": value.t, "note": value.note}
        return {"rows": rows, "width": width, "table": table} | told
