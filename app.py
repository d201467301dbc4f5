"""Diffusion Explorer: `python app.py`, then open the address it prints."""

from explorer.gui.app import create_app, launch
from explorer.gui.frame.context import Context

if __name__ == "__main__":
    context = Context.detect()
    launch(create_app(context), context)
