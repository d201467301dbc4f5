"""Pictures noised and brought back, beside each other."""

from __future__ import annotations

import base64
from typing import Any

from explorer.data import to_tensor
from explorer.gui.parts.widget import Widget
from explorer.gui.reverse.round_trip.company import FLAT
from explorer.gui.reverse.round_trip.trip import Trip
from explorer.gui.reverse.round_trip.verdict import verdict
from explorer.race.round_trip import contrast


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
            "company": company_rows(value) if value.finished and value.company else None,
            "cells": {
                column: [
                    base64.b64encode(picture.permute(1, 2, 0).numpy().tobytes()).decode()
                    for picture in pictures
                ]
                for column, pictures in value.pixels.items()
            },
            "changes": relative_changes(value),
            "ways": {
                column: {"evaluations": way.evaluations, "done": way.done, "t": way.t}
                for column, way in value.ways.items()
            },
        }


def relative_changes(trip: Trip) -> dict[str, list[float | None]]:
    """Column -> each picture's change ÷ its contrast; None for a flat one, which has none."""
    strengths = contrast(to_tensor(trip.pixels["original"])).tolist()
    return {
        column: [
            change / strength if strength >= FLAT else None
            for change, strength in zip(changes, strengths, strict=True)
        ]
        for column, changes in trip.changes.items()
    }


def company_rows(trip: Trip) -> dict[str, Any] | None:
    """Relative changes, a row for each kind of picture; None where the picture is flat."""
    company = trip.company
    if company is None or company.own.contrasts[0] < FLAT:
        return None
    rows = {
        "yours": company.own,
        f"{len(company.real.changes)} of its kind": company.real,
        "flat, as bright": company.flat,
        "noise, as bright": company.noise,
    }
    return {
        "bound": company.real.bound if company.real.changes else None,
        "rows": [
            {"name": name, "values": list(group.relative)}
            for name, group in rows.items()
            if group.changes
        ],
    }
