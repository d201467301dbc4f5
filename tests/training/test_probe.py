"""The probe: the same question at every look, asked of the averaged weights, out of the way."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from explorer.data import ImageSet, from_tensor, to_tensor
from explorer.training import load_state, save_state
from tests.training.helpers import advance, begin, differing, everything, stripes


def test_it_gives_the_same_bits_at_every_look_and_touches_nothing(small_digits: ImageSet) -> None:
    run = advance(begin(small_digits), 3)
    before, outside = everything(run), torch.get_rng_state()
    first = run.probe()
    assert first == run.probe() == run.probe()
    assert differing(before, everything(run)) == []
    assert torch.equal(torch.get_rng_state(), outside)
    torch.manual_seed(123)
    advance(run, 1)
    assert run.probe() != first


def test_two_runs_of_a_seed_ask_the_same(small_digits: ImageSet, tmp_path: Path) -> None:
    run = advance(begin(small_digits), 2)
    save_state(run, tmp_path / "state")
    again = begin(small_digits)
    load_state(again, tmp_path / "state")
    assert again.probe() == run.probe()
    other = begin(small_digits, seed=1)
    assert not torch.equal(other.held_out, run.held_out)
    assert torch.equal(other._probe.eps, run._probe.eps)


def test_it_measures_the_averaged_weights(small_digits: ImageSet) -> None:
    run = advance(begin(small_digits), 3)
    before = run.probe()
    with torch.no_grad():
        run.network.head.bias.add_(1.0)
    assert run.probe() == before
    with torch.no_grad():
        run.ema.head.bias.add_(1.0)
    assert run.probe().loss > before.loss + 0.1


def test_its_error_is_how_far_other_noise_would_move_it(small_digits: ImageSet) -> None:
    run = advance(begin(small_digits), 3)
    probe = run._probe
    kept = run.probe().error
    found = []
    for seed in range(60):
        g = torch.Generator().manual_seed(seed)
        which = torch.randint(len(run.held_out), (len(probe.x0),), generator=g)
        probe.x0 = to_tensor(run.held_out[which])
        probe.labels = None
        probe.eps = torch.randn(probe.eps.shape, generator=g)
        found.append(run.probe().loss)
    assert 0.6 < kept / torch.tensor(found).std().item() < 1.6


@pytest.mark.parametrize("weighting", ["simple", "min-snr"])
def test_it_is_the_weighted_loss_by_hand(weighting: str, small_digits: ImageSet) -> None:
    run = advance(begin(small_digits, weighting=weighting, target="x0", gamma=2.0), 2)
    probe, ab = run._probe, run.schedule.alpha_bar
    weights = run.config.loss_weights()
    by_bucket = torch.zeros(10, dtype=torch.float64)
    with torch.no_grad():
        for i, t in enumerate(probe.t.tolist()):
            x_t = ab[t].sqrt() * probe.x0[i] + (1 - ab[t]).sqrt() * probe.eps[i]
            output = run.ema(x_t.float()[None], torch.tensor([t]), probe.labels[i : i + 1])
            error = (output[0] - probe.x0[i]).square().mean().double()
            by_bucket[(t - 1) * 10 // run.config.T] += weights[t] * error / 20
    found = run.probe()
    spread = math.hypot(*found.errors) / len(found.errors)
    assert found.error == pytest.approx(spread, rel=1e-6) and min(found.errors) > 0
    assert found.buckets == pytest.approx(by_bucket.tolist(), rel=1e-4)
    assert found.loss == pytest.approx(by_bucket.mean().item(), rel=1e-4)


@pytest.mark.parametrize("T", [10, 11, 999, 1000, 4000])
def test_its_times_are_spread_evenly(T: int, small_digits: ImageSet) -> None:
    run = begin(small_digits, T=T)
    t = run._probe.t.reshape(10, -1)
    for b in range(10):
        assert b * T / 10 < t[b].min() and t[b].max() <= -(-(b + 1) * T // 10)
    assert t.double().mean().item() == pytest.approx((T + 1) / 2, rel=0.02)
    assert len(run.probe().buckets) == 10


@pytest.mark.parametrize("T", [1, 2, 9])
def test_with_fewer_times_than_buckets_each_has_its_own(T: int, small_digits: ImageSet) -> None:
    run = advance(begin(small_digits, T=T, schedule="linear"), 1)
    assert run._probe.t.tolist() == [t for t in range(1, T + 1) for _ in range(20)]
    found = run.probe()
    assert len(found.buckets) == T and found.loss == pytest.approx(sum(found.buckets) / T)


@pytest.mark.parametrize("n", [1, 2, 8, 9, 10, 25, 100])
@pytest.mark.parametrize("labels", [True, False])
def test_few_pictures_with_and_without_labels_will_do(n: int, labels: bool) -> None:
    run = begin(stripes(n, labels=labels))
    found = run.probe()
    assert len(found.buckets) == 10 and 0 < found.loss < 10
    assert len(run.held_out) == max(1, n // 10)
    assert len(run.images) == max(1, n - max(1, n // 10))
    if labels:  # each picture with its own class
        grey = from_tensor(run._probe.x0[:, 0, 0, 0]).long()
        assert torch.equal(run._probe.labels, (grey - 1) // 2 % 3)
    else:
        assert run._probe.labels is None


def test_held_out_pictures_are_never_drawn() -> None:
    run = begin(stripes(60), batch=500)
    held = set(run.held_out[:, 0, 0, 0].tolist())
    drawn = {
        grey for _ in range(10) for grey in from_tensor(run.draw()[0][:, 0, 0, 0]).long().tolist()
    }
    assert len(held) == 6 and len(drawn) == 54 and not held & drawn
    asked = set(run._probe.x0[:, 0, 0, 0].tolist())
    assert asked == set(to_tensor(run.held_out[:, 0, 0, 0]).tolist())


def test_at_most_256_are_held_out(small_digits: ImageSet) -> None:
    run = begin(small_digits)
    assert (len(run.held_out), len(run.images)) == (256, 5000 - 256)
