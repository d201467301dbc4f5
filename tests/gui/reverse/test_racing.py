"""Races as the Reverse tab runs them: begun, stopped, continued, forked, taken away."""

from __future__ import annotations

import json
import math
import runpy
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

from explorer.checkpoints import load
from explorer.diffusion import SAMPLERS, make_schedule, strided_times
from explorer.diffusion.samplers import HEUN, OPTIONS
from explorer.figures.pictures import grid
from explorer.gui.frame.call import Call, Patience
from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device, DeviceBusy
from explorer.gui.frame.job import Job
from explorer.gui.frame.limits import HOSTED, LOCAL
from explorer.gui.frame.shared import Shared
from explorer.gui.reverse import lane_form
from explorer.gui.reverse import tab as reverse
from explorer.gui.reverse.break_form import with_breaks
from explorer.gui.reverse.export import panel as take_away
from explorer.gui.reverse.lane_form import MOST, PRESETS, LaneForm, fill, title
from explorer.gui.reverse.racing import (
    Cursor,
    Going,
    race_in_turns,
    read_settings,
    run_fork,
    run_race,
)
from explorer.gui.reverse.stored import stored_race
from explorer.gui.train.settings import TrainParts
from explorer.lectures import LECTURES
from explorer.race import ddim, pictures
from explorer.race import view as race_view
from explorer.race.breaks import BREAKS
from explorer.race.view import RaceView, decode
from tests.gui.panel import by_name, merged, named, tiny

CPU = torch.device("cpu")
CONTEXT = Context(Device(CPU), LOCAL)
SHIPPED = HOME / "checkpoints" / "mnist.safetensors"
SETTINGS: dict[str, Any] = {
    "model": "mnist",
    "seed": 3,
    "pictures": 2,
    "labels": [1, 2],
    "guidance": 1.0,
    "lanes": [
        {"sampler": "ddim", "steps": 5},
        {"sampler": "ddim", "steps": 10, "eta": 1.0, "spacing": "quadratic"},
    ],
}


def finished(**changes: Any) -> Going:
    *_, going = run_race(
        SHIPPED, SETTINGS | changes, "title", None, None, CPU, lambda: False, every=math.inf
    )
    return going


@pytest.fixture(scope="module")
def raced() -> Going:
    return finished()


def ends(view: RaceView) -> list[torch.Tensor]:
    return [frames.x[-1] for frames in decode(view)]


def test_a_race_ends_on_the_samplers_pictures(raced: Going) -> None:
    view = raced.view
    assert not view.running and raced.racers is None and view.settings == SETTINGS
    assert [len(lane.times) for lane in view.lanes] == [6, 11]
    denoiser, _ = load(SHIPPED)
    lanes = [ddim(1000, 5), ddim(1000, 10, eta=1.0, spacing="quadratic")]
    for lane, x in zip(lanes, ends(view), strict=True):
        truth = pictures(denoiser, lane, (1, 28, 28), seed=3, labels=[1, 2])
        torch.testing.assert_close(x, truth, rtol=0, atol=1e-3)


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by a second whenever it is read: something to show at every frame."""
    ticks = count()
    clock = SimpleNamespace(perf_counter=lambda: float(next(ticks)))
    monkeypatch.setattr(race_view, "time", clock)


@pytest.mark.parametrize("stop", [1, 4, 11])
@pytest.mark.usefixtures("ticking")
def test_a_stopped_race_goes_on_to_the_same_end(stop: int, raced: Going) -> None:
    asked = count(1)
    *_, half = run_race(
        SHIPPED, SETTINGS, "t", None, None, CPU, lambda: next(asked) > stop, every=0.0
    )
    assert half.racers is not None and not half.view.running
    assert 0 < sum(len(lane.times) for lane in half.view.lanes) < 17
    *_, whole = run_race(SHIPPED, SETTINGS, "t", half, None, CPU, lambda: False)
    assert whole.racers is None and whole.view.id == half.view.id
    assert [lane.times for lane in whole.view.lanes] == [lane.times for lane in raced.view.lanes]
    for ours, theirs in zip(decode(whole.view), decode(raced.view), strict=True):
        torch.testing.assert_close(ours.x, theirs.x, rtol=0, atol=1e-3)


@pytest.mark.usefixtures("ticking")
def test_where_one_could_go_on_one_still_can_when_that_fails(raced: Going) -> None:
    """A race that goes on grows a view of its own: no frame comes twice after another try."""
    asked = count(1)
    *_, half = run_race(
        SHIPPED, SETTINGS, "t", None, None, CPU, lambda: next(asked) > 4, every=0.0
    )
    before = [list(lane.times) for lane in half.view.lanes]
    failing = run_race(SHIPPED, SETTINGS, "t", half, None, CPU, lambda: False, every=0.0)
    while sum(len(lane.times) for lane in next(failing).view.lanes) < 10:
        pass
    failing.close()
    assert [lane.times for lane in half.view.lanes] == before
    *_, whole = run_race(SHIPPED, SETTINGS, "t", half, None, CPU, lambda: False)
    assert [lane.times for lane in whole.view.lanes] == [lane.times for lane in raced.view.lanes]


@pytest.mark.usefixtures("ticking")
def test_hosted_a_race_lets_others_in_and_ends_alike(raced: Going) -> None:
    """A slice of no time at all: a few frames, then to the back of the line."""
    context = Context(Device(CPU), HOSTED.__class__(hosted=True, slice=0.0))
    turns = []
    run = context.device.run

    def counted(*arguments: Any, **options: Any) -> Any:
        turns.append(arguments[0])
        return run(*arguments, **options)

    object.__setattr__(context.device, "run", counted)
    call = Call(context, Job("race", "one"), gr.Markdown())
    call.flag.start()
    shown = [
        (going.view.running, going) for going in race_in_turns(call, SHIPPED, SETTINGS, "t", None)
    ]
    call.job.end()
    going = shown[-1][1]
    assert len(turns) > 1 and going.racers is None
    # between two slices it is running still, and could be gone on with
    assert [running for running, _ in shown] == [True] * (len(shown) - 1) + [False]
    assert sum(bool(going.racers) for _, going in shown) == len(turns) - 1
    for ours, theirs in zip(ends(going.view), ends(raced.view), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-3)


def test_a_fork_fans_out_with_noise_and_not_without(raced: Going) -> None:
    cursor = Cursor(lane=0, picture=1, t=400)
    *_, fork = run_fork(SHIPPED, raced, cursor, CPU, lambda: False)
    assert fork.origin is raced and fork.view.pictures == 4 and fork.view.T == 1000
    assert fork.view.settings == {} and "image 2, seed 3, at t = 400" in fork.view.title
    still, noisy = decode(fork.view)
    assert still.times == [400, 200, 0] and noisy.times[0] == 400
    start = decode(raced.view)[0].x[3, 1]
    torch.testing.assert_close(still.x[0], start.expand(4, 1, 28, 28), rtol=0, atol=1e-3)
    assert (still.x[-1] - still.x[-1][0]).abs().max() < 1e-3
    assert (noisy.x[-1] - noisy.x[-1][0]).abs().max() > 0.5
    torch.testing.assert_close(still.x[-1][0], ends(raced.view)[0][1], rtol=0, atol=0.02)


@pytest.mark.parametrize(
    "value",
    [None, 3, "x", {}, {"lane": 0, "picture": 0}, {"lane": 0, "picture": 0, "frame_t": None},
     {"lane": 2, "picture": 0, "frame_t": 400}, {"lane": 0, "picture": -1, "frame_t": 400},
     {"lane": 0, "picture": 0, "frame_t": 401}, {"lane": 0, "picture": 0, "frame_t": 1e400},
     {"lane": [], "picture": 0, "frame_t": 400}],
)  # fmt: skip
def test_a_cursor_that_shows_no_frame_is_refused(value: Any, raced: Going) -> None:
    with pytest.raises(ValueError, match="no frame at the cursor"):
        Cursor.read(value, raced.view)


def test_there_is_no_fork_at_the_end(raced: Going) -> None:
    with pytest.raises(ValueError, match="finished"):
        Cursor.read({"lane": 0, "picture": 0, "frame_t": 0}, raced.view)
    assert Cursor.read({"lane": 1, "picture": 1, "frame_t": 1000}, raced.view).t == 1000


def test_settings_are_refused_before_anybody_waits() -> None:
    _, spec = load(SHIPPED)
    guided = read_settings("mnist", spec, 2, "3", 5, [], 2.0, 1.0)
    assert (
        guided["labels"] == [3, 3] and guided["guidance"] == 2 and guided["classifier_scale"] == 1
    )
    assert "classifier_scale" not in read_settings("mnist", spec, 2, "3", 5, [])
    free = replace(spec, classes=())
    with pytest.raises(ValueError, match="knows no classes"):
        read_settings("free", free, 2, "each in turn", 5, [], 2.0)
    with pytest.raises(ValueError):
        read_settings("other", replace(spec, T=500), 2, "3", 5, [], 1.0, 1.0)


def test_a_race_of_another_model_is_neither_forked_nor_gone_on_with(
    raced: Going, tmp_path: Path
) -> None:
    """Of the same name, trained anew since the race was run or packed."""
    other = tiny(tmp_path, "mnist", classes=tuple("0123456789"))
    says = "28×28, grey, T = 1000; mnist makes 8×8, grey, T = 20. Run the race again"
    with pytest.raises(ValueError, match=says):
        next(run_fork(other, raced, Cursor(0, 0, 400), CPU, lambda: False))
    with pytest.raises(ValueError, match=says):
        next(run_race(other, SETTINGS, "t", raced, None, CPU, lambda: False))


@pytest.mark.usefixtures("ticking")
def test_nobody_keeps_a_shared_device_with_a_fork(raced: Going) -> None:
    *_, going = run_fork(SHIPPED, raced, Cursor(1, 0, 1000), CPU, Patience(lambda: False, 0))
    assert not going.view.running and len(going.view.lanes[1].times) < 11


def test_a_guided_race_is_another(raced: Going) -> None:
    for changes in ({"guidance": 3.0}, {"classifier_scale": 4.0}):
        guided = finished(**changes)
        assert (ends(guided.view)[0] - ends(raced.view)[0]).abs().max() > 0.1


# ---- the handlers -----------------------------------------------------------------------------


class Page:
    """The Reverse tab's handlers as a visitor's browser would have them called."""

    def __init__(self, context: Context) -> None:
        with gr.Blocks() as demo:
            names = list(context.models(""))
            model = gr.Dropdown(names, value=names[0], render=False)
            train = TrainParts.create(context)
            train.settings.render()
            train.trained.render()
            train.race.render()
            reverse.build(context, Shared(gr.Tabs(), model, train))
        handlers = [fn.fn for fn in demo.fns.values() if fn.fn]
        self.handlers = {fn.__name__: fn for fn in handlers if fn.__module__ == reverse.__name__}

    def __call__(self, name: str, *values: Any) -> list[dict[str, Any]]:
        """What the page shows after each answer: view, status, trouble, race; whether buttons
        work."""
        states: list[dict[str, Any]] = [{}]
        for answer in named(self.handlers[name](SimpleNamespace(session_hash="one"), *values)):
            changes = {NAMES.get(k, k): v for k, v in answer.items()}
            on = {k: v.interactive for k, v in changes.items() if isinstance(v, gr.Button)}
            states.append(states[-1] | changes | on)
        return states[1:]


NAMES = {
    "reverse-player": "view",
    "reverse-status": "state",
    "State": "going",
    "reverse-run": "run",
    "reverse-stop": "stop",
    "reverse-fork": "fork",
    "reverse-go-on": "more",
    "reverse-back": "back",
}
"""Element's id -> what the tests call it."""


@pytest.fixture
def toys(tmp_path: Path) -> Context:
    tiny(tmp_path)
    return Context(Device(CPU), HOSTED.__class__(hosted=True, slice=0.0), checkpoints=tmp_path)


def toy_values() -> list[Any]:
    steps = [{"sampler": "ddpm"}, {"sampler": "ddim", "steps": 5}]
    lanes = [value for row in fill(steps, 20) for value in row]
    return ["toys", 2, "each in turn", 5, 1, 0, *lanes, *[False] * len(BREAKS)]


@pytest.mark.usefixtures("ticking")
def test_between_two_slices_nothing_but_stop_can_be_pressed(toys: Context) -> None:
    first, *between, last, end = Page(toys)("begin", None, *toy_values())
    assert len(between) > 5 and first["stop"] and not first["run"]
    for answer in between:
        assert answer["stop"] and not (answer["run"] or answer["more"] or answer["fork"])
    assert len({id(answer["going"]) for answer in between if "going" in answer}) > 1
    assert end["run"] and end["fork"] and not end["stop"] and not end["more"]
    assert last["going"].racers is None and not last["going"].view.running


@pytest.mark.usefixtures("ticking")
def test_when_a_later_slice_fails_one_can_go_on(
    toys: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, run, turns = Page(toys), toys.device.run, count(1)

    def once(*arguments: Any, **options: Any) -> Any:
        if next(turns) == 3:
            raise DeviceBusy("the device is busy")
        return run(*arguments, **options)

    monkeypatch.setattr(toys.device, "run", once)
    *answers, end = page("begin", None, *toy_values())
    assert "busy" in end["trouble"] and end["more"] and end["run"] and not end["stop"]
    kept = end["going"]
    assert isinstance(kept, Going) and kept is answers[-1]["going"]
    whole = page("go_on", kept)[-1]["going"]
    assert [len(lane.times) for lane in whole.view.lanes] == [21, 6] and whole.racers is None


def test_a_model_from_train_races_at_once_unless_something_runs(toys: Context) -> None:
    page, one = Page(toys), SimpleNamespace(session_hash="one")
    *_, last, end = page("begin_sent", None, *toy_values())
    assert last["going"].view.title == "toys · seed 5" and end["run"]
    held = toys.device.run(lambda device, stopped: iter(range(9)), None, lambda: False)
    next(held)
    first = named(page.handlers["begin"](one, None, *toy_values()))
    next(first)  # it waits for the device
    assert page("begin_sent", None, *toy_values()) == [{}]  # the race that goes on says it
    wish = "**toys** is selected: now press “Run the race”"
    held.close()
    last = merged(first)["reverse-status"]
    assert last.endswith(f" · {wish}") and last.count(wish) == 1
    assert "of 20 evaluations" in last  # still said when the race has ended
    again = named(page.handlers["begin"](one, None, *toy_values()))
    assert wish not in merged(again)["reverse-status"]


def test_a_mistake_is_raced_with_its_settings_in_the_fields(toys: Context) -> None:
    last = Page(toys)("begin_live", None, "wrong order", 0.0, "toys")[-1]
    lane = {"sampler": "ddim", "steps": 20, "eta": 0.0}
    wanted = {"model": "toys", "seed": 0, "pictures": 4, "guidance": 1.0}
    settings = last["going"].view.settings
    assert settings["lanes"] == [lane, lane | {"breaks": ["wrong order"]}]
    assert {name: settings[name] for name in wanted} == wanted and last["going"].racers is None
    assert [last[f"break-{i}"].value for i in range(5)] == [False, False, False, True, False]
    assert last["reverse-lane-0-set"].label == "Lane 1: DDIM, S = 20"
    assert last["reverse-lane-1-set"].label == "Lane 2: none"
    assert (last["Seed"], last["Images"], last["Class"].value) == (0, 4, "each in turn")
    assert last["run"] and last["Dropdown"] == "toys"
    *_, refused = Page(toys)("begin_live", None, "no noise", 0.0, "toys")
    assert "choose η = 1" in refused["trouble"].replace("&#61;", "=") and refused["run"]


def test_one_click_runs_the_lanes_without_the_slips(toys: Context) -> None:
    given = toy_values()
    for name in ("no clipping", "x0 fed back", "t from 0"):
        given[list(BREAKS).index(name) - len(BREAKS)] = True
    *_, last, _ = Page(toys)("begin", None, *given)
    lanes = last["going"].view.settings["lanes"]
    both = ["no clipping", "x0 fed back", "t from 0"]
    assert [lane.get("breaks", []) for lane in lanes] == [[], both, [], both]
    assert "x̂₀ fed back, t from 0" in last["going"].view.lanes[1].name
    mended = Page(toys)("begin_repaired", None, *given)[-1]
    lanes = mended["going"].view.settings["lanes"]
    assert [lane.get("breaks", []) for lane in lanes] == [[], ["no clipping"]] * 2
    ticks = [mended[f"break-{i}"].value for i in range(len(BREAKS))]
    assert ticks == [name == "no clipping" for name in BREAKS] and mended["run"]
    *_, refused = Page(toys)("begin_repaired", None, *toy_values())
    assert "No slip is ticked" in refused["trouble"]


def test_every_slip_names_its_lecture(form: LaneForm) -> None:
    ticks = dict(zip(BREAKS, form.breaks.ticks, strict=True))
    for name, entry in BREAKS.items():
        assert ticks[name].label == entry.title
        whose = LECTURES[entry.lecture].title + ": " if entry.lecture else ""
        assert ticks[name].info == whose + entry.sentence


def test_a_models_lanes_are_filled_once_and_what_the_hand_sets_stays(toys: Context) -> None:
    page, request = Page(toys), SimpleNamespace(session_hash="one")
    preset = next(iter(PRESETS))
    answer = page.handlers["describe"]("toys", preset, "mnist", request)
    found = by_name(answer)
    facts, name = found["Markdown"], found["State"]
    assert "T = 20" in facts and (found["trouble"], name) == ("", "toys")
    assert found["Class"].value == "each in turn"
    updates = [value for value in answer.values() if isinstance(value, dict)]
    steps = [(update["value"], update["maximum"]) for update in updates if "maximum" in update]
    assert steps == [(20, 20)] * MOST
    kept = by_name(page.handlers["describe"]("toys", preset, name, request))
    told = {"Markdown", "trouble", "reverse-belief", "reverse-eta"}
    assert kept.keys() == told and (kept["Markdown"], kept["trouble"]) == (facts, "")


def test_what_has_no_model_is_not_forked(toys: Context) -> None:
    page = Page(toys)
    of_a_fork = Going(replace(stored_race(), settings={}))
    cursor = {"lane": 0, "picture": 0, "frame_t": 1000}
    for going, says in (
        (of_a_fork, "do not record which model"),
        (None, "is no longer available"),
    ):
        *_, end = page("split", going, cursor)
        assert says in end["trouble"] and end["run"]


# ---- the controls of the lanes ----------------------------------------------------------------


@pytest.fixture(scope="module")
def form() -> LaneForm:
    with gr.Blocks():
        return LaneForm(1000)


def values(name: str, T: int = 1000, *breaks: str) -> list[Any]:
    rows = fill(PRESETS[name], T)
    return [value for row in rows for value in row] + [b in breaks for b in BREAKS]


def without(lane: Mapping[str, Any]) -> dict[str, Any]:
    """A lane's options."""
    return {name: value for name, value in lane.items() if name != "sampler"}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_makes_lanes(name: str, form: LaneForm) -> None:
    _, spec = load(SHIPPED)
    lanes = form.read(values(name), spec)
    wanted = [SAMPLERS[lane["sampler"]].settings(1000, **without(lane)) for lane in PRESETS[name]]
    assert [lane["sampler"] for lane in lanes] == [lane["sampler"] for lane in PRESETS[name]]
    assert [without(lane) for lane in lanes] == wanted
    assert len(form.choose(name, 300)) == len(form.outputs)


def test_steps_are_cut_at_T(form: LaneForm) -> None:
    assert all(row[1] <= 20 for row in fill(next(iter(PRESETS.values())), 20))


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [(0, "Euler", "no sampler"), (4, "γ", "σ² of a step"), (6, 0, "Steps S"), (6, 1001, "Steps S"),
     (6, 2.5, "Steps S"), (7, 1.5, "η"), (7, None, "η"), (8, "log", "Grid of times")],
)  # fmt: skip
def test_what_cannot_be_raced_is_refused(
    place: int, value: Any, says: str, form: LaneForm
) -> None:
    given = values("DDPM against DDIM, S = 50")
    given[place] = value
    with pytest.raises(ValueError, match=f"Lane.*{says}"):
        form.read(given, load(SHIPPED)[1])


def test_breaking_runs_the_first_two_lanes_twice(form: LaneForm) -> None:
    _, spec = load(SHIPPED)
    lanes = form.read(values("S = 5, 10, 50 and 1,000", 1000, "late start"), spec)
    assert [lane.get("breaks", []) for lane in lanes] == [[], ["late start"], [], ["late start"]]
    only = form.read(values("DDPM against DDIM, S = 50", 1000, "no noise"), spec)
    assert [lane.get("breaks", []) for lane in only] == [[], ["no noise"], []]  # DDIM adds none
    schedule = make_schedule("cosine", 10)
    assert len(with_breaks([{"sampler": "ddpm"}] * 4, list(BREAKS), schedule)) == MOST


def test_a_lane_is_told_in_a_line() -> None:
    assert title(0, "DDPM", 50, 0.0, "uniform", "β") == "Lane 1: DDPM, σ² = β"
    assert title(0, "DDPM", 50, 0.0, "uniform", "β̃ (posterior)") == "Lane 1: DDPM"
    told = title(1, "DDIM", 10, 0.25, "quadratic", "β̃ (posterior)")
    assert told == "Lane 2: DDIM, S = 10, η = 0.25, quadratic"
    told = title(2, "Heun", 20, 0.25, "karras", "β")
    assert told == "Lane 3: Heun, S = 20, karras"
    assert title(1, "DDIM", None, None, None, None) == "Lane 2: DDIM, S = 50"  # emptied fields


def test_another_sampler_brings_its_own_grid() -> None:
    for sampler, spacing in (("Heun", "karras"), ("DDIM", "uniform")):
        box, *updates = lane_form._chosen(0, sampler, 9, 0.5, "quadratic", "β")
        changed = dict(zip(OPTIONS, updates, strict=True))
        assert changed["spacing"]["value"] == spacing and changed["steps"]["value"] == 9
        assert changed["eta"]["visible"] == (sampler == "DDIM")
        assert ("karras" in box.label) == (spacing == "karras")
    assert title(3, "–", 10, 0.0, "uniform", "β") == "Lane 4: none"


# ---- taken away -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", take_away.FILES)
def test_every_file_can_be_made(kind: str, raced: Going, tmp_path: Path) -> None:
    name, data = take_away.make_file(kind, raced, "x̂₀")
    assert name.startswith("mnist-seed-3")
    (tmp_path / name).write_bytes(data)
    if kind in ("GIF", "WebP", "Filmstrip PNG"):
        with Image.open(tmp_path / name) as picture:
            assert picture.width >= 600
            assert getattr(picture, "n_frames", 1) > 5 or kind == "Filmstrip PNG"
    elif kind == "Capsule":
        assert "race.json" in zipfile.ZipFile(tmp_path / name).namelist()
    else:
        with np.load(tmp_path / name) as file:
            assert json.loads(str(file["settings"])) == SETTINGS


def test_a_capsule_opens_again_without_the_model(raced: Going, tmp_path: Path) -> None:
    _, data = take_away.make_file("Capsule", raced, "x_t")
    (tmp_path / "a.zip").write_bytes(data)
    again = take_away.open_capsule(str(tmp_path / "a.zip"))
    assert again.view.settings == SETTINGS and again.racers is None
    for ours, theirs in zip(decode(again.view), decode(raced.view), strict=True):
        assert torch.equal(ours.x, theirs.x)
    (tmp_path / "b.zip").write_bytes(data[:-100])
    with pytest.raises(ValueError):
        take_away.open_capsule(str(tmp_path / "b.zip"))


def test_the_script_repeats_the_race(
    raced: Going, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = take_away.script(raced, CONTEXT.models(""))
    assert "checkpoints/mnist.safetensors" in script
    (tmp_path / "again.py").write_text(script, encoding="utf-8")
    (tmp_path / "checkpoints").symlink_to(HOME / "checkpoints")
    monkeypatch.chdir(tmp_path)
    runpy.run_path("again.py", run_name="__main__")
    for i, x in enumerate(ends(raced.view), 1):
        with Image.open(f"lane-{i}.png") as picture:
            drawn = np.asarray(picture).astype(int)
        assert np.abs(drawn - np.asarray(grid(x))).max() <= 1


def test_a_fork_or_a_capsule_of_one_has_no_script() -> None:
    fork = Going(RaceView(10, 1, 8, 1, []), origin=Going(stored_race()))
    assert take_away.script(fork, {}) == take_away.NO_SCRIPT


def test_a_long_name_still_makes_a_file(raced: Going, tmp_path: Path) -> None:
    view = replace(raced.view, settings=SETTINGS | {"model": "字" * 200})
    name, data = take_away.make_file("Capsule", Going(view), "x_t")
    (tmp_path / name).write_bytes(data)
    assert name.endswith("-seed-3.race.zip")


def test_what_is_gone_is_told(raced: Going) -> None:
    lost = finished()
    lost.view.lanes[0].sheets[0].data, lost.view.lanes[0].sheets[0].path = b"", "/nowhere/x.bin"
    for kind in take_away.FILES:
        with pytest.raises(ValueError, match="again"):
            take_away.make_file(kind, lost, "x_t")
    with pytest.raises(ValueError, match="choose"):
        take_away.make_file("GIF", raced, "x_0")


def test_the_text_has_the_cosine_schedules_numbers() -> None:
    text = (Path(reverse.__file__).parent / "prose.md").read_text(encoding="utf-8")
    schedule = make_schedule("cosine", 1000)
    first, second, *_ = strided_times(schedule, 10)
    far, near = ((1 / schedule.values[t] - 1) ** 0.5 for t in (first, second))
    assert f"${far:,.0f}$".replace(",", "{,}") in text and f"${near:.1f}$" in text
    assert HEUN.options["spacing"].default == "karras"
