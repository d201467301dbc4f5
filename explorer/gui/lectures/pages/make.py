"""Make what the lectures' pages show: each lecture's network and ours after the same steps.

Runs are kept in scratch/lectures and go on where they stopped.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image

from explorer.data import BUNDLED, load, to_tensor
from explorer.diffusion import picture_generators, randn
from explorer.gui.lectures.pages.topic import STORED
from explorer.gui.lectures.pages.work import COUNT, SEED, gif, sheet_of
from explorer.lectures import LECTURES, Lecture, adapt, differences, run_settings
from explorer.lectures.sampling import confused_ddim, looks_of, shifted
from explorer.networks import PRESETS
from explorer.race import pictures, race
from explorer.race.lanes import Lane
from explorer.training import Record, Run, TrainConfig, load_state, observe

OURS = "small"
STEPS = 300
POINTS = 60
"""A curve is kept at about so many steps."""
WORK = Path("scratch/lectures")
Sheet = tuple[str, Image.Image]


def make_lectures(*names: str, steps: int = STEPS) -> None:
    """These lectures' pages; all of them without a name."""
    for name in names or LECTURES:
        make(name, steps)


def make(name: str, steps: int) -> None:
    """Train both, sample both, write the page's files."""
    lecture = LECTURES[name]
    adapted = adapt(lecture, BUNDLED, shared=True)
    theirs = TrainConfig(**run_settings(lecture, adapted), steps=steps, seed=SEED)
    ours = TrainConfig(
        network_options=PRESETS[OURS],
        steps=steps,
        seed=SEED,
        **{
            part: getattr(theirs, part)
            for part in ("data", "size", "conditional", "schedule", "T", "target", "batch")
        },
    )
    runs = [trained(f"{name}-theirs", theirs), trained(f"{name}-ours", ours)]
    found = list(sheets_of(lecture, *runs))
    film = walk(runs[0], lecture.make_lanes(runs[0].schedule)[0]) if lecture.film else None
    out = STORED / name
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.*"):
        old.unlink()
    for i, (caption, picture) in enumerate(found):
        flat = picture if runs[0].data.channels == 3 else picture.convert("L")
        flat.save(out / f"{i}.png", optimize=True)
        print(name, caption, flush=True)
    if film:
        (out / "walk.gif").write_bytes(film)
    page = {
        "data": adapted.data,
        "size": adapted.size,
        "network": adapted.network,
        "said": differences(lecture, theirs),
        "steps": steps,
        "seed": SEED,
        "sheets": [caption for caption, _ in found],
        "runs": [
            about(run, label) for run, label in zip(runs, (adapted.network, OURS), strict=True)
        ],
    }
    (out / "page.json").write_text(json.dumps(page, ensure_ascii=False) + "\n", encoding="utf-8")


def trained(name: str, config: TrainConfig) -> Run:
    """To the end of its budget."""
    run = Run(config, load(config.data, size=config.size))
    record, kept = Record(WORK / f"{name}.safetensors"), time.monotonic()
    if record.state.is_file():
        load_state(run, record.state)
    for seen in observe(run):
        if seen.step.step % 20 == 0:
            print(
                name, seen.step.step, f"loss {seen.step.smooth_loss:.4f}",
                f"{run.seconds:.0f} s", flush=True,
            )  # fmt: skip
        if time.monotonic() - kept > 120:
            record.keep(run, "explorer.gui.lectures.pages.make")
            kept = time.monotonic()
    record.keep(run, "explorer.gui.lectures.pages.make")
    return run


def sheets_of(lecture: Lecture, theirs: Run, ours: Run) -> Iterator[Sheet]:
    """Samples of both as the lecture makes them, and what its slips cost."""
    lanes = lecture.make_lanes(theirs.schedule)
    if lecture.looks:
        models = [theirs.denoiser(), ours.denoiser()]
        looks = looks_of(models, to_tensor(theirs.held_out[:2]), lecture.looks, seed=SEED)
        sheet = sheet_of(looks.tiles, len(looks.times))
        yield f"{looks.caption}; first the lecture's network, then ours", sheet
    both = {"The lecture's network": theirs, "Ours": ours}
    for lane in lanes[:1]:
        for owner, run in both.items():
            yield f"{owner}: {lane.title}", sampled(run, lane)
        for owner, run in both.items():
            clipped = replace(lane, clip=True, clamp=False)
            yield f"{owner}, with x̂₀ clipped as one would today", sampled(run, clipped)
    for lane in lanes[1:]:
        yield f"The lecture's network: {lane.title}", sampled(theirs, lane)
    if len(lanes) > 1:  # the lecture of the slips
        noise = randn(torch.empty(COUNT, *shape(theirs)), picture_generators(SEED, COUNT))
        yield (
            "The lecture's network: DDIM, S = 10, with α where ᾱ belongs, as in its code",
            sheet_of(confused_ddim(theirs.denoiser(), noise, 10)),
        )
        lane = shifted(lanes[0], theirs.schedule)
        yield f"The lecture's network: {lane.title}", sampled(theirs, lane)


def sampled(run: Run, lane: Lane) -> Image.Image:
    return sheet_of(pictures(run.denoiser(), lane, shape(run), seed=SEED, n=COUNT))


def walk(run: Run, lane: Lane) -> bytes:
    """A GIF of every tenth frame from noise to pictures."""
    entries = race(run.denoiser(), [lane], shape(run), seed=SEED, n=COUNT)
    return gif([sheet_of(e.frame.x) for e in entries if e.frame.t % 10 == 0])


def shape(run: Run) -> tuple[int, int, int]:
    return run.data.channels, run.config.size, run.config.size


def about(run: Run, label: str) -> dict:
    """What the page says of a run, and its curves."""
    history = run.history
    last = len(history.steps) - 1
    shown = sorted({*range(0, last, max(1, last // POINTS)), last})
    return {
        "network": label,
        "weights": sum(p.numel() for p in run.network.parameters()),
        "seconds": round(run.seconds),
        "steps": [history.steps[i] for i in shown],
        "smooth": [float(f"{history.smooth[i]:.4g}") for i in shown],
        "probe": [[point.step, float(f"{point.loss:.4g}")] for point in history.probes],
    }
