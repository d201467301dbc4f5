"""Jobs belong to the server: pages come and go, and nobody takes more than a share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import torch

from explorer.gui.frame import job as job_module
from explorer.gui.frame import keeper as keeper_module
from explorer.gui.frame import manager as manager_module
from explorer.gui.frame.address import Address
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.job import Job
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.keeper import Keeper, keep_attached
from explorer.gui.frame.limits import HOSTED, LOCAL, Limits
from explorer.gui.frame.manager import KEPT, Manager, Refused
from tests.gui.panel import in_turn, merged, named
from tests.gui.small import until

pytestmark = pytest.mark.freely


def request(session: str = "one", address: str = "") -> Any:
    client = SimpleNamespace(host=address)
    return SimpleNamespace(session_hash=session, client=client, headers={}, cookies={})


class Page:
    """A page with one panel, and its hold on its jobs."""

    def __init__(self, limits: Limits = HOSTED, lasting: bool = False) -> None:
        self.context = Context(Device(torch.device("cpu")), limits)
        self.go, self.reached = threading.Semaphore(0), 0
        with gr.Blocks() as self.demo:
            self.context.jobs.keeper = keeper = Keeper()
            self.run, self.stop = gr.Button(elem_id="run"), gr.Button(elem_id="stop")
            self.state, self.trouble, self.count = (
                gr.Markdown(elem_id=name) for name in ("state", "trouble", "count")
            )
            self.jobs = Jobs(
                self.context,
                "test",
                state=self.state,
                trouble=self.trouble,
                idle=[self.run],
                stop=self.stop,
                lasting=lasting,
            )
            self.jobs.wire(self.run.click, self.work, [], [self.count])
            keep_attached(self.context, self.demo, keeper, Address())
        self.handlers = {fn.name: fn.fn for fn in self.demo.fns.values()}

    def work(self, call: Call, turns: int = 1) -> Steps:
        yield {}
        try:
            for _ in range(turns):
                for i in call.run(self.counting):
                    yield {self.count: f"{i}"}
        finally:
            call.left[self.count] = f"left at {self.reached}"

    def counting(self, device: Any, stopped: Callable[[], bool]) -> Iterator[int]:
        for self.reached in range(1, 1000):
            yield self.reached
            while not self.go.acquire(timeout=0.01):
                if stopped():
                    return

    def press(self, session: str = "one", address: str = "") -> Iterator[dict[str, Any]]:
        return named(self.handlers["work"](request(session, address)))

    def come(self, session: str = "one") -> Iterator[dict[str, Any]]:
        """What the page is shown when it loads."""
        found = self.handlers["look"](request(session))
        event = SimpleNamespace(new=True, cut=True)
        return named(
            self.handlers["attach"](request(session), event) if found != gr.skip() else iter(())
        )

    def come_again(self, session: str = "one", cut: Any = False) -> list[dict[str, Any]]:
        event = SimpleNamespace(cut=cut)
        return list(named(self.handlers["attach"](request(session), event)))


@pytest.fixture(autouse=True)
def unpickled(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests' workers are halted by hand: they cannot go to another process."""
    monkeypatch.setattr(Call, "run", PLAIN_RUN)


PLAIN_RUN = Call.run


@pytest.mark.parametrize("limits", [LOCAL, HOSTED], ids=["local", "hosted"])
def test_a_page_that_comes_back_sees_what_was_shown_and_goes_on_seeing(limits: Limits) -> None:
    page = Page(limits)
    running = page.press()
    next(running)
    page.go.release(2)
    until(lambda: page.reached == 3)
    running.close()  # the page has gone; its job has not
    page.go.release()
    until(lambda: page.reached == 4)
    (job,) = page.context.jobs.alive
    again = page.come("one" if limits.hosted else "another page")
    seen: dict[str, Any] = {}
    while seen.get("count") != "4":
        seen |= next(again)
    assert seen["stop"].interactive and not seen["run"].interactive
    page.go.release()
    while seen.get("count") != "5":
        seen |= next(again)
    page.jobs.ask_to_stop(request())
    seen |= merged(again)
    assert job.over and seen["count"] == "left at 5" and seen["run"].interactive


def test_strangers_see_nothing_of_it() -> None:
    page = Page()
    running = page.press()
    next(running)
    assert list(page.come("two")) == []
    page.jobs.ask_to_stop(request("two"))
    assert page.context.jobs.alive
    page.jobs.ask_to_stop(request("one"))
    list(running)


def test_what_has_ended_is_shown_to_who_missed_it_and_once() -> None:
    page = Page(LOCAL)
    running = page.press()
    next(running)
    until(lambda: page.reached)
    running.close()
    page.jobs.ask_to_stop(request())
    until(lambda: not page.context.jobs.alive)
    assert merged(page.come_again())["count"] == "left at 1"
    assert page.come_again() == []  # by now something else may be shown there
    assert merged(page.come_again(cut=True))["count"] == "left at 1"
    assert merged(page.come("a new page"))["count"] == "left at 1"
    page.context.jobs.replaced(page.context.visitor(request()), "test", "a quick page")
    assert list(page.come("a quick page")) == []  # what it has opened meanwhile stays
    assert merged(page.come("a slow page"))["count"] == "left at 1"


def test_the_keeper_is_told_as_long_as_something_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page()
    steps = in_turn(page.handlers["work"](request()))
    keeper = page.context.jobs.keeper
    told = [next(steps)[keeper] for _ in range(4)]  # nothing else is new
    assert all(beat["live"] for beat in told)
    assert len({beat["beat"] for beat in told}) == 4
    page.jobs.ask_to_stop(request())
    *_, last = steps
    assert last[keeper]["live"] is False


def test_all_that_was_shown_is_one_value_of_each_component() -> None:
    with gr.Blocks():
        text, button, menu = gr.Markdown(), gr.Button(), gr.Dropdown()
    job = Job("test", "one")
    job.show({text: "a", menu: gr.Dropdown(["x", "y"])})
    version, first = job.since(0)
    for i in range(100):
        job.show({text: f"{i}", button: gr.Button(interactive=bool(i % 2))})
    job.show({menu: gr.Dropdown(value="y"), button: gr.Button("Stop")})
    now, news = job.since(version)
    assert first[text] == "a" and news[text] == "99" and now == version + 101
    assert news[button].interactive is True and news[button].value == "Stop"
    assert [value for _, value in news[menu].choices] == ["x", "y"] and news[menu].value == "y"
    assert job.since(now) == (now, {}) and len(job._shown) == 3
    job.show({menu: "x"})
    assert job.since(0)[1][menu] == {
        "__type__": "update",
        "choices": ["x", "y"],
        "value": "x",
    } or [value for _, value in job.since(0)[1][menu].choices] == ["x", "y"]


def test_a_page_follows_once() -> None:
    page = Page()
    running = page.press()
    next(running)
    (job,) = page.context.jobs.alive
    first, second = page.come("one"), page.come("one")
    next(first), next(second)
    assert job.pages == {"one": 3}
    page.go.release()
    list(first)
    assert job.pages == {"one": 2}
    page.jobs.ask_to_stop(request())
    assert merged(second)["run"].interactive
    list(running)


def test_who_was_cut_off_is_not_shown_what_ended_long_before(clock: Clock) -> None:
    page = Page(LOCAL)
    running = page.press()
    next(running)
    page.jobs.ask_to_stop(request())
    list(running)
    clock.now += 100
    assert page.come_again(cut=10) == []
    assert merged(page.come_again(cut=90))["run"].interactive
    assert page.come_again(cut="x") == []


def test_what_ended_long_ago_is_forgotten(clock: Clock) -> None:
    manager = Manager(HOSTED)
    begin(manager, "one")[1].set()
    until(lambda: not manager.alive)
    time.sleep(0.05)
    assert manager.of("one")
    clock.now += HOSTED.temporary_keep + 1
    until(lambda: not manager.of("one"))


# ---- whose page has gone ----------------------------------------------------------------------


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        clock = SimpleNamespace(monotonic=lambda: self.now, sleep=lambda _: time.sleep(0.001))
        for module in (job_module, manager_module, keeper_module):
            monkeypatch.setattr(module, "time", clock)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_hosted_a_job_outlives_its_page_for_a_minute(clock: Clock) -> None:
    page = Page()
    running = page.press()
    next(running)
    clock.now += 1000
    time.sleep(0.05)
    (job,) = page.context.jobs.alive  # it is looked at
    until(lambda: page.reached)
    running.close()
    clock.now += manager_module.GRACE - 1
    time.sleep(0.05)
    assert not job.over
    again = page.come()  # within the minute
    next(again)
    clock.now += 30
    again.close()
    clock.now += manager_module.GRACE + 1
    until(lambda: job.over)
    assert merged(page.come())["count"] == "left at 1"


def test_at_home_it_goes_on(clock: Clock) -> None:
    page = Page(LOCAL)
    running = page.press()
    next(running)
    running.close()
    clock.now += 1e6
    time.sleep(0.05)
    assert page.context.jobs.alive
    page.jobs.ask_to_stop(request())
    until(lambda: not page.context.jobs.alive)


def test_hosted_what_can_be_continued_ends_between_two_turns(clock: Clock) -> None:
    page = Page(lasting=True)
    page.work.__func__.__defaults__ = (2,)
    try:
        running = page.press()
        next(running)
        until(lambda: page.reached)
        running.close()
        (job,) = page.context.jobs.alive
        clock.now += 1000
        time.sleep(0.05)
        assert not job.over  # in the middle of a turn it is not ended
        page.go.release(1000)
        until(lambda: job.over)
        assert job.left and page.reached == 999  # the first turn's end
    finally:
        page.work.__func__.__defaults__ = (1,)


def test_who_never_opened_a_stream_is_dropped(clock: Clock) -> None:
    page = Page()
    open_streams: set[str] = set()
    page.context.jobs.present = open_streams.__contains__
    made_up = page.press("made up")
    next(made_up)
    (job,) = page.context.jobs.alive
    clock.now += manager_module.OPENING + 1
    until(lambda: job.over)
    list(made_up)
    open_streams.add("one")
    real = page.press("one")
    next(real)
    (job,) = page.context.jobs.alive
    until(lambda: job.seen)
    clock.now += 1000
    time.sleep(0.05)
    assert not job.over
    page.jobs.ask_to_stop(request("one"))
    list(real)


# ---- who may begin ----------------------------------------------------------------------------


def begin(manager: Manager, owner: str, address: str = "a") -> tuple[Job, threading.Event]:
    end = threading.Event()
    job = Job("test", owner, address)
    manager.begin(job, lambda _: end.wait(60))
    return job, end


def test_one_running_and_one_waiting_job_a_visitor() -> None:
    page = Page()
    first, second = page.press(), page.press()
    next(first), next(second)
    (refused,) = page.press()
    assert "2 are allowed at a time" in refused["trouble"] and refused.keys() == {"trouble"}
    other = page.press("two")
    assert next(other).keys() > {"run"}
    page.jobs.ask_to_stop(request())
    list(first), list(second)
    page.jobs.ask_to_stop(request("two"))
    list(other)
    assert not page.context.jobs.alive


def test_one_address_cannot_fill_the_line() -> None:
    manager = Manager(HOSTED)
    ends = [begin(manager, f"{i}")[1] for i in range(HOSTED.address_jobs)]
    with pytest.raises(Refused, match="one address"):
        begin(manager, "another")
    ends.append(begin(manager, "elsewhere", "b")[1])  # others go on
    while len(manager.alive) < HOSTED.all_jobs:
        ends.append(begin(manager, f"b{len(ends)}", f"{len(ends)}")[1])
    with pytest.raises(Refused, match="120 jobs are waiting"):
        begin(manager, "late", "c")
    for end in ends:
        end.set()
    until(lambda: not manager.alive)
    begin(manager, "late", "c")[1].set()


def test_at_home_nobody_is_counted() -> None:
    manager = Manager(LOCAL)
    ends = [begin(manager, "owner")[1] for _ in range(50)]
    for end in ends:
        end.set()
    until(lambda: not manager.alive)


def test_of_ended_jobs_the_newest_of_a_kind_and_visitor_is_remembered() -> None:
    manager = Manager(replace(HOSTED, all_jobs=10**6, address_jobs=10**6))
    for n in range(KEPT + 20):
        for _ in range(2):
            job, end = begin(manager, f"{n}")
            end.set()
            until(lambda job=job: job.over)
    assert len(manager.of("0")) == 0 and len(manager.of(f"{n}")) == 1
    assert len(manager._jobs) <= KEPT + 1


def test_closing_ends_all_and_takes_no_more() -> None:
    page = Page()
    running = page.press()
    next(running)
    until(lambda: page.reached)
    assert page.context.jobs.close(30) == []
    assert merged(running)["count"] == "left at 1"
    (refused,) = page.press()
    assert "shut down" in refused["trouble"]


def test_the_wait_is_told_and_stop_acts_in_it() -> None:
    page = Page()
    other = page.context.device.run(lambda: iter(range(9)))
    next(other)
    running = page.press()
    seen: dict[str, Any] = {}
    while "1 ahead of you" not in seen.get("state", ""):
        seen |= next(running)
    assert "about" in seen["state"] and seen["state"].endswith(" seconds")
    page.jobs.ask_to_stop(request())
    last = merged(running)
    assert last["state"] == "stopped before it began" and page.reached == 0
    assert len(page.context.device.line) == 1
    other.close()
