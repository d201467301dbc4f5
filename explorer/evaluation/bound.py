"""The variational bound of a checkpoint on real pictures, as numbers that can be kept."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.devices import hardware
from explorer.diffusion import (
    VARIANCES,
    Bound,
    Denoiser,
    Mean,
    belief_errors,
    bound,
    loss_weights,
    make_schedule,
    picture_generators,
)
from explorer.diffusion.process import Variance
from explorer.diffusion.schedule import Schedule
from explorer.evaluation.bound_shares import groups_of, mean_of, mean_over_t, shares_of
from explorer.evaluation.held_out import Pictures
from explorer.evaluation.store import parse, rounded
from explorer.files import written_whole
from explorer.inference import prepare
from explorer.settings.training import PROBE_SHARE

VERSION = 2
SQUARES = {"eps": "‖ε − ε̂‖²", "x0": "‖x₀ − x̂₀‖²", "v": "‖v − v̂‖²"}
Criterion = Literal["beta", "posterior", "simple", "loss"]
"""The bound with either variance, L_simple, and the loss that the model was trained with."""


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
    target: str
    """What the network was trained for."""
    weighting: str
    """And how its error was weighted over t, see `loss_weights`."""
    gamma: float
    weights: str
    """Fingerprint of the model, see `weights.fingerprint`; "" if nobody told."""
    share: float
    seconds: float
    prior: Mean
    """L_T."""
    ranges: tuple[tuple[int, int], ...]
    """Those that are there, low t first."""
    errors: tuple[Mean, ...]
    """‖ε − ε̂‖² / D at one t of each range, of the network's output as it is: L_simple's terms."""
    losses: tuple[Mean, ...]
    """The terms of the loss that it was trained with, at the same t."""
    first_error: Mean | None
    """The error at t = 1."""
    first_loss: Mean | None
    simple: Mean | None
    """L_simple, the mean of the errors over t = 1…T, once all are there."""
    loss: Mean | None
    """The mean of the losses."""
    groups: tuple[tuple[int, int], ...]
    """Ranges of t, see `CUTS`."""
    shares: Mapping[Criterion, tuple[Mean, ...]]
    """Of L_0 + Σ L_{t−1} with either variance, of L_simple and of the loss: how much of what is
    there so far lies in each group."""
    lines: Mapping[Variance, VarianceTerms]
    version: int = VERSION

    @property
    def finished(self) -> bool:
        return self.first_error is not None

    @property
    def trained_simple(self) -> bool:
        """Whether L_simple is what the network was trained with."""
        return (self.target, self.weighting) == ("eps", "simple")

    @property
    def loss_name(self) -> str:
        """ "‖v − v̂‖²", what was trained with, and how it was weighted over t, unless by 1."""
        weighting = {"simple": "", "bound": ", weighted like the bound"}.get(
            self.weighting, f", {self.weighting} γ = {self.gamma:g}"
        )
        return SQUARES[self.target] + weighting

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
    weights: str = "",
) -> Iterator[BoundResult]:
    """The bound of −ln p(x_0) for both variances, term by term; the model is told no classes.

    x̂_0 is clipped for the bound, as for samples, if the denoiser clips; L_simple and the loss that
    the model was trained with are of the network's output as it is.

    Yields after every evaluation of the network on all pictures, from t = T down to 1; with few
    pictures stopping is soon felt. Picture i of a seed draws the same times and noise however
    many pictures there are.

    count : of ranges of t, all t by default; see `explorer.diffusion.bound`.
    batch : pictures at a time.
    weights : the model's fingerprint, to be kept with the numbers.

    ValueError, at once, if there are fewer than two pictures, count or batch is below 1, or the
    model was trained with a weighting that there is not.
    """
    x0, device = pictures.x0, torch.device(device)
    if len(x0) < 2:
        raise ValueError(
            "a bound with its standard error takes at least two images, and there is only "
            f"{pictures.what}: choose other images, or train on {2 * PROBE_SHARE} or more, of "
            f"which one in {PROBE_SHARE} is kept out"
        )
    if batch < 1 or seed < 0:
        raise ValueError(f"batch = {batch}, seed = {seed}: at least one image, a seed from 0")
    clip = denoiser.clip
    denoiser = replace(denoiser, network=prepare(denoiser.network, device, exact=True), clip=False)
    weighting = spec.training.get("weighting", "simple")
    gamma = spec.training.get("gamma", 5.0)
    loss_weights(denoiser.schedule, denoiser.target, weighting, gamma=gamma)  # refuses others

    def denoise(x_t: Tensor, t: Tensor) -> Tensor:
        parts = zip(x_t.split(batch), t.split(batch), strict=True)
        return torch.cat([denoiser(x, times) for x, times in parts])

    states = bound(
        denoise,
        denoiser.schedule,
        x0.to(device),
        count=count,
        generator=picture_generators(seed, len(x0)),
        clip=clip,
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
        "target": denoiser.target,
        "weighting": weighting,
        "gamma": gamma,
        "weights": weights,
        "groups": groups_of(spec.T),
    }
    return _summarise_each(states, denoiser.schedule, about)


def _summarise_each(
    states: Iterator[Bound], schedule: Schedule, about: dict[str, Any]
) -> Iterator[BoundResult]:
    begun = time.monotonic()
    for state in states:
        yield summarised(state, schedule, about, time.monotonic() - begun)


def summarised(
    state: Bound, schedule: Schedule, about: Mapping[str, Any], seconds: float
) -> BoundResult:
    """Means over the pictures; `about` holds the fields that do not change."""
    terms = [term for term in state.terms[::-1] if term.last > 1]
    criteria: dict[Criterion, list[Tensor]] = {"simple": [term.error for term in state.terms]}
    table = loss_weights(schedule, about["target"], about["weighting"], gamma=about["gamma"])
    table = table / belief_errors(schedule, about["target"])
    criteria["loss"] = [table[term.times] * term.belief for term in state.terms]
    found = {name: [mean_of(each) for each in parts] for name, parts in criteria.items()}
    for variance in VARIANCES:
        criteria[variance] = [term.nats[variance] for term in state.terms]
    later = found if not state.finished else {k: parts[:-1] for k, parts in found.items()}
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
        errors=tuple(later["simple"][::-1]),
        losses=tuple(later["loss"][::-1]),
        first_error=found["simple"][-1] if state.finished else None,
        first_loss=found["loss"][-1] if state.finished else None,
        simple=mean_over_t(state, criteria["simple"]),
        loss=mean_over_t(state, criteria["loss"]),
        shares={
            name: shares_of(state, parts, about["groups"]) for name, parts in criteria.items()
        },
        lines=lines,
    )
