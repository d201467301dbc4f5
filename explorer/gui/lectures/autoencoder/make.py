"""Make what the topic on the autoencoder shows first."""

from __future__ import annotations

from pathlib import Path

from explorer.gui.lectures.autoencoder.work import STORED, make_stored, write


def make_autoencoder() -> None:
    """An autoencoder, and diffusion from the same noise, by the code that visitors run."""
    write(*make_stored(Path("checkpoints/mnist.safetensors")))
    print(f"{STORED}: {STORED.stat().st_size / 1000:.0f} kB")
