"""Steps against quality: frozen records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Annotated

from pydantic import Field

from explorer.diffusion.process import Variance
from explorer.race import Lane, ddim

VERSION = 1
Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0, lt=inf)]
Pictures = Annotated[int, Field(ge=2)]
Count = Annotated[int, Field(ge=1)]
STEPS = (5, 10, 20, 50, 100, 1000)
"""S of the table."""
Noise = tuple[float, Variance]
"""(η, which variance is η²'s unit), see `explorer.diffusion.reverse`."""
HAT: Noise = (1.0, "beta")
"""σ̂, the larger variance of Ho et al. 2020, as the DDIM paper calls it."""
NOISES: tuple[Noise, ...] = (
    (0.0, "posterior"),
    (0.2, "posterior"),
    (0.5, "posterior"),
    (1.0, "posterior"),
    HAT,
)
"""The columns of table 1 of Song et al. 2021."""


@dataclass(frozen=True, order=True)
class Setting:
    """One cell of the table: a sampler of S = `steps` evenly spaced steps."""

    steps: Count
    eta: Share
    variance: Variance = "posterior"

    @property
    def noise(self) -> Noise:
        return self.eta, self.variance

    @property
    def name(self) -> str:
        return f"S = {self.steps}, {noise_name(self.noise)}"

    def lane(self, T: int) -> Lane:
        """Its sampler."""
        return ddim(T, self.steps, eta=self.eta, variance=self.variance)


def noise_name(noise: Noise) -> str:
    """η = 0.2, or σ̂."""
    eta, variance = noise
    if variance == "posterior":
        return f"η = {eta:g}"
    return "σ̂" if eta == 1 else f"η = {eta:g}, σ̂"


def choose_settings(
    T: int, steps: Iterable[int] = STEPS, noises: Sequence[Noise] = NOISES
) -> tuple[Setting, ...]:
    """The table's cells for a model of T steps, few steps first; T in place of more than T."""
    return tuple(
        Setting(S, *noise) for S in sorted({min(S, T) for S in steps}) for noise in noises
    )


@dataclass(frozen=True)
class Row:
    """What n pictures of one setting are worth."""

    __pydantic_config__ = {"extra": "forbid"}

    setting: Setting
    n: Pictures
    frechet: Amount
    accuracy: Share | None
    """The share of them that shows its class, as the classifier reads it; None if it cannot."""
    seconds: Amount
    """To make all of them, without measuring; on a single CPU thread its own time."""
    evaluations: Count
    """Of the network for each of them."""


@dataclass(frozen=True)
class Quality:
    """Steps against quality of one model."""

    model: str
    data: str
    """The reference's data set."""
    n: Pictures
    """Pictures of each row."""
    reference: Pictures
    """Real pictures of the reference."""
    floor: Amount
    """The distance of `floor_n` other real pictures."""
    floor_n: Pictures
    floor_accuracy: Share | None
    seed: Annotated[int, Field(ge=0)]
    guidance: Amount
    hardware: str
    precision: str
    date: str
    """Of the last row."""
    weights: str
    """Fingerprint of the model, see `quality.fingerprint`."""
    classifier: str
    """Name of the feature network."""
    rows: tuple[Row, ...]
    """Few steps first."""
    version: int = VERSION

    def find(self, setting: Setting) -> Row | None:
        """The setting's row, if it was measured."""
        return next((row for row in self.rows if row.setting == setting), None)

    def adding(self, row: Row) -> Quality:
        """With one more row, or a row in place of the same setting's."""
        others = [old for old in self.rows if old.setting != row.setting]
        return replace(self, rows=tuple(sorted([*others, row], key=lambda r: r.setting)))


SAME = (
    "weights", "data", "reference", "n", "seed", "guidance", "precision", "classifier", "floor_n",
)  # fmt: skip
"""What must be the same for rows to stand in one table."""


def differences(kept: Quality, asked: Quality) -> str:
    """What keeps the rows of `kept` out of the table `asked` for, in words; empty if nothing."""
    pairs = {name: (getattr(kept, name), getattr(asked, name)) for name in SAME}
    return ", ".join(f"{name} {a} → {b}" for name, (a, b) in pairs.items() if a != b)
