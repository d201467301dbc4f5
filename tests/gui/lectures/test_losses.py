"""The losses that lectures print, and those of their networks trained here."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from explorer.gui.lectures.pages.losses import (
    Learnt,
    bounded_floor,
    epochs_figure,
    share_within,
    verdict,
)
from explorer.gui.lectures.pages.stored import STORED
from explorer.lectures import LECTURES
from explorer.lectures.printed import PRINTED

TRAINED = sorted(path.parent.name for path in STORED.glob("*/losses.json"))


def learnt(name: str) -> Learnt:
    found = Learnt.read(STORED / name / "losses.json")
    assert found is not None
    return found


def test_epochs_are_means_over_their_batches() -> None:
    training = {"batch": 4, "steps": 7, "seconds": 2.04, "hardware": "h", "precision": "p"}
    history = {"steps": range(1, 8), "losses": [3.0, 2.0, 1.0, 0.5, 0.4, 0.3, 9.0]}
    found = Learnt.of(training, history, images=12)  # the seventh step is half of no epoch
    assert found.steps == 3 and found.epochs == (2.0, 0.4)
    assert found.curve == tuple(zip(range(1, 8), history["losses"], strict=True))


def test_what_is_stored_is_read_as_it_was(tmp_path: Path) -> None:
    found = learnt("jax")
    found.save(tmp_path / "losses.json")
    assert Learnt.read(tmp_path / "losses.json") == found
    assert Learnt.read(tmp_path / "none.json") is None


def test_the_least_loss_of_outputs_within_one() -> None:
    """Against a mean over many draws, with its error."""
    eps = torch.randn(4_000_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    left = (eps.abs() - 1).clamp(min=0).square()
    assert bounded_floor() == pytest.approx(left.mean().item(), abs=4 * left.std().item() / 2000)
    assert share_within() == pytest.approx((eps.abs() < 1).double().mean().item(), abs=1e-3)


def test_jax_learns_as_the_lecture_did() -> None:
    """Its network, optimiser, batch and data: the first epochs come within five per cent."""
    pairs = list(zip(PRINTED["jax"].epochs, learnt("jax").epochs, strict=False))
    assert len(pairs) >= 2
    assert all(ours == pytest.approx(theirs, rel=0.05) for theirs, ours in pairs)
    assert "this is the lecture's network" in verdict("jax", learnt("jax"))


def test_sutds_printed_losses_are_those_of_a_bounded_output() -> None:
    """From the second epoch on, within seven per cent; without one, ours is a third of them."""
    ours, theirs = learnt("sutd").epochs, PRINTED["sutd"].epochs
    assert len(ours) == 20
    for a, b in list(zip(ours, theirs, strict=False))[1:]:
        assert bounded_floor() + share_within() * a == pytest.approx(b, rel=0.07)
        assert a < 0.4 * b
    assert "tanh" in verdict("sutd", learnt("sutd"))


@pytest.mark.parametrize("name", TRAINED)
def test_dots_are_the_lectures_and_the_sentence_has_its_numbers(name: str) -> None:
    found, printed = learnt(name), PRINTED.get(name)
    figure = epochs_figure(found, printed)
    named = {trace.name: trace for trace in figure.data}
    said = verdict(name, found)
    if printed:
        dots = named["printed: mean of each epoch"]
        assert tuple(dots.y) == printed.epochs and dots.x[0] == printed.steps
        assert f"printed {printed.epochs[0]:.4f}, here {found.epochs[0]:.4f}" in said
    else:
        assert not any("printed" in trace for trace in named) and "prints" in said
    assert found.hardware in said


def test_printed_epochs_are_of_the_lectures_batches() -> None:
    for name, printed in PRINTED.items():
        assert printed.batch == LECTURES[name].batch and printed.steps == 938
        assert list(printed.epochs[:3]) == sorted(printed.epochs[:3], reverse=True)
