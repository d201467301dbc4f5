"""Make what the Round trip shows of shipped models, and the table that its words are tested on.

python -m tools.make_stored trip
python -m tools.make_stored verdicts [MODEL …]
python -m tools.make_stored draws [N [MODEL …]]

By the code that runs when a visitor asks. Every model is written as it is found; a model of other
weights than the stored ones is made again, one that is stored is left. DIFFUSION_EXPLORER_DATA
names the folder of MNIST's and Fashion-MNIST's files, whose test pictures `draws` takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from explorer.checkpoints import load
from explorer.evaluation.held_out import choose_pictures
from explorer.evaluation.weights import weights_of
from explorer.gui.reverse.round_trip import draws
from explorer.gui.reverse.round_trip import work as round_trip
from explorer.gui.reverse.round_trip.cases import judge_all, read_verdicts
from explorer.gui.reverse.round_trip.cases import write as write_verdicts
from explorer.gui.reverse.round_trip.trip import write
from explorer.gui.reverse.round_trip.verdict import verdict

CHECKPOINTS = Path("checkpoints")
SHARES = (5, 10, 20, 40)
"""t_0 in % of T at which draws are measured."""


def make_trip() -> None:
    """The trip that the panel opens with: the cat, by the shipped model of digits."""
    cat = round_trip.samples()[round_trip.START]
    *_, trip = round_trip.run_trip(
        CHECKPOINTS / "mnist.safetensors",
        (round_trip.START, cat),
        10 * round_trip.SHARE,
        round_trip.SEED,
        torch.device("cpu"),
        lambda: False,
    )
    write(trip, round_trip.STORED)
    print(verdict(trip))


def chosen(names: tuple[str, ...]) -> Iterator[Path]:
    """The checkpoints of these names, or all."""
    yield from (
        [CHECKPOINTS / f"{name}.safetensors" for name in names]
        or sorted(CHECKPOINTS.glob("*.safetensors"))
    )


def make_verdicts(*names: str) -> None:
    """About five minutes a model on one core."""
    for path in chosen(names):
        denoiser, spec = load(path)
        known = read_verdicts(spec.name)
        if known and known.weights == weights_of(denoiser, spec):
            print(f"{spec.name}: is there")
            continue
        found = judge_all(denoiser, spec)
        write_verdicts(found)
        for case in found.cases:
            print(spec.name, f"{case.share} %", case.name, case.company.judgement, flush=True)


def make_draws(n: str = "64", *names: str) -> None:
    """From `SHARES` of T; n · 0.75 · T evaluations a model, some 5 minutes on one core."""
    for path in chosen(names):
        denoiser, spec = load(path)
        known = draws.read(spec.name)
        same = known and known.weights == weights_of(denoiser, spec)
        if known and same and all(moment.n >= int(n) for moment in known.moments):
            print(f"{spec.name}: is there")
            continue
        pictures = choose_pictures(spec, int(n))
        times = [max(1, spec.T * share // 100) for share in SHARES]
        *_, found = draws.measure_draws(denoiser, spec, pictures, times)
        draws.write(found)
        print(draws.overview(found), flush=True)
