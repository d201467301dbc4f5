"""What the topic on stochastic differential equations computes and says."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.diffusion.process import forward_step
from explorer.diffusion.schedule import make_schedule
from explorer.diffusion.sde import SDES
from explorer.gui.frame.limits import HOSTED, LOCAL
from explorer.gui.lectures.sde import topic as sde
from explorer.gui.lectures.sde.figure import error_figure, walk_figure
from explorer.gui.lectures.sde.film import RANGE, SdeFilm
from explorer.gui.lectures.sde.pixels import (
    PICTURES,
    STORED,
    follow_pixels,
    picture,
    read_stored,
    thumbnails,
    write_stored,
)
from explorer.gui.lectures.sde.work import (
    DRAWN,
    describe_errors,
    equations,
    first_settings,
    measure,
    named,
    read_settings,
    table,
    walk,
)

FORWARD = {"name": "variance-preserving", "parameters": {"x0": 0}}


@pytest.mark.parametrize("name", SDES)
def test_what_is_drawn_is_what_was_computed_and_lies_where_it_should(name: str) -> None:
    settings = replace(first_settings(name), paths=400)
    found = walk(settings)
    assert found.paths.shape == (DRAWN, len(found.times)) and len(found.times) <= 151
    assert found.times[-1] == pytest.approx(settings.horizon)
    error = found.std[-1] / math.sqrt(400)
    assert abs(found.mean[-1] - found.quiet[-1]) < 5 * error  # the steps' own mean
    assert found.std[-1] == pytest.approx(found.exact_std[-1], rel=0.5)
    figure = walk_figure(*found[:-1])
    traces = {trace.name: trace for trace in figure.data if trace.name}
    assert np.array_equal(traces["mean"].y, found.mean)
    assert np.array_equal(traces["analytic mean"].y, found.exact_mean)
    assert np.array_equal(traces["± 2 std"].y, found.mean + 2 * found.std)
    first = traces["paths"].y[: len(found.times)]
    assert np.array_equal(first, found.paths[0]) and np.isnan(traces["paths"].y[len(first)])
    text = equations(settings)
    assert text.count("$") == 8 and named(settings).startswith(SDES[name].title)
    rows = table(settings, found)
    assert {len(row) for row in rows} == {3} and len(rows) == 7


def test_the_paths_of_a_seed_stay_when_more_are_asked_for() -> None:
    few, many = (walk(replace(first_settings("drift"), paths=n)) for n in (10, 90))
    assert np.array_equal(few.paths, many.paths[:10])
    assert not np.array_equal(walk(replace(first_settings("drift"), seed=8)).paths, many.paths)


def test_numbers_stand_in_the_formulas() -> None:
    settings = replace(
        first_settings("ornstein-uhlenbeck"),
        parameters={"theta": 2.0, "mu": -1.0, "sigma": 0.5, "x0": 3.0},
    )
    text = equations(settings)
    assert r"dx = 2\,(-1-x)\,dt + 0.5\,dW" in text
    assert r"2\,(-1-x_n)\cdot 0.02 + 0.5\cdot\sqrt{0.02}" in text
    assert r"-1 + 4\,e^{-2t}" in text and r"0.5\sqrt{\tfrac{1-e^{-4t}}{4}}" in text
    rows = table(settings, walk(settings))
    assert rows[1][:2] == ["drift a at the mean", "−8"] and rows[2][1:] == ["0.5", "0.5"]


def test_small_numbers_are_powers_of_ten() -> None:
    settings = replace(first_settings("brownian"), dt=1e-5, parameters={"sigma": 2e-5, "x0": 0.0})
    text = equations(settings)
    assert r"+ 2\cdot 10^{-5}\cdot\sqrt{1\cdot 10^{-5}}\;z_n" in text and "e-05" not in text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "heat"}, "no SDE 'heat'"),
        ({"dt": 0}, "dt: 0 is not allowed"),
        ({"dt": -1}, "dt: -1 is not allowed"),
        ({"dt": None}, "dt is empty"),
        ({"dt": math.nan}, "dt: nan is not allowed"),
        ({"dt": 3}, "dt: 3 is not allowed here; give 1e-05 to 2"),
        ({"dt": 1e-4}, "dt: 0.0001 would take 20,000 steps"),
        ({"horizon": 1000}, "Horizon: 1000 is not allowed"),
        ({"paths": 501}, "Paths: 501 is not allowed"),
        ({"paths": 2.5}, "Paths: 2.5"),
        ({"seed": -1}, "Seed: -1"),
        ({"parameters": {"mu": 0.1, "sigma": math.nan, "x0": 1}}, "sigma: nan"),
        ({"parameters": {"mu": 0.1, "x0": 1}}, "sigma is empty"),
        ({"name": "variance-preserving", "parameters": {"x0": 0}, "horizon": 2}, "Horizon: 2"),
        (
            {
                "name": "variance-preserving",
                "parameters": {"x0": 0},
                "horizon": 1,
                "schedule": "x",
            },
            "no schedule 'x'",
        ),
    ],
)
def test_bad_settings_are_named(change: dict, says: str) -> None:
    values = {"name": "geometric", "parameters": {"mu": 0.1, "sigma": 0.1, "x0": 1}}
    values |= {"schedule": "linear", "dt": 0.01, "horizon": 2, "paths": 100, "seed": 7} | change
    with pytest.raises(ValueError, match=says):
        read_settings(*values.values(), HOSTED)


def test_steps_that_do_not_fit_end_before_the_horizon_and_steps_that_blow_up_are_said() -> None:
    arguments = ("ornstein-uhlenbeck", {"theta": 10, "mu": 0, "sigma": 1, "x0": 4}, None)
    settings = read_settings(*arguments, 0.3, 1, 100, 7, LOCAL)
    assert settings.steps == 3 and settings.horizon == pytest.approx(0.9)
    with pytest.raises(FloatingPointError, match="dt = 1 is too large"):
        walk(read_settings(*arguments, 1.0, 100, 10, 7, LOCAL))


def test_errors_are_measured_better_and_better_until_stopped() -> None:
    settings = replace(first_settings("geometric"), dt=0.1, steps=10)
    seen = []
    for found in measure(settings, torch.device("cpu"), lambda: len(seen) == 3):
        seen.append(found)
    assert [found.paths for found in seen] == [100, 200, 300]
    assert r"\propto dt^{\,0." in describe_errors(seen[-1])
    names = [trace.name for trace in error_figure(seen[-1]).data]
    assert names[2:] == ["slope ½", "slope 1"]
    exact = next(measure(first_settings("brownian"), torch.device("cpu"), lambda: True))
    assert "no error" in describe_errors(exact).lower()
    assert "no error" in error_figure(exact).layout.annotations[0].text


@pytest.mark.parametrize("name", PICTURES)
def test_a_pictures_pixels_follow_the_sde_to_q(name: str) -> None:
    found = follow_pixels(name, "linear", 200, 3)
    frames, eps = (a.astype(float) * RANGE / 32767 for a in (found.frames, found.eps))
    x0 = picture(name).permute(1, 2, 0).numpy()
    assert np.abs(frames[0] - x0).max() < RANGE / 32767
    assert len(frames) == (51 if name == "photo" else 101) == len(found.alpha_bar)
    for k in range(1, len(frames), 10):
        a = found.alpha_bar[k]
        noise = (frames[k] - math.sqrt(a) * x0) / math.sqrt(1 - a)
        bound = 5 / math.sqrt(noise.size)
        assert abs(noise.mean()) < bound + 0.01 and abs(noise.std() - 1) < bound + 0.03
    assert abs(eps.std() - 1) < 5 / math.sqrt(eps.size) and abs(eps.mean()) < 0.18
    a = found.alpha_bar[-1]
    q = math.sqrt(a) * x0 + math.sqrt(1 - a) * eps
    assert np.abs(frames[-1] - q).max() < 0.15  # the same noise, but for Euler's error


def test_the_steps_beside_each_other_are_the_forward_process_and_euler_maruyama() -> None:
    found, schedule = follow_pixels("digit", "cosine", 1000, 7), make_schedule("cosine")
    for k in (1, 30, 100):
        law = forward_step(schedule, torch.ones(1, 1, dtype=torch.float64), 10 * k)
        assert found.exact[k] == pytest.approx([law.mean.item(), law.std.item()], rel=1e-9)
        rate = -math.log1p(-schedule.betas[10 * k - 1].item())
        assert found.euler[k] == pytest.approx([1 - rate / 2, math.sqrt(rate)], rel=1e-9)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "cow"}, "no picture 'cow'"),
        ({"schedule": None}, "no schedule None"),
        ({"steps": 10**9}, "Steps: 1000000000"),
        ({"seed": "x"}, "Seed: 'x'"),
    ],
)
def test_pictures_refuse(change: dict, says: str) -> None:
    values = {"name": "digit", "schedule": "linear", "steps": 10, "seed": 7} | change
    with pytest.raises(ValueError, match=says):
        follow_pixels(*values.values())


def test_what_is_stored_is_what_the_same_code_makes(tmp_path: Path) -> None:
    stored = read_stored()
    assert STORED.stat().st_size < 100_000
    found = walk(first_settings(sde.START))
    assert np.allclose(stored.walk.paths, found.paths, atol=1e-4)
    assert stored.errors.paths == 1000 and stored.pixels.frames.shape == (41, 28, 28, 1)
    write_stored(stored, tmp_path / "again" / "sde.npz")
    again = read_stored(tmp_path / "again" / "sde.npz")
    for part, same in zip(stored, again, strict=True):
        for a, b in zip(part, same, strict=True):
            assert np.array_equal(np.asarray(a), np.asarray(b))


def test_what_reaches_the_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    found = follow_pixels("emoji", "linear", 10, 7)
    value = SdeFilm().postprocess(found)
    assert value["shape"] == [11, 32, 32, 3] and len(thumbnails()) == 3
    sent = np.frombuffer(Path(value["frames"]).read_bytes(), "<i2")
    assert np.array_equal(sent.reshape(value["shape"]), found.frames)
