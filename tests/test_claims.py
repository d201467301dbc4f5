"""Every experiment of every shipped model: what the page says of it is measured on its weights.

What an experiment says of a model is made from stored numbers, with their errors and of the very
weights that are shipped; of a model that was not measured it says that, and no number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from explorer.checkpoints import Spec, describe
from explorer.diffusion import VARIANCES
from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import LOCAL
from explorer.gui.lectures.bound.words import conclusions as bound_conclusions
from explorer.gui.lectures.bound.work import stored_bound
from explorer.gui.lectures.targets import work as targets
from explorer.gui.lectures.targets.words import conclusions
from explorer.gui.reverse.mistakes.records import NO_NOISE
from explorer.gui.reverse.mistakes.shown import group_of, measured_of
from explorer.gui.reverse.quality.panel import stored_quality
from explorer.gui.reverse.quality.words import quality_parts
from explorer.gui.reverse.round_trip.draws_panel import caption, stored_draws
from explorer.gui.reverse.spread.view import read_for, summary
from tools.make_stored import MAKERS, fingerprint_of

CHECKPOINTS = HOME / "checkpoints"
SHIPPED = sorted(CHECKPOINTS.glob("*.safetensors"))
FIGURE = re.compile(r"\d[\d.,]*(\s?%)?\s?±\s?\d")
"""A number with its error."""


class Claim(NamedTuple):
    """What is shown of a model, and of which weights; None of a model that was not measured."""

    weights: str | None
    words: str


def context() -> Context:
    return Context(Device(torch.device("cpu")), LOCAL, checkpoints=CHECKPOINTS)


def quality(path: Path, spec: Spec) -> Claim:
    table = stored_quality(path)
    words = " ".join(str(part) for part in quality_parts(table, "Fréchet distance"))
    return Claim(table and table.weights, words)


def mistakes(path: Path, spec: Spec) -> Claim:
    measured = measured_of(path, CHECKPOINTS)
    group = group_of(spec, measured, NO_NOISE, 1.0)
    return Claim(measured and measured.weights, " ".join(group.facts))


def draws(path: Path, spec: Spec) -> Claim:
    found = stored_draws(context(), path, spec)
    return Claim(found and found.weights, caption(found))


def spread(path: Path, spec: Spec) -> Claim:
    view = read_for(spec.name, None)
    return Claim(view and view.weights, summary(view) if view else "")


def bound(path: Path, spec: Spec) -> Claim:
    result = stored_bound(context(), path)
    words = bound_conclusions(result, VARIANCES[0]) if result else ""
    return Claim(result and result.weights, words)


def three_targets(path: Path, spec: Spec) -> Claim:
    stored = targets.read()
    assert stored is not None
    weights = {model.name: model.weights for model in stored.models}.get(spec.name)
    return Claim(weights, " ".join(conclusions(stored)) if weights else "")


EXPERIMENTS: dict[str, Callable[[Path, Spec], Claim]] = {
    "quality": quality,
    "mistakes": mistakes,
    "draws": draws,
    "spread": spread,
    "bound": bound,
    "targets": three_targets,
}
"""By their names in `MAKERS`. (The words of a round trip are tested on their own table, which
shows no model's numbers: tests/gui/reverse/test_verdict.py.)"""


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_what_is_said_is_measured_on_the_shipped_weights(name: str, path: Path) -> None:
    claim = EXPERIMENTS[name](path, describe(path))
    if path.stem in MAKERS[name].models:
        assert claim.weights == fingerprint_of(path.stem), f"python -m tools.make_stored {name}"
        assert FIGURE.search(claim.words), claim.words
    else:
        assert claim.weights is None and not FIGURE.search(claim.words), claim.words
