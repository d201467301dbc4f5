"""Pictures noised and brought back, beside each other."""

from __future__ import annotations

import base64
from typing import Any

from explorer.gui.parts.widget import Widget
from explorer.gui.reverse.round_trip.trip import Trip, verdict


class TripTable(Widget):
    """A row a picture, a column a stage of its way; cells fill without anything moving."""

    def postprocess(self, value: Trip | None) -> dict[str, Any] | None:
        """What is there of the cells, as bytes: row, column, channel."""
        if value is None:
            return None
        _, channels, size, _ = value.pixels["original"].shape
        return {
            "T": value.T,
            "t": value.t,
            "size": size,
            "channels": channels,
            "names": list(value.names),
            "running": value.running,
            "verdict": verdict(value),
            "cells": {
                column: [
                    base64.b64encode(picture.permute(1, 2, 0).numpy().tobytes()).decode()
                    for picture in pictures
                ]
                for column, pictures in value.pixels.items()
            },
            "changes": {column: list(values) for column, values in value.changes.items()},
            "ways": {
                column: {"evaluations": way.evaluations, "done": way.done, "t": way.t}
                for column, way in value.ways.items()
            },
        }
