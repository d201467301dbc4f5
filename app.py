"""Diffusion Explorer: `python app.py`, then open the address it prints."""

import sys

from explorer.entry import run

if __name__ == "__main__":
    sys.exit(run("explorer.gui.serve", called="app.py"))
