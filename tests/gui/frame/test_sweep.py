"""What goes and when, and what stays whatever its age."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import torch
from gradio.state_holder import StateHolder

from explorer.gui.frame import sweeper as module
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED, LOCAL, Limits
from explorer.gui.frame.room import SHOWN
from explorer.gui.frame.sweep import YOUNG, sweep_runs, sweep_temporary
from explorer.gui.frame.sweeper import Sweeper, paths_in
from explorer.gui.parts.gallery import Gallery
from explorer.gui.reverse.racing import Going
from explorer.race.view import LaneView, RaceView, Sheet
from tests.asynchronous import finished
from tests.gui.frame.test_room import MB, make_run
from tests.gui.small import thread, until

NOW = 10_000_000.0
HOUR = 3600.0


def put(path: Path, age: float = 0.0, size: int = 10) -> Path:
    """A file last written so many seconds before `NOW`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (NOW - age, NOW - age))
    return path


def aged(folder: Path, age: float) -> Path:
    """A folder that has not changed for so long."""
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder, (NOW - age, NOW - age))
    return folder


def test_uploads_go_after_two_hours_and_frames_once_nobody_shows_them(tmp_path: Path) -> None:
    upload, frame = (lambda age: put(tmp_path / f"a{age}" / "cat.png", age)), SHOWN
    young, old = upload(2 * HOUR - 1), upload(2 * HOUR + 1)
    shown = put(tmp_path / frame / "b" / "frames.bin", HOSTED.shown_keep - 1)
    left = put(tmp_path / frame / "c" / "frames.bin", HOSTED.shown_keep + 1)
    aborted = put(tmp_path / "tmpq1w2", 2 * HOUR + 1)  # a connection that broke while uploading
    gone = sweep_temporary(tmp_path, HOSTED, NOW)
    assert gone == {str(old), str(left), str(aborted)}
    assert young.exists() and shown.exists()
    assert not (old.exists() or left.exists() or aborted.exists())


def test_at_home_they_go_after_a_day(tmp_path: Path) -> None:
    young, old = put(tmp_path / "a" / "cat.png", 23 * HOUR), put(tmp_path / "b" / "x", 25 * HOUR)
    frame = put(tmp_path / SHOWN / "c" / "x", 23 * HOUR)
    assert sweep_temporary(tmp_path, LOCAL, NOW) == {str(old)}
    assert young.exists() and frame.exists()


def test_over_the_bound_the_oldest_go_first_but_nothing_young(tmp_path: Path) -> None:
    files = [put(tmp_path / f"{i}" / "x", YOUNG + 100 - i, MB) for i in range(5)]
    fresh = put(tmp_path / "new" / "x", YOUNG - 1, 9 * MB)
    limits = replace(HOSTED, temporary_bytes=12 * MB)
    sweep_temporary(tmp_path, limits, NOW)
    assert [file.exists() for file in files] == [False] * 4 + [True] and fresh.exists()
    sweep_temporary(tmp_path, replace(limits, temporary_bytes=MB), NOW)
    assert not files[4].exists() and fresh.exists()


def test_half_written_files_and_emptied_folders_go(tmp_path: Path) -> None:
    part = put(tmp_path / "a" / ".x.bin.q_1.part", HOUR + 1)
    writing = put(tmp_path / "b" / ".x.bin.q_2.part", 60)
    empty, new = aged(tmp_path / "c", YOUNG + 1), aged(tmp_path / "d", YOUNG - 1)
    sweep_temporary(tmp_path, LOCAL, NOW)
    assert not part.exists() and writing.exists()
    assert not empty.exists() and new.exists() and tmp_path.exists()


def test_hosted_runs_and_pictures_go_when_they_are_left_alone(tmp_path: Path) -> None:
    old = make_run(tmp_path / "one", "old", MB, NOW - 2 * HOUR - 1)
    pictures = put(tmp_path / "one" / "your-images.cache", 2 * HOUR + 1)
    training = make_run(tmp_path / "one", "busy", MB, NOW - 5 * HOUR)
    put(training / "state.safetensors", 30)  # it has just been saved
    waiting = aged(tmp_path / "two" / "next.run", HOUR)  # its turn has not come
    forgotten = aged(tmp_path / "three", YOUNG + 1)
    sweep_runs(tmp_path, HOSTED, NOW)
    assert not old.exists() and not old.with_suffix(".safetensors").exists()
    assert not pictures.exists() and not forgotten.exists()
    assert training.exists() and training.with_suffix(".safetensors").exists()
    assert waiting.exists()
    aged(waiting, 2 * HOUR + 1)
    sweep_runs(tmp_path, HOSTED, NOW)
    assert not waiting.exists()


def test_over_the_bound_the_oldest_runs_go(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / f"v{i}", "r", MB, NOW - YOUNG - 100 + i) for i in range(4)]
    sweep_runs(tmp_path, replace(HOSTED, runs_bytes=3 * MB), NOW)
    assert [run.exists() for run in runs] == [False, False, True, True]
    assert not runs[0].with_suffix(".safetensors").exists()


def test_at_home_runs_stay(tmp_path: Path) -> None:
    run = make_run(tmp_path, "r", MB, 0)
    part = put(run / ".state.safetensors.q.part", HOUR + 1)
    sweep_runs(tmp_path, LOCAL, NOW)
    assert run.exists() and run.with_suffix(".safetensors").exists() and not part.exists()


class App:
    """A page with one part, served to sessions, and its sweeper."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, limits: Limits) -> None:
        monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder / "pages"))
        context = Context(Device(torch.device("cpu")), limits, checkpoints=folder)
        with gr.Blocks() as self.demo:
            self.part = Gallery()
            self.state = gr.State(None)
        self.holder = StateHolder()
        self.demo.state_session_capacity = 300
        self.holder.set_blocks(self.demo)
        self.news: list[Any] = []
        self.sweeper = Sweeper(self.demo, context, held=lambda: self.news)

    def show(self, session: str, data: bytes) -> Path:
        """What Gradio does with a handler's answer."""
        path = self.part.publish(data, "x.bin")
        self.holder[session]._update_value_in_config(self.part._id, {"lanes": [{"sheet": path}]})
        return Path(path)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    return App(tmp_path, monkeypatch, HOSTED)


def test_what_open_pages_show_stays(app: App) -> None:
    open_, closed = app.show("open", b"1"), app.show("closed", b"2")
    app.holder["closed"].is_closed = True
    kept, lost = (Path(app.part.publish(data, "x.bin")) for data in (b"3", b"4"))
    race = RaceView(9, 1, 8, 1, [LaneView("DDIM", "ddim", 9, sheets=[Sheet(path=str(kept))])])
    app.holder["open"][app.state._id] = Going(race)
    begun = time.time()
    app.sweeper.sweep(begun + HOSTED.shown_keep - 10)
    assert all(path.exists() for path in (open_, closed, kept))
    app.sweeper.sweep(begun + HOSTED.shown_keep + 10)
    assert open_.exists() and kept.exists()
    assert not lost.exists()
    app.sweeper.sweep(begun + 2 * HOSTED.shown_keep + 60)
    assert open_.exists() and not closed.exists()
    known = set().union(*app.demo.temp_file_sets)
    assert str(open_) in known and str(closed) not in known


def test_what_a_job_still_tells_stays(app: App) -> None:
    told = Path(app.part.publish(b"news", "x.bin"))
    app.news = [{"status": "running", "sheets": (str(told),)}]
    app.sweeper.sweep(time.time() + 2 * HOSTED.shown_keep)
    assert told.exists()
    app.news = []
    app.sweeper.sweep(time.time() + 4 * HOSTED.shown_keep)
    assert not told.exists()


def test_a_page_that_was_closed_is_forgotten(app: App) -> None:
    app.show("open", b"1"), app.show("closed", b"2")
    app.holder["closed"].is_closed = True
    app.sweeper.sweep(time.time() + HOSTED.page_keep - 10)
    assert set(app.holder.session_data) == {"open", "closed"}
    app.sweeper.sweep(time.time() + HOSTED.page_keep + 10)
    assert set(app.holder.session_data) == set(app.holder.time_last_used) == {"open"}


def test_paths_are_found_in_whatever_a_page_holds() -> None:
    view = RaceView(9, 1, 8, 1, [LaneView("DDIM", "ddim", 9, sheets=[Sheet(path="/t/shown/a")])])
    looped: list[Any] = [view, {"b": ("/t/shown/b", 3)}, {"/t/shown/c"}, torch.ones(3), 1.5]
    looped.append(looped)
    assert paths_in(looped, "/t/shown") == {"/t/shown/a", "/t/shown/b", "/t/shown/c"}
    assert paths_in(looped, "/elsewhere") == set()


def test_the_timer_sweeps_beside_the_server_and_ends_with_it(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    swept: list[float] = []
    monkeypatch.setattr(module, "EVERY", 0.01)
    monkeypatch.setattr(module.memory, "settle", lambda: None)
    monkeypatch.setattr(module.memory, "give_back", lambda: None)

    def sweep(now: float) -> None:
        swept.append(now)
        if len(swept) == 2:
            raise RuntimeError("a disk that is gone")  # the next one may work

    monkeypatch.setattr(app.sweeper, "sweep", sweep)

    async def serve() -> None:
        async with app.sweeper.beside(SimpleNamespace()):
            await asyncio.to_thread(until, lambda: len(swept) > 3)

    finished(serve())
    until(lambda: not any(t.name == "sweeper" for t in threading.enumerate()))


WRITER = """
import os, sys, time
from pathlib import Path
from explorer.files import written_whole
folder, count = Path(sys.argv[1]), int(sys.argv[2])
for i in range(count):
    path = folder / f"{i % 7}" / "deep" / "x.bin"
    with written_whole(path, lasting=False) as part:
        part.write_bytes(bytes(100))
    try:
        os.utime(path, (1, 1))  # old at once
    except FileNotFoundError:
        pass
"""


@pytest.mark.parametrize("hosted", [True, False])
def test_another_process_may_write_and_sweep_in_the_same_folders(
    tmp_path: Path, hosted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.gui.frame.sweep.YOUNG", 0.0)  # folders go while one writes
    limits = HOSTED if hosted else LOCAL
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), "1500"])
    stop, failed = threading.Event(), []

    def sweep() -> None:
        try:
            while not stop.is_set():
                sweep_temporary(tmp_path, limits, time.time())
                sweep_runs(tmp_path, limits, time.time())
        except Exception as error:
            failed.append(error)

    others = [thread(sweep) for _ in range(2)]
    rc = writer.wait(300)
    stop.set()
    for other in others:
        other.join()
    assert rc == 0 and not failed
