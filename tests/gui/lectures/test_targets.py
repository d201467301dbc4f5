"""The topic on ε, x_0 and v: numbers against the formulas, sentences against the numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch

from explorer.checkpoints import load
from explorer.data import from_tensor
from explorer.diffusion import Denoiser, make_schedule, picture_generators, randn, sample
from explorer.diffusion.times import strided_times
from explorer.evaluation.held_out import choose_pictures
from explorer.evaluation.weights import fingerprint
from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import LOCAL
from explorer.gui.frame.shared import Shared
from explorer.gui.lectures.targets import topic
from explorer.gui.lectures.targets.figure import error_figure, factor_figure, reach_figure
from explorer.gui.lectures.targets.words import (
    about,
    best,
    clipped,
    conclusions,
    end_errors,
    spans,
    strayed,
)
from explorer.gui.lectures.targets.work import (
    MODELS,
    STORED,
    Drawn,
    Errors,
    Model,
    Stored,
    factors,
    find_models,
    make,
    measure_errors,
    read,
    rms,
    run_draw,
    write,
)
from tests.evaluation.conftest import DIGITS, made
from tests.gui.panel import merged, named

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints")
    for target, name in MODELS.items():
        spec = replace(DIGITS, name=name, target=target, training={"steps": 5000, "seed": 0})
        made(folder / f"{name}.safetensors", spec)
    return folder


@pytest.fixture(scope="module")
def stored(folder: Path) -> Stored:
    return make(n=6, seed=3, folder=folder)


def named_errors(times: tuple[int, ...], raw: torch.Tensor, **changes: Any) -> Stored:
    """Three models of these errors."""
    trained = {"steps": 5000, "seed": 0, "network": "unet"}
    models = tuple(Model(name, target, "", trained) for target, name in MODELS.items())
    nothing = Drawn(7, 50, (), (), (), torch.empty(0, 0, 1, 2, 2, dtype=torch.uint8))
    errors = Errors(times, raw, raw.clamp(max=1), "4 test images of mnist")
    return replace(Stored(models, ("cosine", 1000, {}), errors, nothing, 7), **changes)


# ---- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["eps", "x0", "v"])
def test_errors_are_those_of_the_network_on_noised_pictures(target: str) -> None:
    schedule, pictures = DIGITS.make_schedule(), choose_pictures(DIGITS, 5)

    def network(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return torch.tanh(2 * x.roll(1, -1))

    denoiser = Denoiser(network, schedule, target)
    raw, cut = measure_errors(denoiser, pictures, (1, 20, 40), seed=4, device=CPU, batch=2)
    generators, x0 = picture_generators(4, 5), pictures.x0
    for k, t in enumerate((1, 20, 40)):
        a, s = schedule.alpha_bar[t].sqrt(), (1 - schedule.alpha_bar[t]).sqrt()
        x_t = a * x0 + s * randn(x0, generators)
        out = network(x_t, t)
        guess = {"eps": (x_t - s * out) / a, "x0": out, "v": a * x_t - s * out}[target]
        for found, x in ((raw, guess), (cut, guess.clamp(-1, 1))):
            truth = (x - x0).square().flatten(1).mean(1).float()
            torch.testing.assert_close(found[k], truth, rtol=1e-4, atol=1e-7)


def test_the_three_models_see_the_same_noise(folder: Path) -> None:
    """Given the same belief they make the same errors."""
    schedule, pictures = DIGITS.make_schedule(), choose_pictures(DIGITS, 3)

    def belief(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return 0.3 * x.roll(1, -1)

    def eps(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        ab = schedule.alpha_bar[t].view(-1, 1, 1, 1).float()
        return (x - ab.sqrt() * belief(x, t)) / (1 - ab).sqrt()

    asked = {"times": (1, 30), "seed": 1, "device": CPU}
    one, _ = measure_errors(Denoiser(belief, schedule, "x0"), pictures, **asked)
    other, _ = measure_errors(Denoiser(eps, schedule, "eps"), pictures, **asked)
    torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


def test_factors_carry_an_error_over() -> None:
    """From ε̂, x̂_0 or v̂ off by 1 to x̂_0 and ε̂, by the denoiser's own formulas."""
    schedule = make_schedule("cosine", 1000)
    x, off = torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)
    for t in (1, 300, 1000):
        a, s = schedule.alpha_bar[t].sqrt(), (1 - schedule.alpha_bar[t]).sqrt()
        for target in MODELS:
            read_ = Denoiser(torch.nn.Identity(), schedule, target, clip=False)  # type: ignore[arg-type]
            in_x0 = (read_.read(x, t, off) - read_.read(x, t, 0 * off)).abs().item()
            assert factors(schedule, "x0")[target][t - 1].item() == pytest.approx(in_x0)
            assert factors(schedule, "eps")[target][t - 1].item() == pytest.approx(in_x0 * a / s)
    assert factors(schedule, "x0")["v"].max() <= 1 and factors(schedule, "eps")["v"].max() <= 1


def test_the_root_mean_square_has_the_error_of_many_draws() -> None:
    generator = torch.Generator().manual_seed(0)
    draws = torch.rand(2000, 100, generator=generator) + 0.2
    roots = draws.mean(1).sqrt()
    errors = torch.tensor([rms(row).error for row in draws])
    assert errors.mean().item() == pytest.approx(roots.std().item(), rel=0.05)
    assert rms(draws[0], 4.0).value == pytest.approx(2 * roots[0].item(), rel=1e-5)


def test_samples_are_ddim_from_one_noise(folder: Path) -> None:
    paths = {target: folder / f"{name}.safetensors" for target, name in MODELS.items()}
    states = list(run_draw(paths, 5, CPU, lambda: False, steps=8))
    assert [len(state.names) for state in states] == [1, 2, 3, 3]
    last = states[-1]
    assert last.names == tuple(MODELS.values()) and not last.running and states[0].running
    times = strided_times(40, 8)
    for k, path in enumerate(paths.values()):
        denoiser, spec = load(path)
        x_T = randn(torch.empty(10, 1, 8, 8), picture_generators(5, 10))
        label = torch.arange(10) % len(spec.classes)
        free = replace(denoiser, clip=False)
        *frames, end = sample(
            lambda x, t, d=denoiser, label=label: d(x, t, label), denoiser.schedule, x_T, times
        )
        assert (from_tensor(end.x).int() - last.pictures[k].int()).abs().max() <= 1
        truth = [free(frame.x, frame.t, label).abs().max().item() for frame in frames]
        assert last.times[k] == tuple(times[:-1])
        np.testing.assert_allclose(last.reach[k], truth, rtol=1e-3)


def test_what_is_stopped_ends_with_the_models_that_are_done(folder: Path) -> None:
    paths = {target: folder / f"{name}.safetensors" for target, name in MODELS.items()}
    stops = iter([False] * 8 + [True] * 90)
    *_, last = run_draw(paths, 5, CPU, lambda: next(stops), steps=8)
    assert len(last.names) == 1 and not last.running


def test_what_is_written_is_read(stored: Stored, tmp_path: Path) -> None:
    write(stored, tmp_path / "t.npz")
    again = read(tmp_path / "t.npz")
    assert again is not None and again.models == stored.models
    assert torch.equal(again.errors.raw, stored.errors.raw)
    assert torch.equal(again.drawn.pictures, stored.drawn.pictures)
    assert again.drawn.reach == stored.drawn.reach and conclusions(again) == conclusions(stored)
    assert read(tmp_path / "none.npz") is None


# ---- words and figures -------------------------------------------------------------------------


def test_sentences_tell_the_numbers_at_the_ends() -> None:
    raw = torch.tensor([[1e-6, 360_000.0], [0.01, 0.25], [1e-6, 0.36]])[:, :, None]
    raw = raw * torch.tensor([0.9, 1.1, 1.0, 1.0])
    found = named_errors((1, 1000), raw)
    schedule = found.make_schedule()
    ab = schedule.alpha_bar[1000].item()
    blow_up = math.sqrt((1 - ab) / ab)
    said = end_errors(found, "x0")
    assert "At t = 1000" in said and "0.5" in said and "0.6" in said
    assert f"an error of ε counts {blow_up:,.0f} times in x̂₀" in said
    assert f"{600:,.0f} ± " in said
    ab = schedule.alpha_bar[1].item()
    said = end_errors(found, "eps")
    assert "At t = 1 " in said
    assert f"an error of x₀ counts {math.sqrt(ab / (1 - ab)):.0f} times in ε̂" in said
    in_eps = 0.1 * math.sqrt(ab / (1 - ab))
    assert f"{in_eps:.1f}"[:3] in said
    assert "600 ± 12 of mnist&#45;eps at t = 1000, into 1" in clipped(found)


def test_the_best_is_named_only_where_it_is_clear() -> None:
    noise = torch.rand(3, 3, 200, generator=torch.Generator().manual_seed(0))
    raw = 1 + 0.1 * noise
    raw[0, 0] -= 0.5
    raw[2, 1] -= 0.5
    raw[2, 2] = raw[1, 2] + 0.01 * torch.linspace(-1, 1, 200)
    said = best(named_errors((1, 500, 1000), raw))
    assert "Clearly the least: ε at t = 1; v at t = 500, no single model at t = 1000." in said
    assert "Clearly the largest: no single model at t = 1…1000." in said
    raw[0, 2] += 5
    assert "largest: ε at t = 1000, no single model at t = 1…500." in best(
        named_errors((1, 500, 1000), raw)
    )
    level = best(named_errors((1, 500, 1000), torch.ones(3, 3, 4)))
    assert level == "No model has clearly the least error at any of the t, and none the largest."
    assert spans((1, 2, 4, 16), (1, 2, 4, 8, 16)) == "1…4, 16"


def test_the_best_of_models_that_are_alike_is_rarely_named() -> None:
    g, times = torch.Generator().manual_seed(0), tuple(range(1, 24))
    wrongly = sum(
        "Clearly" in best(named_errors(times, 1 + 0.1 * torch.randn(3, 23, 50, generator=g)))
        for _ in range(40)
    )
    assert wrongly <= 5  # beyond two standard errors it would be 27


def test_models_that_differ_in_more_are_said_to(stored: Stored) -> None:
    assert "differ in what they predict alone" in about(stored) and "5,000 steps" in about(stored)
    other = replace(stored.models[0], trained=stored.models[0].trained | {"steps": 768})
    apart = replace(stored, models=(other, *stored.models[1:]))
    assert "also in steps&#58; 768, 5000, 5000" in about(apart)


def test_figures_draw_the_numbers(stored: Stored) -> None:
    schedule = stored.make_schedule()
    for of in ("x0", "eps"):
        figure = error_figure(stored, of)
        for k, curve in enumerate(figure.data):
            assert list(curve.x) == list(stored.errors.times)
            for i, t in enumerate(stored.errors.times):
                weight = 1.0 if of == "x0" else schedule.snr[t].item()
                mean = rms(stored.errors.raw[k, i], weight)
                assert (curve.y[i], curve.error_y.array[i]) == (mean.value, mean.error)
        table = factors(schedule, of)
        for curve, target in zip(factor_figure(stored, of).data, MODELS, strict=True):
            np.testing.assert_allclose(curve.y, table[target])
    targets = {name: target for target, name in MODELS.items()}
    for curve, reach in zip(
        reach_figure(stored.drawn, targets).data, stored.drawn.reach, strict=True
    ):
        assert tuple(curve.y) == reach
    most = max(stored.drawn.reach[0])
    at = stored.drawn.times[0][stored.drawn.reach[0].index(most)]
    assert f"(t = {at})" in strayed(stored.drawn)


# ---- the page ----------------------------------------------------------------------------------


class Page:
    """The topic's handlers, called as a visitor's browser would have them called."""

    def __init__(self, folder: Path) -> None:
        self.context = Context(Device(CPU), LOCAL, checkpoints=folder)
        with gr.Blocks() as demo, gr.Tabs() as tabs, gr.Tab():
            topic.build(self.context, Shared(tabs, None))
        self.blocks = demo
        self.fns = {fn.name: fn for fn in demo.fns.values()}

    def run(self, seed: Any = 3) -> Any:
        request = SimpleNamespace(session_hash="one")
        yield from named(self.fns["begin"].fn(request, seed))


@pytest.fixture
def kept(stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stored:
    write(stored, tmp_path / "targets.npz")
    monkeypatch.setattr(topic, "read", lambda: read(tmp_path / "targets.npz"))
    return stored


def test_another_seed_is_drawn_by_all_three(folder: Path, kept: Stored) -> None:
    page = Page(folder)
    last = merged(page.run(11))
    (block,) = last["targets-samples"]
    assert block.title.startswith(
        "From top to bottom: mnist-eps (predicts ε), mnist-x0 (predicts x₀)"
    )
    assert len(block.columns) == 10 and block.columns[0].shape == (3, 1, 8, 8)
    assert "seed 11" in last["targets-status"] and last["trouble"] == ""
    assert last["targets-run"].interactive and "Largest |x̂₀|" in last["targets-far"]
    refused = merged(page.run(-1))
    assert "Seed" in refused["trouble"]


def test_the_view_changes_figures_and_sentence(folder: Path, kept: Stored) -> None:
    page = Page(folder)
    for view, of in topic.VIEWS.items():
        changes = named(page.fns["redraw"].fn(view))
        assert changes["targets-said"] == end_errors(kept, of)
        assert changes["targets-errors"].data[0].y == error_figure(kept, of).data[0].y


def test_a_missing_model_is_said_and_the_others_draw(folder: Path, tmp_path: Path) -> None:
    for name in ("mnist-eps", "mnist-v"):
        data = (folder / f"{name}.safetensors").read_bytes()
        (tmp_path / f"{name}.safetensors").write_bytes(data)
    page = Page(tmp_path)
    found, lacking = find_models(page.context)
    assert list(found) == ["eps", "v"] and len(lacking) == 1
    assert lacking[0].startswith("mnist-x0, which predicts x₀, is not here: python -m explorer")
    (block,) = merged(page.run())["targets-samples"]
    assert block.title == "From top to bottom: mnist-eps (predicts ε), mnist-v (predicts v)"
    assert block.rows == 2


def test_without_any_of_them_it_says_so(tmp_path: Path) -> None:
    last = merged(Page(tmp_path).run())
    assert "None of the three models is here" in last["trouble"]
    assert "mnist&#45;v" in last["trouble"] or "mnist-v" in last["trouble"]


def test_what_is_stored_is_of_the_shipped_models() -> None:
    """Once all three are shipped, their measurements are there and of these weights."""
    shipped = {name: HOME / "checkpoints" / f"{name}.safetensors" for name in MODELS.values()}
    here = read()
    if all(path.exists() for path in shipped.values()):
        assert here is not None, "python -m tools.make_stored targets"
    if here is None:
        assert not STORED.exists()
        return
    for model in here.models:
        denoiser, spec = load(shipped[model.name])
        assert model.weights == fingerprint(denoiser.network, spec), "made of other weights"
        assert model.target == spec.target
    assert here.errors.raw.shape[2] >= 256
