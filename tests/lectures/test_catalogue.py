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
from explorer.lectures.sampling import (
    WALKED,
    demonstrate,
    look_lane,
    looks_of,
    one_shot,
    progressive,
)
from explorer.networks import CHOICES, NETWORKS
from explorer.race import pictures, race
from explorer.race.breaks import lane_from
from explorer.race.lanes import ddim

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
    T = {"jax": 199, "scinet": 1001}.get(name, lecture.T)
    beta = ("ddpm", T, 1.0, "beta")
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
    right = lecture.make_lanes(lecture.make_schedule(), repair=True)
    assert lecture.slips == (name != "oslo") == (name == "sutd" or lanes != right)
    assert not any(lane.clip or lane.rule or lane.finish or lane.clamp for lane in right)
    assert [lane.sampler for lane in right] == [lane.sampler for lane in lanes]
    assert all(lane.times[0] == lecture.T and not lane.noisy_end for lane in right)
    assert lecture.looks == ((999, 799, 599, 399, 199, 0) if name == "sutd" else ())
    shorter = lecture.make_lanes(make_schedule(lecture.schedule, 3))
    starts = {"jax": [2, 2, 2]}.get(name, [3] * len(lanes))
    assert [lane.times[0] for lane in shorter] == starts
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


def test_the_walk_feeds_back_what_a_look_gives_and_repaired_it_is_ddim() -> None:
    denoiser, start = knowing(), torch.randn(2, 1, 4, 4)
    looks = (199, 120, 40, 0)
    walk = progressive(denoiser, start, looks)
    assert walk.times == looks and walk.x.shape == (5, 2, 1, 4, 4)
    assert torch.equal(walk.x[0], start)
    x = start
    for i, look in enumerate(looks, 1):
        bar = SCHEDULE.alpha_bar[look + 1].item()
        t = torch.full((2,), look + 1)
        x = (x - (1 - bar) ** 0.5 * denoiser.network(x, t)) / bar**0.5
        x = x.clamp(-1, 1)
        torch.testing.assert_close(walk.x[i], x, rtol=0, atol=1e-4)
    right = progressive(denoiser, start, looks, repair=True).x
    bar = SCHEDULE.alpha_bar[121].item()
    eps = (start - SCHEDULE.alpha_bar[200].item() ** 0.5 * X0) / (
        1 - SCHEDULE.alpha_bar[200].item()
    ) ** 0.5
    torch.testing.assert_close(right[1], bar**0.5 * X0 + (1 - bar) ** 0.5 * eps, rtol=0, atol=1e-4)
    short = replace(denoiser, schedule=make_schedule("linear", 100))
    assert progressive(short, start, looks).times == (99, 40, 0)
    with pytest.raises(ValueError, match="t"):
        look_lane(SCHEDULE, (0, 50))


def test_sutds_demonstration_has_its_rows_and_its_walks() -> None:
    x0 = torch.rand(6, 1, 4, 4) * 1.6 - 0.8
    schedule = make_schedule("cosine-clipped", 1000)
    denoiser = Denoiser(lambda x, t: torch.zeros_like(x), schedule, "eps")
    looks = LECTURES["sutd"].looks
    shown = demonstrate(denoiser, x0, looks, seed=3)
    assert shown.times == looks and torch.equal(shown.original, x0)
    for i, look in enumerate(looks):
        bar = schedule.alpha_bar[look + 1].item()
        guess = (shown.noisy[i] / bar**0.5).clamp(-1, 1)
        torch.testing.assert_close(shown.reconstructed[i], guess, rtol=0, atol=1e-5)
        eps = (shown.noisy[i] - bar**0.5 * x0[i]) / (1 - bar) ** 0.5
        if i < WALKED:
            torch.testing.assert_close(eps, shown.noise[0, i], rtol=0, atol=1e-3)
    bar = schedule.alpha_bar[1000].item()
    start = bar**0.5 * x0[:WALKED] + (1 - bar) ** 0.5 * shown.noise[0]
    torch.testing.assert_close(shown.digits[0], start, rtol=0, atol=1e-5)
    for walk, mended in (
        (shown.digits, shown.digits_repaired),
        (shown.noise, shown.noise_repaired),
    ):
        assert walk.shape == mended.shape == (7, WALKED, 1, 4, 4)
        assert torch.equal(walk[0], mended[0]) and not torch.equal(walk[1], mended[1])
        assert walk[1:].abs().max() <= 1
    again = demonstrate(denoiser, x0, looks, seed=4)
    assert not torch.equal(again.noise, shown.noise)
    with pytest.raises(ValueError, match="5 images for 6 times"):
        demonstrate(denoiser, x0[:5], looks, seed=3)


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
    assert "different from the lecture oslo: images mnist-5k instead of mnist, size 8" in said
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
        *("schedule linear beta_end = 0.01 instead of linear", "EMA 0.9 instead of 0"),
        *("optimiser AdamW instead of Adam", "weighting min-snr instead of simple"),
        *("batch 4 instead of 128", "mirrored images half instead of none"),
    ):
        assert part in said
    assert "T " not in said and "learning rate" not in said


SMALL = {"scinet": (32, 15), "cars": (16, 50), "sutd": (8, 120), "jax": (8, 12), "oslo": (8, 40)}
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
            "train with a batch of 2 or more, or images larger than 16 × 16",
        ),
        (["--network", "plain", "--steps", "2"], "classes = 10: this network takes no classes"),
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
