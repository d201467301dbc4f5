"""Looks at a run: samples, the film of snapshots, the nearest training pictures; kept as files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from PIL import Image, PngImagePlugin
from torch import Tensor

from explorer.data import nearest, to_tensor
from explorer.diffusion import Frame, strided_times
from explorer.figures.pictures import grid, pairs
from explorer.gui.frame.spoken import after_steps
from explorer.gui.train import growth
from explorer.gui.train.growth import Growth
from explorer.race import choose_labels, ddim, pictures, race
from explorer.training import History, Record, Run, TrainConfig

SAMPLES = 16
NEIGHBOURS = 12
FILM_PICTURES, FILM_STEPS, FILM_SNAPSHOTS = 8, 16, 9
"""Snapshots: rows of the film, the untrained network's and the last among them."""
SHARES = 12
"""A new row is due when the probe has fallen by a further one of so many parts …"""
LEAST = 0.05
"""… of what it has fallen by so far, in logarithms, and by this at least, …"""
APART = 4
"""… so many steps after the row before."""


def samples(run: Run) -> Tensor:
    """Pictures by the averaged weights from one fixed noise, the classes in turn; DDIM-20."""
    lane = ddim(run.config.T, min(20, run.config.T))
    labels = choose_labels(run.classes, SAMPLES)
    return pictures(
        run.denoiser(), lane, shape(run), seed=0, labels=labels, n=SAMPLES, device=run.device
    )


def sheet(run: Run, x: Tensor) -> tuple[Image.Image, str]:
    """The samples and their caption."""
    caption = f"{after_steps(run.step)}: {SAMPLES} images from one fixed noise (DDIM, 20 steps)"
    return grid(x, columns=4, gap=1, gap_color=None), caption


def keep_sheet(record: Record, name: str, sheet: tuple[Image.Image, str]) -> None:
    """Store a picture of a run with its caption."""
    picture, caption = sheet
    told = PngImagePlugin.PngInfo()
    told.add_itxt("caption", caption)
    picture.save(record.folder / f"{name}.png", pnginfo=told)


def read_sheet(record: Record, name: str) -> tuple[Image.Image, str] | None:
    """What `keep_sheet` stored; None if it is not there."""
    try:
        with Image.open(record.folder / f"{name}.png") as sheet:
            caption = sheet.info.get("caption", "")
            return sheet.convert("RGBA"), str(caption)
    except OSError:
        return None


def new_film(config: TrainConfig) -> Growth:
    """Without snapshots yet."""
    T, size = config.T, config.size
    return Growth(
        T,
        size,
        FILM_PICTURES,
        strided_times(T, min(FILM_STEPS, T)),
        caption="The same noise, denoised (DDIM) by the model after the number of steps shown.",
        expected=FILM_SNAPSHOTS,
    )


def no_film(config: TrainConfig) -> Growth:
    """Where there are no snapshots, and none will come."""
    return replace(new_film(config), expected=0, id="")


def stored_film(record: Record) -> Growth | None:
    """The film of a run that goes on."""
    try:
        film = growth.read(record.folder / "film")
    except ValueError:
        return None
    film.expected = FILM_SNAPSHOTS
    return film


def row_due(film: Growth, history: History) -> bool:
    """Whether the lowest probe loss has fallen far enough since the film's newest row.

    So the rows come as something is learnt, and not as time passes.
    """
    if not film.snapshots:
        return True
    apart = history.end - film.snapshots[-1].step >= APART
    return apart and _further(film, history, -1)


def _further(film: Growth, history: History, row: int, shares: int = 1) -> bool:
    """Whether so many shares more are learnt now than when this row was made."""
    first, then = (history.learnt(film.snapshots[i].step) for i in (0, row))
    now = history.learnt(history.end)
    return then - now >= shares * max(LEAST, (first - now) / SHARES)


def add_row(film: Growth, run: Run, *, last: bool = False) -> None:
    """How the model denoises now; of the rows those stay that are evenest in what was learnt.

    last : the run ends with it, and no room is kept for others. It takes the place of the row
        before if both are no further than two shares from the one before that.
    """
    steps, history = [snapshot.step for snapshot in film.snapshots], run.history
    if last and len(steps) > 2 and steps[-1] < run.step:
        if not (_further(film, history, -1) or _further(film, history, -2, shares=2)):
            del film.snapshots[-1]
    if run.step not in steps:
        growth.add(film, run.step, trajectory(run))
    growth.thin(film, FILM_SNAPSHOTS, history.learnt)
    if last:
        film.expected = len(film.snapshots)


def trajectory(run: Run) -> Iterator[Frame]:
    """One x_T denoised by the averaged weights, along the film's times."""
    lane = ddim(run.config.T, min(FILM_STEPS, run.config.T))
    labels = choose_labels(run.classes, FILM_PICTURES)
    entries = race(
        run.denoiser(),
        [lane],
        shape(run),
        seed=0,
        labels=labels,
        n=FILM_PICTURES,
        device=run.device,
    )
    return (entry.frame for entry in entries)


def neighbours(run: Run, x: Tensor) -> tuple[Image.Image, str]:
    """Memorised or new? Each sample beside the training picture nearest to it."""
    x = x[:NEIGHBOURS]
    found = nearest(x, run.images)
    real = nearest(to_tensor(run.held_out[:64]), run.images).distance
    said = distances_text(found.distance, real)
    caption = f"Left: a sample; right: the nearest of {len(run.images):,} training images. {said}"
    return pairs(x, to_tensor(run.images[found.index]), columns=4), caption


def distances_text(ours: Tensor, real: Tensor) -> str:
    """Typical distances, and how many of both are as small as those of copies.

    Simple pictures, such as a stroke, are near to others without being copies: hence the real
    ones beside them.
    """
    typical = real.median().item()
    told = f"Typical distance {ours.median().item():.2f}; of held-out real images {typical:.2f}"
    if typical == 0:  # the same pictures again and again
        return f"{told}: the data set repeats its images, so distances are not informative."
    near, nearly = (int((found < typical / 2).sum()) for found in (ours, real))
    return (
        f"{told}. Nearer than half of that, as copies are: {near} of {len(ours)} samples, "
        f"{nearly} of {len(real)} real ones."
    )


def shape(run: Run) -> tuple[int, int, int]:
    """(C, H, W) of its pictures."""
    return run.data.channels, run.config.size, run.config.size
