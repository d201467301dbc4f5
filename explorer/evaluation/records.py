"""Steps against quality: frozen records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from explorer.diffusion.options import Derived
from explorer.diffusion.process import Variance
from explorer.diffusion.samplers import DDIM, SAMPLERS, Sampler, find_sampler
from explorer.diffusion.schedule import Schedule
from explorer.race import Lane, lane_of
from explorer.versions import Migration, newest

MIGRATIONS: Mapping[int, Migration] = {1: lambda values: values}
"""Version 1 knew no errors, no KID and a single draw of real pictures: what is new is left out."""
VERSION = newest(MIGRATIONS)
Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0, lt=inf)]
Pictures = Annotated[int, Field(ge=2)]
Count = Annotated[int, Field(ge=1)]
Index = Annotated[int, Field(ge=0)]
Real = Annotated[float, Field(gt=-inf, lt=inf)]
Draws = Annotated[tuple[Real, ...], Field(max_length=1000)]
STEPS = (5, 10, 20, 50, 100, 1000)
"""S of the table."""
STRIDED: Mapping[str, Sampler] = Derived(
    lambda: {name: sampler for name, sampler in SAMPLERS.items() if sampler.strided}
)
"""Name -> sampler, of those that can be given S: the others visit all T times."""


class Column(NamedTuple):
    """A sampler of any S: one of `STRIDED`, on its own spacing of the times."""

    eta: float = 0.0
    """η, of a sampler that has it; see `explorer.diffusion.reverse`."""
    variance: Variance = "posterior"
    """Which variance is η²'s unit."""
    sampler: str = DDIM.name

    @property
    def way(self) -> Sampler:
        """Its entry in the registry; ValueError if there is none that takes S."""
        if not find_sampler(self.sampler).strided:
            raise ValueError(
                f"{find_sampler(self.sampler).title} visits all times and cannot be given S; "
                f"there are: {', '.join(STRIDED)}"
            )
        return STRIDED[self.sampler]

    @property
    def noise(self) -> dict[str, Any]:
        """Those of η and the variance that its sampler takes; ValueError if it has others."""
        given = {"eta": self.eta, "variance": self.variance}
        noise = {name: value for name, value in given.items() if name in self.way.options}
        if not noise and (self.eta, self.variance) != Column()[:2]:
            raise ValueError(f"{self.way.title} has no η and no variance")
        return noise

    @property
    def title(self) -> str:
        """η = 0.2 or σ̂ of DDIM; else the sampler's title, and its spacing if it is not uniform."""
        spacing = self.way.options["spacing"].default
        marks = [noise_mark(self.eta, self.variance)] if self.noise else []
        marks += [spacing] if spacing != "uniform" else []
        return ", ".join(marks if self.way is DDIM else [self.way.title, *marks])


def noise_mark(eta: float, variance: Variance) -> str:
    """η = 0.2, or σ̂."""
    if variance == "posterior":
        return f"η = {eta:g}"
    return "σ̂" if eta == 1 else f"η = {eta:g}, σ̂"


FloorKind = Literal["test", "splits"]
HAT = Column(1.0, "beta")
"""σ̂, the larger variance of Ho et al. 2020, as the DDIM paper calls it."""
NOISES = (Column(0.0), Column(0.2), Column(0.5), Column(1.0), HAT)
"""The columns of table 1 of Song et al. 2021."""
FULL = (NOISES[0], NOISES[3], HAT)
"""Those that are measured with all steps: η = 0, 1 and σ̂."""


@dataclass(frozen=True, order=True)
class Setting:
    """One cell of the table: a sampler of S = `steps` steps, spaced as it is by default."""

    steps: Count
    eta: Share
    variance: Variance = "posterior"
    sampler: str = DDIM.name

    def __post_init__(self) -> None:
        """ValueError unless the sampler can be given S, and this noise."""
        _ = self.column.noise

    @property
    def column(self) -> Column:
        return Column(self.eta, self.variance, self.sampler)

    @property
    def name(self) -> str:
        return f"S = {self.steps}, {self.column.title}"

    def lane(self, schedule: int | Schedule) -> Lane:
        """Its sampler on a schedule; T is enough for uniform spacing."""
        return lane_of(self.sampler, schedule, steps=self.steps, **self.column.noise)


def choose_columns(samplers: Iterable[str], noises: Iterable[Column] = NOISES) -> list[Column]:
    """A column for each sampler, or for each of the noises if it has η; ValueError for another."""
    columns: list[Column] = []
    for name in samplers:
        plain = Column(sampler=name)
        columns += [noise._replace(sampler=name) for noise in noises] if plain.noise else [plain]
    return list(dict.fromkeys(columns))


def stored_settings(T: int) -> tuple[Setting, ...]:
    """The cells of the tables that come with the models: all columns, and where nothing is saved,
    at the last of `STEPS`, those of `FULL`."""
    columns = choose_columns(STRIDED)
    cells = choose_settings(T, STEPS[:-1], columns) + choose_settings(T, STEPS[-1:], FULL)
    return tuple(dict.fromkeys(cells))


def choose_settings(
    T: int, steps: Iterable[int] = STEPS, columns: Sequence[Column] = NOISES
) -> tuple[Setting, ...]:
    """The table's cells for a model of T steps, few steps first; T in place of more than T."""
    return tuple(
        Setting(S, *column) for S in sorted({min(S, T) for S in steps}) for column in columns
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
    frechet_error: Amount | None = None
    """Standard errors, see `errors.resamples`; None of rows that were measured without."""
    kid: Real | None = None
    """The unbiased distance, see `KernelDistance`."""
    kid_error: Amount | None = None
    accuracy_error: Amount | None = None
    frechet_draws: Draws = ()
    """What the errors were seen in. Rows of one table draw alike: their differences are paired."""
    kid_draws: Draws = ()
    wrong: tuple[Index, ...] | None = None
    """Which pictures do not show their class, from 0."""

    def __post_init__(self) -> None:
        """ValueError unless its parts fit each other."""
        if self.wrong is not None:
            known = self.accuracy is not None and max(self.wrong, default=0) < self.n
            if not known or len(set(self.wrong)) < len(self.wrong):
                raise ValueError(f"the wrong images are not some of {self.n}")

    @property
    def has_errors(self) -> bool:
        """Whether it says how far other pictures would move its numbers."""
        return self.frechet_error is not None


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
    """The distance of `floor_n` other real pictures: the mean of `floor_draws`."""
    floor_n: Pictures
    floor_accuracy: Share | None
    """The share of these that the classifier reads rightly."""
    seed: Annotated[int, Field(ge=0)]
    guidance: Amount
    hardware: str
    precision: str
    date: str
    """Of the last row."""
    weights: str
    """Fingerprint of the model, see `weights.fingerprint`."""
    classifier: str
    """Name of the feature network."""
    rows: tuple[Row, ...]
    """Few steps first."""
    floor_draws: Count = 1
    """How often other real pictures were taken."""
    floor_pool: Count | None = None
    """Out of so many; None where that is not known."""
    floor_kind: FloorKind | None = None
    """Whether these pictures were kept apart, see `Floor`."""
    floor_spread: Amount | None = None
    """The standard deviation of one draw; None of a single one."""
    floor_kid: Real | None = None
    floor_kid_spread: Amount | None = None
    floor_accuracy_spread: Amount | None = None
    T: Count | None = None
    """The model's steps; None of tables that do not say."""
    version: int = VERSION

    @property
    def has_errors(self) -> bool:
        """Whether all its rows have them."""
        return all(row.has_errors for row in self.rows)

    def missing(self, settings: Iterable[Setting]) -> list[Setting]:
        """Those of the settings that it has no row of."""
        return [setting for setting in settings if not self.find(setting)]

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
