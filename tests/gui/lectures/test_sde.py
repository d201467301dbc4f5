"""What the topic on stochastic differential equations computes and says."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
import torch

from explorer.diffusion.process import forward_step
from explorer.diffusion.schedule import SCHEDULES, make_schedule
from explorer.diffusion.sde import SDES
from explorer.diffusion.sde_beta import smooth_beta_of
from explorer.gui.frame.limits import HOSTED, LOCAL
from explorer.gui.lectures.sde import topic as sde
from explorer.gui.lectures.sde.figure import error_figure, walk_figure
from explorer.gui.lectures.sde.film import RANGE, SdeFilm
from explorer.gui.lectures.sde.formulas import equations
from explorer.gui.lectures.sde.pixels import (
    PICTURES,
    STEPS,
    STORED,
    follow_pixels,
    picture,
    read_stored,
    thumbnails,
    write_stored,
)
from explorer.gui.lectures.sde.work import (
    DRAWN,
    VP,
    Settings,
    describe_errors,
    first_settings,
    measure,
    named,
    read_settings,
    remarks,
    table,
    walk,
)
from explorer.gui.parts.numbers import short

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
    figure = walk_figure(found)
    traces = {trace.name: trace for trace in figure.data if trace.name}
    assert np.array_equal(traces["mean"].y, found.mean)
    assert np.array_equal(traces["analytic mean"].y, found.exact_mean)
    assert np.array_equal(traces["middle 95 %"].y, found.high)
    assert np.array_equal(traces["analytic 95 %"].y, found.exact_high)
    inside = (found.exact_low <= found.exact_mean) & (found.exact_mean <= found.exact_high)
    assert inside.all() and len(figure.data) == 8
    below = (found.paths[:, 1:].T < found.low[1:, None]).mean()
    assert below < 0.06  # of the 40 that are drawn
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
    assert r"x_n + 2\,(-1-x_n)\cdot 0.02 + 0.5\cdot \sqrt{0.02}\;z_n" in text
    assert r"-1 + 4\,e^{-2t}" in text and r"0.5\,\sqrt{\tfrac{1-e^{-4t}}{4}}" in text
    rows = table(settings, walk(settings))
    assert rows[1][:2] == ["drift a at the mean", "−8"] and rows[2][1:] == ["0.5", "0.5"]


def test_small_numbers_are_powers_of_ten() -> None:
    settings = replace(first_settings("brownian"), dt=1e-5, parameters={"sigma": 2e-5, "x0": 0.0})
    text = equations(settings)
    assert r"x_n + 2\cdot 10^{-5}\cdot \sqrt{10^{-5}}\;z_n" in text and "e-05" not in text
    rows = table(settings, walk(replace(settings, paths=50)))
    assert rows[2][1:] == ["2·10⁻⁵", "2·10⁻⁵"] and "10⁻" in rows[-1][2]


@pytest.mark.parametrize("dt", [0.1, 0.005])
def test_the_table_has_drift_and_diffusion_of_the_times_in_its_head(dt: float) -> None:
    """β(t) at t itself, not where the last step began."""
    settings = settings_of(VP, dt=dt, parameters={"x0": 1.0})
    rows = table(settings, walk(settings))
    beta = smooth_beta_of(make_schedule("linear"))
    assert rows[0] == ["", "t = 0", "t = 1"]
    mean = math.sqrt(make_schedule("linear").values[-1])
    assert rows[1][1:] == [short(-beta.rate(0) / 2), short(-beta.rate(1) / 2 * mean)]
    assert rows[2][1:] == [short(math.sqrt(beta.rate(t))) for t in (0, 1)]


EDGES = {
    "sigma": (0.0, 1.0, 0.5), "x0": (0.0, 1.0, -1.0, 2.5), "k": (0.0, 1.0, -1.0, 0.5),
    "mu": (0.0, 1.0, -1.0, 0.3), "theta": (1.0, 0.5, 2.0),
}  # fmt: skip


@pytest.mark.parametrize("name", SDES)
@pytest.mark.parametrize("dt", [1.0, 0.02, 4.13e-5])
def test_formulas_leave_out_what_a_reader_would(name: str, dt: float) -> None:
    """No factor of 1, no term of 0, no e−05, for all parameters at their odd values."""
    keys = list(SDES[name].parameters)
    for values in itertools.product(*(EDGES[key] for key in keys)):
        settings = Settings(name, dict(zip(keys, values, strict=True)), "cosine", dt, 10, 50, 7)
        text = equations(settings)
        assert not re.search(r"(?<![\d.}])1(\\[,;]|\\cdot|x|e\^|\\sqrt|z)", text), text
        assert not re.search(r"(?<![\d.])0(\\,|\\cdot|e\^|\\sqrt|x)", text), text
        assert not re.search(r"\de[+-]?\d|\+ -|- -|--|\+ 0(?![.])", text), text
        assert text.count("$") == 8 and text.count("{") == text.count("}")


@pytest.mark.parametrize(
    ("name", "parameters", "step"),
    [
        ("ornstein-uhlenbeck", {"theta": 1, "mu": 0, "sigma": 1, "x0": 4},
         r"x_n - x_n\cdot 0.02 + \sqrt{0.02}\;z_n"),
        ("drift", {"k": 1, "sigma": 0, "x0": 1}, r"x_n + x_n\cdot 0.02"),
        ("drift", {"k": 0, "sigma": 1, "x0": 1}, r"x_n + \sqrt{0.02}\;z_n"),
        ("geometric", {"mu": -1, "sigma": 1, "x0": 1},
         r"x_n - x_n\cdot 0.02 + x_n\cdot \sqrt{0.02}\;z_n"),
        ("variance-preserving", {"x0": 1},
         r"x_n - \tfrac12\beta(t_n)\,x_n\cdot 0.02 + \sqrt{\beta(t_n)}\cdot \sqrt{0.02}\;z_n"),
    ],
)  # fmt: skip
def test_the_step_line(name: str, parameters: dict, step: str) -> None:
    text = equations(Settings(name, parameters, "linear", 0.02, 10, 50, 7))
    assert f"$x_{{n+1}} = {step}$" in text


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
    forward = ("variance-preserving", {"x0": 0.8}, "cosine")
    settings = read_settings(*forward, 0.001, 1, 100, 7, LOCAL)
    assert settings.steps == 980
    found = walk(settings)
    assert "The paths end at t = 0.98: from t = 0.98 on β(t) is above 100" in remarks(
        settings, found
    )
    assert abs(found.std[-1] - found.exact_std[-1]) < 4 * found.std_error + 0.02
    settings = read_settings(*forward, 0.001, 0.5, 100, 7, LOCAL)
    assert settings.steps == 500 and remarks(settings, walk(settings)) == ""
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


def settings_of(name: str, schedule: str = "linear", **changes: object) -> Settings:
    """An SDE's first settings, to the end of its schedule."""
    first = first_settings(name)
    values = {"dt": first.dt, "horizon": first.horizon} | changes
    return read_settings(
        *(name, first.parameters | values.pop("parameters", {}), schedule),
        *(values["dt"], values["horizon"], 200, 7, LOCAL),
    )


@pytest.mark.parametrize(
    ("name", "schedule"),
    [*((name, "linear") for name in SDES), *((VP, name) for name in SCHEDULES)],
)
def test_what_is_said_of_the_errors_is_what_they_show(name: str, schedule: str) -> None:
    *_, found = measure(settings_of(name, schedule), torch.device("cpu"), lambda: False)
    text = describe_errors(found)
    if name == "brownian":
        assert "No error but rounding" in text
        return
    strong, error, weak = re.findall(r"\\,(-?[\d.]+)(?: \\pm ([\d.]+))?\}", text)[0] + (
        re.findall(r"\\,([\d.]+)\}\$, weak", text)[0],
    )
    truth = 0.5 if name == "geometric" else 1.0
    assert abs(float(strong) - truth) < float(error) + 0.06 and float(error) < 0.1
    assert float(weak) == pytest.approx(1, abs=0.06)
    assert ("Left out of the fit" in text) == (found.reach.max().item() > 1)
    assert "1000 paths at T = " in text and "e-0" not in text
    symbols = error_figure(found).data[0].marker.symbol
    assert [each == "circle" for each in symbols] == (found.reach <= 1).tolist()


def test_no_order_is_made_of_steps_that_are_too_large() -> None:
    settings = settings_of("ornstein-uhlenbeck", parameters={"theta": 10.0}, horizon=100, dt=0.1)
    found = next(measure(settings, torch.device("cpu"), lambda: True))
    assert describe_errors(found).startswith("No order can be fitted: steps of dt = 0.2, 0.39")
    assert "(rate · dt up to 31, above 1)" in describe_errors(found)
    settings = settings_of("ornstein-uhlenbeck", parameters={"theta": 10.0}, horizon=10)
    found = next(measure(settings, torch.device("cpu"), lambda: True))
    assert "Left out of the fit: steps of dt = 0.16, 0.31 are not small" in describe_errors(found)


@pytest.mark.parametrize("sigma", [0.0, 0.2, 0.5, 1.5])
@pytest.mark.parametrize("mu", [-1.0, 0.5])
def test_a_price_is_never_negative(mu: float, sigma: float) -> None:
    numbers = {"mu": mu, "sigma": sigma}
    settings = settings_of("geometric", parameters=numbers, dt=0.005, horizon=8)
    found = walk(settings)
    assert found.exact_low.min() > 0 and found.low.min() > 0 and not found.crossed
    assert remarks(settings, found) == ""
    traces = walk_figure(found).data
    assert len(traces) == 8 and all(np.nanmin(trace.y) > 0 for trace in traces)


def test_steps_that_make_a_price_negative_are_told() -> None:
    settings = settings_of("geometric", parameters={"sigma": 1.5}, dt=1.0, horizon=8)
    found = walk(settings)
    one = walk(replace(settings, steps=1, paths=40))
    assert one.crossed == (one.paths[:, -1] < 0).sum() > 0
    assert remarks(settings, found) == (
        f"{found.crossed} of 200 paths went below 0, which an exact path never does: dt is too "
        "large."
    )
    assert found.crossed > 20 and found.exact_low.min() > 0


@pytest.mark.parametrize("name", SDES)
def test_large_steps_leave_the_dashed_line_and_follow_the_quiet_one(name: str) -> None:
    first = settings_of(name)
    settings = settings_of(name, dt=first.horizon / 10)
    found = walk(settings)
    apart = abs(found.quiet[-1] - found.exact_mean[-1])
    assert abs(found.mean[-1] - found.quiet[-1]) < 5 * found.std[-1] / math.sqrt(200)
    assert (apart < 1e-12) == (name == "brownian")


def test_how_much_of_the_mean_the_upper_tenth_carries() -> None:
    """Φ(σ√t − 1.28) of a log-normal: the prose's 28 % and 80 %, and by draws."""
    normal = NormalDist()
    shares = [normal.cdf(sigma * math.sqrt(2) - normal.inv_cdf(0.9)) for sigma in (0.5, 1.5)]
    assert [round(100 * share) for share in shares] == [28, 80]
    draws = torch.randn(10**6, generator=torch.Generator().manual_seed(1)).double()
    price = (0.5 * math.sqrt(2) * draws).exp().sort().values
    assert (price[900_000:].sum() / price.sum()).item() == pytest.approx(shares[0], abs=0.01)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_both_pictures_end_in_nearly_the_same_and_large_steps_spoil_it(schedule: str) -> None:
    """The bounds that the prose gives, for every picture on offer."""
    for name, seed in itertools.product(PICTURES, (7, 8)):
        apart, noise = {}, {}
        for steps in (10, 1000):
            found = follow_pixels(name, schedule, steps, seed, frames=10)
            frames, eps = (a.astype(float) * RANGE / 32767 for a in (found.frames, found.eps))
            a = found.alpha_bar[-1]
            q = math.sqrt(a) * frames[0] + math.sqrt(1 - a) * eps
            apart[steps] = math.sqrt(((frames[-1] - q) ** 2).mean())
            noise[steps] = (frames[-1] - math.sqrt(a) * frames[0]).std() / math.sqrt(1 - a)
            assert found.times[-1] == (0.98 if schedule == "cosine" else 1)
            assert ("ends at t = 0.98" in found.title) == (schedule == "cosine")
        assert apart[1000] < 0.03 and 0.2 < apart[10] < 0.9
        assert abs(noise[1000] - 1) < 5 / math.sqrt(2 * eps.size) + 0.012
        assert noise[10] > noise[1000] + 0.05


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_frames_have_the_times_and_steps_that_they_say(schedule: str, steps: int) -> None:
    found, table = follow_pixels("digit", schedule, steps, 7), make_schedule(schedule)
    assert found.times[0] == 0 and (np.diff(found.times) > 0).all()
    assert len(found.times) == len(found.frames) == len(found.euler) == len(found.exact) <= 102
    exact = table.alpha_bar[np.rint(1000 * found.times)].numpy()
    assert np.allclose(found.alpha_bar, exact, atol=1e-9)
    variance = found.euler[:, 1] ** 2
    assert np.allclose(found.euler[:, 0], 1 - variance / 2)
    assert np.allclose((found.exact**2).sum(1), 1)


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
    for k in (1, 30, 98):
        law = forward_step(schedule, torch.ones(1, 1, dtype=torch.float64), 10 * k)
        assert found.exact[k] == pytest.approx([law.mean.item(), law.std.item()], rel=1e-9)
        rate = -math.log1p(-schedule.betas[10 * k - 1].item())
        assert found.euler[k] == pytest.approx([1 - rate / 2, math.sqrt(rate)], rel=1e-9)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "cow"}, "no image 'cow'"),
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
