"""One pixel and one step of noise: q(x_t | x_{t−1}) for a β, and for so many steps of it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
import torch
from torch import Tensor

from explorer.data import from_tensor
from explorer.diffusion.process import Gaussian
from explorer.diffusion.randomness import named_generator
from explorer.figures.axes import titled
from explorer.figures.palette import Style, drawn
from explorer.gui.frame.limits import SEEDS, number, whole
from explorer.gui.parts.numbers import MINUS, short
from explorer.gui.parts.tiles import Block

COLOURS = {
    "red [1, −1, −1]": (1.0, -1.0, -1.0),
    "yellow [1, 1, −1]": (1.0, 1.0, -1.0),
    "dark grey [−0.5, −0.5, −0.5]": (-0.5, -0.5, -0.5),
}
"""What the control says -> R, G and B in [−1, 1]; the lecture's first."""
BETA, BETAS = 0.02, (0.0001, 0.999)
STEPS, MOST = 50, (1, 500)
SEED, SIDE = 7, 8
CHANNELS = {
    "R": Style("#c81e1e", "#f87171", "solid"),
    "G": Style("#15803d", "#4ade80", "dash"),
    "B": Style("#1d4ed8", "#60a5fa", "dot"),
}
NOISE = Style("#9ca3af", "#6b7280", "solid")


class Pixel(NamedTuple):
    """A pixel and its noise, checked."""

    colour: str
    beta: float
    steps: int
    seed: int

    @property
    def x(self) -> Tensor:
        """R, G, B: (1, 3), float64."""
        return torch.tensor([COLOURS[self.colour]], dtype=torch.float64)

    def after(self, steps: int) -> Gaussian:
        """q(x_{t+steps−1} | x_{t−1}) where each step has the same β; mean (1, 3).

        (1 − β)^{steps/2} x with the variance 1 − (1 − β)^steps.
        """
        left = steps * math.log1p(-self.beta)  # ln ᾱ
        width = torch.tensor([[-math.expm1(left)]], dtype=torch.float64).sqrt()
        return Gaussian(math.exp(left / 2) * self.x, width)


def read_pixel(colour: Any, beta: Any, steps: Any, seed: Any) -> Pixel:
    """`Pixel`; ValueError says what is not allowed."""
    if colour not in COLOURS:
        raise ValueError(f"no pixel {colour!r}; there are: {', '.join(COLOURS)}")
    beta, steps = number("β", beta, BETAS), whole("Steps", steps, MOST)
    return Pixel(colour, beta, steps, whole("Seed", seed, SEEDS))


def _numbers(pixel: Pixel, steps: int) -> tuple[list[float], float]:
    """Means of R, G, B and the standard deviation."""
    q = pixel.after(steps)
    return q.mean[0].tolist(), q.std.item()


def pixel_table(pixel: Pixel) -> list[list[str]]:
    """Means and standard deviation before, after one step, after all of them, and of noise."""
    rows = [["", *CHANNELS, "std"], ["xₜ₋₁", *map(_fixed, pixel.x[0].tolist()), "0"]]
    for steps, name in ((1, "xₜ, one step"), (pixel.steps, f"after {_counted(pixel.steps)}")):
        means, std = _numbers(pixel, steps)
        rows.append([name, *map(_fixed, means), _fixed(std)])
    return [*rows, ["noise N(0, I)", "0", "0", "0", "1"]]


def _fixed(value: float) -> str:
    text = f"{value:.3f}"
    return ("0.000" if float(text) == 0 else text).replace("-", MINUS)


def _counted(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps:,} steps"


def said_of_pixel(pixel: Pixel) -> str:
    """What β does to the mean and the width; how soon the pixel is half gone."""
    kept, std = math.sqrt(1 - pixel.beta), math.sqrt(pixel.beta)
    _, wide = _numbers(pixel, pixel.steps)
    left = (1 - pixel.beta) ** (pixel.steps / 2)
    half = math.ceil(2 * math.log(0.5) / math.log1p(-pixel.beta))
    return (
        f"With β = {short(pixel.beta)} one step multiplies R, G and B by √(1 − β) = "
        f"{short(kept, 4)} and adds noise of standard deviation √β = {short(std)}. "
        f"After {_counted(pixel.steps)} {short(left)} of the pixel is left under noise of "
        f"{short(wide)}; its mean is halved after {_counted(half)}."
    )


def pixel_tiles(pixel: Pixel) -> tuple[Block, ...]:
    """The pixel, its mean, and 64 draws, after one step and after all; clipped to [−1, 1]."""
    blocks = []
    for name, steps in (("one step", 1), (_counted(pixel.steps), pixel.steps)):
        q = pixel.after(steps)
        generator = named_generator(f"{pixel.seed}/pixel/{name}")
        draws = q._replace(mean=q.mean.expand(SIDE * SIDE, -1)).sample(generator)
        sheet = draws.T.reshape(1, 3, SIDE, SIDE)
        flat = [x[:, :, None, None].expand(1, 3, SIDE, SIDE) for x in (pixel.x, q.mean)]
        blocks.append(
            Block(
                f"After {name}",
                (("xₜ₋₁", "the pixel"), ("mean", "of q"), ("64 draws", "from q")),
                tuple(from_tensor(x.float().clamp(-1, 1)) for x in (*flat, sheet)),
                1,
            )
        )
    return tuple(blocks)


def pixel_figure(pixel: Pixel) -> go.Figure:
    """The densities of R, G and B after one step and after all, beside that of noise."""
    x = np.linspace(-3, 3, 601)
    figure = go.Figure()
    highest = 0.0
    for steps, width in ((1, 3.0), (pixel.steps, 1.5)):
        means, std = _numbers(pixel, steps)
        highest = max(highest, 1 / (std * math.sqrt(2 * math.pi)))
        for (name, style), mean in zip(CHANNELS.items(), means, strict=True):
            figure.add_scatter(
                x=x,
                y=_density(x, mean, std),
                mode="lines",
                name=f"{name}, {_counted(steps)}",
                hovertemplate="%{y:.3g}",
                **drawn(style, width),
            )
    figure.add_scatter(
        x=x,
        y=_density(x, 0, 1),
        mode="lines",
        name="N(0, 1)",
        hoverinfo="skip",
        **drawn(NOISE, 1.5),
    )
    return figure.update_layout(
        xaxis={"title": "value of a channel", "range": [-3, 3]},
        yaxis=titled("density of q", range=[0, 1.05 * min(highest, 8.0)]),
        height=340,
        margin={"l": 64, "r": 20, "t": 12, "b": 48},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )


def _density(x: np.ndarray, mean: float, std: float) -> np.ndarray:
    return np.asarray(np.exp(-(((x - mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi)))
