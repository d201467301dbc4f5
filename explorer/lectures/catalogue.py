"""Five lectures as they have it: data, schedule, network, optimiser, sampling.

The one place that knows their numbers. `run_settings` gives a run, `Lecture.make_lanes` the
samplers; what is no lane of its own stands in `explorer.lectures.sampling`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from explorer.account import expanded
from explorer.diffusion.samplers import DDIM, DDPM
from explorer.diffusion.schedule import Schedule, make_schedule
from explorer.lectures.given import GIVEN, Given
from explorer.lectures.notes import HOLES, NOTES
from explorer.optimisers import OPTIMISERS
from explorer.settings.networks import CHOICES

if TYPE_CHECKING:
    from explorer.race.lanes import Lane

LaneSettings = Mapping[str, Any]
EMOJI, DIGITS = "emoji", "mnist-5k"
PLACES = {"mnist": "MNIST/raw", "pets-cats": "oxford-iiit-pet", "stanford-cars": "stanford_cars"}
"""Where downloads lie, below the folder of all downloads."""


@dataclass(frozen=True)
class Lecture:
    """What one lecture trains, and how it samples."""

    title: str
    pictures: str
    """What it trains on, in words."""
    given: Given
    """Institution, author, year and story."""
    data: tuple[str, ...]
    """The data sets that come nearest, the nearest first; the last is bundled."""
    size: int
    T: int
    schedule: str
    """With its default options, which are the lecture's."""
    network: str
    """One of `CHOICES`."""
    small: str
    """The same for a CPU."""
    shared_size: int
    """Side of the pictures where strangers share a CPU."""
    batch: int
    rate: float
    """Of Adam, constant."""
    lanes: tuple[LaneSettings, ...] = ()
    """How it samples, for `lane_from`."""
    looks: tuple[int, ...] = ()
    """Times of its one-shot x̂_0, counted from 0 as it does: index i is after i + 1 steps."""
    otherwise: tuple[str, ...] = ()
    """What its training does that no run of ours does, in words."""
    film: bool = False
    """Whether it shows its first sampler's way as a GIF."""
    note: str = ""
    holes: tuple[str, ...] = ()
    """What stands where its network is not printed, or could not run as printed."""

    def make_schedule(self) -> Schedule:
        """Its forward process."""
        return make_schedule(self.schedule, self.T)

    def make_lanes(self, schedule: Schedule, *, repair: bool = False) -> list[Lane]:
        """Its samplers, for a model of this schedule; with `repair` without its code's slips."""
        from explorer.race.breaks import lane_from, repaired

        lanes = [cut(lane, schedule.T) for lane in self.lanes]
        return [lane_from(repaired(lane) if repair else lane, schedule) for lane in lanes]

    @property
    def slips(self) -> bool:
        """Whether its code samples otherwise than one would."""
        from explorer.race.breaks import repaired

        return bool(self.looks) or any(repaired(lane) != lane for lane in self.lanes)


def cut(lane: LaneSettings, T: int) -> dict[str, Any]:
    """The lane for a model of fewer steps."""
    return dict(lane) | ({"steps": min(lane["steps"], T)} if "steps" in lane else {})


UNCLIPPED = "no clipping"
"""As all five take ε̂: as it comes."""
_PLAIN = {"sampler": DDPM.name, "variance": "beta", "breaks": [UNCLIPPED]}
"""Ho et al. 2020, algorithm 2, word for word: ε̂ as it comes, σ² = β_t."""


def _slipped(lane: LaneSettings, *slips: str) -> LaneSettings:
    return {**lane, "breaks": [*lane.get("breaks", [UNCLIPPED]), *slips]}


def _ddim(steps: int) -> LaneSettings:
    return {"sampler": DDIM.name, "steps": steps}


LECTURES: Mapping[str, Lecture] = MappingProxyType(
    {
        "scinet": Lecture(
            title="SciNet 2026",
            pictures="cats, 64×64 RGB",
            given=GIVEN["scinet"],
            data=("pets-cats", EMOJI),
            size=64,
            T=1000,
            schedule="linear",
            network="naive-512",
            small="naive-32",
            shared_size=32,
            batch=64,
            rate=1e-3,
            lanes=(_slipped(_PLAIN, "one step more"),),
            otherwise=("Adam's ε 1e-8 instead of 1e-7, Keras's default",),
            note=NOTES["scinet"],
            holes=HOLES["scinet"],
        ),
        "cars": Lecture(
            title="Stanford cars",
            pictures="cars, 64×64 RGB",
            given=GIVEN["cars"],
            data=("stanford-cars", EMOJI),
            size=64,
            T=300,
            schedule="linear",
            network="simple-64",
            small="simple-16",
            shared_size=32,
            batch=128,
            rate=1e-3,
            lanes=({"sampler": DDPM.name, "breaks": ["x_s clamped", UNCLIPPED]},),
            note=NOTES["cars"],
        ),
        "sutd": Lecture(
            title="SUTD week 12",
            pictures="MNIST, 28×28",
            given=GIVEN["sutd"],
            data=("mnist", DIGITS),
            size=28,
            T=1000,
            schedule="cosine-clipped",
            network="timeless",
            small="timeless",
            shared_size=28,
            batch=64,
            rate=1e-3,
            looks=(999, 799, 599, 399, 199, 0),
            note=NOTES["sutd"],
            holes=HOLES["sutd"],
        ),
        "jax": Lecture(
            title="MNIST in JAX",
            pictures="MNIST, 32×32",
            given=GIVEN["jax"],
            data=("mnist", DIGITS),
            size=32,
            T=200,
            schedule="linear",
            network="attention",
            small="attention",
            shared_size=16,
            batch=64,
            rate=1e-4,
            lanes=(
                _slipped(_PLAIN, "alpha ahead", "z in every step"),
                *(_slipped(_ddim(steps), "alpha for alpha-bar") for steps in (10, 4)),
            ),
            otherwise=(
                "t drawn from 1…T instead of an index of ᾱ from 0…T − 1, with ᾱ = 1 at index 0",
            ),
            film=True,
            note=NOTES["jax"],
        ),
        "oslo": Lecture(
            title="Oslo, May 2025",
            pictures="MNIST, 28×28",
            given=GIVEN["oslo"],
            data=("mnist", DIGITS),
            size=28,
            T=300,
            schedule="linear",
            network="plain",
            small="plain",
            shared_size=28,
            batch=128,
            rate=2e-4,
            lanes=(_PLAIN,),
            note=NOTES["oslo"],
        ),
    }
)
"""Name -> lecture, as the command line calls them."""


def find(name: str) -> Lecture:
    """ValueError, with the choices, for an unknown name."""
    if name not in LECTURES:
        raise ValueError(f"no lecture {name!r}; there are: {', '.join(LECTURES)}")
    return LECTURES[name]


def nearest_data(lecture: Lecture, offered: Sequence[str], root: str | Path | None = None) -> str:
    """The data set at hand, bundled or downloaded, that is nearest to the lecture's.

    offered : the data sets that may be used; root : the folder of downloads, as in `load`.
    """
    found = (name for name in lecture.data if name in offered and _at_hand(name, root))
    return next(found, lecture.data[-1])


def _at_hand(name: str, root: str | Path | None) -> bool:
    from explorer.data import DATASETS
    from explorer.data.sources import default_root

    if DATASETS[name].bundled:
        return True
    folder = expanded(root or default_root())
    decoded = list(folder.glob(f"{name}-*.safetensors"))
    return bool(decoded) or any((folder / PLACES.get(name, name)).glob("*"))


class Adapted(NamedTuple):
    """A lecture's run as it can be here."""

    data: str
    size: int
    network: str
    """One of `CHOICES`."""


def adapt(
    lecture: Lecture,
    offered: Sequence[str],
    root: str | Path | None = None,
    *,
    fast: bool = False,
    shared: bool = False,
) -> Adapted:
    """The nearest data, and on a CPU (not `fast`) the narrow network; smaller where `shared`."""
    network = lecture.network if fast and not shared else lecture.small
    size = lecture.shared_size if shared else lecture.size
    return Adapted(nearest_data(lecture, offered, root), size, network)


def run_settings(lecture: Lecture, adapted: Adapted) -> dict[str, Any]:
    """Of a `TrainConfig`, all but the budget and the seed."""
    kind, options = CHOICES[adapted.network]
    return {
        "data": adapted.data,
        "size": adapted.size,
        "conditional": False,
        "schedule": lecture.schedule,
        "T": lecture.T,
        "target": "eps",
        "network": kind,
        "network_options": dict(options),
        "batch": lecture.batch,
        "learning_rate": lecture.rate,
        "ema": 0.0,
        **OPTIMISERS["Adam"],
    }
