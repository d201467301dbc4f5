"""What the Common mistakes panel shows of a model and a mistake."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from PIL import Image
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.gui.reverse.mistakes.records import (
    EACH,
    NO_CLASS,
    NO_CLIPPING,
    NO_NOISE,
    ONE,
    SOUND,
    Measured,
    Outcome,
    Strip,
    as_image,
    lane_settings,
    read,
    read_sheet,
)
from explorer.gui.reverse.mistakes.sentences import seen_facts, written
from explorer.gui.reverse.mistakes.view import Group, Row
from explorer.race import lane_from
from explorer.race.breaks import MISTAKES

Models = Mapping[str, tuple[Path, Spec]]
GAP = 2
"""Pixels between two pictures of a strip."""


@lru_cache(maxsize=16)
def measured_of(path: Path, shipped: Path) -> Measured | None:
    """What is stored of a model, which only shipped ones have."""
    return read(path.stem) if path.parent == shipped else None


def models_shown(name: str, mistake: str, models: Models, shipped: Path) -> list[str]:
    """The chosen model; without clipping also one that predicts ε, if there is a measured one."""
    spec = models[name][1]
    if mistake != NO_CLIPPING or spec.target == "eps":
        return [name]
    others = (
        other
        for other, (path, theirs) in models.items()
        if theirs.target == "eps" and theirs.data == spec.data and measured_of(path, shipped)
    )
    return [name, *list(others)[:1]]


def groups(
    name: str, mistake: str, eta: float, models: Models, shipped: Path
) -> tuple[Group, ...]:
    """What is shown of each of `models_shown`."""
    return tuple(
        group_of(models[each][1], measured_of(models[each][0], shipped), mistake, eta)
        for each in models_shown(name, mistake, models, shipped)
    )


def group_of(spec: Spec, measured: Measured | None, mistake: str, eta: float) -> Group:
    """Of one model; where nothing was measured a sentence says so."""
    predicts = {"eps": "ε", "x0": "x₀"}.get(spec.target, spec.target)
    title = f"{spec.name}, predicts {predicts}"
    if mistake == NO_NOISE and eta == 0:
        return Group(title, ("With η = 0 DDIM adds no noise: there is none to leave out.",))
    outcome = measured.find(eta, mistake) if measured else None
    sound = measured.find(eta) if measured else None
    if measured is None or outcome is None or sound is None:
        return Group(title, ("Not measured for this model: run it live to see what it does.",))
    lane = lane_from(lane_settings(eta, measured.steps), spec.make_schedule())
    return Group(
        f"{title}: {lane.title}",
        tuple(seen_facts(measured, outcome)),
        strips_of(measured, outcome),
        table_of(measured, outcome, sound),
        about(measured),
    )


def strips_of(measured: Measured, outcome: Outcome) -> tuple[Row, ...]:
    """Sound and broken pictures of the same noises, those of one class first."""
    pictures = dict(zip(measured.strips, read_sheet(measured), strict=True))
    words = {
        ONE: f", all requested as “{measured.classes[measured.one]}”",
        NO_CLASS: ", no class requested",
        EACH: ", each class in turn",
    }
    return tuple(
        Row(
            f"{MISTAKES[mistake].title if mistake else 'correct'}{words[asked]}",
            bool(mistake),
            spaced(pictures[strip]),
            asked_classes(measured, asked, len(pictures[strip])),
        )
        for asked in (ONE, NO_CLASS, EACH)
        if Strip(outcome.eta, outcome.mistake, asked) in pictures
        for mistake in (SOUND, outcome.mistake)
        for strip in [Strip(outcome.eta, mistake, asked)]
    )


def asked_classes(measured: Measured, asked: str, columns: int) -> tuple[str, ...]:
    """What each picture of a strip was asked to be; none without classes."""
    names = {ONE: measured.classes[measured.one : measured.one + 1], EACH: measured.classes}
    own = names.get(asked, ())
    return tuple(own[i % len(own)] for i in range(columns)) if own else ()


def spaced(pictures: Tensor) -> Image.Image:
    """uint8 (columns, C, H, W) beside each other, with see-through gaps."""
    columns, _, height, width = pictures.shape
    strip = Image.new("RGBA", (columns * (width + GAP) - GAP, height))
    for i, picture in enumerate(pictures):
        strip.paste(as_image(picture[None, None]).convert("RGBA"), (i * (width + GAP), 0))
    return strip


def table_of(measured: Measured, outcome: Outcome, sound: Outcome) -> tuple[tuple[str, ...], ...]:
    """The numbers that the sentences speak of, of the sound lane, the broken and real pictures."""
    there, here, real = sound.look, outcome.look, measured.real
    lines = [
        ("", "correct", "with the mistake", "real"),
        *(
            (name, *(written(getattr(look, field), percent) for look in (there, here, real)))
            for name, field, percent in (
                ("recognised as requested", "accuracy", True),
                ("pixels’ standard deviation", "contrast", False),
                ("distance within a class", "diversity", True),
                ("neighbours’ correlation", "alike", False),
            )
        ),
        ("off the correct image", "", written(outcome.moved, True), ""),
    ]
    if outcome.mistake == NO_CLIPPING:
        lines.append(("largest |x̂₀|", written(sound.reach), written(outcome.reach), ""))
    if outcome.free and sound.free:
        lines += [
            (
                "no class: most common",
                f"“{sound.free.commonest}” {written(sound.free.share, True)}",
                f"“{outcome.free.commonest}” {written(outcome.free.share, True)}",
                "",
            ),
            (
                "no class: distance",
                written(sound.free.diversity, True),
                written(outcome.free.diversity, True),
                "",
            ),
        ]
    return tuple(lines)


def about(measured: Measured) -> str:
    """How it was measured."""
    return (
        f"{measured.n:,} images per lane, seed {measured.seed}; {measured.real_n:,} real "
        f"images of {measured.data}. {measured.date}, {measured.hardware}. ± is one standard "
        "error; distances are a share of that between real images of a class."
    )
