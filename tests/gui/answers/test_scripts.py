"""What “Copy as Python” and “Copy as command” give is run, and gives what the app computes."""

from __future__ import annotations

import ast
import re
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from explorer.checkpoints import load
from explorer.cli.recipe import make_config as config_of_words
from explorer.cli.recipe import read_train
from explorer.cli.said import sample_words, train_words
from explorer.data import from_tensor, to_tensor
from explorer.diffusion import forward, make_schedule
from explorer.diffusion.samplers import HEUN
from explorer.evaluation import choose_columns
from explorer.figures.pictures import grid
from explorer.gui.forward.tab import copied, make_scene, samples
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import LOCAL
from explorer.gui.lectures.autoencoder.script import autoencoder_texts
from explorer.gui.lectures.autoencoder.work import FACTORS, run_training
from explorer.gui.lectures.bound.script import bound_texts
from explorer.gui.lectures.bound.work import run_bound
from explorer.gui.lectures.inside.script import inside_texts
from explorer.gui.lectures.inside.work import run_look
from explorer.gui.lectures.ladder.rungs import settings as ladder_settings
from explorer.gui.lectures.pages.script import lecture_texts
from explorer.gui.lectures.sde.script import sde_texts
from explorer.gui.lectures.sde.work import first_settings, walk
from explorer.gui.lectures.targets.script import targets_texts
from explorer.gui.lectures.targets.work import run_draw
from explorer.gui.parts.copy_text import COMMAND, PYTHON
from explorer.gui.plane.script import plane_texts
from explorer.gui.plane.work import PlaneSettings, learn, show
from explorer.gui.reverse.export.panel import race_texts
from explorer.gui.reverse.quality.panel import quality_texts
from explorer.gui.reverse.racing import Going
from explorer.gui.reverse.stored import stored_race
from explorer.gui.schedules.script import VALUES, schedule_texts
from explorer.gui.schedules.tab import OPTIONS
from explorer.gui.train.choices import (
    DEFAULTS,
    LECTURE_PRESETS,
    PRESETS,
    make_config,
    preset_values,
)
from explorer.gui.train.script import train_texts
from explorer.lectures import LECTURES
from explorer.networks import PRESETS as PRESETS_OF
from explorer.race import race
from explorer.race.breaks import lane_from
from explorer.race.view import RaceView
from explorer.training import Run, TrainConfig, fit
from tests.gui.small import small
from tests.scripts import ROOT, run_commands, run_python

CPU = torch.device("cpu")
MODEL = "checkpoints/mnist.safetensors"


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+\.?\d*(?:e[-+]\d+)?", text)]


@pytest.mark.parametrize("name", ["cat", "digit 1", "emoji 4"])
def test_forward(name: str, tmp_path: Path) -> None:
    run_python(copied(name, 64, 500, 11), tmp_path, left=137, right=200)
    scene = make_scene(samples()[name], 64, 500, 11, LOCAL)
    x0 = to_tensor(torch.from_numpy(np.array(scene.picture)).permute(2, 0, 1)[None])
    for schedule, t in zip(scene.schedules, (137, 200), strict=True):
        mean, std = forward(schedule, x0, t)
        shown = from_tensor(mean + std * scene.eps)[0].permute(1, 2, 0).numpy()
        with Image.open(tmp_path / f"forward-{schedule.name}.png") as picture:
            assert np.array_equal(np.asarray(picture.convert("RGB")), shown)


def test_forward_does_not_hold_an_own_image() -> None:
    script = copied("", 128, 1000, 7).texts[PYTHON]
    assert 'Image.open("my-image.jpg")' in script and "it is not in this script" in script
    ast.parse(script.replace("{{left}}", "1").replace("{{right}}", "1"))


def test_schedules(tmp_path: Path) -> None:
    options = {name: dict(values) for name, values in OPTIONS.items()}
    options["linear"]["beta_end"] = 0.03
    texts = schedule_texts(["linear", "cosine"], "noise β", 300, options)
    said = run_python(texts, tmp_path, t=77).splitlines()[1:]
    made = (make_schedule("linear", 300, beta_end=0.03), make_schedule("cosine", 300))
    for line, schedule in zip(said, made, strict=True):
        wanted = (schedule.alpha_bar[77], 10 * schedule.snr[77].log10(), schedule.betas[76])
        assert numbers(line) == pytest.approx([value.item() for value in wanted], rel=1e-5)


def test_every_quantity_of_schedules_has_a_script() -> None:
    from explorer.figures.plots import QUANTITIES

    assert set(VALUES) == set(QUANTITIES)


def test_train_as_script_and_as_command(tmp_path: Path) -> None:
    config = small(data="mnist-5k", size=8, seed=3, steps=12, learning_rate=0.004)
    from explorer.data import load as load_data

    run = Run(config, load_data("mnist-5k", size=8), CPU)
    *_, last = fit(run)
    run.save(tmp_path / "wanted.safetensors")
    texts = train_texts(replace(config, network_options=PRESETS_OF["tiny"]))
    run_python(texts, tmp_path)
    wanted = load_file(tmp_path / "wanted.safetensors")
    found = load_file(tmp_path / "mnist-5k-8-cosine.safetensors")
    assert wanted.keys() == found.keys()
    assert all(torch.allclose(wanted[name], found[name], atol=1e-4) for name in wanted)  # Adam

    words = shlex.split(texts.texts[COMMAND])
    words[words.index("--out") + 1] = "commanded.safetensors"
    command = texts._replace(texts={COMMAND: shlex.join(words)})
    assert f"loss {last.smooth_loss:.4f}" in run_commands(command, tmp_path)
    found = load_file(tmp_path / "commanded.safetensors")
    assert all(torch.allclose(wanted[name], found[name], atol=1e-6) for name in wanted)


def here() -> Context:
    return Context(Device(CPU), LOCAL)


CONFIGS = [
    *(make_config(preset_values(name), {}, here()) for name in (*PRESETS, *LECTURE_PRESETS)),
    make_config(
        DEFAULTS
        | {"schedule": "linear", "T": 400, "labels": False, "target": "eps", "seed": 12,
           "weighting": "min-snr", "gamma": 3, "flips": True, "unit": "steps", "budget": 77,
           "batch": 32, "rate": 1e-4, "ema": 0.9, "label_dropout": 0.25, "network": "plain"},
        {"beta_start": 2e-4, "beta_end": 0.03},
        here(),
    ),
    TrainConfig(size=16, steps=300, seconds=100.0, network_options=PRESETS_OF["small"]),
    TrainConfig(seconds=300.0, network_options=PRESETS_OF["base"]),
    ladder_settings("target", 1),
    TrainConfig(steps=5, network="naive-unet", network_options={"width": 96}),
]  # fmt: skip


@pytest.mark.parametrize("config", CONFIGS)
def test_the_command_asks_for_exactly_this_run(config: TrainConfig) -> None:
    command, *words = train_words(config, "model.safetensors")
    assert command == "train"
    asked = config_of_words(read_train(words, "explorer train"))
    assert asked == config


@pytest.mark.parametrize("config", CONFIGS[:3])
def test_the_script_says_exactly_this_run(config: TrainConfig) -> None:
    script = train_texts(config).texts[PYTHON]
    calls = [node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Call)]
    call = next(node for node in calls if getattr(node.func, "id", "") == "TrainConfig")
    given = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    assert TrainConfig(**given) == config


def test_own_images_are_a_folder_in_script_and_command() -> None:
    texts = train_texts(replace(CONFIGS[0], data="your images"))
    assert "data='my-images'" in texts.texts[PYTHON]
    assert "--data my-images" in texts.texts[COMMAND]


def race_view() -> RaceView:
    """Of lanes that a command can run."""
    lanes = [
        {"sampler": "ddim", "steps": 4, "eta": 0.5, "spacing": "quadratic"},
        {"sampler": HEUN.name, "steps": 3},
        {"sampler": "ddim", "steps": 4, "breaks": ["no clipping", "alpha for alpha-bar"]},
    ]
    settings = {"model": "mnist", "seed": 5, "pictures": 2, "labels": [3, 3], "guidance": 1.5}
    return replace(stored_race(), settings=settings | {"lanes": lanes})


def test_a_race_as_commands(tmp_path: Path) -> None:
    denoiser, spec = load(ROOT / MODEL)
    going = Going(race_view())
    texts = race_texts(going, {"mnist": (ROOT / MODEL, spec)})
    run_commands(texts, tmp_path)
    assert "--breaks no-clipping alpha-for-alpha-bar" in texts.texts[COMMAND]
    from explorer.guides import guide

    settings = going.view.settings
    lanes = [lane_from(lane, denoiser.schedule) for lane in settings["lanes"]]
    guided = guide(denoiser, spec, guidance=1.5)
    ends = {}
    for entry in race(guided, lanes, (1, 28, 28), seed=5, labels=[3, 3]):
        ends[entry.lane] = entry.frame.x
    for i, x in ends.items():
        with Image.open(tmp_path / f"lane-{i + 1}.png") as picture:
            found = np.asarray(picture.convert("L")).astype(int)
        wanted = from_tensor(x)[:, 0].numpy().astype(int)
        tiles = [found[r : r + 28, c : c + 28] for r, c in tile_places(found.shape)]
        for tile, image in zip(tiles, wanted, strict=False):
            assert np.abs(tile - image).max() <= 1


def tile_places(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Where two images of 28 lie in a sheet with even gaps."""
    gap = (shape[1] - 2 * 28) // 3
    return [(gap, gap), (gap, 28 + 2 * gap)]


def test_classes_in_turn_need_no_word_and_mixed_ones_have_none() -> None:
    settings = {"pictures": 3, "seed": 1, "guidance": 1, "labels": [0, 1, 0]}
    lane, classes = {"sampler": "ddpm"}, ("a", "b")
    assert sample_words(settings, lane, "m", classes) == [
        "sample", "m", "--sampler", "ddpm", "--n", "3", "--seed", "1"]  # fmt: skip
    assert sample_words(settings | {"labels": [1, 1, 0]}, lane, "m", classes) is None
    assert sample_words(settings, lane, "m", ()) is None
    assert sample_words(settings | {"labels": [1, 1, 1]}, lane, "m", classes)[-2:] == [
        "--label", "b"]  # fmt: skip


def test_the_table_of_quality_as_command() -> None:
    from explorer.cli.evaluate import parse_settings
    from explorer.gui.reverse.quality.panel import NOISE_CHOICES, chosen_settings

    chosen = (["5", "1000"], ["ddim", "heun"], ["η = 0", "σ̂"])
    texts = quality_texts(ROOT / MODEL, 1000, *chosen, 128)
    words = shlex.split(texts.texts[COMMAND])
    flags = dict(zip(words[5::2], words[6::2], strict=True))
    asked = parse_settings(flags["--steps"], flags["--sampler"], flags["--eta"])(1000)
    assert set(asked) == set(chosen_settings(1000, *chosen))
    assert choose_columns(["ddim"], [NOISE_CHOICES["σ̂"]])[0].variance == "beta"
    assert words[4] == MODEL and flags["--n"] == "128" and flags["--reference"] == "5000"


def test_plane(tmp_path: Path) -> None:
    asked = PlaneSettings(points=40, samples=30, steps=8, seed=5)
    *_, last = learn(asked, None, {"steps": 60}, CPU, lambda: False)
    view = last.view
    said = run_python(plane_texts(asked, view.losses), tmp_path)
    for name in ("ideal", "exact", "trained"):
        lines = [line for line in said.splitlines() if line.startswith(f"{name},")]
        found = [float(line.rpartition(" ")[2]) for line in lines]
        assert found == pytest.approx(view.beliefs[name].nearest, abs=3e-3)


def test_plane_of_own_points(tmp_path: Path) -> None:
    own = ((0.0, 0.0), (1.0, 1.0), (-1.0, 0.5))
    asked = PlaneSettings("your own", points=3, samples=20, steps=6, own=own)
    *_, view = show(asked, None, CPU)
    said = run_python(plane_texts(asked, []), tmp_path)
    found = [float(line.rpartition(" ")[2]) for line in said.splitlines()[1:]]
    assert found == pytest.approx(view.beliefs["ideal"].nearest, abs=1e-4)


def test_autoencoder(tmp_path: Path) -> None:
    *_, training = run_training(50, 4, CPU, lambda: False)
    said = run_python(autoencoder_texts(50, 4), tmp_path)
    at = FACTORS.index(0.5)
    before, after = numbers(said.splitlines()[1].partition("MSE")[2].replace("->", ""))
    assert before == pytest.approx(training.noisy_mse[at], abs=1e-4)
    assert after == pytest.approx(training.denoised_mse[at], abs=5e-4)  # after 50 steps


def test_bound(tmp_path: Path) -> None:
    _, spec = load(ROOT / MODEL)
    *_, result = run_bound(ROOT / MODEL, 2, 3, 7, CPU, lambda: False)
    said = run_python(bound_texts(MODEL, spec, 2, 3, 7), tmp_path)
    totals = [numbers(line) for line in said.splitlines() if "total" in line]
    wanted = [[line.total.value, line.total.error] for line in result.lines.values()]
    assert totals == [pytest.approx(pair, abs=1e-3) for pair in wanted]


def test_targets(tmp_path: Path) -> None:
    path = ROOT / "checkpoints/mnist-v.safetensors"
    *_, drawn = run_draw({"v": path}, 3, CPU, lambda: False)
    said = run_python(targets_texts(["checkpoints/mnist-v.safetensors"], 3), tmp_path)
    assert numbers(said)[-1] == pytest.approx(max(drawn.reach[0]), abs=0.01)
    with Image.open(tmp_path / "mnist-v.png") as picture:
        x = to_tensor(drawn.pictures[0])
        sheet = np.asarray(grid(x, columns=10)).astype(int)
        assert np.abs(np.asarray(picture).astype(int) - sheet).max() <= 1


@pytest.mark.parametrize("name", ["geometric", "variance-preserving"])
def test_sde(name: str, tmp_path: Path) -> None:
    settings = replace(first_settings(name), paths=30, seed=2)
    found = walk(settings)
    said = run_python(sde_texts(settings), tmp_path).splitlines()
    wanted = [(found.mean[-1], found.exact_mean[-1]), (found.std[-1], found.exact_std[-1])]
    for line, pair in zip(said[1:], wanted, strict=True):
        assert numbers(line) == pytest.approx(pair, abs=1e-4)


def test_inside(tmp_path: Path) -> None:
    _, spec = load(ROOT / MODEL)
    (look,) = run_look(ROOT / MODEL, 4, 300, 9, CPU)
    said = run_python(inside_texts(MODEL, spec, 4, 300, 9), tmp_path)
    found = [float(line.rpartition(" ")[2]) for line in said.splitlines()]
    wanted = [look.errors[name] for name in ("x_t", "own", "half", "double")]
    assert found == pytest.approx(wanted, abs=1e-3)


def test_a_lectures_step(tmp_path: Path) -> None:
    jax = LECTURES["jax"]
    said = run_python(lecture_texts("jax", jax, 100), tmp_path)
    schedule = jax.make_schedule()
    for lane, line in zip(jax.make_lanes(schedule), said.splitlines()[1:], strict=True):
        s = 100 - schedule.T // lane.evaluations
        weights = lane.coefficients(schedule, (100, s))[2:5]
        assert f"x_{s} = " in line
        found = [float(x) for x in re.findall(r"([-\d.e]+) (?:x0_hat|eps_hat|z)", line)]
        assert found == pytest.approx(weights, abs=1e-3)


def test_a_lectures_commands_train_and_sample(tmp_path: Path) -> None:
    texts = lecture_texts("oslo", LECTURES["oslo"], 5)
    short = texts.texts[COMMAND].replace("--steps 300", "--steps 1 --size 8 --batch 4 --T 5")
    said = run_commands(texts._replace(texts={COMMAND: short.replace("checkpoints/runs/", "")}),
                        tmp_path)  # fmt: skip
    assert "1 steps" in said and (tmp_path / "oslo.png").is_file()
