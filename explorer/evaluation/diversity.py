"""How different images are from each other: their classes, and the images of one class."""

from __future__ import annotations

import torch
from torch import Tensor

from explorer.evaluation.errors import Estimate, jackknife


def effective_classes(judged: Tensor, classes: int) -> Estimate:
    """exp(H) of the classes that images were judged to show, H = −Σ p_c log p_c.

    The number of equally frequent classes with this entropy (Hill 1973): `classes` if all are as
    frequent, 1 if only one is there. With n images of k classes it is low by about k(k − 1)/2n.

    judged : (n,), ints below `classes`. ValueError for fewer than 40 images.
    """

    def number(kept: Tensor) -> float:
        shares = torch.bincount(judged[kept], minlength=classes).double() / int(kept.sum())
        return float(torch.special.entr(shares).sum().exp())

    return jackknife(number, len(judged))


def within_classes(features: Tensor, judged: Tensor) -> Estimate:
    """The mean distance ‖f_i − f_j‖ of two different images judged to show one class.

    Mode collapse within a class lowers it, whatever the classes' shares: each class counts as
    often as it occurs, those of a single image not at all.

    features : (n, d), judged : (n,). ValueError for fewer than 40 images, or if no two images
    show the same class.
    """
    features = features.double()
    distance = torch.cdist(features, features)
    same = judged[:, None] == judged
    same.fill_diagonal_(False)

    def mean(kept: Tensor) -> float:
        pairs = same & kept & kept[:, None]
        others = pairs.sum(1)  # of each image's class
        found = others > 0
        if not found.any():
            raise ValueError("no two images show the same class: there is no distance within one")
        own = (distance * pairs).sum(1)[found] / others[found]
        return own.mean().item()

    return jackknife(mean, len(features))
