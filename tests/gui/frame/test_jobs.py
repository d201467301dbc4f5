"""How a job runs, whatever it does: what the page is told from its beginning to its end."""

from __future__ import annotations

import errno
import pickle
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import torch

from explorer.gui.frame.call import Call, Patience
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device, StopFlag
from explorer.gui.frame.follow import follow
from explorer.gui.frame.job import Job
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import HOSTED, LOCAL
from explorer.gui.frame.shared import guarded
from tests.gui.panel import by_name, in_turn, merged, named
from tests.gui.small import until

REQUEST = SimpleNamespace(session_hash="one")


class Page:
    """A panel with one kind of job."""

    def __init__(self, quick: bool = False, **changes: Any) -> None:
        self.context = Context(Device(torch.device("cpu")), replace(LOCAL, **changes))
        with gr.Blocks() as self.demo:
            self.run, self.stop, self.pause = (
                gr.Button(elem_id=name) for name in ("run", "stop", "pause")
            )
            self.state, self.trouble, self.count, self.other = (
                gr.Markdown(elem_id=name) for name in ("state", "trouble", "count", "other")
            )
            self.jobs = Jobs(
                self.context,
                "test",
                state=self.state,
                trouble=self.trouble,
                idle=[self.run],
                busy=[self.pause],
                stop=self.stop,
                quick=quick,
            )

    def handler(self, work: Callable[..., Steps], **options: Any) -> Any:
        """What Gradio would call."""
        with self.demo:
            self.jobs.wire(self.run.click, work, None, [self.count, self.other], **options)
        return list(self.demo.fns.values())[-1].fn

    def answers(self, work: Callable[..., Steps], *values: Any, **options: Any) -> Any:
        return named(self.handler(work, **options)(REQUEST, *values))

    @property
    def job(self) -> Job:
        """The one that runs."""
        (job,) = self.context.jobs.alive
        return job

    def held(self, call: Call) -> Steps:
        """Until it is stopped."""
        yield {self.other: "held"}
        until(call.flag)
        yield {self.other: "last words"}

    def counting(self, call: Call, n: Any) -> Steps:
        if not isinstance(n, int):
            raise ValueError(f"{n} is no number")
        yield {self.other: "cleared"}
        for i in call.run(count, n):
            yield {self.count: i}
        yield {}


def count(n: int, device: torch.device, stopped: Callable[[], bool]) -> Iterator[int]:
    for i in range(n):
        yield i
        if stopped():
            return


def pressable(answer: dict[str, Any]) -> dict[str, bool]:
    return {name: v.interactive for name, v in answer.items() if isinstance(v, gr.Button)}


def test_a_job_from_the_press_to_its_end() -> None:
    page = Page()
    answers = page.answers(page.counting, 2)
    first = next(answers)
    assert pressable(first) == {"run": False, "stop": True, "pause": True}
    said = {"state": "starting …", "trouble": "", "other": "cleared"}
    assert said.items() <= first.items() and "count" not in first
    assert page.jobs.running(REQUEST) and not page.context.device.busy
    assert [next(answers), next(answers)] == [{"count": 0}, {"count": 1}]
    (last,) = answers  # an empty answer is not sent: it would mean something else to Gradio
    assert last.keys() == {"run", "stop", "pause"}
    assert pressable(last) == {"run": True, "stop": False, "pause": False}
    assert not page.jobs.running(REQUEST) and not page.context.device.busy


def test_wrong_values_are_a_sentence_before_anything_waits() -> None:
    page = Page()
    (answer,) = page.answers(page.counting, "x")
    assert answer["trouble"] == "x is no number" and answer["state"] == "failed"
    assert pressable(answer) == {"run": True, "stop": False, "pause": False}
    assert not page.jobs.running(REQUEST)


def test_what_fails_on_its_way_frees_everything_and_leaves_what_it_says() -> None:
    page = Page()

    def failing(call: Call) -> Steps:
        yield {}
        try:
            for i in call.run(count, 9):
                yield {page.count: i}
                raise FloatingPointError("the loss is nan")
        except Exception:
            call.left = {page.state: "kept at its last good step"}
            raise

    *_, last = page.answers(failing)
    assert last["trouble"] == "the loss is nan" and last["state"] == "kept at its last good step"
    assert pressable(last)["run"] and not page.context.device.busy
    assert not page.jobs.running(REQUEST)


def test_stop_ends_the_job_and_frees_the_device() -> None:
    page, ended = Page(), []

    def endless(call: Call) -> Steps:
        try:
            yield {}
            for i in call.run(count, 10**9):
                yield {page.count: i}
        finally:
            ended.append(page.context.device.busy)

    running = page.answers(endless)
    next(running), next(running)
    assert page.context.device.busy and page.jobs.running(REQUEST)
    page.jobs.ask_to_stop(REQUEST)
    until(lambda: not page.jobs.running(REQUEST) or next(running, None) is None)
    assert len(ended) == 1 and not page.context.device.busy


def test_who_asks_to_stop_ends_ones_own_job_alone() -> None:
    page = Page(hosted=True)
    answers = page.answers(page.counting, 10**9)
    next(answers), next(answers)
    page.jobs.ask_to_stop(SimpleNamespace(session_hash="two"))
    assert next(answers) == {"count": 1}
    page.jobs.ask_to_stop(REQUEST)
    assert pressable(merged(answers)) == {"run": True, "stop": False, "pause": False}


def test_nobody_keeps_a_shared_device_for_long() -> None:
    hosted = Page(patience=0.0)
    shown = [
        answer["count"] for answer in hosted.answers(hosted.counting, 50) if "count" in answer
    ]
    assert shown == [0]
    assert HOSTED.patience and LOCAL.patience is None
    patience = Patience(lambda: False, 60)
    assert not patience() and pickle.loads(pickle.dumps(Patience(StopFlag("gone"), 1)))()


def test_the_patience_begins_with_the_work_and_not_in_the_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from explorer.gui.frame import call

    now = 0.0
    monkeypatch.setattr(call, "time", SimpleNamespace(monotonic=lambda: now))
    patience = Patience(lambda: False, 60)
    now = 1000.0  # waited until then
    assert not patience()
    now = 1059.0
    assert not patience()
    now = 1060.0
    assert patience()


def test_the_turns_of_others_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from explorer.gui.frame import call

    now = 0.0
    monkeypatch.setattr(call, "time", SimpleNamespace(monotonic=lambda: now))
    patience = Patience(lambda: False, 60)
    patience.halt()  # the wait for the first turn
    now = 500.0
    patience.go_on()
    assert not patience()
    now = 520.0
    patience.halt()
    now = 521.0
    patience.halt()  # it still waits
    now = 900.0
    patience.go_on()
    assert not patience()
    now = 939.0
    assert not patience()
    now = 940.0
    assert patience()


def test_who_cannot_be_begun_is_told_so_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = Page(hosted=True)

    def full(flag: StopFlag) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(flag.path))

    with monkeypatch.context() as patch:
        patch.setattr(StopFlag, "start", full)
        (answer,) = page.answers(page.counting, 2)
    assert answer.keys() == {"trouble"} and "full" in answer["trouble"]
    assert "/" not in answer["trouble"] and page.context.jobs.of("owner") == []
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        (answer,) = page.answers(page.counting, 2)
    assert "try again" in answer["trouble"] and not page.context.jobs.alive
    assert merged(page.answers(page.counting, 2))["count"] == 1


def no_thread(self: threading.Thread, start: Any = threading.Thread.start) -> None:
    if self.name.startswith("job "):
        raise RuntimeError("can't start new thread")
    start(self)


def test_no_page_goes_on_to_say_that_it_stops() -> None:
    page = Page()

    def silent(call: Call) -> Steps:
        yield {}
        for i in call.run(count, 10**9):
            yield {page.count: i, page.state: "at work"} if not i else {page.count: i}

    answers = page.answers(silent)
    seen = next(answers)
    while seen.get("state") != "at work":
        seen |= next(answers)
    version, _ = page.job.since(0)
    page.jobs.ask_to_stop(REQUEST)
    (job,) = page.context.jobs.of("owner")
    list(answers)
    assert job.since(version)[1][page.state] == "at work"


def test_after_its_last_words_a_job_does_not_say_that_it_stops() -> None:
    """However late the wish comes: what a page is shown last is how it ended."""
    page = Page()
    job = Job("test", "owner")
    job.show({page.state: "half"})
    job.stop({page.state: "stopping …"})
    assert job.flag() and job.last(page.state) == "stopping …"
    job.close()
    job.show({page.state: "done"})
    job.stop({page.state: "stopping …"})
    assert job.last(page.state) == "done"
    job.end()
    job.stop({page.state: "stopping …"})
    assert job.last(page.state) == "done"


def test_a_line_does_not_say_of_another_that_it_stops() -> None:
    page = Page()
    with page.demo:
        other = Jobs(page.context, "test", state=page.other, trouble=page.trouble, stop=page.stop)
    answers = page.answers(page.counting, 10**9)
    next(answers)
    job = page.job
    other.ask_to_stop(REQUEST)
    assert "stopping …" not in (job.last(page.state), job.last(page.other))
    list(answers)
    assert not page.context.jobs.alive


def test_what_is_said_beside_a_job_stands_beside_its_last_words_too() -> None:
    """Whichever comes first, and however late; what comes after its end is not lost unnoticed."""
    page = Page()
    job = Job("test", "owner")
    job.line = page.state
    assert job.say_beside("look") and job.last(page.state) == "look"
    job.show({page.state: "half", page.count: 1})
    assert job.last(page.state) == "half · look" and job.last(page.count) == 1
    job.stop({page.state: "stopping …"})
    assert job.last(page.state) == "stopping … · look"
    job.close()
    job.show({page.state: "done"})
    assert job.say_beside("look again") and job.last(page.state) == "done · look again"
    job.end()
    assert not job.say_beside("nobody hears") and job.last(page.state) == "done · look again"


def test_a_second_one_is_told_that_one_runs_where_that_is_asked_for() -> None:
    page = Page()
    first = page.answers(page.counting, 10**9)
    next(first)

    def refuse(job: Job, n: int) -> dict[gr.blocks.Block, str]:
        job.flag.wish(f"then {n}")
        return {page.trouble: "one is running"}

    assert list(page.answers(page.counting, 7, taken=refuse)) == [{"trouble": "one is running"}]
    job = page.job
    assert job.flag.read() == "then 7" and page.jobs.running(REQUEST)
    page.jobs.wish(REQUEST, "faster")
    assert job.flag.read() == "faster"
    page.jobs.ask_to_stop(REQUEST)
    list(first)
    page.jobs.wish(REQUEST, "slower")  # nobody is there to hear it
    assert job.flag.read() == ""
    assert len(list(page.answers(page.counting, 1, taken=refuse))) == 3


def test_where_the_one_that_runs_has_just_ended_the_second_begins() -> None:
    page = Page()
    first = page.answers(page.counting, 10**9)
    next(first)
    answers = page.answers(page.counting, 2, taken=lambda job, n: None)
    page.jobs.ask_to_stop(REQUEST)
    assert merged(answers)["count"] == 1
    list(first)


def test_who_yields_nothing_changes_nothing() -> None:
    page = Page()

    def nothing(call: Call) -> Steps:
        yield from ()

    assert list(in_turn(page.handler(nothing)(REQUEST))) == [gr.skip()]
    assert not page.jobs.running(REQUEST)


def test_a_quick_job_speaks_only_if_it_must_wait() -> None:
    page = Page(quick=True)
    assert "state" not in merged(page.answers(page.counting, 1))
    assert "state" not in merged(page.answers(page.counting, "x"))
    other = page.context.device.run(count, 9, None, lambda: False)
    next(other)
    answers = page.answers(page.counting, 1)
    assert "state" not in next(answers)
    assert next(answers)["state"].startswith("waiting: 1 ahead of you, about ")
    other.close()
    assert {"state": "starting …"} in list(answers)


def test_a_page_is_told_nothing_more_of_what_a_newer_job_replaces() -> None:
    page = Page()
    newest = Job("another", "", session=REQUEST.session_hash)  # of the time before the press
    answers = page.answers(page.held)
    assert next(answers)["other"] == "held"
    older, elsewhere = page.job, named(follow([page.job], "another page"))
    assert next(elsewhere)["other"] == "held"
    newest.owner = older.owner
    page.jobs.make_way(newest)
    assert not older.flag()  # it is the newer one
    page.jobs.make_way(Job("another", older.owner, session=REQUEST.session_hash))
    assert list(answers) == []
    assert merged(elsewhere)["other"] == "last words"


def test_a_quick_job_replaces_the_ones_before_on_its_page() -> None:
    page = Page(quick=True)
    answers = page.answers(page.held)
    assert next(answers)["other"] == "held"
    assert merged(page.answers(page.counting, 1))["count"] == 0
    assert list(answers) == []  # its last words could come after the newer one's


def test_what_a_job_was_asked_for_is_known_as_soon_as_it_is_read() -> None:
    job, read = Job("test", "me"), threading.Event()
    asker = threading.Thread(target=lambda: (job.made, read.set()))
    asker.start()
    assert not read.wait(0.1)
    job.made = "settings"
    asker.join(10)
    assert read.is_set() and job.made == "settings"
    silent = Job("test", "me")
    silent.end()
    assert silent.made is None  # at once


def test_without_buttons_no_empty_answer_ends_it() -> None:
    page = Page()
    with page.demo:
        jobs = Jobs(page.context, "bare", state=page.state, trouble=page.trouble, quick=True)
        jobs.wire(page.run.click, page.counting, None, [page.count, page.other])
    handler = list(page.demo.fns.values())[-1].fn
    first, *rest = named(handler(REQUEST, 2))
    assert first == {"trouble": "", "other": "cleared"}
    assert rest == [{"count": 0}, {"count": 1}]


def test_an_event_comes_before_the_values() -> None:
    page = Page()

    def pointed(call: Call, event: gr.EventData, n: int) -> Steps:
        yield {page.count: event.t + n}

    handler = page.handler(pointed, with_event=True)
    first = next(named(handler(REQUEST, SimpleNamespace(t=3), 4)))
    assert first["count"] == 7


def test_a_guarded_handler_answers_with_a_sentence() -> None:
    page = Page()

    @guarded(page.trouble)
    def halve(n: int) -> dict[gr.blocks.Block, float]:
        if n < 0:
            raise ValueError("give more than 0")
        return {page.count: n / 2}

    assert by_name(halve(4)) == {"trouble": "", "count": 2}
    assert by_name(halve(-1)) == {"trouble": "give more than 0"}
    assert "Something went wrong here (TypeError)" in by_name(halve("x"))["trouble"]
