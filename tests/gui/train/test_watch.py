"""A run as the page watches it: what it shows, how it ends, how it goes on."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from explorer.checkpoints import CheckpointError, describe, load
from explorer.gui.frame.device import Device
from explorer.gui.train import look, watch
from explorer.gui.train.compare import records
from explorer.gui.train.earlier import continued, find_record
from explorer.gui.train.look import read_sheet
from explorer.gui.train.task import Job, free_path
from explorer.gui.train.watch import Progress
from explorer.training import Record, Run, loop, observe
from explorer.training.state import read_state
from tests.gui.small import CPU, kept, progress_of, same, small, thread, until


@pytest.fixture(autouse=True)
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown after every step, however fast it is; samples only where the test wants them."""
    monkeypatch.setattr(watch, "SHOW_EVERY", 0)
    monkeypatch.setitem(observe.__globals__, "COST", math.inf)  # nor does looking cost anything
    monkeypatch.setattr(look, "SAMPLES", 4)
    monkeypatch.setattr(look, "FILM_PICTURES", 2)


def job(folder: Path, name: str = "run", **changes: object) -> Job:
    return Job(small(**changes), folder / f"{name}.safetensors")


def after(steps: int) -> tuple[object, list[int]]:
    """Says yes when asked for the `steps`th time, that is after so many steps."""
    asked = [0]

    def count() -> bool:
        asked[0] += 1
        return asked[0] >= steps

    return count, asked


def pausing(steps: int) -> object:
    count, _ = after(steps)
    return lambda: '{"pause": true}' if count() else ""


def test_a_run_is_shown_from_its_first_look_to_its_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SAMPLE_EVERY", 0.3)
    device = Device(CPU)
    whole = job(tmp_path, steps=130)
    seen = progress_of(whole, device)
    last = seen[-1]
    assert last.over and not last.paused and not device.busy and last.saved == "run"
    assert "130 steps" in last.status and "**run** saved" in last.status
    assert "left" not in last.status and "± 0." in last.status
    assert any("step 5 ·" in progress.status for progress in seen)
    assert last.history.steps == list(range(1, 131)) and last.speed > 0
    assert [progress.over for progress in seen[:-1]].count(True) <= 1
    probes = [point.step for point in last.history.probes]
    assert probes[0] == 0 and probes[-1] == 130 and probes == sorted(set(probes))

    films = [progress.film for progress in seen if progress.film]
    steps = [snapshot.step for snapshot in films[-1].snapshots]
    assert steps[0] == 0 and steps[-1] == 130 and 5 <= len(steps) <= look.FILM_SNAPSHOTS
    assert films[-1].expected == len(steps)  # no room is left for rows that will not come
    learnt = [last.history.learnt(step) for step in steps]
    falls = [a - b for a, b in zip(learnt, learnt[1:], strict=False)]
    assert min(falls) >= look.LEAST and max(falls) < 3 * sum(falls) / len(falls)
    assert len({snapshot.png for snapshot in films[-1].snapshots}) == len(steps)

    sheets = [progress.samples for progress in seen if progress.samples]
    assert "before the first step" in sheets[0][1] and "after 130 steps" in sheets[-1][1]
    assert len({picture.tobytes() for picture, _ in sheets}) > 2
    assert [bool(progress.neighbours) for progress in seen[:-1]].count(True) == 0
    assert "nearest of 4,744 training images" in last.neighbours[1]

    assert describe(whole.model).training["steps"] == 130
    denoiser, spec = load(whole.model)
    assert spec.name == "run" and denoiser(torch.zeros(1, 1, 8, 8), 5).isfinite().all()
    assert len(whole.record.snapshots()) == 8
    assert read_state(whole.record.state).step == 130
    for name, shown in (("samples", last.samples), ("neighbours", last.neighbours)):
        picture, caption = read_sheet(whole.record, name)
        assert picture.tobytes() == shown[0].tobytes() and caption == shown[1]
    assert read_sheet(whole.record, "nothing") is None


def test_a_stopped_run_keeps_its_model(tmp_path: Path) -> None:
    stop, _ = after(7)  # two looks while the pictures are read
    stopped = job(tmp_path, steps=5000)
    *_, last = progress_of(stopped, stopped=stop)
    assert last.over and last.saved and "5 steps" in last.status
    assert describe(stopped.model).training["steps"] == 5
    assert last.history.probes[-1].step == 5 == last.film.snapshots[-1].step  # ends with a look
    assert last.neighbours and last.film.snapshots[0].step == 0


def test_a_closed_page_keeps_the_model_and_frees_the_device(tmp_path: Path) -> None:
    device, closed = Device(CPU), job(tmp_path, steps=5000)
    run = watch.train(closed, device.runner(lambda: False), lambda: "", lambda: False)
    while not (progress := next(run)).history.steps:
        pass
    steps = progress.history.steps[-1]
    assert device.busy
    run.close()
    assert not device.busy and describe(closed.model).training["steps"] == steps
    run = watch.train(
        job(tmp_path, "early"), device.runner(lambda: False), lambda: "", lambda: False
    )
    next(run)
    run.close()  # before anything was learnt: no model, no folder
    assert not device.busy and len(list(tmp_path.iterdir())) == 2


def test_pausing_and_going_on_changes_nothing(tmp_path: Path) -> None:
    straight, halted = job(tmp_path, "straight"), job(tmp_path, "halted")
    progress_of(straight)
    *_, paused = progress_of(halted, wishes=pausing(5))
    assert paused.over and paused.paused and "paused and saved: 5 steps" in paused.status
    assert not same(straight, halted)
    go_on = continued("halted", tmp_path, small(steps=999))
    assert go_on.resume and go_on.config.steps == 12  # to the end of its own budget
    seen = progress_of(go_on)
    assert seen[-1].history.steps == list(range(1, 13)) and same(straight, halted)
    films = [each.record.folder / "film" for each in (straight, halted)]
    one, two = ({p.name: p.read_bytes() for p in film.glob("*.png")} for film in films)
    assert {"0.png", "12.png"} <= one.keys() & two.keys()
    assert all(one[name] == two[name] for name in one.keys() & two.keys())
    histories = [read_state(each.record.state).history for each in (straight, halted)]
    assert histories[0].floor == histories[1].floor is not None


def test_a_spent_run_goes_on_for_what_is_asked(tmp_path: Path) -> None:
    progress_of(job(tmp_path, steps=3))
    more = continued("run", tmp_path, small(steps=4))
    assert (more.config.steps, more.config.seconds, more.resume) == (7, None, True)
    assert progress_of(more)[-1].history.steps == list(range(1, 8))
    timed = continued("run", tmp_path, small(steps=None, seconds=50.0))
    spent = read_state(timed.record.state).seconds
    assert timed.config.steps is None and timed.config.seconds == pytest.approx(spent + 50)
    hosted = continued("run", tmp_path, small(steps=10, seconds=100.0))
    assert hosted.config.steps == 17 and hosted.config.seconds == pytest.approx(spent + 100)


def test_the_learning_rate_changes_while_it_runs_and_stays(tmp_path: Path) -> None:
    peaks: list[float] = []
    original = watch.status

    def noted(step: object) -> str:
        peaks.append(step.learning_rate)
        return original(step)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch, "status", noted)
        asked = iter(range(10**6))
        progress_of(
            job(tmp_path, steps=6, warmup=0),
            wishes=lambda: json.dumps({"rate": 1e-4}) if next(asked) >= 2 else "",
        )
    assert peaks[1] > 1e-3 and max(peaks[3:]) <= 1e-4
    run = Run(small(steps=6, warmup=0), data(), CPU)
    watch.load_state(run, Record(tmp_path / "run.safetensors").state)
    assert run.peak == 1e-4
    ((step, rate),) = run.history.rates
    assert rate == 1e-4 and 1 <= step <= 3
    for wish in ("", "{", "half"):  # half written: as before
        assert watch.obey(run, wish) is False and run.peak == 1e-4
    assert watch.obey(run, '{"pause": true}') is True


def data() -> object:
    (found,) = [d for d in watch.read(Job(small(), Path("x"))) if not isinstance(d, str)]
    return found


def test_a_run_that_explodes_keeps_its_last_good_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer.training import loop

    original, device, broken = loop.train_step, Device(CPU), job(tmp_path, steps=8)

    def explode(run: Run) -> torch.Tensor:
        return original(run) * (torch.nan if run.step == 4 else 1)

    monkeypatch.setattr(loop, "train_step", explode)
    with pytest.raises(FloatingPointError, match="loss became nan at step 5; try a lower"):
        progress_of(broken, device)
    assert not device.busy and describe(broken.model).training["steps"] == 4
    assert all(t.isfinite().all() for t in kept(broken).values() if t.is_floating_point())
    monkeypatch.undo()
    assert progress_of(continued("run", tmp_path, small()))[-1].over  # and goes on from there


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from explorer import checkpoints

    before, device = job(tmp_path, steps=3), Device(CPU)
    progress_of(before, device)
    good = kept(before)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoints, "save_file", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        progress_of(continued("run", tmp_path, small(steps=3)), device)
    assert str(caught.value).count("\n") == 0 and not device.busy
    monkeypatch.undo()
    after_all = kept(before)
    assert all(torch.equal(good[name], after_all[name]) for name in good)
    assert not list(tmp_path.rglob("*.part"))


def test_slices_change_nothing(tmp_path: Path) -> None:
    straight, sliced = job(tmp_path, "straight", steps=6), job(tmp_path, "sliced", steps=6)
    progress_of(straight)
    work, slices = watch.work, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch, "work", lambda *a: slices.append(1) or work(*a))
        seen = progress_of(sliced, slice_seconds=1e-9)
    assert len(slices) == 6 and same(straight, sliced)
    assert seen[-1].history.steps == list(range(1, 7))
    assert [progress.over for progress in seen].index(True) >= len(seen) - 2
    films = [watch.growth.read(each.record.folder / "film") for each in (straight, sliced)]
    one, two = ([s for s in film.snapshots] for film in films)
    assert one == two and [s.step for s in one][:: len(one) - 1] == [0, 6] and seen[-1].neighbours


def test_visitors_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device, order, done = Device(CPU), [], threading.Event()
    work = watch.work

    def noted(task: Job, *rest: object) -> Iterator[Progress]:
        order.append(task.model.stem)
        until(lambda: len(device.line) >= 2 or done.is_set())
        yield from work(task, *rest)

    monkeypatch.setattr(watch, "work", noted)
    results: dict[str, list[Progress]] = {}

    def run(name: str) -> None:
        results[name] = progress_of(job(tmp_path, name, steps=3), device, slice_seconds=1e-9)
        done.set()

    one = thread(lambda: run("one"))
    until(lambda: order)
    two = thread(lambda: run("two"))
    one.join(60)
    two.join(60)
    assert order == ["one", "two"] * 3 and len(device.line) == 0
    for name in ("one", "two"):
        assert results[name][-1].history.steps == [1, 2, 3]


def test_a_short_job_gets_in_between_two_slices(tmp_path: Path) -> None:
    device, events = Device(CPU), []

    def race() -> Iterator[int]:
        events.append("race")
        yield 1

    run = watch.train(
        job(tmp_path, steps=4),
        device.runner(lambda: False),
        lambda: "",
        lambda: False,
        slice_seconds=1e-9,
    )
    while not next(run).history.steps:
        pass
    other = thread(lambda: list(device.run(race, expected=0)))
    until(lambda: len(device.line) == 2)
    assert not events
    for progress in run:
        if progress.history.steps and progress.history.steps[-1] == 4:
            assert events == ["race"]
    other.join(60)
    assert len(device.line) == 0


HOSTILE = ["../x", "../two/run", "/etc/passwd", "run.run", "run.safetensors", "", None, ".", "*"]


def test_no_name_leads_out_of_a_visitors_folder(tmp_path: Path) -> None:
    progress_of(job(tmp_path / "two", steps=1))
    progress_of(job(tmp_path / "one", "mine", steps=1))
    for name in HOSTILE:
        with pytest.raises(ValueError, match="is no longer here"):
            find_record(name, tmp_path / "one")
        with pytest.raises(ValueError, match="is no longer here"):
            continued(name, tmp_path / "one", small())
    assert find_record("run", tmp_path / "two").model == tmp_path / "two" / "run.safetensors"


def test_a_damaged_state_is_a_sentence(tmp_path: Path) -> None:
    progress_of(job(tmp_path, steps=1))
    state = Record(tmp_path / "run.safetensors").state
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="not a complete safetensors file"):
        continued("run", tmp_path, small())


def test_names_are_taken_before_anything_is_saved(tmp_path: Path) -> None:
    paths = [free_path(tmp_path / "new", "digits") for _ in range(3)]
    assert [path.stem for path in paths] == ["digits", "digits-2", "digits-3"]
    (tmp_path / "cats.safetensors").touch()
    assert free_path(tmp_path, "cats").stem == "cats-2"
    assert records(tmp_path / "new") == []  # an empty folder is no run yet


def test_the_turns_of_others_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is halted for an hour at each of its looks: its budget and its slices are its own."""
    now = [0.0]

    def tick() -> float:
        now[0] += 0.001
        return now[0]

    clock = SimpleNamespace(perf_counter=tick, monotonic=tick)
    monkeypatch.setattr(watch, "time", clock)
    monkeypatch.setattr(loop, "time", clock)
    task = job(tmp_path, steps=6)
    seen = []
    for progress in watch.train(task, Device(CPU).runner(lambda: False), str, lambda: False):
        seen.append(progress)
        now[0] += 3600
    assert seen[-1].over and read_state(task.record.state).seconds < 1
