"""Diffusion Explorer: `python app.py`, then open the address it prints."""

from explorer.gui.app import create_app
from explorer.gui.frame.context import Context
from explorer.gui.serve import serve

if __name__ == "__main__":
    context = Context.detect()
    serve(create_app(context), context)
