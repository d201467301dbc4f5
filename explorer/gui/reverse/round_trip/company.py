"""A picture's change on a round trip is measured by its own contrast, in company."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from scipy.special import stdtrit
from torch import Tensor

from explorer.evaluation.errors import average_of
from explorer.race.round_trip import contrast, difference, flattened, noise_like

DRAWS = 3
"""Noises that the visitor's picture and its references are sent off with."""
FLAT = 0.02
"""Contrast below which a picture counts as flat: two and a half of 255 grey levels."""
HALF = math.sqrt(0.5)
"""Relative change that leaves half of a picture's variance."""
KEPT = 0.5
"""Relative change that leaves three quarters of it."""


@dataclass(frozen=True)
class Group:
    """Pictures of one kind that went there and back from the same t_0, with the same sampler."""

    contrasts: tuple[float, ...]
    """Of each, see `contrast`."""
    changes: tuple[float, ...]
    """Root mean square of what came back minus the original."""

    @property
    def relative(self) -> tuple[float, ...]:
        """Change ÷ contrast: 0 is the original, 1 as far off as a flat picture of its mean."""
        return tuple(
            change / max(own, 1e-6)
            for change, own in zip(self.changes, self.contrasts, strict=True)
        )

    @property
    def mean(self) -> float:
        """Of the relative changes."""
        return sum(self.relative) / len(self.relative)

    @property
    def std(self) -> float:
        """Standard deviation of the relative changes over the pictures; 0 for a single one."""
        values = torch.tensor(self.relative, dtype=torch.float64)
        return values.std().item() if len(values) > 1 else 0.0

    @property
    def error(self) -> float:
        """Standard error of their mean."""
        return average_of(torch.tensor(self.relative)).error if len(self.relative) > 1 else 0.0

    @property
    def bound(self) -> float:
        """m + t₀.₉₇₅ s √(1 + 1/n): 39 of 40 further pictures of the kind would change by less,
        were they normally distributed."""
        n = len(self.relative)
        return self.mean + float(stdtrit(max(n - 1, 1), 0.975)) * self.std * math.sqrt(1 + 1 / n)


@dataclass(frozen=True)
class Company:
    """The visitor's picture among others; all sent from the same t_0 by the same sampler."""

    own: Group
    """The picture, once for each noise."""
    real: Group
    """Of the model's kind; none for a model of which there are none."""
    flat: Group
    """A flat picture of its mean, the change measured by the *visitor's* contrast."""
    noise: Group
    """Noise of its mean and contrast."""

    @property
    def judgement(self) -> str:
        """What can be said of the visitor's picture, one of `JUDGEMENTS`."""
        own, real = self.own.mean, self.real
        if self.own.contrasts[0] < FLAT:
            return "flat"
        if not real.changes:
            return "alone"
        if real.mean > HALF:
            return "lost"
        if own > real.bound:
            return "foreign" if own > KEPT else "less"
        if own <= KEPT:
            return "kept"
        return "partly" if own <= HALF else "gone"


JUDGEMENTS = ("flat", "alone", "lost", "foreign", "less", "kept", "partly", "gone")
"""flat: without contrast; alone: nothing to compare with; lost: even real pictures lose more than
half of their variance. Else beyond what real pictures change by, with less (foreign) or more
(less) than three quarters of its variance left; or within that, with at least three quarters
(kept), at least half (partly) or less than half of it left (gone).
"""


def assemble(pictures: Tensor, real: Tensor | None, draws: int, seed: int) -> Tensor:
    """All that goes on the trip, (n, C, H, W): first each picture and, once, one real one.

    pictures : (m, C, H, W). real : (k, C, H, W), None for none.
    """
    empty = pictures[:0] if real is None else real
    again = pictures.repeat(draws - 1, 1, 1, 1)
    many = pictures.repeat(draws, 1, 1, 1)
    return torch.cat(
        [pictures, empty[:1], again, empty[1:], flattened(many), noise_like(many, seed)]
    )


def companies(x0: Tensor, back: Tensor, m: int, k: int, draws: int) -> list[Company]:
    """What came back of `assemble`'s pictures: one for each of its m pictures; k are real."""
    first, rest = min(k, 1), max(k - 1, 0)
    changes, own = difference(back, x0), contrast(x0)

    def parts(values: Tensor) -> Mapping[str, Tensor]:
        sizes = [m, first, m * (draws - 1), rest, m * draws, m * draws]
        one, real, again, reals, flat, noise = values.double().split(sizes)
        return {
            "own": torch.cat([one, again]).reshape(draws, m),
            "real": torch.cat([real, reals])[:, None].expand(k, m),
            "flat": flat.reshape(draws, m),
            "noise": noise.reshape(draws, m),
        }

    changed, contrasts = parts(changes), parts(own)
    contrasts = {**contrasts, "flat": contrasts["own"]}  # a flat picture has none of its own

    def group(name: str, i: int) -> Group:
        return Group(
            *(tuple(round(v, 5) for v in of[name][:, i].tolist()) for of in (contrasts, changed))
        )

    return [
        Company(**{name: group(name, i) for name in ("own", "real", "flat", "noise")})
        for i in range(m)
    ]


def company_from(told: Mapping[str, Any]) -> Company:
    """What `dataclasses.asdict` made of one, by way of JSON."""
    return Company(
        **{
            name: Group(*(tuple(group[each]) for each in ("contrasts", "changes")))
            for name, group in told.items()
        }
    )
