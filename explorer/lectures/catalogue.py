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

from explorer.diffusion.samplers import DDIM, DDPM
from explorer.diffusion.schedule import Schedule, make_schedule, schedule_options
from explorer.lectures.notes import NOTES
from explorer.optimisers import OPTIMISERS
from explorer.settings.networks import CHOICES

if TYPE_CHECKING:
    from explorer.race.lanes import Lane
    from explorer.training import TrainConfig

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
    film: bool = False
    """Whether it shows its first sampler's way as a GIF."""
    note: str = ""

    def make_schedule(self) -> Schedule:
        """Its forward process."""
        return make_schedule(self.schedule, self.T)

    def make_lanes(self, schedule: Schedule) -> list[Lane]:
        """Its samplers, for a model of this schedule."""
        from explorer.race.lanes import lane_from

        return [lane_from(cut(lane, schedule.T), schedule) for lane in self.lanes]


def cut(lane: LaneSettings, T: int) -> dict[str, Any]:
    """The lane for a model of fewer steps."""
    return dict(lane) | ({"steps": min(lane["steps"], T)} if "steps" in lane else {})


_PLAIN = {"sampler": DDPM.name, "variance": "beta", "breaks": ["no clipping"]}
"""Ho et al. 2020, algorithm 2, word for word: ε̂ as it comes, σ² = β_t."""

LECTURES: Mapping[str, Lecture] = MappingProxyType(
    {
        "scinet": Lecture(
            title="SciNet 2026",
            pictures="cats, 64×64 RGB",
            data=("pets-cats", EMOJI),
            size=64,
            T=1000,
            schedule="linear",
            network="naive-512",
            small="naive-32",
            shared_size=32,
            batch=64,
            rate=1e-3,
            lanes=(_PLAIN,),
            note=NOTES["scinet"],
        ),
        "cars": Lecture(
            title="Stanford cars",
            pictures="cars, 64×64 RGB",
            data=("stanford-cars", EMOJI),
            size=64,
            T=300,
            schedule="linear",
            network="simple-64",
            small="simple-16",
            shared_size=32,
            batch=128,
            rate=1e-3,
            lanes=({"sampler": DDPM.name, "clamp": True, "breaks": ["no clipping"]},),
            note=NOTES["cars"],
        ),
        "sutd": Lecture(
            title="SUTD week 12",
            pictures="MNIST, 28×28",
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
        ),
        "jax": Lecture(
            title="MNIST in JAX",
            pictures="MNIST, 32×32",
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
                _PLAIN,
                {"sampler": DDIM.name, "steps": 10, "breaks": ["no clipping"]},
                {"sampler": DDIM.name, "steps": 4, "breaks": ["no clipping"]},
            ),
            film=True,
            note=NOTES["jax"],
        ),
        "oslo": Lecture(
            title="Oslo, May 2025",
            pictures="MNIST, 28×28",
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
    folder = Path(root or default_root()).expanduser()
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


def differences(lecture: Lecture, config: TrainConfig) -> list[str]:
    """What a run has otherwise than the lecture, but for its length and seed, in words."""
    asked = (config.network, dict(config.network_options))
    plain = all(getattr(config, name) == value for name, value in OPTIMISERS["Adam"].items())
    usual = schedule_options(config.schedule)
    own = [f"{k} = {v:g}" for k, v in config.schedule_options.items() if v != usual.get(k)]
    names = (name for name, (kind, options) in CHOICES.items() if asked == (kind, dict(options)))
    pairs = {
        "pictures": (config.data, lecture.data[0]),
        "size": (config.size, lecture.size),
        "schedule": (" ".join([config.schedule, *own]), lecture.schedule),
        "T": (config.T, lecture.T),
        "network": (next(names, config.network), lecture.network),
        "batch": (config.batch, lecture.batch),
        "learning rate": (config.learning_rate, lecture.rate),
        "optimiser": ("Adam" if plain else "AdamW", "Adam"),
        "EMA": (config.ema, 0),
        "target": (config.target, "eps"),
        "weighting": (config.weighting, "simple"),
        "pictures mirrored": ("half" if config.flips else "none", "none"),
    }
    return [f"{what} {a} in place of {b}" for what, (a, b) in pairs.items() if a != b]


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
