"""Make what the topic of single changes shows: train each rung with two seeds, measure, draw.

Runs are kept in scratch/ladder and go on where they stopped: about an hour of one core in all.
"""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import torch
from torch import Tensor

from explorer.checkpoints import save
from explorer.data import load, to_tensor
from explorer.devices import hardware
from explorer.diffusion import Denoiser
from explorer.evaluation.held_out import Pictures
from explorer.gui.lectures.ladder.rungs import RUNGS, RUNS, SEEDS, STORED, Rung, settings
from explorer.gui.lectures.ladder.words import about, findings, table
from explorer.gui.lectures.ladder.work import Measured, losses_of, path_of, run_draw, write
from explorer.training import Record, Run, load_state, observe

WORK = Path("scratch/ladder")
COMMAND = "python -m tools.make_stored ladder"
SEED = 7
"""Of the samples."""


def trained(name: str, seed: int) -> Run:
    """One of `RUNS`, to the end of its budget."""
    config = settings(name, seed)
    run = Run(config, load(config.data, size=config.size))
    record, kept = Record(WORK / f"{name}-{seed}.safetensors"), time.monotonic()
    if record.state.is_file():
        load_state(run, record.state)
    for seen in observe(run):
        if seen.step.step % 100 == 0:
            print(
                name, seed, seen.step.step, f"loss {seen.step.smooth_loss:.4f}",
                f"{run.seconds:.0f} s", flush=True,
            )  # fmt: skip
        if time.monotonic() - kept > 120:
            record.keep(run, COMMAND)
            kept = time.monotonic()
    record.keep(run, COMMAND)
    return run


def train_all() -> list[dict[str, Run]]:
    """Every run of every seed."""
    return [{name: trained(name, seed) for name in RUNS} for seed in SEEDS]


def keep(run: Run, rung: Rung) -> None:
    """The rung's weights in half precision, in its file."""
    network = run.ema if rung.averaged else run.network
    halves = {name: value.half() for name, value in network.state_dict().items()}
    spec = run.spec(rung.weights, command=COMMAND)
    save(path_of(rung), halves, spec)


def model_of(run: Run, rung: Rung) -> Denoiser:
    """As it was trained, in full precision."""
    network = (run.ema if rung.averaged else run.network).eval()
    return Denoiser(network, run.schedule, run.config.target, clip=rung.clip)


@torch.no_grad()
def measure(runs: list[dict[str, Run]]) -> Measured:
    """All rungs of all seeds, each on what its runs held out."""
    means: list[Tensor] = []
    errors: list[Tensor] = []
    totals: list[Tensor] = []
    for seed, of in zip(SEEDS, runs, strict=True):
        for rung in RUNGS:
            run = of[rung.run]
            held = Pictures(to_tensor(run.held_out).cpu(), "")
            found = losses_of(model_of(run, rung), rung.clip, held, seed).double()
            means.append(found.mean(1).float())
            errors.append((found.std(1) / found.shape[1] ** 0.5).float())
            totals.append(found.mean(0).float())
            print(seed, rung.title, f"{found.mean():.4f}", flush=True)
    of_all = len(SEEDS), len(RUNGS), -1
    first = [runs[0][rung.run] for rung in RUNGS]
    count, steps = len(first[0].held_out), first[0].step
    return Measured(
        torch.stack(means).reshape(of_all),
        torch.stack(errors).reshape(of_all),
        torch.stack(totals).reshape(of_all),
        SEEDS,
        steps,
        tuple(sum(p.numel() for p in run.network.parameters()) for run in first),
        f"{count} images of {first[0].data.name} kept out of training",
        hardware(torch.device("cpu")),
        date.today().isoformat(),
    )


def make_ladder() -> None:
    """Train, measure, draw, and write what the topic opens with."""
    torch.set_num_threads(1)  # seconds are of one core
    STORED.mkdir(exist_ok=True)
    runs = train_all()
    for rung in RUNGS:
        keep(runs[0][rung.run], rung)
    *_, drawn = run_draw(SEED, torch.device("cpu"), lambda: False)
    found = measure(runs)
    write(found, drawn)
    print(*(" | ".join(row) for row in table(found)), about(found), *findings(found), sep="\n")
