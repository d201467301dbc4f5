"""The topic of single changes: each rung differs in one thing, and the words are the numbers."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import torch

from explorer.checkpoints import describe
from explorer.data import from_tensor, load, to_tensor
from explorer.diffusion import Denoiser, make_schedule, picture_generators, randn
from explorer.diffusion.denoiser import noise_seen
from explorer.diffusion.process import forward
from explorer.evaluation.held_out import Pictures, held_out
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import LOCAL
from explorer.gui.frame.shared import Shared
from explorer.gui.lectures.ladder import topic, work
from explorer.gui.lectures.ladder.figure import levels_figure, rungs_figure
from explorer.gui.lectures.ladder.rungs import RUNGS, RUNS, STEPS, settings
from explorer.gui.lectures.ladder.script import ladder_texts
from explorer.gui.lectures.ladder.words import about, findings, sentence, share, table, verdict
from explorer.race import ddim, pictures
from tests.gui.panel import merged, named
from tests.scripts import run_python

CPU = torch.device("cpu")
FOUND, DRAWN = work.read()


# ---- what differs ------------------------------------------------------------------------------


@pytest.mark.parametrize("i", range(1, len(RUNGS)))
def test_each_rung_differs_from_the_one_before_in_one_thing(i: int) -> None:
    """In a part of the network, in the target, in the average, or in clipping."""
    before, after = RUNGS[i - 1], RUNGS[i]
    first, second = (asdict(settings(rung.run, 0)) for rung in (before, after))
    parts = [each.pop("network_options") for each in (first, second)]
    names = {name for each in parts for name in each}
    differ = [name for name in names if parts[0].get(name, False) != parts[1].get(name, False)]
    differ += [name for name in first if first[name] != second[name]]
    differ += [
        name for name in ("averaged", "clip") if getattr(before, name) != getattr(after, name)
    ]
    assert len(differ) == 1, differ


def test_the_first_is_the_lectures_at_a_smaller_width() -> None:
    config = settings("lecture", 0)
    assert (config.batch, config.learning_rate, config.weight_decay) == (64, 1e-3, 0.0)
    assert (config.schedule, config.T, config.target) == ("cosine-clipped", 1000, "eps")
    assert config.network_options == {"width": 16} and config.steps == STEPS


# ---- the measure -------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["eps", "v"])
def test_the_loss_is_that_of_the_noise(target: str) -> None:
    """‖ε̂ − ε‖²/D, whatever the network predicts."""
    schedule = make_schedule("cosine-clipped", 1000)

    def network(x: torch.Tensor, t: Any, label: Any = None) -> torch.Tensor:
        return 0.9 * x

    denoiser = Denoiser(network, schedule, target, clip=False)  # type: ignore[arg-type]
    x0 = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    times = (40, 500, 980)
    found = work.losses_of(denoiser, False, Pictures(x0, ""), 5, times)
    generators = picture_generators(5, 3)
    for row, t in zip(found, times, strict=True):
        q, eps = forward(schedule, x0, t), randn(x0, generators)
        x_t = q.mean + q.std * eps
        guess = noise_seen(schedule, x_t, t, 0.9 * x_t, target)
        expected = (guess - eps).square().flatten(1).mean(1)
        torch.testing.assert_close(row, expected.float(), rtol=2e-3, atol=1e-6)


def made_up(*losses: tuple[float, float]) -> work.Measured:
    """Of rungs whose losses, with two seeds, are these; images differ by a little."""
    spread = torch.linspace(-0.001, 0.001, 40)
    totals = torch.stack(
        [torch.stack([loss[k] * (1 + spread) for loss in losses]) for k in (0, 1)]
    )
    levels = totals.mean(2)[:, :, None].expand(-1, -1, len(work.TIMES)).contiguous()
    return replace(FOUND, totals=totals, levels=levels, level_errors=0.01 * levels)


def test_a_change_is_called_one_only_with_both_seeds() -> None:
    eight = [(0.10, 0.10), (0.08, 0.07), (0.09, 0.06), (0.09, 0.06)] + [(0.05, 0.05)] * 4
    found = made_up(*eight)
    assert [verdict(found, i) for i in (1, 2, 3, 5)] == [-1, 0, 0, 0]
    assert "lowers the loss with both seeds: −20." in sentence(found, 1)
    assert "does not change the loss clearly" in sentence(found, 2)
    assert share(found, 1, 1).startswith("−30.") and share(found, 1, 1).endswith(" %")
    assert share(found, 2, 0).startswith("+12.")
    rising = made_up((0.05, 0.05), *[(0.08, 0.09)] * 7)
    assert "raises the loss with both seeds: +60." in sentence(rising, 1)


def test_the_place_of_the_largest_part_is_named() -> None:
    found = made_up(*[(0.1, 0.1)] * 3, *[(0.05, 0.05)] * 5)
    levels = found.levels.clone()
    levels[0, 3, 2] = 0.001
    said = sentence(replace(found, levels=levels), 3)
    assert f"lies at t = {work.TIMES[2]}: 0.1000 before, 0.0010 after" in said


# ---- what is stored ----------------------------------------------------------------------------


def test_what_is_said_is_of_the_stored_numbers() -> None:
    rows = table(FOUND)
    assert [row[0] for row in rows[1:]] == [rung.title for rung in RUNGS]
    for i, rung in enumerate(RUNGS):
        weights = sum(p.numel() for p in describe(work.path_of(rung)).make_network().parameters())
        assert rows[i + 1][1] == f"{weights:,}" == f"{FOUND.weights[i]:,}"
    assert len(findings(FOUND)) == len(RUNGS) - 1
    assert f"{STEPS:,} steps, seeds 0 and 1" in about(FOUND) and FOUND.steps == STEPS
    totals = FOUND.totals.mean(2)
    torch.testing.assert_close(FOUND.levels.mean(2), totals, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", RUNS)
def test_the_stored_weights_were_trained_as_it_is_said(name: str) -> None:
    rung = next(rung for rung in RUNGS if rung.run == name)
    spec, config = describe(work.path_of(rung)), settings(name, 0)
    assert spec.training["steps"] == config.steps and spec.training["seed"] == 0
    told = {key: spec.network_config[key] for key in config.network_options}
    assert told == dict(config.network_options) and spec.target == config.target
    assert work.path_of(rung).stat().st_size < 700_000


@pytest.mark.parametrize("i", range(len(RUNGS)))
def test_the_stored_losses_are_those_of_the_stored_weights(i: int) -> None:
    """Which are in half precision: four digits agree or nearly so."""
    rung = RUNGS[i]
    data = load("mnist-5k", size=28)
    x0 = to_tensor(data.images[held_out(len(data), 0)])[:32]
    found = work.losses_of(work.loaded(rung), rung.clip, Pictures(x0, ""), 0).mean(0)
    stored = FOUND.totals[0, i, :32]
    assert (found - stored).abs().max() < 0.02 * stored.max()


def test_the_stored_images_are_drawn_again() -> None:
    for rung in (RUNGS[0], RUNGS[-1]):
        lane = replace(ddim(1000, work.STEPS), clip=rung.clip)
        x = pictures(work.loaded(rung), lane, (1, 28, 28), seed=DRAWN.seed, n=2)
        apart = from_tensor(x).int() - DRAWN.images[rung.name][:2].int()
        assert apart.abs().float().mean() < 1


# ---- the page ----------------------------------------------------------------------------------


@pytest.fixture
def handlers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(work.run_draw, "__defaults__", (work.STORED, 2, 2))
    context = Context(Device(CPU), LOCAL, checkpoints=tmp_path)
    with gr.Blocks() as demo, gr.Tabs() as tabs, gr.Tab():
        topic.build(context, Shared(tabs, None))
    found = {fn.name: fn.fn for fn in demo.fns.values()}
    return lambda name, *values: found[name](*values)


def test_sample_again_draws_from_every_rung(handlers: Any) -> None:
    request = SimpleNamespace(session_hash="one")
    last = merged(named(handlers("begin", request, 3, RUNGS[1].title)))
    for rung in RUNGS:
        picture, text = last[f"ladder-{rung.name}"]
        assert picture is not None and text.startswith(f"{rung.title}, loss 0.")
    assert last["ladder-status"].startswith("seed 3") and "seed=3" in str(
        last["ladder-copy"].texts
    )
    assert "Seed" in merged(named(handlers("begin", request, 1.5, RUNGS[1].title)))["trouble"]


def test_a_change_is_shown_beside_the_rung_before(handlers: Any) -> None:
    for i, rung in enumerate(RUNGS):
        shown = named(handlers("look", rung.title, 7))
        traces = shown["ladder-levels"].data
        assert [trace.name for trace in traces] == [
            rung.title,
            *([f"before: {RUNGS[i - 1].title}"] if i else []),
        ]
        assert list(traces[0].y) == pytest.approx(FOUND.levels[0, i].tolist())
        assert shown["ladder-said"] == (sentence(FOUND, i) if i else about(FOUND))
    assert "no rung" in named(handlers("look", "+ magic", 7))["trouble"]
    assert len(rungs_figure(FOUND).data) == 2 and len(levels_figure(FOUND, 0).data) == 1


def test_the_script_runs_and_the_command_is_the_runs(tmp_path: Path) -> None:
    texts = ladder_texts(RUNGS[-1], 4)
    short = {key: text.replace("1000", "9").replace("n=16", "n=1").replace(", 50)", ", 2)")
             for key, text in texts.texts.items()}  # fmt: skip
    said = run_python(texts._replace(texts=short), tmp_path)
    assert said.splitlines()[0].startswith("The lecture's network 268561 weights")
    assert len(list(tmp_path.glob("*.png"))) == len(RUNGS)
    assert "--network.self-attention" in texts.texts["Copy as command"]
