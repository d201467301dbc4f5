"""The variational bound of a checkpoint on real pictures, as numbers that can be kept."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.devices import hardware
from explorer.diffusion import (
    VARIANCES,
    Bound,
    Denoiser,
    Mean,
    bound,
    make_schedule,
    picture_generators,
    prior_term,
)
from explorer.diffusion.process import Variance
from explorer.diffusion.schedule import Schedule
from explorer.evaluation.held_out import Pictures
from explorer.evaluation.store import parse
from explorer.files import written_whole
from explorer.inference import prepare

VERSION = 1


@dataclass(frozen=True)
class VarianceTerms:
    """The bound with one variance, in bits per dimension."""

    steps: tuple[Mean, ...]
    """L_{t−1} of one t in each of `BoundResult.ranges`."""
    matching: Mean
    """Σ L_{t−1} over all of these."""
    reconstruction: Mean | None = None
    """L_0, once it is there."""
    total: Mean | None = None


@dataclass(frozen=True)
class BoundResult:
    """The bound so far."""

    model: str
    pictures: str
    """What they are."""
    n: int
    seed: int
    T: int
    schedule: str
    options: Mapping[str, float]
    dims: int
    power: float
    """The mean of x_0², which L_T depends on."""
    count: int
    """Ranges of t = 2…T that Σ L_{t−1} is estimated from; T − 1 is every t."""
    hardware: str
    date: str
    share: float
    seconds: float
    prior: Mean
    """L_T."""
    ranges: tuple[tuple[int, int], ...]
    """Those that are there, low t first."""
    errors: tuple[float, ...]
    """‖ε − ε̂‖² / D at one t of each range."""
    first_error: float | None
    """The same at t = 1."""
    lines: Mapping[Variance, VarianceTerms]
    version: int = VERSION

    @property
    def finished(self) -> bool:
        return self.first_error is not None

    def make_schedule(self) -> Schedule:
        """The model's."""
        return make_schedule(self.schedule, self.T, **self.options)

    def write(self, path: Path) -> None:
        """As JSON."""
        text = json.dumps(rounded(asdict(self)), ensure_ascii=False) + "\n"
        with written_whole(path) as part:
            part.write_text(text, encoding="utf-8")


def read_bound(path: Path) -> BoundResult:
    """What `BoundResult.write` wrote; ValueError if it is of another kind or damaged."""
    try:
        return parse(BoundResult, path.read_bytes(), VERSION)
    except ValueError as error:
        raise ValueError(f"{path.name} is no stored bound ({error})") from error


def measure_bound(
    denoiser: Denoiser,
    spec: Spec,
    pictures: Pictures,
    *,
    count: int | None = None,
    seed: int = 0,
    batch: int = 64,
    device: str | torch.device = "cpu",
) -> Iterator[BoundResult]:
    """The bound of −ln p(x_0) for both variances, term by term; the model is told no classes.

    Yields after every evaluation of the network on all pictures, from t = T down to 1; with few
    pictures stopping is soon felt. Picture i of a seed draws the same times and noise however
    many pictures there are.

    count : of ranges of t, all t by default; see `explorer.diffusion.bound`.
    batch : pictures at a time.

    ValueError, at once, if there are fewer than two pictures, or count or batch is below 1.
    """
    x0, device = pictures.x0, torch.device(device)
    if len(x0) < 2:
        raise ValueError("a bound with its standard error takes at least two pictures")
    if batch < 1 or seed < 0:
        raise ValueError(f"batch = {batch}, seed = {seed}: at least one picture, a seed from 0")
    denoiser = replace(denoiser, network=prepare(denoiser.network, device, exact=True))

    def denoise(x_t: Tensor, t: Tensor) -> Tensor:
        parts = zip(x_t.split(batch), t.split(batch), strict=True)
        return torch.cat([denoiser(x, times) for x, times in parts])

    states = bound(
        denoise,
        denoiser.schedule,
        x0.to(device),
        count=count,
        generator=picture_generators(seed, len(x0)),
    )
    about = {
        "model": spec.name,
        "pictures": pictures.what,
        "n": len(x0),
        "seed": seed,
        "T": spec.T,
        "schedule": spec.schedule,
        "options": dict(spec.schedule_options),
        "power": x0.double().square().mean().item(),
        "count": min(count or spec.T, max(1, spec.T - 1)),
        "hardware": hardware(device),
        "date": date.today().isoformat(),
    }
    return _summarise_each(states, about)


def _summarise_each(states: Iterator[Bound], about: dict[str, Any]) -> Iterator[BoundResult]:
    begun = time.monotonic()
    for state in states:
        yield summarised(state, about, time.monotonic() - begun)


def summarised(state: Bound, about: Mapping[str, Any], seconds: float) -> BoundResult:
    """Means over the pictures; `about` holds the fields that do not change."""
    terms = [term for term in state.terms[::-1] if term.last > 1]
    lines = {}
    for variance in VARIANCES:
        steps = tuple(state.bits(term.nats[variance]) for term in terms)
        lines[variance] = VarianceTerms(steps, state.bits(state.matching(variance)))
        if state.finished:
            reconstruction = state.bits(state.reconstruction(variance))
            total = state.bits(state.total(variance))
            lines[variance] = replace(lines[variance], reconstruction=reconstruction, total=total)
    return BoundResult(
        **about,
        dims=state.dims,
        share=state.share,
        seconds=seconds,
        prior=state.bits(state.prior),
        ranges=tuple((term.first, term.last) for term in terms),
        errors=tuple(term.error.mean().item() for term in terms),
        first_error=state.terms[-1].error.mean().item() if state.finished else None,
        lines=lines,
    )


def noise_bits(schedule: Schedule, power: float) -> float:
    """L_T in bits for each dimension of pictures whose mean x_0² is `power`."""
    typical = torch.full((1, 1), power, dtype=torch.float64).sqrt()  # L_T is linear in x_0²
    return prior_term(schedule, typical).item() / math.log(2)


def rounded(value: object) -> object:
    """The same values, numbers with six digits."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list | tuple) else value
