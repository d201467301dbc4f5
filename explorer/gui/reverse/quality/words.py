"""A table of quality as the panel shows it: caption, figure, cells, and what they say."""

from __future__ import annotations

import plotly.graph_objects as go

from explorer.evaluation import (
    Quality,
    evaluation_notes,
    findings,
    floor_notes,
    missing_cells,
)
from explorer.evaluation.errors import clear_of
from explorer.evaluation.paper import WHAT
from explorer.gui.frame.shared import plain
from explorer.gui.reverse.quality.figure import empty_figure, quality_figure, quality_html

INVITATION = "This model has not been measured yet: press *Measure* below."
PAPER = (
    f"{WHAT}, of models for CIFAR-10 and CelebA: other data, another network and other "
    "features, so only the order of the cells can be compared with ours. The best of each row "
    "is in bold; the paper gives no errors."
)


def quality_caption(quality: Quality | None, invitation: str = INVITATION) -> str:
    """What the numbers are."""
    if quality is None:
        return invitation
    few = " With so few images only large differences are meaningful." * (quality.n < 200)
    notes = "".join(f" {note}" for note in (*evaluation_notes(quality), missing_cells(quality)))
    errors = (
        " ± is one standard error, bars in the plot are two; bold marks the best of each row and "
        f"what is not clearly worse, by {clear_of(len(quality.rows)):.1f} errors of the "
        f"difference (chance alone puts as much between any two of {len(quality.rows)} equal "
        "cells "
        "in one table of twenty)."
        if quality.has_errors
        else " Measured without errors: bold marks the best of each row as shown."
    )
    return (
        f"**{plain(quality.model)}**: {quality.n:,} images per cell against "
        f"{quality.reference:,} training images of {plain(quality.data)}; "
        f"{plain(quality.precision)}, {plain(quality.date)}. {' '.join(floor_notes(quality))}"
        f"{errors}{few}{notes}"
    )


def findings_text(quality: Quality | None) -> str:
    """What the table says, as a list; "" for none."""
    said = findings(quality) if quality else []
    return "\n".join(
        ["**What this table shows**\n", *(f"- {text}" for text in said)] if said else []
    )


def quality_parts(
    quality: Quality | None, quantity: str, invitation: str = INVITATION
) -> tuple[str, go.Figure, str, str]:
    """Caption, figure, table and findings."""
    caption = quality_caption(quality, invitation)
    if quality is None or not quality.rows:  # which is so until the first cell is measured
        return caption, empty_figure(), "", ""
    return (
        caption,
        quality_figure(quality, quantity),
        quality_html(quality, quantity),
        findings_text(quality),
    )
