"""The trajectory player: lanes of frames that play in the browser, locked to the true t.

player.js has the clock, what comes from Python and from the hand; player_lanes.js the lanes,
player_sheets.js how their frames come, player_anatomy.js one step, taken apart, player_clipping.js
what clipping changed in it; player_state.js what they share. frames.js, mixes.js and clipping.js
have the mathematics. A button's `js=` learns where somebody looks from the element that bears the
player's id:

    () => document.querySelector("#reverse-player")?.explorer?.cursor
    // {t: 640, lane: 1, picture: 0, frame_t: 640}, or null without a race

`frame_t` is the t of the frame that the chosen lane shows there (null before its first one).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from explorer.diffusion.samplers import SAMPLERS
from explorer.gui.frame.page_files import address_of
from explorer.gui.parts.widget import Widget
from explorer.race.view import RaceView


class Player(Widget):
    """One to four lanes on one clock; frames are fetched as they come, and only once."""

    def postprocess(self, value: RaceView | None) -> dict[str, Any] | None:
        """The race as JSON, each sheet as the path where it can be fetched."""
        if value is None:
            return None
        for lane in value.lanes:
            for sheet in lane.sheets:
                if sheet.path is None:
                    sheet.path = self.publish(sheet.data, "frames.bin")
                    if not self.building:
                        sheet.data = b""
        shown = asdict(value)
        labels = value.settings.get("labels") or ()  # all that older capsules say of classes
        shown["classes"] = value.classes or [f"class {label}" for label in labels]
        for lane in shown["lanes"]:
            sampler = SAMPLERS[lane["kind"]]
            correction = sampler.correction
            lane["sheets"] = [address_of(sheet["path"]) for sheet in lane["sheets"]]
            lane["dash"] = sampler.style.dash
            lane["correction"] = correction and {
                "symbol": correction.symbol,
                "words": correction.words,
            }
        return shown
