"""What the lectures' pages say of their stored sheets, against the sheets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from explorer.gui.lectures.pages import topic
from explorer.gui.lectures.pages.stored import stored_page

BLACK, WHITE = 26, 230
"""Of 255: a tenth of the range at each end."""


def black_shares(name: str) -> list[str]:
    """Of each stored sheet, the share of its pixels that are black, in per cent."""
    sheets = [np.asarray(picture.convert("L")) for picture, _ in stored_page(name).sheets]
    return [f"{100 * (sheet < BLACK).mean():.0f} %" for sheet in sheets]


def test_the_clamp_costs_cars_its_clothes() -> None:
    said = Path(topic.__file__).with_name("cars.md").read_text(encoding="utf-8")
    captions = [caption for _, caption in stored_page("cars").sheets]
    clamped, repaired, clipped = black_shares("cars")
    for word, caption in zip(("clamped", "repaired", "clipped"), captions, strict=True):
        assert word in caption
    assert f"grey squares ({clamped} of the sheet is black)" in said
    assert f"on their black ground ({repaired})" in said
    assert f"changes little ({clipped})" in said
    assert float(clamped[:-2]) < 10 < 20 < float(repaired[:-2])


def test_clipping_brings_back_scinets_greys() -> None:
    said = Path(topic.__file__).with_name("scinet.md").read_text(encoding="utf-8")
    captions = [caption for _, caption in stored_page("scinet").sheets]
    for word, caption in zip(("T + 1", "repaired", "clipped"), captions, strict=True):
        assert word in caption
    sheets = [np.asarray(picture.convert("L")) for picture, _ in stored_page("scinet").sheets]
    plain, repaired, clipped = (
        f"{100 * ((sheet >= BLACK) & (sheet < WHITE)).mean():.0f} %" for sheet in sheets
    )
    assert f"only {plain} of the sheet is neither" in said
    assert f"from the same noise ({clipped})" in said
    assert f"changes nothing that is seen ({repaired})" in said
    apart = np.abs(sheets[0].astype(int) - sheets[1]).mean() / 255
    assert apart < 0.01 and float(clipped[:-2]) > 2 * float(plain[:-2])
