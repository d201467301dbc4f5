"""The trajectory player: lanes of frames that play in the browser, locked to the true t."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from explorer.figures.race_view import RaceView
from explorer.gui.components.widget import Widget


class Player(Widget):
    """Two lanes on one clock; frames are fetched as they come and then never asked for again."""

    def postprocess(self, value: RaceView | None) -> dict[str, Any] | None:
        if value is None:
            return None
        for lane in value.lanes:
            for sheet in lane.sheets:
                if sheet.path is None:
                    sheet.path = self.publish(sheet.png, "frames.png")
                    sheet.png = b""
        shown = asdict(value)
        for lane in shown["lanes"]:
            lane["sheets"] = [sheet["path"] for sheet in lane["sheets"]]
        return shown
