"""A race's numbers and its script: both are exactly the race."""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from explorer.checkpoints import load
from explorer.diffusion import SAMPLERS, make_schedule
from explorer.export.numbers import frames_npz, python_snippet
from explorer.figures.pictures import grid
from explorer.race import race
from explorer.race.breaks import BREAKS, lane_from
from explorer.race.lanes import ddim, ddpm, lane_of
from explorer.race.view import decode
from tests.race.toy_race import SETTINGS, Toy, settings

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("channels", [1, 3])
def test_numbers_are_the_race(channels: int) -> None:
    toy = Toy(channels=channels)
    data = frames_npz(toy.view)
    assert data == frames_npz(toy.view)
    stored = np.load(io.BytesIO(data), allow_pickle=False)
    assert "1/4080" in str(stored["README"])
    assert json.loads(str(stored["settings"])) == toy.view.settings
    for i, (lane, frames) in enumerate(zip(toy.view.lanes, decode(toy.view), strict=True)):
        assert str(stored[f"{i}_name"]) == lane.name
        assert stored[f"{i}_times"].tolist() == lane.times
        assert stored[f"{i}_x"].dtype == np.float32
        assert np.array_equal(stored[f"{i}_x"], frames.x.numpy())
        assert np.allclose(stored[f"{i}_x0"] * 4080 - 0.5, toy.x0[i], atol=1e-3)
        assert (f"{i}_z" in stored) == lane.stochastic
    assert np.array_equal(stored["0_z"] * 32, toy.z[0])


LANES = [
    {"sampler": "ddim", "steps": 3, "eta": 0.0, "spacing": "uniform", "breaks": []},
    {"sampler": "ddim", "steps": 2, "eta": 0.5, "spacing": "quadratic", "breaks": []},
    {"sampler": "ddim", "steps": 2, "eta": 1.0, "variance": "beta", "breaks": ["no clipping"]},
]


def test_the_script_repeats_the_race_bit_for_bit(tmp_path: Path) -> None:
    chosen = settings(lanes=LANES, labels=[3, 8], pictures=2, seed=11)
    (tmp_path / "race.py").write_text(python_snippet(chosen), encoding="utf-8")
    (tmp_path / "checkpoints").symlink_to(ROOT / "checkpoints")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "race.py"], cwd=tmp_path, env=environment, check=True)
    denoiser, spec = load(ROOT / "checkpoints" / "mnist.safetensors")
    lanes = [lane_from(lane, denoiser.schedule) for lane in LANES]
    ends = {
        entry.lane: entry.frame.x
        for entry in race(denoiser, lanes, (1, 28, 28), seed=11, labels=[3, 8])
    }
    for i, x in ends.items():
        with Image.open(tmp_path / f"lane-{i + 1}.png") as picture:
            assert np.array_equal(np.asarray(picture), np.asarray(grid(x)))


def names_in(script: str) -> dict[str, object]:
    """What the script calls `denoiser`, `lanes` and the race's arguments, without running it."""
    calls: dict[str, object] = {}
    schedule = make_schedule("cosine", 1000)
    for node in ast.walk(ast.parse(script)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("load", "race"):
            calls[node.func.id] = [ast.literal_eval(a) for a in node.args[3:] or node.args[:1]
                                   if isinstance(a, ast.Constant)]  # fmt: skip
            calls |= {k.arg: ast.literal_eval(k.value) for k in node.keywords}
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "lanes":
            spec = type("Spec", (), {"T": 1000})
            there = {"spec": spec, "denoiser": type("D", (), {"schedule": schedule})}
            there |= {"ddpm": ddpm, "ddim": ddim, "lane_from": lane_from, "lane_of": lane_of}
            calls["lanes"] = eval(compile(ast.Expression(node.value), "lanes", "eval"), there)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "guide":
            calls |= {k.arg: ast.literal_eval(k.value) for k in node.keywords}
    return calls


lane_settings = st.one_of(
    st.fixed_dictionaries(
        {"sampler": st.just("ddpm"), "variance": st.sampled_from(["posterior", "beta"])},
        optional={"breaks": st.lists(st.sampled_from(list(BREAKS)), unique=True, max_size=2)},
    ),
    st.fixed_dictionaries(
        {"sampler": st.just("ddim"), "steps": st.integers(1, 1000)},
        optional={
            "eta": st.floats(0, 1),
            "spacing": st.sampled_from(["uniform", "quadratic"]),
            "variance": st.sampled_from(["posterior", "beta"]),
            "breaks": st.lists(st.sampled_from(list(BREAKS)), unique=True, max_size=2),
        },
    ),
)


@given(
    st.text(max_size=30),
    st.integers(0, 2**32),
    st.lists(lane_settings, min_size=1, max_size=4),
    st.none() | st.lists(st.integers(-1, 9), min_size=4, max_size=4),
    st.floats(0, 20),
)
@example("'); import os; ('", 1, SETTINGS["lanes"], None, 1.0)
@example('"""\\\u202e{lanes}', 1, SETTINGS["lanes"], [1, 2, 3, -1], 2.5)
def test_the_script_says_exactly_what_was_raced(
    model: str, seed: int, lanes: list[dict], labels: list[int] | None, guidance: float
) -> None:
    chosen = dict(model=model, seed=seed, lanes=lanes, labels=labels, pictures=4,
                  guidance=guidance)  # fmt: skip
    try:
        script = python_snippet(chosen)
    except ValueError:
        assert not model.isprintable()
        return
    said = names_in(script)
    assert said["load"] == [f"checkpoints/{model}.safetensors"]
    assert names_in(python_snippet(chosen, f"runs/{model}"))["load"] == [f"runs/{model}"]
    assert said["seed"] == seed and said.get("guidance", 1) == guidance
    assert said["labels"] == labels if labels else said["n"] == 4
    schedule = make_schedule("cosine", 1000)
    wanted = [lane_from(lane, schedule) for lane in lanes]
    assert [lane.title for lane in said["lanes"]] == [lane.title for lane in wanted]
    for lane, other in zip(said["lanes"], wanted, strict=True):
        assert (lane.times, lane.options) == (other.times, other.options)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seed": "7"}, "seed = '7'"),
        ({"model": 3}, "model = 3"),
        ({"guidance": float("nan")}, "guidance = nan"),
        ({"labels": [1]}, "labels should be a list of 3"),
        ({"lanes": [{"sampler": "euler"}]}, "sampler = 'euler'"),
        ({"lanes": [{"sampler": "ddim"}]}, "no 'steps'"),
        ({"lanes": [{"sampler": "ddpm", "steps": 3}]}, "unknown entry 'steps'"),
        ({"lanes": [{"sampler": "ddpm", "breaks": ["all"]}]}, "breaks = 'all'"),
        ({"start": [0.0]}, "unknown entry 'start'"),
    ],
)
def test_settings_that_do_not_describe_a_race_are_refused(changed: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        python_snippet(settings(**changed))
    with pytest.raises(ValueError, match="how it was made"):
        python_snippet({})


OLD_SCRIPT = '''\
"""A race of the Diffusion Explorer, once more: save this in the Explorer's folder and run it."""

from explorer.checkpoints import load
from explorer.figures.pictures import grid
from explorer.race import ddim, ddpm, race

denoiser, spec = load('checkpoints/mnist.safetensors')
lanes = [
    ddpm(spec.T),
    ddim(spec.T, 50),
]
shape = (spec.channels, spec.size, spec.size)

ends = {}
for entry in race(denoiser, lanes, shape, seed=7, labels=[0, 1]):
    ends[entry.lane] = entry.frame.x  # (n, C, H, W); at t = 0 the pictures

for lane, pictures in ends.items():
    grid(pictures).save(f"lane-{lane + 1}.png")
    print(f"lane-{lane + 1}.png: {lanes[lane].evaluations} evaluations")
'''
"""What version 0.1 exported for DDPM against DDIM."""


def test_a_script_stays_what_it_was() -> None:
    lanes = [
        {"sampler": "ddpm", "variance": "posterior"},
        {"sampler": "ddim", "steps": 50, "eta": 0.0, "spacing": "uniform"},
    ]
    again = settings(model="mnist", seed=7, pictures=2, labels=[0, 1], lanes=lanes)
    assert python_snippet(again) == OLD_SCRIPT
    namespace: dict[str, Any] = {}
    for line in OLD_SCRIPT.splitlines():
        if line.startswith(("from ", "import ")):
            exec(line, namespace)  # every name is still where it was
    assert {"load", "grid", "ddim", "ddpm", "race"} <= namespace.keys()


def test_a_lane_of_any_sampler_and_a_clamped_one_get_their_script() -> None:
    wanted = [
        {"sampler": name} | ({"steps": 5, "spacing": "karras"} if sampler.strided else {})
        for name, sampler in SAMPLERS.items()
    ]
    wanted += [{"sampler": "ddpm", "clamp": True, "breaks": ["no clipping"]}]
    schedule = make_schedule("cosine", 1000)
    for lane in wanted:
        said = names_in(python_snippet(settings(lanes=[lane], labels=None, pictures=4)))
        (read,) = said["lanes"]
        expected = lane_from(lane, schedule)
        assert read == expected and read.title == expected.title
