"""The floor of the loss: its closed form, and that nobody gets below it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
import torch

from explorer.data import ImageSet, to_tensor
from explorer.diffusion import IdealDenoiser, losses
from explorer.training import Run, TrainConfig, floor
from explorer.training.floor import Floor, ideal_floor
from tests.training.helpers import advance, begin, differing, everything, stripes


def two_greys(size: int = 8) -> ImageSet:
    """Half of the pictures are 126, half 129: x_0 = ±1.5 / 127.5 everywhere."""
    grey = torch.tensor([126, 129], dtype=torch.uint8).repeat(10)
    images = grey[:, None, None, None].expand(-1, 1, size, size).contiguous()
    return ImageSet(images, None, (), "greys", "-", "-")


def mmse(snr: float) -> float:
    """1 − E tanh(snr + √snr z): the least mean squared error of ±1 under Gaussian noise."""
    z, weights = np.polynomial.hermite_e.hermegauss(201)
    return 1 - float((weights * np.tanh(snr + math.sqrt(snr) * z)).sum() / weights.sum())


@pytest.mark.parametrize("target", ["x0", "eps", "v"])
def test_two_pictures_have_the_floor_of_a_binary_channel(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The noise along the difference decides: SNR(t) · D · a², a half their difference."""
    monkeypatch.setattr(floor, "PAIRS", 4000)
    run = Run(TrainConfig(size=8, steps=1, target=target, weighting="simple", T=100), two_greys())
    run.images = run.data.images[:2]  # each as often as the other
    found = ideal_floor(run)
    a2, snr = (1.5 / 127.5) ** 2, run.schedule.snr
    alpha_bar = run.schedule.alpha_bar
    units = {"x0": lambda t: 1.0, "eps": lambda t: snr[t], "v": lambda t: 1 / (1 - alpha_bar[t])}
    for b in range(10):
        times = range(10 * b + 1, 10 * b + 11)
        exact = [float(units[target](t)) * a2 * mmse(float(snr[t]) * 64 * a2) for t in times]
        assert found.seen[b] == pytest.approx(np.mean(exact), abs=5 * found.errors[b] + 1e-12)
    assert found.loss == pytest.approx(np.mean(found.seen))
    assert max(found.errors) < 0.1 * max(found.seen)


def test_one_picture_leaves_nothing_to_ask() -> None:
    run = begin(stripes(1))
    assert max(ideal_floor(run).seen) < 1e-9


def test_no_network_gets_below_it_on_the_training_pictures(small_digits: ImageSet) -> None:
    """Neither a trained one nor a better guess: all are asked the same pairs of one t."""
    run = advance(begin(small_digits, steps=60, batch=32, conditional=False), 60)
    x = to_tensor(run.images[:512]).double()
    ideal = IdealDenoiser(x, run.schedule)
    g = torch.Generator().manual_seed(3)
    for t in (300, 600, 900):
        eps = torch.randn(x.shape, generator=g, dtype=torch.float64)
        signal = run.schedule.alpha_bar[t] ** 0.5
        x_t = signal * x + (1 - signal**2) ** 0.5 * eps
        best = (ideal(x_t, t) - x).square().mean() / (1 - signal**2)  # in units of v
        network = losses(run.ema, run.schedule, x.float(), t, eps.float(), target="v").mean()
        shrunk = (0.98 * ideal(x_t, t) - x).square().mean() / (1 - signal**2)
        assert best < network and best < shrunk


def test_who_is_told_the_class_has_less_left(small_digits: ImageSet) -> None:
    told, untold = (ideal_floor(begin(small_digits, conditional=c)) for c in (True, False))
    assert told.told and not untold.told and told.pictures == untold.pictures == 4096
    assert told.loss < untold.loss - 3 * untold.error
    assert untold.of == 4744


def test_mirrored_pictures_count_where_they_are_drawn() -> None:
    plain, mirrored = (ideal_floor(begin(stripes(60), flips=f)) for f in (False, True))
    assert mirrored.loss >= plain.loss - 3 * plain.error


def test_fewer_pictures_have_a_lower_floor(
    small_digits: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin(small_digits, conditional=False)
    whole = ideal_floor(run)
    monkeypatch.setattr(floor, "PICTURES", 100)
    few = ideal_floor(run)
    assert few.pictures == 100 and few.of == 4744
    assert few.loss < whole.loss - 3 * math.hypot(few.error, whole.error)


def test_learning_by_heart_is_worse_on_pictures_that_it_does_not_know(
    small_digits: ImageSet,
) -> None:
    found = ideal_floor(begin(small_digits))
    assert found.unseen[0] > 100 * max(found.seen[0], 1e-6)
    assert found.unseen[-1] == pytest.approx(found.seen[-1], rel=0.3)  # at T all guess alike


def test_the_run_learns_the_same(small_digits: ImageSet) -> None:
    run = advance(begin(small_digits), 2)
    before, outside = everything(run), torch.get_rng_state()
    assert ideal_floor(run) == ideal_floor(run)
    assert differing(before, everything(run)) == []
    assert torch.equal(torch.get_rng_state(), outside)


def test_json_gives_it_back_and_refuses_what_is_none() -> None:
    found = Floor((0.1, 0.2), (0.01, 0.02), (3.0, 0.3), 10, 20, True)
    values = json.loads(json.dumps(asdict(found)))
    assert Floor.from_json(values) == found
    assert found.error == pytest.approx(math.hypot(0.01, 0.02) / 2)
    for name, bad in (("seen", []), ("errors", [1.0]), ("unseen", None), ("pictures", "x")):
        with pytest.raises((TypeError, ValueError)):
            Floor.from_json(values | {name: bad})
