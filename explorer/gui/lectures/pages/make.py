"""Make what the lectures' pages show, of each lecture's network and, where there is one, ours.

Shown are scratch/lectures/NAME-theirs.safetensors, or else the shipped model, and
NAME-ours.safetensors, trained alike; `from=FOLDER` names another folder, and that alone. They are
trained by hand, for hours: `TRAINED`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from PIL import Image

from explorer.checkpoints import describe
from explorer.data import load
from explorer.evaluation.held_out import held_out
from explorer.gui.lectures.pages.demonstration import write
from explorer.gui.lectures.pages.losses import Learnt
from explorer.gui.lectures.pages.stored import LOSSES, STORED
from explorer.gui.lectures.pages.trained import Trained, from_file
from explorer.gui.lectures.pages.work import COUNT, SEED, alike, gif, sheet_of
from explorer.lectures import LECTURES, Lecture, differences
from explorer.lectures.sampling import demonstrate
from explorer.race import pictures, race
from explorer.race.lanes import Lane
from explorer.training import Record
from explorer.training.state import read_state

WORK, SHIPPED = Path("scratch/lectures"), Path("checkpoints/lectures")
FASHION = "--data fashion-mnist --size 32"
TRAINED = {
    "scinet": f"--network naive-32 {FASHION} --steps 4517",
    "cars": f"--network simple-16 {FASHION} --steps 4000",
    "sutd": "--data mnist --steps 18760",
    "jax": "--data mnist --steps 2814",
    "oslo": "--data mnist --steps 2345",
}
"""How the models that are shown were trained, but for what their lecture says."""
FROM = "from="
THEIRS, OWN = "The lecture's network", "Ours"
Sheet = tuple[str, Image.Image]


def make_lectures(*words: str) -> None:
    """These lectures' pages; ValueError if a model is not there. Without a name all those whose
    models are there, the others staying as they are."""
    folders = [Path(word.removeprefix(FROM)) for word in words if word.startswith(FROM)]
    names = [word for word in words if not word.startswith(FROM)]
    for name in names or LECTURES:
        theirs, ours = (
            (folders or [WORK])[-1] / f"{name}-{who}.safetensors" for who in ("theirs", "ours")
        )
        if not theirs.is_file() and not folders:
            theirs = SHIPPED / f"lecture-{name}.safetensors"
        if theirs.is_file():
            write_page(name, from_file(theirs), from_file(ours) if ours.is_file() else None)
            write_losses(name, theirs)
            continue
        lacking = (
            f"{theirs} is not there; python -m explorer train --lecture {name} "
            f"{TRAINED[name]} --out {theirs} makes it"
        )
        if names:
            raise ValueError(lacking)
        print(f"{lacking}; the page of {name} stays as it is", flush=True)


def write_losses(name: str, model: Path) -> None:
    """What its run recorded, if it is beside the model; else what was stored before stays."""
    record = Record(model)
    if not record.state.is_file():
        return
    spec, history = describe(model), read_state(record.state).history
    learnt = load(spec.data, size=spec.size).images
    seen = len(learnt) - len(held_out(len(learnt), spec.training["seed"]))
    kept = {"steps": list(history.steps), "losses": list(history.losses)}
    Learnt.of(spec.training, kept, seen).save(STORED / name / LOSSES)


def write_page(name: str, theirs: Trained, ours: Trained | None = None) -> None:
    """Sample both, write the page's files; ValueError if they were not trained alike."""
    lecture, both = LECTURES[name], {THEIRS: theirs} | ({OWN: ours} if ours else {})
    if ours and not alike(theirs.spec, ours.spec):
        raise ValueError(f"{theirs.spec.name} and {ours.spec.name} were not trained alike")
    found = list(sheets_of(lecture, both))
    film = walk(theirs, lecture.make_lanes(theirs.schedule)[0]) if lecture.film else None
    out = STORED / name
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.*"):
        if old.name != LOSSES:
            old.unlink()
    for i, (caption, picture) in enumerate(found):
        flat = picture if theirs.spec.channels == 3 else picture.convert("L")
        flat.save(out / f"{i}.png", optimize=True)
        print(name, caption, flush=True)
    if film:
        (out / "walk.gif").write_bytes(film)
    shown = {}
    for i, (owner, model) in enumerate(both.items() if lecture.looks else ()):
        x0 = model.originals(len(lecture.looks))
        write(
            out / f"demonstration-{i}.npz",
            demonstrate(model.denoiser, x0, lecture.looks, seed=SEED),
        )
        shown[owner] = f"demonstration-{i}.npz"
    page = {
        "data": theirs.config.data,
        "size": theirs.spec.size,
        "network": theirs.network,
        "said": differences(lecture, theirs.config),
        "steps": theirs.steps,
        "seed": theirs.config.seed,
        "sheets": [caption for caption, _ in found],
        "demonstrations": shown,
        "runs": [model.about() for model in both.values()],
    }
    (out / "page.json").write_text(json.dumps(page, ensure_ascii=False) + "\n", encoding="utf-8")


def sheets_of(lecture: Lecture, both: Mapping[str, Trained]) -> Iterator[Sheet]:
    """Samples of both as the lecture's code makes them, and repaired; of the further samplers
    those of the lecture's network alone."""
    theirs = both[THEIRS]
    as_code = lecture.make_lanes(theirs.schedule)
    right = lecture.make_lanes(theirs.schedule, repair=True)
    for i, (lane, sound) in enumerate(zip(as_code, right, strict=True)):
        for owner, model in both.items() if i == 0 else [(THEIRS, theirs)]:
            yield f"{owner}: {lane.title}", sampled(model, lane)
            if sound != lane:
                yield f"{owner}, repaired: {sound.title}", sampled(model, sound)
        for owner, model in both.items() if i == 0 else ():
            clipped = replace(sound, clip=True)
            yield f"{owner}, with x̂₀ clipped, as is usual today", sampled(model, clipped)


def sampled(model: Trained, lane: Lane) -> Image.Image:
    return sheet_of(pictures(model.denoiser, lane, model.shape, seed=SEED, n=COUNT))


def walk(model: Trained, lane: Lane) -> bytes:
    """A GIF of every tenth frame from noise to pictures, the first among them."""
    entries = race(model.denoiser, [lane], model.shape, seed=SEED, n=COUNT)
    return gif(
        [sheet_of(e.frame.x) for e in entries if e.frame.t % 10 == 0 or e.frame.t == lane.times[0]]
    )
