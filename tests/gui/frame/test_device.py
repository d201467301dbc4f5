"""One job at a time, and the door always opens again."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from explorer.gui.frame.device import Device, DeviceBusy, StopFlag, Turnstile
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


def test_a_stop_flag_belongs_to_one_visitor_and_kind() -> None:
    mine, race, other = StopFlag("a", "train"), StopFlag("a", "race"), StopFlag("b", "train")
    for flag in (mine, race, other):
        flag.start()
    mine.stop()
    assert mine() and not race() and not other()
    race.stop()
    other.stop()
    other.stop()  # asking again, or when nothing runs, leaves nothing behind
    assert not any(flag.path.exists() for flag in (mine, race, other))


def test_a_door_that_cannot_open_the_device_still_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("no quota")

    monkeypatch.setattr("explorer.gui.frame.device._work", refuse)
    device = Device(CPU)
    with pytest.raises(RuntimeError, match="no quota"):
        list(device.run(count, 1))
    assert not device.busy


def test_who_came_first_is_served_first() -> None:
    door, order, waiting = Turnstile(), [], []
    assert door.enter(1) and len(door) == 1

    def wait(name: int) -> None:
        assert door.enter(60)
        order.append(name)
        door.leave()

    for name in range(5):
        waiting.append(thread(lambda name=name: wait(name)))
        until(lambda name=name: len(door) == name + 2)  # in line, in this order
    assert order == []
    door.leave()
    for each in waiting:
        each.join(60)
    assert order == [0, 1, 2, 3, 4] and len(door) == 0


def test_who_holds_the_door_goes_to_the_end_of_the_line() -> None:
    door, order = Turnstile(), []

    def turns(name: str) -> None:
        for _ in range(3):
            assert door.enter(60)
            order.append(name)
            until(lambda: len(door) > 1 or len(order) >= 5)
            door.leave()

    both = [thread(lambda: turns("a"))]
    until(lambda: order)
    both.append(thread(lambda: turns("b")))
    for each in both:
        each.join(60)
    assert order == ["a", "b"] * 3 and len(door) == 0


def test_who_gives_up_leaves_the_line_intact() -> None:
    door, order = Turnstile(), []
    assert door.enter(1)
    gave_up: list[bool] = []
    first = thread(lambda: gave_up.append(door.enter(0.2)))
    until(lambda: len(door) == 2)

    def patient() -> None:
        order.append(door.enter(60))

    second = thread(patient)
    until(lambda: len(door) == 3)
    first.join(60)
    assert gave_up == [False] and len(door) == 2 and order == []
    door.leave()
    second.join(60)
    assert order == [True] and len(door) == 1
    door.leave()
    assert door.enter(0)  # free again, at once


def test_wishes_are_those_of_the_running_job() -> None:
    flag = StopFlag("wish", "train")
    flag.wish("early")
    assert flag() and flag.read() == ""
    flag.start()
    assert flag.read() == "" and not flag()
    flag.wish("now")
    assert StopFlag("wish", "train").read() == "now"  # as another process sees it
    flag.start()
    assert flag.read() == ""
    flag.stop()
    assert flag() and flag.read() == ""
