"""The tours of the lectures: every number that a scene says, against what computes it."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

from explorer.checkpoints import describe
from explorer.data import load, to_tensor
from explorer.gui.forward.tab import SCHEDULES as PANES
from explorer.gui.frame.context import HOME
from explorer.gui.lectures.autoencoder import work as autoencoder
from explorer.gui.lectures.pages.ways import tour_of
from explorer.gui.lessons.files import SHIPPED, find_lessons
from explorer.gui.reverse.quality.panel import stored_quality
from explorer.lectures import LECTURES
from tests.gui.lessons.tours import cars, jax, oslo, scinet, sutd

TOURS, _ = find_lessons([SHIPPED])
ALL: dict[str, ModuleType] = {
    "scinet": scinet,
    "cars": cars,
    "sutd": sutd,
    "jax": jax,
    "oslo": oslo,
}
SYMBOLS = re.compile(
    r"[a-z}]_\{?0\}?|x_T|x_\{t-1\}|t-1|\\alpha_t|1/\\sqrt|1-\\beta_s|1-\\bar\\alpha_t"
)
"""Digits in a formula that say nothing of this app."""


@pytest.mark.parametrize("name", LECTURES)
def test_every_number_of_a_tour_is_computed(name: str) -> None:
    """Each fact stands in its scene, and beside the facts a scene says no number."""
    facts = ALL[name].facts()
    for number, scene in enumerate(TOURS[tour_of(name)].scenes, 1):
        words = (scene.text, scene.question, scene.answer)
        said = re.sub(r"\s+", " ", " ".join(filter(None, words)))
        for fact in facts.get(number, []):
            assert fact in said, f"{name}, scene {number}: {fact!r} is not in {said!r}"
            said = said.replace(fact, " ")
        rest = SYMBOLS.sub(" ", said)
        assert not re.search(r"\d", rest), f"{name}, scene {number}: {rest}"


@pytest.mark.parametrize("name", LECTURES)
def test_a_tour_has_the_lectures_settings(name: str) -> None:
    lecture, lesson = LECTURES[name], TOURS[tour_of(name)]
    assert 8 <= len(lesson.scenes) <= 12 and lecture.title in lesson.title
    states = [scene.state for scene in lesson.scenes]
    assert {"forward", "schedules", "train", "reverse", "lectures"} <= {s["tab"] for s in states}
    for state in states:
        if state["tab"] in ("forward", "schedules"):
            assert state.get("T", 1000) == lecture.T
        if state["tab"] == "schedules":
            assert state.get("compare", lecture.schedule) == lecture.schedule
        if state["tab"] == "forward":
            assert ("MNIST" in lecture.pictures) == (state.get("image") == "digit-1")
        if "bound.model" in state:
            spec = describe(HOME / "checkpoints" / f"{state['bound.model']}.safetensors")
            assert spec.schedule == lecture.schedule
    assert [s["topic"] for s in states if "topic" in s].count(f"lecture-{name}") >= 1
    assert any(s.get("preset", "").startswith("lecture-") for s in states)


def test_what_is_said_without_a_number() -> None:
    """Claims about stored results that stand in the tours in words."""
    assert PANES == ("linear", "cosine")
    walk = autoencoder.read()[1]
    ink = walk.autoencoder.float().mean((1, 2, 3)) / 255
    digits = to_tensor(load("mnist-5k").images[:100]).add(1).div(2).mean().item()
    assert ink[-1] > 1.5 * digits  # bright shapes, after the last application
    assert walk.diffusion is not None
    table = stored_quality(HOME / "checkpoints" / "mnist.safetensors")
    assert table and {5, 10} <= {row.setting.steps for row in table.rows}
