"""Make what the topic on the autoencoder shows first.

python -m tools.stored_autoencoder
"""

from __future__ import annotations

from pathlib import Path

from explorer.devices import choose_threads
from explorer.gui.autoencoder_work import STORED, make_stored, write


def make_autoencoder() -> None:
    """An autoencoder, and diffusion from the same noise, by the code that visitors run."""
    write(*make_stored(Path("checkpoints/mnist.safetensors")))
    print(f"{STORED}: {STORED.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    choose_threads()
    make_autoencoder()
