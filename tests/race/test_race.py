"""The race: the same noise for every lane, and pictures that do not depend on their company."""

from __future__ import annotations

import pickle
from itertools import islice

import pytest
import torch
from torch import Tensor

from explorer.diffusion import Denoiser, make_schedule, picture_generators, randn, sample
from explorer.networks import UNet, UNetConfig
from explorer.race import Lane, LaneFrame, choose_labels, ddim, ddpm, lane_of, pictures, race

T, SHAPE = 20, (1, 8, 8)
LANES = [
    *(ddpm(T), ddpm(T, variance="beta"), ddim(T, 5), ddim(T, 7, eta=0.5, spacing="quadratic")),
    *(lane_of("dpm-solver", T, steps=5), lane_of("heun", T, steps=5, spacing="uniform")),
]


@pytest.fixture
def denoiser() -> Denoiser:
    """A small U-Net with random weights, 3 classes."""
    config = UNetConfig(classes=3, T=T, width=16, multipliers=(1, 2), attention=(1,), patch=2)
    network = UNet(config).eval().requires_grad_(False)
    for parameter in network.parameters():
        parameter += 0.1 * torch.randn_like(parameter)
    return Denoiser(network, make_schedule("cosine", T), "v")


def run(denoiser: Denoiser, lanes: list[Lane], n: int = 3, seed: int = 5) -> list[LaneFrame]:
    return list(race(denoiser, lanes, SHAPE, seed=seed, n=n))


def test_lanes_say_where_they_stop() -> None:
    assert ddpm(4) == Lane("ddpm", (4, 3, 2, 1, 0), {"variance": "posterior"})
    assert ddim(10, 5) == Lane("ddim", (10, 8, 6, 4, 2, 0), {"eta": 0.0, "variance": "posterior"})
    assert ddpm(4).evaluations == 4 and ddim(10, 5).evaluations == 5


def test_all_lanes_start_from_the_same_noise(denoiser: Denoiser) -> None:
    frames = run(denoiser, LANES)
    starts = [next(f.frame for f in frames if f.lane == i) for i in range(len(LANES))]
    noise = randn(torch.empty(3, *SHAPE), picture_generators(5, 3))
    assert all(start.t == T and torch.equal(start.x, noise) for start in starts)
    assert not torch.equal(run(denoiser, LANES[:1], seed=6)[0].frame.x, noise)


def test_frames_come_in_the_order_of_time_and_none_is_missing(denoiser: Denoiser) -> None:
    frames = run(denoiser, LANES)
    times = [f.frame.t for f in frames]
    assert times == sorted(times, reverse=True) and (times[0], times[-1]) == (T, 0)
    for i, lane in enumerate(LANES):
        assert tuple(f.frame.t for f in frames if f.lane == i) == lane.times


def test_every_lane_is_a_plain_sample_with_the_same_generators(denoiser: Denoiser) -> None:
    frames = run(denoiser, LANES)
    for i, lane in enumerate(LANES):
        generators = picture_generators(5, 3)
        x = randn(torch.empty(3, *SHAPE), generators)
        plain = sample(
            denoiser, denoiser.schedule, x, lane.times, sampler=lane.sampler, **lane.options,
            generator=generators,
        )  # fmt: skip
        for theirs, ours in zip(plain, (f.frame for f in frames if f.lane == i), strict=True):
            torch.testing.assert_close(ours.x, theirs.x, rtol=0, atol=1e-4)
            torch.testing.assert_close(ours.x0, theirs.x0, rtol=0, atol=1e-4)


def test_lanes_end_on_different_pictures(denoiser: Denoiser) -> None:
    ends = [f.frame.x for f in run(denoiser, LANES)[-len(LANES) :]]
    distances = torch.cdist(torch.stack(ends).flatten(1), torch.stack(ends).flatten(1))
    assert (distances + torch.eye(len(LANES))).min() > 0.1


@pytest.mark.parametrize("lane", LANES)
def test_a_picture_does_not_change_with_the_number_of_pictures(
    lane: Lane, denoiser: Denoiser
) -> None:
    many, few = run(denoiser, [lane], 5)[-1].frame.x, run(denoiser, [lane], 2)[-1].frame.x
    torch.testing.assert_close(many[:2], few, rtol=0, atol=1e-4)
    *_, last = race(denoiser, [lane], SHAPE, seed=5, n=2, first=3)
    torch.testing.assert_close(last.frame.x, many[3:], rtol=0, atol=1e-4)
    assert (many[0] - many[1]).abs().max() > 0.1


@pytest.mark.parametrize("lane", LANES)
def test_making_pictures_in_batches_does_not_change_them(lane: Lane, denoiser: Denoiser) -> None:
    labels = [0, 1, 2, 0, 1]
    *_, last = race(denoiser, [lane], SHAPE, seed=5, labels=labels)
    for batch in (2, 5, 64):
        made = pictures(denoiser, lane, SHAPE, seed=5, labels=labels, batch=batch)
        torch.testing.assert_close(made, last.frame.x, rtol=0, atol=1e-4)
    made = pictures(denoiser, lane, SHAPE, seed=5, n=4, batch=3)
    torch.testing.assert_close(made, run(denoiser, [lane], 4)[-1].frame.x, rtol=0, atol=1e-4)


def test_each_picture_gets_its_own_label() -> None:
    """x̂_0 is the label's grey: what comes out must be it."""

    def network(x_t: Tensor, t: Tensor, label: Tensor) -> Tensor:
        return (label[:, None, None, None] / 4).expand_as(x_t)

    denoiser = Denoiser(network, make_schedule("cosine", T), "x0")
    for lane in LANES:
        made = pictures(denoiser, lane, SHAPE, seed=0, labels=[3, -1, 0, 2], batch=3)
        torch.testing.assert_close(made[:, 0, 0, 0], torch.tensor([0.75, -0.25, 0, 0.5]))


@pytest.mark.parametrize("lane", LANES)
def test_evaluations_are_those_of_the_network(lane: Lane) -> None:
    calls = 0

    def network(x_t: Tensor, t: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return x_t

    denoiser = Denoiser(network, make_schedule("cosine", T), "x0")
    seconds = [0.0]
    for entry in race(denoiser, [lane], SHAPE, seed=0, n=1):
        assert entry.evaluations == calls
        seconds.append(entry.seconds)
    assert calls == lane.evaluations and seconds == sorted(seconds)


def test_lanes_at_the_same_time_share_one_call() -> None:
    batches = []

    def network(x_t: Tensor, t: Tensor) -> Tensor:
        batches.append(len(x_t))
        return x_t

    lanes = [ddpm(T), ddim(T, 5), ddim(T, 10, eta=1.0)]
    list(race(Denoiser(network, make_schedule("cosine", T), "x0"), lanes, SHAPE, seed=0, n=2))
    assert len(batches) == T and sum(batches) == 2 * (T + 5 + 10)
    assert batches[0] == 6 and batches[1] == 2  # all stand at T, DDPM alone at T − 1


@pytest.mark.parametrize("arguments", [{}, {"n": 0}, {"n": -1}, {"labels": []}])
def test_a_race_without_pictures_is_refused(
    arguments: dict[str, object], denoiser: Denoiser
) -> None:
    with pytest.raises(ValueError, match="at least one image"):
        race(denoiser, LANES, SHAPE, seed=0, **arguments)
    with pytest.raises(ValueError, match="at least one image"):
        pictures(denoiser, LANES[0], SHAPE, seed=0, **arguments)


@pytest.mark.parametrize("stop", [0, 1, 2, 3, 7, 23, 30])
def test_a_stopped_race_goes_on_to_the_same_end(stop: int, denoiser: Denoiser) -> None:
    """From what `racers` holds, after any frame, in another process too; nothing comes twice."""
    whole = run(denoiser, LANES)
    begun = race(denoiser, LANES, SHAPE, seed=5, n=3)
    entries = list(islice(begun, stop))
    kept = pickle.loads(pickle.dumps(begun.racers))
    again = race(denoiser, LANES, SHAPE, seed=5, n=3, resume=kept)
    entries += again
    assert [(e.lane, e.frame.t, e.evaluations, e.step) for e in entries] == [
        (e.lane, e.frame.t, e.evaluations, e.step) for e in whole
    ]
    for entry, expected in zip(entries, whole, strict=True):
        assert torch.equal(entry.frame.x, expected.frame.x)  # to the last bit
        assert (entry.z is None) == (expected.z is None)
        assert entry.z is None or torch.equal(entry.z, expected.z)
    seconds = [e.seconds for e in entries if e.lane == 0]
    assert seconds == sorted(seconds)


def test_what_does_not_fit_is_refused_at_once(denoiser: Denoiser) -> None:
    racers = race(denoiser, LANES, SHAPE, seed=5, n=3).racers
    misfits = ({"lanes": LANES[:1]}, {"n": 2}, {"shape": (1, 4, 4)}, {"shape": (3, 8, 8)})
    for arguments in misfits:
        with pytest.raises(ValueError, match="not where a race"):
            race(**{"denoiser": denoiser, "lanes": LANES, "shape": SHAPE, "seed": 5, "n": 3,
                    "resume": racers} | arguments)  # fmt: skip
    far = race(denoiser, [ddpm(T)], SHAPE, seed=5, n=3)
    list(islice(far, 10))
    with pytest.raises(ValueError, match="not where a race"):
        race(denoiser, [ddim(T, 5)], SHAPE, seed=5, n=3, resume=far.racers)
    with pytest.raises(ValueError, match="start is"):
        race(denoiser, LANES, SHAPE, seed=5, n=3, start=torch.zeros(2, *SHAPE))
    with pytest.raises(ValueError, match="at least one lane"):
        race(denoiser, [], SHAPE, seed=5, n=3)


@pytest.mark.parametrize("label", ["cats", "2", "-1", "²", 1, ["cat"], 1.0])
def test_a_class_that_is_none_is_refused(label: object) -> None:
    assert choose_labels(("cat", "dog"), 2, "1") == [1, 1]
    with pytest.raises(ValueError, match="no such class; there are: cat, dog"):
        choose_labels(("cat", "dog"), 2, label)


@pytest.mark.parametrize("lane", LANES)
def test_a_step_and_its_z_say_where_the_next_frame_comes_from(
    lane: Lane, denoiser: Denoiser
) -> None:
    entries = run(denoiser, [lane])
    before = None
    for entry, following in zip(entries, entries[1:], strict=False):
        assert entry.step == (entry.frame.t, following.frame.t)
        signal, sigma, *weights = lane.coefficients(denoiser.schedule, entry.step, before)
        assert weights == list(entry.terms)[: len(weights)]
        signal_s, direction, std, *_ = weights
        before = entry.frame.t
        eps = (entry.frame.x - signal * entry.frame.x0) / sigma
        x = signal_s * entry.frame.x0 + direction * eps
        x = x if entry.z is None else x + std * entry.z
        x = x if entry.change is None else x + entry.terms.change * entry.change
        torch.testing.assert_close(x, following.frame.x, rtol=0, atol=1e-4)
        assert (std > 0) == (entry.z is not None)
    assert entries[-1].step is None
