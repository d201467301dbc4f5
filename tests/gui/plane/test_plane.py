"""What the Plane tab is asked for, what it computes, and what it hands to the browser."""

from __future__ import annotations

import base64
import json
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch

from explorer.diffusion import SAMPLERS, SPACINGS, GaussianMixture, randn, sample
from explorer.diffusion.process import noise_in
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.job import Job
from explorer.gui.frame.limits import HOSTED, LOCAL
from explorer.gui.frame.manager import Manager
from explorer.gui.frame.page_files import page_files
from explorer.gui.frame.shared import Shared
from explorer.gui.frame.visitors import visitor_of
from explorer.gui.parts.widget import script_address
from explorer.gui.plane import tab as plane
from explorer.gui.plane.plane import Plane
from explorer.gui.plane.view import (
    PlaneView,
    blobs,
    network_of,
    pack,
    read,
    sampler,
    unpack,
    weights_of,
    write,
)
from explorer.gui.plane.work import (
    PlaneSettings,
    denoiser_of,
    law_of,
    learn,
    points_view,
    schedule,
    show,
)
from explorer.plane import (
    PointConfig,
    PointNetwork,
    exact_flow,
    gaussian_means,
    lane_on,
    noise,
)
from explorer.plane.points import OWN, POINTS, SPREAD
from explorer.race.lanes import lane_of
from tests.gui.panel import merged, named
from tests.gui.small import until

CPU = torch.device("cpu")
REQUEST: Any = SimpleNamespace(session_hash="one")
SMALL = PlaneSettings("moons", points=30, samples=50, steps=10)
TRIANGLE = [[0.0, 1.0], [-1.0, -0.5], [1.0, -0.5]]


def taught(asked: PlaneSettings = SMALL, steps: int = 20, **options: Any) -> list[Any]:
    stopped = options.get("stopped", lambda: False)
    return list(learn(asked, options.get("before"), {"steps": steps}, CPU, stopped))


@pytest.fixture(scope="module")
def learnt() -> PlaneView:
    return taught()[-1].view


def test_ways_are_packed_to_a_quarter_of_a_pixel() -> None:
    x = 3 * torch.randn(30, 50, 2, generator=torch.Generator().manual_seed(1)).cumsum(0)
    torch.testing.assert_close(unpack(pack(x), 30), x, atol=1 / 256, rtol=0)
    x[3, 4], x[4, 4], x[5, 4] = 1e9, -torch.inf, torch.nan
    wild = unpack(pack(x), 30)[3:6, 4, 0].tolist()
    assert wild == [250, -250, 0]


def test_weights_survive_in_half_precision() -> None:
    config = PointConfig(width=8, depth=3, frequencies=(1, 2))
    network = PointNetwork(config)
    weights, again = weights_of(network_of(network.state_dict(), config, "v"))
    assert again == config
    for name, value in network.state_dict().items():
        torch.testing.assert_close(weights[name], value, atol=1e-3, rtol=1e-3)


def test_wishes_are_checked() -> None:
    good = ("moons", 100, 200, "heun", "ddim", 20, 7, None)
    assert PlaneSettings.read(LOCAL, *good) == PlaneSettings(*good[:-1])
    for limits, place, value, said in (
        (LOCAL, 0, "moon", "no distribution 'moon'; there are: eight Gaussians"),
        (LOCAL, 0, ["moons"], "no distribution"),
        (LOCAL, 1, 1001, "Training points: 1001 is not allowed"),
        (HOSTED, 1, 501, "2 to 500"),
        (HOSTED, 2, 2000, "50 to 1000"),
        (LOCAL, 2, None, "is empty"),
        (LOCAL, 3, "euler", "no sampler 'euler'; there are: ddpm"),
        (LOCAL, 4, ["ddim"], "no sampler"),
        (LOCAL, 5, 201, "Steps S: 201"),
        (LOCAL, 5, 1.5, "Steps S: 1.5"),
        (LOCAL, 6, -1, "Seed"),
        (LOCAL, 0, OWN, "a list of pairs"),
    ):
        values = [*good]
        values[place] = value
        with pytest.raises(ValueError, match=said):
            PlaneSettings.read(limits, *values)
    own = PlaneSettings.read(HOSTED, OWN, None, 200, "ddpm", "heun", 20, 7, TRIANGLE)
    assert own.points == 3 and own.x0.tolist() == TRIANGLE
    other = replace(own, samples=60, left="heun", right="ddpm", steps=3)
    assert own.same_points(other) and not own.same_points(SMALL)


def test_points_come_at_once_and_samples_after() -> None:
    views = [
        list(view.beliefs) for view in show(replace(SMALL, data="eight Gaussians"), None, CPU)
    ]
    assert views[-1] == ["ideal", "exact"]
    first, *_, last = (replace(view, beliefs={**view.beliefs}) for view in show(SMALL, None, CPU))
    assert first.beliefs == {} and list(last.beliefs) == ["ideal"]
    ideal = last.beliefs["ideal"]
    left, right = ideal.ways
    assert (left.evaluations, right.evaluations) == (200, 10)
    assert left.times[0] == 200 and left.times[-1] == 0
    assert len(left.times) == 51 and right.times == last.samplers[1].steps
    assert max(ideal.nearest) < 0.02 < last.fresh
    starts = [unpack(way.sheet.read(), len(way.times))[0] for way in ideal.ways]
    assert torch.equal(*starts)
    torch.testing.assert_close(starts[0], noise(50, 7), atol=1 / 256, rtol=0)
    assert points_view(PlaneSettings(OWN, 3, own=tuple(map(tuple, TRIANGLE)))).fresh is None


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_step_is_the_sum_that_is_shown(name: str) -> None:
    """Points walked by the weights that the page gets end where the sampler ends."""
    table, law = schedule(), law_of(replace(SMALL, data="eight Gaussians"))
    lane = lane_on(table, name, 12)
    sent, x_T = sampler(lane, table), noise(20, 1).double()
    frames = list(sample(law, table, x_T, lane.times, sampler=name, generator=generator()))
    z, shown = generator(), np.frombuffer(base64.b64decode(sent.coefficients), "<f4")
    weights = shown.reshape(len(frames), -1).astype(float)

    def noise_at(x: torch.Tensor, t: int) -> torch.Tensor:
        return noise_in(table, law(x, t), x, t)

    x, before = x_T, law(x_T, table.T)
    for (t, s), (to_x0, to_eps, sigma, *change) in zip(lane.steps, weights, strict=False):
        x0 = law(x, t)
        x_s = to_x0 * x0 + to_eps * noise_at(x, t)
        if sigma:
            x_s = x_s + sigma * randn(x, z)
        corrections = {
            "": 0,
            "x̂₀ − x̂₀ before": x0 - before,
            "ε̂ at s − ε̂": noise_at(x_s, s) - noise_at(x, t) if s else 0,
        }
        x_s = x_s + sum(change) * corrections[sent.change]
        x, before = x_s, x0
    torch.testing.assert_close(x, frames[-1].x, atol=1e-5, rtol=0)
    assert weights[-1].tolist() == [1] + [0] * (len(weights[-1]) - 1)
    assert (len(weights[0]) == 4) == bool(sent.change) and sent.steps == list(lane.times)


PROSE = Path(plane.__file__).with_name("prose.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("points", [20, 256, 500])
@pytest.mark.parametrize("data", POINTS)
def test_the_ideal_denoiser_ends_on_the_training_points(data: str, points: int) -> None:
    """With every sampler, if it takes enough steps."""
    assert "with $S = 25$ the samples end on them" in PROSE
    asked = replace(plane.START, data=data, points=points, samples=60)
    for left, right in (("ddpm", "ddim"), ("dpm-solver", "heun")):
        *_, view = show(replace(asked, left=left, right=right), None, CPU)
        assert max(view.beliefs["ideal"].nearest) < 0.1 * view.fresh


def test_with_one_step_the_ideal_denoiser_does_not() -> None:
    *_, view = show(replace(plane.START, samples=60, steps=1), None, CPU)
    assert view.beliefs["ideal"].nearest[1] > view.fresh


def test_a_network_remembers_few_points_and_fills_in_between_many() -> None:
    assert "given only three points it soon memorises each one" in PROSE
    few = taught(replace(plane.START, points=3, samples=100), 500)[-1].view
    assert max(few.beliefs["trained"].nearest) < 0.1 * few.fresh
    many = read(plane.STORED)
    assert many.points == plane.START.points == 256 and many.losses[-1][0] >= 1000
    assert min(many.beliefs["trained"].nearest) > 0.5 * many.fresh


def test_the_grids_are_those_that_end_nearest_to_the_exact_flow() -> None:
    """With S = 25 on the plane's schedule, from noises of several seeds."""
    assert "on the grid that ends nearest to the exact flow with $S = 25$" in PROSE
    table = schedule()
    law = GaussianMixture(gaussian_means(), table, std=SPREAD)
    x_T = torch.cat([noise(100, seed, "order") for seed in range(4)]).double()
    ends = exact_flow(law, x_T)
    for name, known in SAMPLERS.items():
        if not known.strided:
            continue
        errors = {}
        for spacing in SPACINGS:
            lane = lane_of(name, table, steps=25, spacing=spacing)
            *_, last = sample(law, table, x_T, lane.times, sampler=name)
            errors[spacing] = (last.x - ends).square().sum(1).mean().sqrt().item()
        best = min(errors, key=errors.__getitem__)
        assert lane_on(table, name, 25).times == lane_of(name, table, steps=25, spacing=best).times


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def test_any_two_samplers_are_shown() -> None:
    asked = replace(SMALL, left="dpm-solver", right="heun")
    *_, view = show(asked, None, CPU)
    assert [each.name for each in view.samplers] == ["dpm-solver", "heun"]
    assert [way.evaluations for way in view.beliefs["ideal"].ways] == [10, 19]
    ends = [unpack(way.sheet.read(), len(way.times))[-1] for way in view.beliefs["ideal"].ways]
    assert not torch.equal(*ends)


def test_learning_shows_samples_and_the_same_seed_the_same(learnt: PlaneView) -> None:
    assert list(learnt.beliefs) == ["ideal", "trained"] and not learnt.learning
    assert [step for step, _ in learnt.losses] == [10, 20]
    again = taught()[-1].view
    assert again.network["weights"].data == learnt.network["weights"].data
    ways = [view.beliefs["trained"].ways[0].sheet.data for view in (again, learnt)]
    assert ways[0] == ways[1]
    further = taught(before=learnt)
    assert all("ideal" in told.view.beliefs for told in further)
    assert learnt.beliefs["trained"] is not further[-1].view.beliefs["trained"]


def test_it_stops_when_it_is_told_and_keeps_what_is_learnt(learnt: PlaneView) -> None:
    told = taught(steps=100_000, stopped=lambda: True, before=learnt)
    assert not told[-1].view.learning and told[-1].view.losses[-1][0] < 5000
    assert "trained" in told[-1].view.beliefs


def test_a_network_goes_on_with_other_samples(learnt: PlaneView) -> None:
    (view,) = show(replace(SMALL, samples=60, steps=7), learnt, CPU)  # all at once
    assert view.id == learnt.id and list(view.beliefs) == ["ideal", "trained"]
    assert view.network is learnt.network and view.beliefs["trained"].ways[1].evaluations == 7
    gone = replace(learnt, network=learnt.network | {"weights": SimpleNamespace(read=_gone)})
    with pytest.raises(ValueError, match="please train it again"):
        denoiser_of(gone, CPU)


def _gone() -> bytes:
    raise FileNotFoundError


def test_a_view_is_stored_and_read(learnt: PlaneView, tmp_path: Path) -> None:
    before = {name: blob.read() for name, blob in blobs(learnt).items()}
    write(replace(learnt), tmp_path)
    again = read(tmp_path)
    assert {name: blob.read() for name, blob in blobs(again).items()} == before
    assert (again.losses, again.alpha_bar, again.id) == (
        learnt.losses,
        learnt.alpha_bar,
        learnt.id,
    )
    x = noise(5, 1)
    torch.testing.assert_close(denoiser_of(again, CPU)(x, 9), denoiser_of(learnt, CPU)(x, 9))


def test_the_browser_gets_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    view, stage = taught(steps=10)[-1].view, Plane()
    sent = {name: blob.read() for name, blob in blobs(view).items()}
    told = stage.postprocess(view)
    assert json.loads(json.dumps(told)) == told
    paths = {name: blob.path for name, blob in blobs(view).items()}
    assert {name: Path(path).read_bytes() for name, path in paths.items()} == sent
    assert told["beliefs"]["trained"]["ways"][1]["sheet"] == paths["trained-right"]
    assert told["network"]["weights"] == paths["network"]
    assert set(paths.values()) <= stage.temp_files
    assert stage.postprocess(view) == told and stage.postprocess(None) is None
    script = page_files.read(script_address(Path(plane.__file__).with_name("plane.js"))).decode()
    assert script.index("function between") < script.index("function positions")
    assert script.index("function networkNoise") < script.index("function drawPanel")
    assert script.rstrip().endswith("load();\n}")


def test_what_is_stored_is_what_the_tab_opens_with() -> None:
    view = read(plane.STORED)
    assert sum(file.stat().st_size for file in plane.STORED.iterdir()) < 150_000
    assert list(view.beliefs) == ["ideal", "exact", "trained"]
    first = points_view(plane.START)
    assert (view.title, view.samples, view.alpha_bar) == (
        first.title,
        first.samples,
        first.alpha_bar,
    )
    assert view.training.read() == first.training.data
    ideal, exact, trained = (view.beliefs[name].nearest for name in view.beliefs)
    for side in (0, 1):
        assert ideal[side] < 0.005 < exact[side]
        assert 0.6 * view.fresh < trained[side] < 1.8 * view.fresh


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(Device(CPU), HOSTED, checkpoints=tmp_path)


@pytest.fixture
def jobs(context: Context) -> Manager:
    return context.jobs


@pytest.fixture
def tab(context: Context) -> Callable[..., list[dict]]:
    """The tab's handlers, called as a visitor's browser would have them called."""
    with gr.Blocks() as demo:
        model = gr.Dropdown([], render=False)
        with gr.Tabs() as tabs, gr.Tab(plane.TITLE):
            plane.build(context, Shared(tabs, model))
    found = {fn.name: fn.fn for fn in demo.fns.values()}
    return lambda name, *values: list(named(found[name](REQUEST, *values)))


def test_handlers_answer_with_a_sentence_or_a_view(tab: Callable[..., list[dict]]) -> None:
    now = (plane.START, read(plane.STORED))
    last = merged(tab("choose", now, "moons", 30, 5, "ddpm", "ddim", 4, 7))
    assert "50 to 1000" in last["trouble"] and last["plane-status"] == "failed"
    assert last["plane-train"].interactive and not last["plane-stop"].interactive
    assert last["plane-data"] == plane.START.data  # the choice goes back to what is shown
    assert tab("choose", now, OWN, 30, 50, "ddpm", "ddim", 10, 7) == [{}]  # nothing changes
    answers = tab("choose", now, "moons", 30, 50, "ddpm", "ddim", 10, 7)
    assert "plane-train" not in answers[0] and answers[0]["plane-stop"].interactive
    last = merged(answers)
    going = last["State"]
    assert going[0] == SMALL and "ideal" in going[1].beliefs
    assert last["plane-status"] == "not trained on these points yet" and "plane-data" not in last
    assert last["plane-train"].interactive and not last["plane-stop"].interactive
    *_, last = tab("begin", going, 11, "moons", 30, 50, "ddpm", "ddim", 10, 7)
    assert "give 1 to 10" in last["trouble"]
    *_, last = tab("begin", going, 5, OWN, 30, 50, "ddpm", "ddim", 10, 7)
    assert "Draw some points first" in last["trouble"]
    last = merged(tab("begin", going, 1, "moons", 30, 50, "ddpm", "ddim", 10, 7))
    assert "trained" in last["State"][1].beliefs
    assert last["plane-status"].startswith("trained for")
    *_, last = tab(
        "begin", (going[0], last["State"][1]), 5, "moons", 30, 50, "ddpm", "ddim", 4, "x"
    )
    assert "Seed" in last["trouble"]


@pytest.fixture
def learning(jobs: Manager) -> Iterator[Job]:
    """A training with the settings `SMALL` that goes on."""
    job, let_go = Job("plane", visitor_of(REQUEST)), threading.Event()
    job.made = SMALL
    jobs.begin(job, lambda _: let_go.wait(60))
    yield job
    let_go.set()


@pytest.mark.parametrize("handler", ["choose", "restore"])
def test_a_change_that_is_heard_late_does_not_end_its_own_training(
    tab: Callable[..., list[dict]], learning: Job, handler: str
) -> None:
    """Fields are set and the button is pressed at once: a link is heard after the press."""
    now, wanted = (plane.START, read(plane.STORED)), ("moons", 30, 50, "ddpm", "ddim", 10, 7)
    assert tab(handler, now, *wanted) == [{}] and not learning.flag()  # nothing changes
    other = ("moons", 40, *wanted[2:])  # what is learnt is not of these points
    assert len(tab(handler, now, *other)) > 1 and learning.flag()
    assert len(tab(handler, now, *wanted)) > 1  # it is ending: these points are shown anew


def test_a_change_from_before_the_press_does_not_end_a_training(
    tab: Callable[..., list[dict]], learning: Job
) -> None:
    """Both were under way; who trained came last, and shows everything."""
    now, other = (plane.START, read(plane.STORED)), ("moons", 40, 50, "ddpm", "ddim", 10, 7)
    learning.begun = math.inf
    assert tab("choose", now, *other) == [{}] and not learning.flag()
    learning.made = None  # what it was asked for was wrong
    assert len(tab("choose", now, *other)) > 1


def test_a_training_takes_the_place_of_what_was_computed_before(
    tab: Callable[..., list[dict]], jobs: Manager
) -> None:
    """Else points that had to wait for the device came after the network, and without it."""
    before = Job("plane-show", visitor_of(REQUEST), session=REQUEST.session_hash)
    jobs.begin(before, lambda job: until(job.flag))
    tab("begin", (plane.START, read(plane.STORED)), 1, "moons", 30, 50, "ddpm", "ddim", 10, 7)
    assert before.over and before.replaced_on == {REQUEST.session_hash}


def test_wrong_settings_end_a_training(tab: Callable[..., list[dict]], learning: Job) -> None:
    """It would go on with a Stop that cannot be pressed."""
    now = (plane.START, read(plane.STORED))
    last = merged(tab("choose", now, "moons", 30, 5, "ddpm", "ddim", 10, 7))
    assert "50 to 1000" in last["trouble"] and learning.flag()


def test_a_training_is_known_by_its_settings(
    tab: Callable[..., list[dict]], jobs: Manager
) -> None:
    now = (plane.START, read(plane.STORED))
    tab("begin", now, 1, "moons", 30, 50, "ddpm", "ddim", 10, 7)
    assert [job.made for job in jobs.of(visitor_of(REQUEST), "plane")] == [SMALL]


def test_drawn_points_are_used(tab: Callable[..., list[dict]]) -> None:
    now = (plane.START, read(plane.STORED))
    *_, last = tab(
        "use", SimpleNamespace(points=[[0, 9], [0, 0]]), now, 30, 50, "ddpm", "ddim", 10, 7
    )
    assert "lies outside" in last["trouble"]
    answers = tab("use", SimpleNamespace(points=TRIANGLE), now, 30, 50, "ddpm", "ddim", 10, 7)
    asked, view = merged(answers)["State"]
    assert [answer.get("plane-data") for answer in answers].count(OWN) == 1
    assert asked.own == tuple(map(tuple, TRIANGLE)) and view.points == 3
    going = merged(tab("choose", (asked, view), "moons", 30, 50, "ddpm", "ddim", 10, 7))["State"]
    assert going[0] == replace(SMALL, own=asked.own) and going[1].data == "moons"
    asked, view = merged(tab("choose", going, OWN, 30, 50, "ddpm", "ddim", 10, 7))[
        "State"
    ]  # at once, as drawn
    assert view.data == OWN and view.points == 3 and "ideal" in view.beliefs


def test_two_panels_start_alike_and_step_with_noise_of_their_own() -> None:
    asked = replace(SMALL, data="eight Gaussians", left="ddpm", right="ddpm")
    *_, view = show(asked, None, CPU)
    ways = {
        name: [unpack(way.sheet.read(), len(way.times)) for way in each.ways]
        for name, each in view.beliefs.items()
    }
    for left, right in ways.values():
        assert torch.equal(left[0], right[0])
        assert (left[-1] - right[-1]).norm(dim=1).mean() > 0.5
    for side in (0, 1):  # both denoisers get the same noise
        ideal, exact = (ways[name][side] for name in ("ideal", "exact"))
        assert torch.equal(ideal[0], exact[0]) and (ideal[1] - exact[1]).abs().max() < 0.05
