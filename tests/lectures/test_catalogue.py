"""Lectures: their settings, what stands in for what, and how they sample."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from explorer import checkpoints
from explorer.cli.main import main
from explorer.cli.recipe import read_train
from explorer.data import DATASETS
from explorer.diffusion import Denoiser, forward, make_schedule
from explorer.lectures import LECTURES, adapt, find, nearest_data
from explorer.lectures.sampling import confused_ddim, looks_of, one_shot, shifted
from explorer.networks import CHOICES, NETWORKS
from explorer.race import pictures, race
from explorer.race.lanes import ddim, ddpm, lane_from

SCHEDULE = make_schedule("linear", 200)
X0 = torch.linspace(-0.9, 0.9, 16).reshape(1, 1, 4, 4)


def knowing(schedule=SCHEDULE, x0: Tensor = X0) -> Denoiser:  # noqa: ANN001
    """A network that knows the picture and puts out the ε that x_t holds."""

    def network(x_t: Tensor, t: Tensor) -> Tensor:
        q = forward(schedule, x0.expand_as(x_t), t)
        return (x_t - q.mean) / q.std

    return Denoiser(network, schedule, "eps")


def test_the_table_is_the_lectures() -> None:
    table = {
        name: (each.size, each.T, each.schedule, each.network, each.batch, each.rate)
        for name, each in LECTURES.items()
    }
    assert table == {
        "scinet": (64, 1000, "linear", "naive-512", 64, 1e-3),
        "cars": (64, 300, "linear", "simple-64", 128, 1e-3),
        "sutd": (28, 1000, "cosine-clipped", "timeless", 64, 1e-3),
        "jax": (32, 200, "linear", "attention", 64, 1e-4),
        "oslo": (28, 300, "linear", "plain", 128, 2e-4),
    }
    linear = make_schedule("linear", 300).betas
    assert linear[0] == 1e-4 and linear[-1] == pytest.approx(0.02)
    clipped = LECTURES["sutd"].make_schedule()
    assert clipped.betas.min() >= 1e-5 and clipped.betas.max() == pytest.approx(0.02)
    cosine = make_schedule("cosine", 1000).betas
    torch.testing.assert_close(clipped.betas, cosine.clamp(1e-5, 0.02))


@pytest.mark.parametrize("name", LECTURES)
def test_lectures_sample_their_way(name: str) -> None:
    lecture = LECTURES[name]
    lanes = lecture.make_lanes(lecture.make_schedule())
    told = [
        (lane.sampler, lane.evaluations, lane.options.get("eta", 1.0), lane.options["variance"])
        for lane in lanes
    ]
    beta = ("ddpm", lecture.T, 1.0, "beta")
    assert (
        told
        == {
            "scinet": [beta],
            "cars": [("ddpm", 300, 1.0, "posterior")],
            "sutd": [],
            "jax": [beta, ("ddim", 10, 0.0, "posterior"), ("ddim", 4, 0.0, "posterior")],
            "oslo": [beta],
        }[name]
    )
    assert [lane.clamp for lane in lanes] == [name == "cars"] * len(lanes)
    assert not any(lane.clip for lane in lanes)
    assert lecture.looks == ((999, 799, 599, 399, 199, 0) if name == "sutd" else ())
    shorter = lecture.make_lanes(make_schedule(lecture.schedule, 3))
    assert all(lane.times[0] == 3 for lane in shorter)
    assert lecture.note.count("**") >= 6


def test_the_nearest_data_is_what_is_at_hand(tmp_path: Path) -> None:
    everything = tuple(DATASETS)
    assert nearest_data(LECTURES["oslo"], everything, tmp_path) == "mnist-5k"
    assert nearest_data(LECTURES["scinet"], everything, tmp_path) == "emoji"
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    (tmp_path / "MNIST" / "raw" / "x.gz").touch()
    (tmp_path / "pets-cats-64.safetensors").touch()
    assert nearest_data(LECTURES["oslo"], everything, tmp_path) == "mnist"
    assert nearest_data(LECTURES["scinet"], everything, tmp_path) == "pets-cats"
    assert nearest_data(LECTURES["scinet"], ("mnist-5k", "emoji"), tmp_path) == "emoji"


@pytest.mark.parametrize("name", LECTURES)
def test_pictures_pass_through_every_network_it_is_given(name: str, tmp_path: Path) -> None:
    lecture = LECTURES[name]
    for fast, shared in ((False, False), (True, False), (True, True), (False, True)):
        here = adapt(lecture, tuple(DATASETS), tmp_path, fast=fast, shared=shared)
        kind, options = CHOICES[here.network]
        NETWORKS[kind][0](**options).check_size(here.size, here.size)
        assert here.network == (lecture.network if fast and not shared else lecture.small)
    assert find(name) is lecture
    with pytest.raises(ValueError, match="there are: scinet, cars"):
        find("bergen")


def test_one_shot_is_exact_for_who_knows_the_picture() -> None:
    looks = list(one_shot(knowing(), X0, (199, 50, 0), seed=1))
    assert [look.t for look in looks] == [199, 50, 0]
    for look in looks:
        torch.testing.assert_close(look.x0, X0, rtol=0, atol=1e-4)
        bar = SCHEDULE.alpha_bar[look.t + 1].item()
        eps = (look.x - bar**0.5 * X0) / (1 - bar) ** 0.5
        if look is looks[0]:
            first = eps
        torch.testing.assert_close(eps, first, rtol=0, atol=2e-2)  # the same noise at every t
    with pytest.raises(ValueError, match="t = 200"):
        next(one_shot(knowing(), X0, (0, 200), seed=1))


def test_looks_leave_their_caller_able_to_learn() -> None:
    looks = one_shot(knowing(), X0, (199, 0), seed=1)
    assert next(looks).x0.is_inference() and not torch.is_inference_mode_enabled()
    looks.close()


def test_confused_ddim_takes_alpha_for_alpha_bar() -> None:
    told = []

    def network(x_t: Tensor, t: Tensor) -> Tensor:
        told.append(int(t[0]))
        return knowing().network(x_t, t)

    x = torch.randn(1, 1, 4, 4)
    end = confused_ddim(Denoiser(network, SCHEDULE, "eps"), x, 4)
    assert told == [150, 100, 50]
    truth = x
    for t in told:
        bar, alpha = SCHEDULE.alpha_bar[t].item(), 1 - SCHEDULE.betas[t - 1].item()
        eps = (truth - bar**0.5 * X0) / (1 - bar) ** 0.5
        truth = alpha**0.5 * X0 + (1 - alpha) ** 0.5 * eps
    torch.testing.assert_close(end, truth, rtol=0, atol=1e-4)
    for steps in (0, 1, 201):
        with pytest.raises(ValueError, match=f"steps = {steps} is not allowed.* from 2 to 200"):
            confused_ddim(knowing(), x, steps)


def test_the_index_shift_moves_alpha_bar_by_one_step() -> None:
    lane = shifted(ddpm(200, variance="beta"), SCHEDULE)
    own = lane.schedule.alpha_bar
    assert own[0] == 1 and torch.equal(own[1:-1], SCHEDULE.alpha_bar[2:])
    assert own[-1] < own[-2] and lane.checked(SCHEDULE) and "shifted" in lane.title


def test_clamping_keeps_x_in_range_and_nothing_else_does() -> None:
    wild = Denoiser(lambda x, t: -3 * x, SCHEDULE, "eps")
    settings = {"sampler": "ddpm", "breaks": ["no clipping"]}
    tame = lane_from(settings | {"clamp": True}, SCHEDULE)
    free = lane_from(settings, SCHEDULE)
    assert tame.clamp and not free.clamp and "x_s clamped" in tame.details
    most = {0: 0.0, 1: 0.0}
    for entry in race(wild, [tame, free], (1, 4, 4), seed=1, n=2):
        if entry.frame.t < 200:
            most[entry.lane] = max(most[entry.lane], entry.frame.x.abs().max().item())
    assert most[0] <= 1 < most[1]
    with pytest.raises(ValueError, match="clamp = 'yes'"):
        lane_from(settings | {"clamp": "yes"}, SCHEDULE)


WORDS = ["--device", "cpu", "--steps", "2", "--batch", "4"]


def test_a_lecture_sets_the_defaults_and_flags_override(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "oslo.safetensors"
    words = ["train", "--lecture", "oslo", *WORDS, "--size", "8", "--root", str(tmp_path)]
    assert main([*words, "--out", str(path)]) == 0
    said = capsys.readouterr().err
    assert "not as in the lecture oslo: pictures mnist-5k in place of mnist, size 8" in said
    spec = checkpoints.describe(path)
    assert (spec.network, spec.T, spec.schedule, spec.size) == ("plain-net", 300, "linear", 8)
    assert (spec.target, spec.classes, spec.training["batch"]) == ("eps", (), 4)
    rates = ("learning_rate", "weight_decay", "warmup", "final_rate", "ema")
    assert [spec.training[name] for name in rates] == [2e-4, 0, 0, 1, 0]
    assert main([*words, "--out", str(path), "--resume", "--steps", "3"]) == 0
    assert checkpoints.describe(path).training["steps"] == 3


def test_every_setting_that_a_flag_overrides_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "--lecture", "oslo", *WORDS, "--size", "8", "--root", str(tmp_path)]
    words += ["--optimiser", "AdamW", "--ema", "0.9", "--option", "beta_end=0.01", "--flips"]
    words += ["--option", "beta_start=0.0001", "--weighting", "min-snr"]
    assert main([*words, "--out", str(tmp_path / "a.safetensors")]) == 0
    said = capsys.readouterr().err.splitlines()[0]
    for part in (
        *("schedule linear beta_end = 0.01 in place of linear", "EMA 0.9 in place of 0"),
        *("optimiser AdamW in place of Adam", "weighting min-snr in place of simple"),
        *("batch 4 in place of 128", "pictures mirrored half in place of none"),
    ):
        assert part in said
    assert "T " not in said and "learning rate" not in said


SMALL = {"scinet": (32, 15), "cars": (16, 50), "sutd": (8, 40), "jax": (8, 12), "oslo": (8, 40)}
"""A side that passes through its network, and steps after which it has learnt something."""


@pytest.mark.parametrize("name", LECTURES)
def test_a_lectures_run_learns_and_is_sampled_its_way(name: str, tmp_path: Path) -> None:
    lecture, path = LECTURES[name], tmp_path / "a.safetensors"
    size, steps = map(str, SMALL[name])
    words = ["--lecture", name, "--size", size, "--steps", steps, "--batch", "8", "--T", "40"]
    words += ["--device", "cpu", "--root", str(tmp_path), "--out", str(path)]
    assert main(["train", *words]) == 0
    denoiser, spec = checkpoints.load(path)
    assert spec.metrics["probe_loss"] < 0.95 * spec.training["curve"][0]["probe"]
    shape = (spec.channels, spec.size, spec.size)
    lanes = [*lecture.make_lanes(denoiser.schedule), ddim(spec.T, 5)]  # and as Reverse does
    for lane in lanes:
        x = pictures(denoiser, lane, shape, seed=0, n=2)
        assert x.shape == (2, *shape) and x.isfinite().all() and x.std() > 0.01
        assert x.abs().max() <= 1 or not lane.clamp
    for look in one_shot(denoiser, torch.zeros(2, *shape), (spec.T - 1, 0), seed=0):
        assert look.x0.isfinite().all()


def test_a_value_that_is_usually_the_default_overrides_too(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    words = ["train", "--lecture", "oslo", *WORDS, "--size", "8", "--T", "1000"]
    assert main([*words, "--network", "tiny", "--root", str(tmp_path), "--out", str(path)]) == 0
    assert checkpoints.describe(path).T == 1000 and checkpoints.describe(path).network == "unet"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--lecture", "bergen"], "--lecture bergen: there are: cars, jax, oslo"),
        (["--network", "huge"], "--network huge: there are: tiny, small, base"),
        (["--optimiser", "SGD"], "--optimiser SGD: there are: AdamW, Adam"),
    ],
)
def test_unknown_names_are_refused_with_the_choices(
    words: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *words, "--out", str(tmp_path / "a.safetensors")]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--lecture", "scinet", "--size", "28"], "multiples of 32, not 28 × 28; 32 × 32 would"),
        (
            ["--lecture", "cars", "--size", "16", "--batch", "1", "--steps", "2"],
            "train with a batch of 2 or more, or pictures larger than 16 × 16",
        ),
        (["--network", "plain", "--steps", "2"], "classes = 10: this network cannot be told"),
        (["--lecture", "oslo", "--device", "gpu9"], "gpu9"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(
    words: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "a.safetensors"), "--root", str(tmp_path)]
    assert main(["train", *words, *out]) == 1
    assert says in capsys.readouterr().err.splitlines()[-1]


def test_the_words_say_nothing_of_lectures_without_the_flag() -> None:
    args = read_train(["--out", "x.safetensors"], "train")
    found = (args.lecture, args.run.size, args.optimiser, args.network)
    assert found == (None, 28, "AdamW", "base")


def test_looks_are_a_row_of_noise_and_a_row_of_beliefs() -> None:
    schedule = make_schedule("linear", 1000)
    denoiser = Denoiser(lambda x, t: torch.zeros_like(x), schedule, "x0")
    x0 = torch.full((2, 1, 8, 8), 0.5)
    looks = looks_of([denoiser, denoiser], x0, LECTURES["sutd"].looks, seed=0)
    assert looks.times == (999, 799, 599, 399, 199, 0)
    assert "t = 999, 799, 599, 399, 199, 0" in looks.caption
    rows = looks.tiles.reshape(2, 3, 6, 1, 8, 8)  # picture; x_t and two beliefs; time
    assert rows[:, 1:].abs().max() == 0 and rows.abs().max() == 1
    q = forward(schedule, x0, 1)
    assert (rows[:, 0, 5] - q.mean).abs().max() < 6 * q.std.max()
    short = replace(denoiser, schedule=make_schedule("linear", 300))
    assert looks_of([short], x0, (999, 0), seed=0).times == (299, 0)
