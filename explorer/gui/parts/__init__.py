"""The parts that live in the browser: a Python class each, with .html, .js and .css beside it."""

from explorer.gui.components.blend import Blend, Scene
from explorer.gui.components.film import Film
from explorer.gui.components.gallery import Gallery
from explorer.gui.components.header import Header
from explorer.gui.components.picker import Picker
from explorer.gui.components.player import Player
from explorer.gui.components.plot_view import PlotView

__all__ = ["Blend", "Film", "Gallery", "Header", "Picker", "Player", "PlotView", "Scene"]
