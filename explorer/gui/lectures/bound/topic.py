"""The variational bound: of a model, in both of its forms, and what its last term asks."""

from __future__ import annotations

from explorer.gui.frame.context import Context
from explorer.gui.frame.shared import Shared
from explorer.gui.lectures.bound import panel as of_model
from explorer.gui.lectures.bound.decoder import panel as decoder
from explorer.gui.lectures.bound.forms import panel as forms
from explorer.gui.lectures.bound.pixel import panel as pixel
from explorer.gui.lectures.bound.telescope import panel as telescope

ID, TITLE = "bound", "The variational bound"
SUMMARY = "How many bits a model needs for an image, at which t, and two derivations of it"
FROM = ("scinet", "cars", "oslo")
DO = "Read the terms off at each t, compare weights and models, compute a bound."


def build(context: Context, shared: Shared) -> None:
    """One below the other."""
    for part in (of_model, forms, telescope, decoder, pixel):
        part.build(context, shared)
