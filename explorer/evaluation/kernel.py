"""How far pictures are from other pictures, whatever their number: an unbiased distance."""

from __future__ import annotations

import torch
from torch import Tensor

from explorer.evaluation.frechet import check_features

BLOCK = 1000
"""Rows of a kernel at a time."""


class KernelDistance:
    """KID: the squared maximum mean discrepancy of features, Bińkowski et al. 2018, eq. 4.

    E k(x, x′) + E k(y, y′) − 2 E k(x, y) with k(x, y) = (x·y/d + 1)³, over all pairs of different
    pictures. Unlike a Fréchet distance its mean does not depend on how many pictures there are;
    for pictures that nothing tells from the reference it is 0, and by chance below.

    Parameters
    ----------
    reference : (m, d), features of at least two pictures.

    Raises
    ------
    ValueError
        As in `Frechet`.
    """

    def __init__(self, reference: Tensor) -> None:
        check_features(reference)
        if len(reference) < 2:
            raise ValueError("a reference needs at least two images")
        self.reference = reference.float()
        m = len(reference)
        itself = (self.reference.square().double().mean(1) + 1) ** 3  # k(x, x)
        pairs = _means(self.reference, self.reference).sum() * m - itself.sum()
        self.own = pairs.item() / (m * (m - 1))

    def of(self, features: Tensor) -> float:
        """From the reference to (n, d) of at least two pictures."""
        whole = torch.arange(len(features))[None]
        return self.draws(features, whole)[0].item()

    def draws(self, features: Tensor, resamples: Tensor) -> Tensor:
        """The same of pictures that were drawn from these with replacement.

        A pair of a picture and itself is no pair, however often it was drawn: repetition does not
        raise the distance.

        resamples : (draws, k), indices; (draws,) comes back.
        """
        check_features(features)
        if len(features) < 2:
            raise ValueError(f"{len(features)} images have no pair: at least two are needed")
        features, n = features.float(), len(features)
        weights = torch.stack([torch.bincount(row, minlength=n) for row in resamples]).double()
        pairs = _kernel(features, features).double().fill_diagonal_(0)
        total = weights.sum(1)
        within = ((weights @ pairs) * weights).sum(1) / (total**2 - (weights**2).sum(1))
        to_real = _means(features, self.reference)
        return self.own + within - 2 * (weights @ to_real) / total


def _means(first: Tensor, second: Tensor) -> Tensor:
    """The mean kernel of each of the first with all of the second; sums in float64."""
    parts = first.split(BLOCK)
    return torch.cat([_kernel(part, second).mean(1, dtype=torch.float64) for part in parts])


def _kernel(first: Tensor, second: Tensor) -> Tensor:
    from torchmetrics.image.kid import poly_kernel  # takes seconds to import

    kernel: Tensor = poly_kernel(first, second)
    return kernel
