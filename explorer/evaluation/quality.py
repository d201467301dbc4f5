"""Steps against quality: table 1 of Song et al. 2021 for any model, measured as one watches."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import torch

from explorer.checkpoints import Spec
from explorer.devices import cores, hardware
from explorer.diffusion import Denoiser
from explorer.evaluation.classifier import load_classifier
from explorer.evaluation.judge import Judge
from explorer.evaluation.records import Quality, Row, Setting
from explorer.evaluation.reference import Reference, choose_labels
from explorer.evaluation.weights import weights_of
from explorer.inference import prepare
from explorer.race import Lane, LaneFrame, race

N = 512
"""Pictures of each row."""


@dataclass(frozen=True)
class Progress:
    """How far an evaluation is."""

    quality: Quality
    """With the finished rows."""
    setting: Setting
    """What is being measured; at a row's last progress it is finished."""
    row: Row | None
    """Its row so far, from fewer pictures than n until it is finished; None without pictures."""
    share: float
    """Of all that was asked for, in evaluations of the network; 1 at the end."""

    @property
    def finished(self) -> bool:
        """Whether `row` has just joined `quality.rows`."""
        return self.row is not None and self.row.n == self.quality.n


def begin(
    denoiser: Denoiser,
    spec: Spec,
    reference: Reference,
    *,
    n: int = N,
    seed: int = 0,
    guidance: float = 1.0,
    precision: str = "float32",
    device: str | torch.device = "cpu",
) -> Quality:
    """A table without rows: what `evaluate` is to fill.

    n : pictures of each row. Below about 200 the distance tells more of n than of the model.
    precision : "float32" or "bfloat16", see `choose_precision`.

    ValueError as in `check`.
    """
    check(denoiser, spec, n=n, seed=seed, guidance=guidance)
    weights = weights_of(denoiser, spec)
    device = torch.device(device)
    name = hardware(device)
    if device.type == "cpu" and torch.get_num_threads() != cores():
        name += f", {torch.get_num_threads()} in use"
    floor = reference.floor
    return Quality(
        model=spec.name,
        data=reference.data,
        n=n,
        reference=len(reference.features),
        floor=floor.frechet.mean,
        floor_n=floor.n,
        floor_accuracy=floor.accuracy.mean if floor.accuracy else None,
        seed=seed,
        guidance=guidance,
        hardware=name,
        precision=precision,
        date=date.today().isoformat(),
        weights=weights,
        classifier=load_classifier()[1].name,
        rows=(),
        T=spec.T,
        floor_draws=floor.draws,
        floor_pool=floor.pool,
        floor_kind=floor.kind,
        floor_spread=floor.frechet.deviation,
        floor_kid=floor.kid.mean,
        floor_kid_spread=floor.kid.deviation,
        floor_accuracy_spread=floor.accuracy.deviation if floor.accuracy else None,
    )


def check(
    denoiser: Denoiser, spec: Spec, *, n: int, seed: int, guidance: float, batch: int = 1
) -> None:
    """ValueError if a model cannot be evaluated like that: n < 2, seed < 0, batch < 1, guidance
    < 0, or not 1 for a model without classes."""
    if n < 2 or seed < 0 or batch < 1:
        raise ValueError(
            f"n = {n}, seed = {seed}, batch = {batch} are not allowed: at least two images, a "
            "seed of 0 or more, at least one image at a time"
        )
    if guidance != 1 and not spec.classes:
        raise ValueError(f"guidance {guidance:g}: this model was trained without classes")
    replace(denoiser, guidance=guidance)  # says whether it is allowed


def evaluate(
    denoiser: Denoiser,
    spec: Spec,
    reference: Reference,
    quality: Quality,
    settings: Sequence[Setting],
    *,
    batch: int = 64,
    device: str | torch.device = "cpu",
) -> Iterator[Progress]:
    """Measure the settings that `quality` has no rows of, and say how far it is.

    Yields after every step of `batch` pictures, so that it stops soon when it is no longer pulled;
    `Progress.quality` then holds the rows that were finished. Every setting starts from the same
    noise and the same labels, in turn as often as in the data. Pictures are measured as they
    would be saved, in 256 steps.

    quality : from `begin`, or what was kept of an evaluation like it.
    settings : see `choose_settings`.

    ValueError, at once, if one has more steps than the model, and as in `check`.
    """
    schedule = denoiser.schedule
    lanes = {setting: setting.lane(schedule) for setting in settings if not quality.find(setting)}
    check(denoiser, spec, n=quality.n, seed=quality.seed, guidance=quality.guidance, batch=batch)
    return _evaluate(denoiser, spec, reference, quality, lanes, batch, torch.device(device))


def _evaluate(
    denoiser: Denoiser,
    spec: Spec,
    reference: Reference,
    quality: Quality,
    lanes: Mapping[Setting, Lane],
    batch: int,
    device: torch.device,
) -> Iterator[Progress]:
    network = prepare(denoiser.network, device, quality.precision, exact=True)
    denoiser = replace(denoiser, network=network, guidance=quality.guidance)
    labels = choose_labels(reference.shares, quality.n)
    judge = Judge(reference, spec.classes, labels)
    shape = (spec.channels, spec.size, spec.size)
    total = quality.n * sum(lane.evaluations for lane in lanes.values())
    done = 0
    # alone on a core the thread's own time: it does not count while others have the core
    alone = device.type == "cpu" and torch.get_num_threads() == 1
    clock = time.thread_time if alone else time.perf_counter

    def frames(lane: Lane, first: int) -> Iterator[LaneFrame]:
        count = min(batch, quality.n - first)
        chosen = None if labels is None else labels[first : first + count]
        return race(
            denoiser,
            [lane],
            shape,
            seed=quality.seed,
            labels=chosen,
            n=count,
            first=first,
            device=device,
        )

    if device.type != "cpu" and lanes:  # a device's first calls are slow; no sampler is to blame
        list(frames(Setting(1, 0.0).lane(spec.T), 0))
    for setting, lane in lanes.items():
        judge.reset()
        row, seconds = None, 0.0
        for first in range(0, quality.n, batch):
            started = clock()
            for entry in frames(lane, first):
                if entry.frame.t:
                    seconds += clock() - started
                    part = done + len(entry.frame.x) * entry.evaluations
                    yield Progress(quality, setting, row, part / total)
                    started = clock()
            x = entry.frame.x.cpu()  # waits for all that the device has still to do
            seconds += clock() - started
            done += len(x) * lane.evaluations
            judge.add(x)
            if judge.count > 1:
                row = judge.row(setting, seconds, lane.evaluations)
        assert row is not None  # n ≥ 2
        row = judge.with_errors(row)
        quality = replace(quality.adding(row), date=date.today().isoformat())
        yield Progress(quality, setting, row, done / total)
