"""Heavy work takes turns, and memory goes back to the system."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from explorer.gui.frame import memory
from explorer.gui.frame.memory import AT_ONCE, heavy
from explorer.gui.frame.shared import sentence
from tests.gui.small import thread, until


def test_only_so_many_work_at_once_and_all_come_to_their_turn() -> None:
    lock, go = threading.Lock(), threading.Event()
    now, most, done = 0, 0, 0

    @heavy()
    def work() -> None:
        nonlocal now, most, done
        with lock:
            now += 1
            most = max(most, now)
        go.wait(60)
        with lock:
            now, done = now - 1, done + 1

    threads = [thread(work) for _ in range(12)]
    until(lambda: now == AT_ONCE)
    go.set()
    for each in threads:
        each.join(60)
    assert (most, done) == (AT_ONCE, 12)


def test_who_waits_too_long_gets_a_sentence_and_a_failure_gives_the_turn_back() -> None:
    with heavy(), heavy():
        with pytest.raises(TimeoutError, match="at once.*try again") as waited, heavy(0.01):
            pass
    assert "Something went wrong" not in sentence(waited.value)
    for _ in range(AT_ONCE + 1):
        with pytest.raises(ZeroDivisionError), heavy(0.01):
            _ = 1 / 0


FREED = """
import sys, threading
from explorer.gui.frame import memory
import psutil
limited = sys.argv[1] == "limited" and memory.limit_arenas()
def work():  # as images are decoded: some blocks of 16 MB, and small things in between
    kept = []
    for _ in range(4):
        block = bytearray(8 * 2**20)
        kept.append([bytes(2000) for _ in range(200)])
        block[::4096] = bytes(len(block[::4096]))
        kept.append(block)
threads = [threading.Thread(target=work) for _ in range(30)]
process = psutil.Process()
before = process.memory_info().rss
for each in threads: each.start()
for each in threads: each.join()
print(process.memory_info().rss - before)
"""


def grown(how: str) -> int:
    """Bytes that are still held after 30 threads have worked and ended."""
    asked = [sys.executable, "-c", FREED, how]
    return int(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(memory._glibc() is None, reason="needs glibc")
def test_after_threads_that_decoded_little_is_held() -> None:
    assert grown("limited") < 20e6  # else it is 36 MB


def test_giving_back_works_on_every_system(monkeypatch: pytest.MonkeyPatch) -> None:
    memory.give_back()
    monkeypatch.setattr(memory, "_glibc", lambda: None)
    memory.give_back()
    assert memory.limit_arenas() is False


@pytest.mark.skipif(memory._glibc() is None, reason="needs glibc")
def test_what_the_environment_says_of_arenas_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []

    class Library:
        def mallopt(self, what: int, value: int) -> int:
            told.append((what, value))
            return 1

    monkeypatch.setattr(memory, "_glibc", Library)
    monkeypatch.setenv("MALLOC_ARENA_MAX", "7")
    assert memory.limit_arenas()
    assert told == [(memory.M_MMAP_THRESHOLD, memory.MAPPED)]
