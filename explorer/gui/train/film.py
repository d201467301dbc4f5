"""Noise turning into pictures as training proceeds: snapshots × times, scrubbed in the browser."""

from __future__ import annotations

from typing import Any

from explorer.gui.parts.widget import Widget
from explorer.gui.train.growth import Growth


class Film(Widget):
    """The same x_T denoised by every snapshot of a run; new snapshots join without blinking.

    The cursor follows the newest snapshot at t = 0 until somebody takes it, and again with the
    next run (another `Growth.id`).
    """

    def postprocess(self, value: Growth | None) -> dict[str, Any] | None:
        """Times and steps, and where each snapshot's sheet can be fetched; `value` stays whole."""
        if value is None:
            return None
        return {
            "T": value.T,
            "size": value.size,
            "pictures": value.pictures,
            "times": list(value.times),
            "snapshots": [
                {"step": snapshot.step, "sheet": self.publish(snapshot.png, "snapshot.png")}
                for snapshot in value.snapshots
            ],
            "caption": value.caption,
            "expected": value.expected,
            "id": value.id,
        }
