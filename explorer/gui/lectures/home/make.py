"""Make the cards' pictures, each from what its topic has stored; without a network."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from explorer.evaluation.bound import read_bound
from explorer.gui.lectures.autoencoder.work import read as read_autoencoder
from explorer.gui.lectures.bound.work import STORED as BOUNDS
from explorer.gui.lectures.generative.work import STORED as GENERATIVE
from explorer.gui.lectures.home.cards import PAGE, PICTURES
from explorer.gui.lectures.inside.work import read as read_inside
from explorer.gui.lectures.ladder.work import read as read_ladder
from explorer.gui.lectures.latent.work import STORED as LATENT
from explorer.gui.lectures.pages.demonstration import read as read_demonstration
from explorer.gui.lectures.pages.stored import STORED, stored_page
from explorer.gui.lectures.sde.pixels import read_stored as read_sde
from explorer.gui.lectures.targets.work import read as read_targets
from explorer.lectures import LECTURES

SIDE = 96
"""Of a picture, in pixels."""
SHEETS = {"scinet": "clipped", "cars": "clipped", "jax": "S = 10", "oslo": "DDPM"}
"""Of a lecture's stored sheets the first whose caption has this shows something in small."""


def make_home() -> None:
    """Write them all."""
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.webp"):
        old.unlink()
    for topic, picture in pictures().items():
        (PICTURES / f"{topic}.webp").write_bytes(webp(picture))


def pictures() -> dict[str, Image.Image]:
    """A square picture for each lecture's page and each topic, by its ID."""
    pages = {f"{PAGE}{name}": sheet(name) for name in LECTURES}
    return pages | {topic: draw() for topic, draw in DRAWN.items()}


def webp(picture: Image.Image) -> bytes:
    """The file of a picture; small, not exact."""
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=82, method=6)
    return file.getvalue()


def sheet(name: str) -> Image.Image:
    """One of a lecture's stored sheets. ValueError if none is stored."""
    stored = stored_page(name)
    if stored is None:
        raise ValueError(f"nothing is stored of {name}: python -m tools.make_stored lectures")
    if name not in SHEETS:
        return demonstration(name)
    found = next(picture for picture, text in stored.sheets if SHEETS[name] in text)
    return square(found.crop((0, 0, min(found.size), min(found.size))))


def demonstration(name: str) -> Image.Image:
    """Three digits on the way back from their noise, by the lecture's network."""
    shown = read_demonstration(STORED / name / "demonstration-0.npz")
    walk = shown.digits[[0, len(shown.digits) // 2, -1], :, 0].clamp(-1, 1)  # (3, digits, H, W)
    return tiled((127.5 * (walk + 1)).byte().numpy())


def stored_sheet(path: Path) -> Image.Image:
    """A corner of a topic's stored sheet."""
    with Image.open(path) as found:
        side = min(96, *found.size)
        return square(found.crop((0, 0, side, side)))


def square(picture: Image.Image) -> Image.Image:
    """In the cards' size, its pixels as they are."""
    return picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.NEAREST)


def tiled(rows: np.ndarray) -> Image.Image:
    """Grey pictures as a square; rows : uint8, (n, n, H, W)."""
    return square(Image.fromarray(np.concatenate(np.concatenate(rows, 1), 1)))


def autoencoder() -> Image.Image:
    """Three noises after 0, 1 and 5 applications."""
    walk = read_autoencoder()[1].autoencoder.numpy()  # (times, noises, H, W)
    return tiled(walk[[0, 1, -1], :3].swapaxes(0, 1))


def targets() -> Image.Image:
    """Three classes, as three models draw them from one noise."""
    stored = read_targets()
    assert stored is not None
    return tiled(stored.drawn.pictures[:, 1:4, 0].numpy())


def inside() -> Image.Image:
    """Nine channels: of the finest levels, on the way down and up."""
    channels = read_inside()[0].channels
    nine = np.concatenate([channels["down.0"].numpy()[:5], channels["up.0"].numpy()[:4]])
    return tiled(nine.reshape(3, 3, *nine.shape[1:]))


def sde() -> Image.Image:
    """One image on its way to noise, in nine frames."""
    frames = read_sde().pixels.frames[..., 0].astype(float)  # (frames, H, W)
    chosen = frames[np.linspace(0, len(frames) - 1, 9).astype(int)]
    grey = 127.5 * (chosen / frames[0].max() + 1)
    return tiled(grey.clip(0, 255).astype(np.uint8).reshape(3, 3, *grey.shape[1:]))


def bound() -> Image.Image:
    """The share of each group of t in the bound of the model mnist, as bars."""
    result = read_bound(BOUNDS / "mnist.json")
    shares = np.array([mean.value for mean in result.shares["beta"]])
    columns = np.repeat(shares / shares.max(), 3)
    paper = np.where(np.arange(96)[:, None] < 96 * (1 - 0.9 * columns), 244, 60)
    return square(Image.fromarray(paper.astype(np.uint8)))


def ladder() -> Image.Image:
    """Three digits of the first rung, of one in the middle and of the last."""
    drawn = [*read_ladder()[1].images.values()]
    return tiled(torch.stack([drawn[i][:3, 0] for i in (0, 3, -1)]).numpy())


DRAWN: dict[str, Callable[[], Image.Image]] = {
    "autoencoder": autoencoder,
    "bound": bound,
    "targets": targets,
    "sde": sde,
    "inside": inside,
    "ladder": ladder,
    "generative": lambda: stored_sheet(GENERATIVE / "gan.png"),
    "latent": lambda: stored_sheet(LATENT / "latent-ddim.png"),
}
"""The topics that are no lecture's page."""
