"""A picture is noised to t_0 and denoised again: what comes back?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.data import square, to_tensor
from explorer.diffusion import Denoiser, forward, picture_generators, randn
from explorer.race.fork import from_here
from explorer.race.lanes import Lane, ddim, ddpm
from explorer.race.run import Race, race


def noised(denoiser: Denoiser, x0: Tensor, t: int, seed: int, *, first: int = 0) -> Tensor:
    """x_t ~ q(x_t | x_0) with the noise of this seed's pictures; x0 is (n, C, H, W).

    first : the index of the first picture, to noise many in parts.
    """
    q = forward(denoiser.schedule, x0, t)
    return q.mean + q.std * randn(x0, picture_generators(seed, len(x0), first=first))


def ways_back(T: int, t: int, steps: int) -> list[Lane]:
    """DDPM's t steps and at most `steps` of DDIM from t; ValueError unless 1 ≤ t ≤ T."""
    return [from_here(ddpm(T), t), ddim(t, min(steps, t))]


def round_trip(
    denoiser: Denoiser,
    x0: Tensor,
    t: int,
    *,
    seed: int,
    labels: Sequence[int] | None = None,
    steps: int = 50,
    first: int = 0,
    device: str | torch.device = "cpu",
) -> tuple[list[Lane], Tensor, Race]:
    """Both ways back from q(x_t | x_0), as a race from one x_t.

    x0 : (n, C, H, W) in [−1, 1]. Returns the lanes, x_t and the race; its first frame's x̂_0 is
    what the network makes of x_t at one shot.
    first : the index of the first picture, to send many in parts.
    """
    lanes = ways_back(denoiser.schedule.T, t, steps)
    x_t = noised(denoiser, x0, t, seed, first=first)
    return (
        lanes,
        x_t,
        race(
            denoiser,
            lanes,
            tuple(x0.shape[1:]),
            seed=seed,
            n=len(x0),
            labels=labels,
            first=first,
            start=x_t,
            device=device,
        ),
    )


def as_seen(picture: Image.Image, channels: int, size: int) -> Tensor:
    """A picture as a model of such pictures sees it: its middle square, (channels, size, size)."""
    small = square(picture, size).convert("L" if channels == 1 else "RGB")
    pixels = torch.from_numpy(np.asarray(small).copy()).reshape(size, size, channels)
    return to_tensor(pixels.permute(2, 0, 1))


def difference(a: Tensor, b: Tensor) -> Tensor:
    """Root mean square of a − b for each picture; (n, …) -> (n,)."""
    return (a - b).flatten(1).square().mean(1).sqrt()


def flattened(x: Tensor) -> Tensor:
    """Each picture's mean, channel by channel, as a picture; (n, C, H, W) -> the same shape."""
    return x.mean((2, 3), keepdim=True).expand_as(x)


def contrast(x: Tensor) -> Tensor:
    """The root mean square of x − `flattened`(x) for each picture; (n, C, H, W) -> (n,).

    A picture that comes back changed by as much is no nearer to the original than a flat one.
    """
    return difference(x, flattened(x))


def noise_like(x: Tensor, seed: int) -> Tensor:
    """Noise with the mean and the contrast of each picture, clipped to [−1, 1]; like x.

    Clipping takes some of the contrast of bright, dark and strong ones.
    """
    z = randn(x, picture_generators(seed, len(x)))
    return (flattened(x) + contrast(x)[:, None, None, None] * z).clamp(-1, 1)
