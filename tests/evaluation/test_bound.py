"""The bound of a checkpoint: its pictures, its numbers, its command."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.checkpoints import Spec, load
from explorer.cli.bound import report
from explorer.cli.main import main
from explorer.data import DataError, from_tensor
from explorer.data import load as load_data
from explorer.diffusion import (
    VARIANCES,
    Bound,
    Denoiser,
    Term,
    bound,
    loss_weights,
    losses,
    make_schedule,
    noise_weights,
    picture_generators,
)
from explorer.evaluation.bound import measure_bound, read_bound
from explorer.evaluation.bound_shares import noise_bits, shares_of
from explorer.evaluation.held_out import choose_pictures, held_out
from explorer.evaluation.weights import fingerprint
from explorer.networks import PRESETS
from explorer.training import Run, TrainConfig
from tests.evaluation.conftest import DIGITS


def digits(n: int, **changes: object) -> object:
    return choose_pictures(replace(DIGITS, **changes), n)


# ---- pictures ----------------------------------------------------------------------------------


def test_what_a_run_held_out_is_what_the_bound_takes() -> None:
    data = load_data("emoji", size=8)
    config = TrainConfig(
        data="emoji", size=8, T=10, steps=1, network_options=PRESETS["tiny"], seed=3
    )
    run = Run(config, data)
    assert torch.equal(data.images[held_out(len(data), 3)], run.held_out.cpu())
    spec = replace(DIGITS, data="emoji", channels=3, training={"seed": 3})
    found = choose_pictures(spec, 1000)
    assert found.what == f"{len(run.held_out)} images of emoji kept out of training"
    rows = {tuple(row) for row in run.held_out.cpu().flatten(1).tolist()}
    assert {tuple(row) for row in from_tensor(found.x0).flatten(1).tolist()} == rows


def test_pictures_are_the_first_of_one_order() -> None:
    few, many = digits(4), digits(9)
    assert few.x0.shape == (4, 1, 8, 8) and torch.equal(few.x0, many.x0[:4])
    assert few.what == "4 images of mnist-5k, seen in training"
    assert digits(4, training={"seed": 0}).what == "4 images of mnist-5k kept out of training"


def test_bundled_pictures_stand_in_and_say_so() -> None:
    spec = replace(DIGITS, data="mnist")
    assert choose_pictures(spec, 5, bundled=True).what == "5 images of mnist-5k, seen in training"
    spec = replace(DIGITS, data="fashion-mnist")
    assert choose_pictures(spec, 16, bundled=True).what == "10 images of fashion-mnist-10"


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"data": "cifar10", "channels": 3}, DataError, "no images of cifar10"),
        ({"data": "my cat.zip"}, DataError, "not one of the data sets"),
        ({"channels": 3}, ValueError, "1 channels"),
    ],
)
def test_no_pictures(changes: dict, error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        choose_pictures(replace(DIGITS, **changes), 4, bundled=True)
    with pytest.raises(ValueError, match="n = 0"):
        digits(0)


# ---- numbers -----------------------------------------------------------------------------------


def test_the_result_is_the_bound_whatever_the_batch(model: tuple[Denoiser, Spec]) -> None:
    denoiser, spec = model
    pictures = digits(5)
    asked = dict(count=7, seed=3)
    *_, result = measure_bound(denoiser, spec, pictures, **asked)
    *_, split = measure_bound(denoiser, spec, pictures, batch=2, **asked)
    *_, truth = bound(
        denoiser, denoiser.schedule, pictures.x0, count=7, generator=picture_generators(3, 5)
    )
    assert result.finished and result.share == 1 and (result.n, result.dims) == (5, 64)
    assert result.ranges[0][0] == 2 and result.ranges[-1][1] == 40 and len(result.ranges) == 7
    for variance in VARIANCES:
        line = result.lines[variance]
        assert line.total == truth.bits(truth.total(variance))
        parts = line.matching.value + line.reconstruction.value + result.prior.value
        assert line.total.value == pytest.approx(parts)
        counts = [last - first + 1 for first, last in result.ranges]
        summed = sum(c * step.value for c, step in zip(counts, line.steps, strict=True))
        assert summed == pytest.approx(line.matching.value)
        assert split.lines[variance].total.value == pytest.approx(line.total.value, rel=1e-4)


@pytest.mark.parametrize("target", ["eps", "x0", "v"])
@pytest.mark.parametrize("weighting", ["simple", "min-snr", "bound"])
def test_the_loss_is_that_of_training(target: str, weighting: str) -> None:
    """At every t, of the network's output before clipping: what `losses` gives, weighted."""
    spec = replace(DIGITS, target=target, training={"weighting": weighting, "gamma": 3.0})
    schedule, pictures = spec.make_schedule(), digits(6)
    asked: dict[int, torch.Tensor] = {}

    def network(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        asked[int(t[0])] = x
        return torch.tanh(x.roll(1, -1)) * (1 + t.view(-1, 1, 1, 1) / 40)

    *_, found = measure_bound(Denoiser(network, schedule, target), spec, pictures)
    weights = loss_weights(schedule, target, weighting, gamma=3.0)
    trained, simple = torch.zeros(6, 41).double(), torch.zeros(6, 41).double()
    for t, x_t in asked.items():
        a, s = schedule.alpha_bar[t].sqrt(), (1 - schedule.alpha_bar[t]).sqrt()
        eps = (x_t.double() - a * pictures.x0.double()) / s
        told = torch.full((6,), t)
        trained[:, t] = weights[t] * losses(
            network, schedule, pictures.x0.double(), told, eps, target=target
        )
        out = network(x_t, told).double()
        noise = {"eps": out, "v": a * out + s * x_t, "x0": (x_t - a * out) / s}[target]
        simple[:, t] = (noise - eps).square().flatten(1).mean(1)
    for mean, truth in ((found.loss, trained), (found.simple, simple)):
        each = truth[:, 1:].mean(1)
        assert mean.value == pytest.approx(each.mean().item(), rel=1e-4)
        assert mean.error == pytest.approx(each.std().item() / math.sqrt(6), rel=1e-3)
    for name, truth in (("loss", trained), ("simple", simple)):
        for (first, last), share in zip(found.groups, found.shares[name], strict=True):
            part, total = truth[:, first : last + 1].sum(1), truth[:, 1:].sum(1)
            assert share.value == pytest.approx((part.sum() / total.sum()).item(), rel=1e-3)
            spread = (part - part.sum() / total.sum() * total).std() / total.mean() / math.sqrt(6)
            assert share.error == pytest.approx(spread.item(), rel=1e-2, abs=1e-9)
    assert found.groups[0] == (1, 1) and found.groups[-1] == (9, 40)
    table = noise_weights(schedule, target, weighting, gamma=3.0)
    assert found.loss.value == pytest.approx(
        (table * simple).nansum(1).mean().item() / 40, rel=1e-4
    )


def test_the_error_of_a_share_covers_the_truth() -> None:
    """Of 400 draws of 30 images, about 68 in 100 lie within one standard error."""
    generator = torch.Generator().manual_seed(0)
    inside = 0
    for _ in range(400):
        size = torch.rand(30, generator=generator).double() + 0.5
        parts = [size * torch.rand(30, generator=generator) for _ in range(4)]
        terms = tuple(
            Term(t, t, {}, torch.full((30,), t), part, part)
            for t, part in zip((4, 3, 2, 1), parts, strict=True)
        )
        state = Bound(4, 1, torch.zeros(30).double(), 1.0, terms)
        _, share = shares_of(state, parts, [(1, 3), (4, 4)])
        inside += abs(share.value - 0.25) < share.error
    assert 240 < inside < 305


def test_it_says_how_far_it_is(model: tuple[Denoiser, Spec]) -> None:
    states = list(measure_bound(*model, digits(2), count=3))
    assert [state.share for state in states] == [0, 0.25, 0.5, 0.75, 1]
    assert [len(state.ranges) for state in states] == [0, 1, 2, 3, 3]
    assert [state.finished for state in states] == [False] * 4 + [True]
    assert states[2].ranges[-1][1] == 40 and states[2].lines["beta"].total is None


def test_what_is_written_is_read(model: tuple[Denoiser, Spec], tmp_path: Path) -> None:
    for state in measure_bound(*model, digits(2), count=3):
        state.write(tmp_path / "b.json")
        again = read_bound(tmp_path / "b.json")
        assert again.ranges == state.ranges and again.finished == state.finished
        assert again.prior.value == pytest.approx(state.prior.value, rel=1e-5)
        total = again.lines["beta"].total
        assert total is None or total.value == pytest.approx(
            state.lines["beta"].total.value, rel=1e-5
        )
    assert again.make_schedule().T == 40
    (tmp_path / "c.json").write_text('{"version": 1}')
    with pytest.raises(ValueError, match="c.json is no stored bound"):
        read_bound(tmp_path / "c.json")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda v: v.pop("prior"), "has no 'prior'"),
        (lambda v: v.update(n="64"), "n = '64' should be a whole number"),
        (lambda v: v.update(ranges=[[1]]), "ranges has too few entries"),
        (lambda v: v["lines"].update(large=v["lines"]["beta"]), "lines.large"),
        (lambda v: v["lines"]["beta"]["matching"].append(1), "lines.beta.matching"),
        (lambda v: v.update(version=3), "another version"),
        (lambda v: v.update(target=3), "target"),
    ],
)
def test_a_damaged_bound_is_said_to_be_one(
    harm: Any, says: str, model: tuple[Denoiser, Spec], tmp_path: Path
) -> None:
    *_, last = measure_bound(*model, digits(2), count=1)
    last.write(tmp_path / "a.json")
    values = json.loads((tmp_path / "a.json").read_text())
    harm(values)
    (tmp_path / "b.json").write_text(json.dumps(values))
    with pytest.raises(ValueError, match="b.json is no stored bound") as error:
        read_bound(tmp_path / "b.json")
    assert says in str(error.value) and "\n" not in str(error.value)
    assert read_bound(tmp_path / "a.json").finished


@pytest.mark.parametrize(
    ("changes", "says"), [({"batch": 0}, "batch = 0"), ({"seed": -1}, "seed = -1")]
)
def test_refuses(model: tuple[Denoiser, Spec], changes: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        measure_bound(*model, digits(2), **changes)
    with pytest.raises(ValueError, match="at least two images"):
        measure_bound(*model, digits(1))


def test_noise_bits_are_the_mean_prior_term(model: tuple[Denoiser, Spec]) -> None:
    first, *_ = measure_bound(*model, digits(6))
    found = noise_bits(first.make_schedule(), first.power)
    assert found == pytest.approx(first.prior.value, rel=1e-6)
    ab = make_schedule("linear", 100).alpha_bar[-1].item()
    truth = 0.5 * (ab * 0.3 - ab - math.log1p(-ab)) / math.log(2)
    assert noise_bits(make_schedule("linear", 100), 0.3) == pytest.approx(truth)


# ---- the command -------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["evaluate", *map(str, words), "--bound", "--device", "cpu"])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_prints_and_keeps(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = request.getfixturevalue("digits")
    out = tmp_path / "bound.json"
    code, said, _ = run(capsys, file, "--n", 4, "--times", 6, "--out", out)
    result = read_bound(out)
    assert code == 0 and (result.n, result.count, result.seed) == (4, 6, 0)
    lines = said.splitlines()
    assert lines[0].startswith("tiny: 4 images of mnist-5k, seen in training; 6 ranges of t")
    total = next(line for line in lines if line.startswith("total"))
    shown = [float(text) for text in total.split()[1::3]]
    truth = [result.lines[variance].total.value for variance in VARIANCES]
    assert shown == pytest.approx(truth, rel=1e-5)
    assert any(line.startswith("L_T  prior matching") for line in lines) and "β̃_2" in said
    assert "denoising matching" in said and "onsistency" not in said
    (trained,) = (line for line in lines if line.startswith("trained with") and "%" not in line)
    assert trained.split()[-3:-1] == [f"{result.loss.value:.4f}", "±"]
    assert result.weights == fingerprint(load(file)[0].network, load(file)[1])
    share = result.shares["loss"][-1]
    told = f"{100 * share.value:.1f} ± {100 * share.error:.1f} %"
    assert [line.endswith(told) for line in lines if "trained with" in line] == [False, True]


def test_one_variance_and_every_t(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    file = request.getfixturevalue("digits")
    code, said, _ = run(capsys, file, "--n", 2, "--all", "--variance", "beta")
    assert code == 0 and "; every t; " in said.splitlines()[0]
    assert "σ² = β" in said and "β̃" not in said


def test_a_single_step_has_nothing_to_match() -> None:
    spec = replace(DIGITS, T=1)
    denoiser = Denoiser(lambda x, t: x, spec.make_schedule(), spec.target)
    *_, result = measure_bound(denoiser, spec, digits(3))
    assert result.ranges == () and result.lines["beta"].matching.value == 0
    assert result.lines["beta"] == result.lines["posterior"]
    said = report(result, VARIANCES)
    assert "; every t; " in said and "β̃_2" not in said  # there is no second step to borrow from


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--n", 1), "--n 1"),
        (("--times", 0), "--times 0"),
        (("--seed", -1), "--seed -1"),
        (("--out", "b.txt"), "bounds are kept in .json"),
        (("--data", "emoji"), "3 channels"),
    ],
)
def test_the_command_refuses(
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
    words: tuple,
    says: str,
) -> None:
    code, _, err = run(capsys, request.getfixturevalue("digits"), *words)
    assert code == 1 and says in err and err.count("explorer: ") == 1


def test_stored_bounds_are_small_and_of_this_version() -> None:
    root = Path(__file__).parents[2]
    folder = root / "explorer" / "gui" / "lectures" / "bound" / "stored"
    files = sorted(folder.glob("*.json"))
    assert {"mnist", "mnist-linear"} <= {file.stem for file in files}
    assert all(file.stat().st_size < 40_000 for file in files)
    for file in files:
        result = read_bound(file)
        assert result.finished and result.model == file.stem
        for variance in VARIANCES:
            total = result.lines[variance].total.value
            assert total > 1  # pixels without a model take 8; x̂_0 is coarse where t is small
            assert (total < 8) == (result.target != "x0")
        denoiser, spec = load(root / "checkpoints" / f"{file.stem}.safetensors")
        assert (result.T, result.schedule) == (spec.T, spec.schedule)
        assert result.weights == fingerprint(denoiser.network, spec), "made of other weights"
        assert result.target == spec.target
        for shares in result.shares.values():
            assert sum(share.value for share in shares) == pytest.approx(1, abs=1e-4)
