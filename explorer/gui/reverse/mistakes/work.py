"""What each common mistake does to a model's pictures: measured on many of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.data import from_tensor, to_tensor
from explorer.devices import hardware
from explorer.diffusion import Denoiser
from explorer.evaluation.errors import average_of
from explorer.evaluation.weights import weights_of
from explorer.gui.reverse.mistakes.look import Real, look_at, look_at_free, moved
from explorer.gui.reverse.mistakes.records import (
    COLUMNS,
    EACH,
    NO_CLASS,
    NO_NOISE,
    ONE,
    SOUND,
    Measured,
    Outcome,
    Strip,
    lane_settings,
    one_class,
)
from explorer.inference import prepare
from explorer.race import Lane, lane_from, race
from explorer.race.breaks import MISTAKES, broken

ETAS = (1.0, 0.0)
"""DDIM's η of the lanes that are broken: as much noise as DDPM, and none."""


class Made(NamedTuple):
    """The pictures of one lane."""

    x: Tensor
    """(n, C, H, W) in [−1, 1], in 256 steps, as they would be saved."""
    reach: Tensor
    """(n,), the largest |x̂_0| on each one's way."""


def measure(
    denoiser: Denoiser,
    spec: Spec,
    real: Real,
    *,
    n: int,
    steps: int = 50,
    seed: int = 0,
    batch: int = 50,
    device: str | torch.device = "cpu",
) -> Iterator[tuple[Measured, Tensor]]:
    """n pictures of the sound lane and of each of `MISTAKES`, for each η of `ETAS`.

    All start from the same noises, and picture i is asked for class i modulo their number. With
    and without noise n more are made that no class is asked for, if the network has learnt that.
    Yields after every η: the numbers so far, and the rows of pictures that its `strips` name,
    uint8 (rows, COLUMNS, C, H, W).

    ValueError, at once, if there are fewer than `COLUMNS` pictures of each class or than 40, or
    the batch is below 1.
    """
    least = max(40, COLUMNS * len(spec.classes))
    if n < least or batch < 1:
        raise ValueError(f"n = {n}: at least {least} images; batch = {batch}: at least 1")
    about = Measured(
        model=spec.name,
        weights=weights_of(denoiser, spec),
        target=spec.target,
        classes=spec.classes,
        n=n,
        steps=min(steps, spec.T),
        seed=seed,
        one=one_class(spec.classes),
        data=real.name,
        real_n=len(real.x),
        real=look_at(real.x, real.labels, real),
        outcomes=(),
        strips=(),
        hardware=hardware(torch.device(device)),
        date=date.today().isoformat(),
    )
    denoiser = replace(denoiser, network=prepare(denoiser.network, device))
    return _measure(denoiser, spec, real, about, batch, device)


def _measure(
    denoiser: Denoiser,
    spec: Spec,
    real: Real,
    measured: Measured,
    batch: int,
    device: str | torch.device,
) -> Iterator[tuple[Measured, Tensor]]:
    labels = torch.arange(measured.n) % len(spec.classes)
    pictures: list[Tensor] = []
    for eta in ETAS:
        lanes = lanes_of(spec, eta, measured.steps)
        made = make_pictures(denoiser, spec, lanes, labels, measured.seed, batch, device)
        outcomes = {
            name: Outcome(
                eta,
                name,
                look_at(x, labels, real),
                moved(x, made[SOUND].x, labels, real),
                average_of(reach),
                reach.max().item(),
            )
            for name, (x, reach) in made.items()
        }
        strips = [(Strip(eta, name, EACH), x[:COLUMNS]) for name, (x, _) in made.items()]
        if NO_NOISE in lanes:
            pair = {name: lanes[name] for name in (SOUND, NO_NOISE)}
            one = labels == measured.one
            strips += [(Strip(eta, name, ONE), made[name].x[one][:COLUMNS]) for name in pair]
            if spec.training.get("label_dropout"):
                untold = torch.full_like(labels, -1)
                free = make_pictures(denoiser, spec, pair, untold, measured.seed, batch, device)
                for name, (x, _) in free.items():
                    seen = look_at_free(x, spec.classes, real)
                    outcomes[name] = replace(outcomes[name], free=seen)
                    strips.append((Strip(eta, name, NO_CLASS), x[:COLUMNS]))
        pictures += [from_tensor(x) for _, x in strips]
        measured = replace(
            measured,
            outcomes=(*measured.outcomes, *outcomes.values()),
            strips=(*measured.strips, *(strip for strip, _ in strips)),
        )
        yield measured, torch.stack(pictures)


def lanes_of(spec: Spec, eta: float, steps: int) -> dict[str, Lane]:
    """The sound lane by the name `SOUND`, and those of `MISTAKES` that change it."""
    schedule = spec.make_schedule()
    sound = lane_from(lane_settings(eta, steps), schedule)
    wrong = {name: broken(sound, schedule, name) for name in MISTAKES}
    return {SOUND: sound} | {name: lane for name, lane in wrong.items() if lane != sound}


@torch.inference_mode()
def make_pictures(
    denoiser: Denoiser,
    spec: Spec,
    lanes: Mapping[str, Lane],
    labels: Tensor,
    seed: int,
    batch: int,
    device: str | torch.device,
) -> dict[str, Made]:
    """A picture of each lane for each of the labels, −1 for none; FloatingPointError if one is
    not finite."""
    shape, parts = (spec.channels, spec.size, spec.size), []
    for first in range(0, len(labels), batch):
        told = labels[first : first + batch].tolist()
        ends, reach = {}, [torch.zeros(len(told))] * len(lanes)
        for entry in race(
            denoiser,
            list(lanes.values()),
            shape,
            seed=seed,
            labels=told,
            first=first,
            device=device,
        ):
            i, frame = entry.lane, entry.frame
            ends[i] = frame.x
            if frame.t:
                largest = frame.x0.abs().flatten(1).amax(1).cpu()
                reach[i] = torch.maximum(reach[i], largest)
        parts.append([Made(as_saved(ends[i]), reach[i]) for i in range(len(lanes))])
    columns = zip(*parts, strict=True)
    return {
        name: Made(*map(torch.cat, zip(*column, strict=True)))
        for name, column in zip(lanes, columns, strict=True)
    }


def as_saved(x: Tensor) -> Tensor:
    """What a file of these pictures holds; FloatingPointError if they are none."""
    if not x.isfinite().all():
        raise FloatingPointError("images that are not finite numbers")
    return to_tensor(from_tensor(x.cpu()))
