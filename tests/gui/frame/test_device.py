"""One job at a time, and the door always opens again."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from explorer.gui.frame import line
from explorer.gui.frame.device import Device, DeviceBusy, Ended, StopFlag, Waiter
from explorer.gui.frame.line import Ahead
from tests.gui.small import thread, until

CPU = torch.device("cpu")


def count(n: int) -> Iterator[int]:
    yield from range(n)


def fail() -> Iterator[int]:
    yield 1
    raise ValueError("no")


def test_a_job_runs_and_frees_the_device() -> None:
    device = Device(CPU)
    job = device.run(count, 3)
    assert next(job) == 0 and device.busy
    assert list(job) == [1, 2] and not device.busy


def test_closing_or_failing_frees_the_device_and_ends_the_job() -> None:
    device, ended = Device(CPU), []

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            ended.append(device.busy)

    job = device.run(endless)
    next(job)
    job.close()
    assert ended == [True] and not device.busy  # the job ended while it still held the device
    with pytest.raises(ValueError, match="no"):
        list(device.run(fail))
    assert not device.busy


def test_a_second_job_waits_its_turn() -> None:
    device, order = Device(CPU, wait=30), []
    first = device.run(count, 2)
    next(first)

    def second() -> None:
        for _ in device.run(count, 1):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    thread.join(0.2)
    assert order == []
    order.append("first")
    first.close()
    thread.join(30)
    assert order == ["first", "second"]


def test_who_waits_too_long_is_told() -> None:
    device = Device(CPU, wait=0.01)
    job = device.run(count, 2)
    next(job)
    with pytest.raises(DeviceBusy, match="try again"):
        next(device.run(count, 1))
    job.close()
    assert list(device.run(count, 1)) == [0]


def test_a_stop_flag_is_of_one_job() -> None:
    mine, other = StopFlag("a"), StopFlag("b")
    for flag in (mine, other):
        flag.start()
    mine.stop()
    assert mine() and not other()
    other.stop()
    other.stop()  # asking again, or when nothing runs, leaves nothing behind
    assert not any(flag.path.exists() for flag in (mine, other))


def test_a_door_that_cannot_open_the_device_still_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("no quota")

    monkeypatch.setattr("explorer.gui.frame.device._work", refuse)
    device = Device(CPU)
    with pytest.raises(RuntimeError, match="no quota"):
        list(device.run(count, 1))
    assert not device.busy


def test_a_long_job_is_halted_while_others_have_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line, "SHORT", 0.0)
    device, order = Device(CPU, wait=60), []

    def short() -> None:
        for i in device.run(count, 2, expected=0):
            order.append(f"short {i}")

    long = device.run(count, 4, expected=100)
    order.append(next(long))
    other = thread(short)
    until(lambda: len(device.line) == 2)
    order.extend(long)
    other.join(60)
    assert order == [0, "short 0", "short 1", 1, 2, 3] and not device.busy


class Impatient(Waiter):
    """Ends its wait when it is told to."""

    def __init__(self) -> None:
        self.stopped, self.seen = threading.Event(), []

    def check(self) -> None:
        if self.stopped.is_set():
            raise Ended

    def waits(self, ahead: Ahead) -> None:
        self.seen.append(ahead.jobs)

    def begins(self) -> None:
        self.seen.append("begins")


def test_who_is_stopped_in_line_never_begins() -> None:
    device, waiter, ended = Device(CPU, wait=60), Impatient(), []
    first = device.run(count, 2)
    next(first)

    def wait() -> None:
        try:
            list(device.run(count, 3, waiter=waiter))
        except Ended:
            ended.append(True)

    second = thread(wait)
    until(lambda: waiter.seen)
    waiter.stopped.set()
    second.join(60)
    assert ended == [True] and set(waiter.seen) == {1} and len(device.line) == 1
    first.close()
    assert not device.busy


def test_who_is_stopped_while_others_have_their_turn_comes_to_an_end_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line, "SHORT", 0.0)
    device, waiter, order = Device(CPU, wait=60), Impatient(), []
    go_on = threading.Event()

    def until_stopped() -> Iterator[str]:
        while not waiter.stopped.is_set():
            yield "going"
        yield "saved"

    def slow() -> Iterator[int]:
        yield 1
        go_on.wait(60)

    long = device.run(until_stopped, expected=100, waiter=waiter)
    assert next(long) == "going"
    other = thread(lambda: list(device.run(slow, expected=0)))
    until(lambda: len(device.line) == 2)
    rest = thread(lambda: order.extend(long))
    until(lambda: 1 in waiter.seen)
    waiter.stopped.set()
    rest.join(60)
    assert order == ["saved"] and len(device.line) == 1  # the other one still has its turn
    go_on.set()
    other.join(60)
    assert not device.busy


def test_wishes_are_those_of_the_running_job() -> None:
    flag = StopFlag("wish")
    flag.wish("early")
    assert flag() and flag.read() == ""
    flag.start()
    assert flag.read() == "" and not flag()
    flag.wish("now")
    assert StopFlag("wish").read() == "now"  # as another process sees it
    flag.stop()
    assert flag() and flag.read() == ""


def test_what_has_come_to_its_end_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "SHORT", 0.0)
    device, waiter = Device(CPU, wait=60), Impatient()
    long = device.run(count, 1, expected=100, waiter=waiter)
    next(long)
    other = thread(lambda: list(device.run(count, 1, expected=0)))
    until(lambda: len(device.line) == 2)
    assert list(long) == [] and waiter.seen == ["begins"]
    other.join(60)


def test_a_slice_that_ends_by_itself_is_not_halted_just_before() -> None:
    long, other = line.Ticket("a", 20), line.Ticket("b", 20)
    waiting = line.Line()
    waiting.join(long), waiting.enter(long, 0), waiting.join(other)
    assert waiting.waited_for(line.ROUND) and not waiting.waited_for(line.ROUND, 3)
    assert waiting.waited_for(line.ROUND + 3, 3)


def test_a_wish_never_takes_a_stop_back() -> None:
    flag = StopFlag("wished")
    flag.start()
    flag.wish("a long wish")
    flag.wish("short")
    assert flag.read() == "short"
    flag.stop()
    flag.wish("late")
    assert flag() and flag.read() == ""
