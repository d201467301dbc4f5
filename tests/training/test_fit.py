"""Training: it learns, it repeats, and its state is true whenever it is looked at."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from explorer import checkpoints
from explorer.data import ImageSet, from_tensor, load, to_tensor
from explorer.diffusion import TARGETS, regression_target
from explorer.training import Run, TrainConfig, TrainStep, fit
from tests.training.helpers import begin, stripes


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    return load("mnist-5k", size=16)


def config(**changes: Any) -> TrainConfig:
    """A run of seconds: a small network, few pictures a step."""
    quick = {"size": 16, "steps": 6, "batch": 8, "network_options": {"width": 16}}
    return TrainConfig(**quick | changes)


def greys(n: int = 10, labels: bool = True) -> ImageSet:
    """Picture i is all of grey 20·i and of class i."""
    images = (20 * torch.arange(n)).byte()[:, None, None, None].expand(-1, 1, 8, 8)
    classes = tuple(f"grey {i}" for i in range(n)) if labels else ()
    return ImageSet(images, torch.arange(n) if labels else None, classes, "greys", "-", "-")


def weights(module: torch.nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


def same(a: list[Tensor], b: list[Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def finish(run: Run) -> list[TrainStep]:
    return list(fit(run))


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_is_learnt(target: str, digits: ImageSet) -> None:
    steps = finish(Run(config(steps=60, batch=32, target=target, warmup=5), digits))
    first, last = steps[0].loss, sum(step.loss for step in steps[-10:]) / 10
    assert last < 0.7 * first


@pytest.mark.parametrize("target", TARGETS)
def test_the_first_loss_is_the_mean_square_of_the_target(target: str, digits: ImageSet) -> None:
    settings = config(target=target, schedule="linear")
    x0, t, eps, _ = Run(settings, digits).draw()  # a fresh network puts out zero
    truth = regression_target(settings.make_schedule(), x0, eps, t, target).square().mean()
    assert next(fit(Run(settings, digits))).loss == pytest.approx(truth.item(), rel=1e-5)


def test_the_same_seed_gives_the_same_weights_and_another_does_not(digits: ImageSet) -> None:
    runs = [Run(config(seed=seed), digits) for seed in (3, 3, 4)]
    torch.manual_seed(99)
    losses = [[step.loss for step in finish(run)] for run in runs]
    assert losses[0] == losses[1] != losses[2]
    assert same(weights(runs[0].network), weights(runs[1].network))
    assert same(weights(runs[0].ema), weights(runs[1].ema))
    assert not same(weights(runs[0].network), weights(runs[2].network))


def test_training_leaves_the_global_random_state_alone(digits: ImageSet) -> None:
    before = torch.get_rng_state()
    finish(Run(config(steps=2), digits))
    assert torch.equal(torch.get_rng_state(), before)


def test_steps_say_what_they_did(digits: ImageSet) -> None:
    run = Run(config(steps=12, warmup=3, learning_rate=0.01), digits)
    steps, shares = [], []
    for step in fit(run):
        assert (run.step, run.seconds, run.smooth_loss) == (
            *(step.step, step.seconds, step.smooth_loss),
        )
        steps.append(step)
        shares.append(run.progress)
    assert [step.step for step in steps] == list(range(1, 13))
    assert shares == pytest.approx([n / 12 for n in range(1, 13)])
    assert all(step.images_per_second > 0 for step in steps)
    assert all(a.seconds < b.seconds for a, b in zip(steps, steps[1:], strict=False))
    assert steps[5].seconds_left == pytest.approx(steps[5].seconds)  # half of it is done
    assert steps[-1].seconds_left == 0 and finish(run) == []
    for n, step in enumerate(steps):
        cosine = 0.1 + 0.9 * (1 + math.cos(math.pi * n / 12)) / 2
        assert step.learning_rate == pytest.approx(0.01 * min(1, (n + 1) / 4) * cosine)


def test_the_smooth_loss_begins_as_the_loss_and_stays_between_its_values(
    digits: ImageSet,
) -> None:
    steps = finish(Run(config(), digits))
    losses = [step.loss for step in steps]
    assert steps[0].smooth_loss == pytest.approx(losses[0])
    assert all(min(losses) < step.smooth_loss < max(losses) for step in steps[1:])


def test_a_budget_in_seconds_ends_the_run(digits: ImageSet) -> None:
    assert len(finish(Run(config(steps=None, seconds=1e-9), digits))) == 1
    assert len(finish(Run(config(steps=3, seconds=1e9), digits))) == 3


@pytest.mark.parametrize("ema", [0.999, 0.25, 0.0])
def test_the_averaged_weights_are_the_average_by_hand(ema: float, digits: ImageSet) -> None:
    run = Run(config(ema=ema, learning_rate=0.05, warmup=0), digits)
    average: list[Tensor] = []
    for n, _ in enumerate(fit(run)):
        now = weights(run.network)
        decay = min(ema, (1 + n) / (10 + n)) if n else 0  # it begins with the first step's weights
        average = [decay * a + (1 - decay) * w for a, w in zip(average or now, now, strict=True)]
        torch.testing.assert_close(weights(run.ema), average, rtol=0, atol=1e-6)
    assert same(average, now) == (ema == 0)


@pytest.mark.parametrize("stop", range(4))
def test_whoever_stops_pulling_has_a_usable_model(
    stop: int, digits: ImageSet, tmp_path: Path
) -> None:
    run = Run(config(), digits)
    steps = fit(run)
    for _ in range(stop):
        next(steps)
    assert run.step == stop
    spec = run.save(tmp_path / "model.safetensors", command="made", accuracy=0.5)
    stored, described = checkpoints.load(tmp_path / "model.safetensors")
    assert json.dumps(asdict(described)) == json.dumps(asdict(spec))
    assert spec.name == "model" and spec.classes == digits.classes
    assert (spec.size, spec.channels, spec.T, spec.target) == (16, 1, 1000, "v")
    assert spec.training["steps"] == stop and spec.training["images"] == 8 * stop
    assert spec.training["command"] == "made" and spec.metrics["accuracy"] == 0.5
    x, label = torch.randn(2, 1, 16, 16), torch.tensor([4, -1])
    denoise = run.denoiser()
    before = denoise(x, 500, label)
    torch.testing.assert_close(stored(x, 500, label), before)
    next(steps)
    assert not torch.equal(denoise(x, 500, label), before)  # goes on with the run


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.7, 1.0])
def test_labels_are_withheld_at_their_rate_and_are_true_otherwise(rate: float) -> None:
    run = Run(config(size=8, batch=500, label_dropout=rate), greys())
    withheld, n = 0, 20 * 500
    for _ in range(20):
        x0, _, _, label = run.draw()
        truth = (from_tensor(x0[:, 0, 0, 0]) / 20).long()
        given = label >= 0
        assert torch.equal(label[given], truth[given]) and (label[~given] == -1).all()
        withheld += int((~given).sum())
    assert abs(withheld / n - rate) <= 4 * math.sqrt(rate * (1 - rate) / n)


def test_draws_are_uniform_over_pictures_and_times_with_standard_noise() -> None:
    run = Run(config(size=8, T=5, batch=1000), greys())
    draws = [run.draw() for _ in range(10)]
    times = torch.cat([t for _, t, _, _ in draws])
    assert (times.bincount(minlength=6)[1:] / 1e4 - 1 / 5).abs().max() < 0.02 and times.min() == 1
    greys_seen = torch.cat([x0[:, 0, 0, 0] for x0, _, _, _ in draws])
    share = (greys_seen[:, None] == to_tensor(run.images[:, 0, 0, 0])).float().mean(0)
    assert (share - 1 / 9).abs().max() < 0.015  # one is held out
    eps = torch.cat([eps for _, _, eps, _ in draws])
    assert abs(eps.mean()) < 0.01 and abs(eps.var() - 1) < 0.01


@pytest.mark.parametrize("flips", [True, False])
def test_flips_mirror_half_of_the_pictures(flips: bool) -> None:
    run = begin(stripes(40), batch=2000, flips=flips, conditional=False)
    x0 = run.draw()[0]
    dark = to_tensor(torch.zeros(1, dtype=torch.uint8))
    mirrored = (x0[..., 0] == dark).all(dim=(1, 2))
    upright = torch.where(mirrored[:, None, None, None], x0.flip(-1), x0)
    assert (upright[..., :4] > dark).all() and (upright[..., 4:] == dark).all()
    share = mirrored.float().mean().item()
    assert abs(share - 0.5) < 4 * 0.5 / math.sqrt(2000) if flips else share == 0


def test_the_weighting_is_what_is_minimised() -> None:
    settings = {"target": "x0", "weighting": "min-snr", "gamma": 0.5, "conditional": False}
    run = begin(stripes(40), **settings)
    x0, t, _, _ = begin(stripes(40), **settings).draw()
    weights = run.schedule.snr[t].clamp(max=0.5)
    expected = (weights * x0.square().flatten(1).mean(1)).mean()  # a fresh network puts out zero
    assert next(fit(run)).loss == pytest.approx(expected.item(), rel=1e-5)


def test_what_does_not_go_together_is_said_before() -> None:
    assert config().advice() == [] and config(target="x0").advice() == []
    uneven = config(target="x0", weighting="bound", schedule="linear").advice()
    assert len(uneven) == 1 and "'bound'" in uneven[0] and "'x0'" in uneven[0]
    short = config(schedule="linear", T=50).advice()
    assert len(short) == 1 and "of the image's amplitude" in short[0]
    guess = config(target="eps").advice()
    assert len(guess) == 1 and "v is safer" in guess[0]
    for sentences in (uneven, short, guess):
        assert all(each[0].isupper() and each.endswith(".") for each in sentences)


@pytest.fixture
def stumbling(digits: ImageSet) -> Iterator[tuple[Run, Iterator[TrainStep]]]:
    """A run after two good steps."""
    run = Run(config(learning_rate=0.5), digits)
    steps = fit(run)
    assert [next(steps).step, next(steps).step] == [1, 2]
    yield run, steps


def test_a_loss_that_is_not_finite_ends_the_run_naming_the_step(
    stumbling: tuple[Run, Iterator[TrainStep]],
) -> None:
    run, steps = stumbling
    before = weights(run.ema), weights(run.network)
    run.network.register_forward_hook(lambda module, inputs, output: output * math.nan)
    with pytest.raises(FloatingPointError, match="loss became nan at step 3; .* lower .* 0.5"):
        next(steps)
    assert same(weights(run.ema), before[0]) and same(weights(run.network), before[1])
    assert run.step == 2 and all(w.isfinite().all() for w in before[0])


def test_a_gradient_that_is_not_finite_ends_the_run_too(
    stumbling: tuple[Run, Iterator[TrainStep]],
) -> None:
    run, steps = stumbling
    before = weights(run.ema), weights(run.network)
    run.network.head.bias.register_hook(lambda gradient: gradient * math.inf)
    with pytest.raises(FloatingPointError, match="gradient became .* at step 3; try a lower"):
        next(steps)
    assert same(weights(run.ema), before[0]) and same(weights(run.network), before[1])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("steps", value) for value in (0, -1, None)],
        *[("seconds", value) for value in (0, -1.0, math.nan, math.inf)],
        *[("batch", value) for value in (0, -4)],
        *[("learning_rate", value) for value in (0, 1.0, -1e-3, math.nan)],
        *[("warmup", -1), ("clip_norm", 0.0), ("clip_norm", math.nan)],
        *[("ema", value) for value in (-0.1, 1.0, math.nan)],
        *[("label_dropout", value) for value in (-0.1, 1.1, math.nan)],
        *[("seed", value) for value in (-1, 2**32)],
        *[("target", "noise"), ("network", "resnet"), ("schedule", "cosin")],
        *[("weighting", "p2"), *[("gamma", value) for value in (0.0, -1.0, math.nan, math.inf)]],
        *[("T", value) for value in (0, 100_001)],
        ("schedule_options", {"schedule_options": 3}),
    ],
)
def test_a_bad_setting_is_refused_naming_the_field(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        config(**{field: value})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"size": 7}, "size = 7"),
        ({"size": 18}, "multiples of 4"),
        ({"network_options": {"width": 12}}, "width = 12"),
    ],
)
def test_a_run_that_cannot_be_built_is_refused(
    changes: dict[str, Any], says: str, digits: ImageSet
) -> None:
    with pytest.raises(ValueError, match=says):
        Run(config(**changes), digits)


@pytest.mark.parametrize(
    ("data", "changes"), [(greys(labels=False), {}), (greys(), {"conditional": False})]
)
def test_without_labels_the_network_is_unconditional(
    data: ImageSet, changes: dict[str, Any]
) -> None:
    run = Run(config(size=8, **changes), data)
    assert run.draw()[3] is None and run.spec("a").classes == ()
    assert len(finish(run)) == 6
    with pytest.raises(ValueError, match="without classes"):
        run.denoiser()(torch.zeros(1, 1, 8, 8), 3, torch.tensor([0]))
