"""Who is next at the device: the stated rule, with a clock of the tests' own."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from explorer.gui.frame import line
from explorer.gui.frame.line import ROUND, SHARE, SHORT, Line, Ticket


class Day:
    """A line, and the time that passes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.line = 0.0, Line()
        monkeypatch.setattr(line, "time", SimpleNamespace(monotonic=lambda: self.now))

    def joined(self, kind: str, seconds: float) -> Ticket:
        ticket = Ticket(kind, seconds)
        self.line.join(ticket)
        return ticket

    def turn(self, waiting: list[Ticket], seconds: float, whole: bool = True) -> Ticket:
        """Whoever may enter has its turn."""
        (ticket,) = (t for t in waiting if self.line.enter(t, 0))
        self.now += seconds
        self.line.leave(ticket, whole=whole)
        return ticket


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Day:
    return Day(monkeypatch)


def test_within_a_kind_who_came_first_is_first(day: Day) -> None:
    for seconds in (1, 100):
        tickets = [day.joined(f"kind {i}", seconds) for i in range(4)]
        waiting = list(tickets)
        while waiting:
            waiting.remove(day.turn(waiting, seconds))
            assert [t for t in tickets if t in waiting] == tickets[len(tickets) - len(waiting) :]
    assert len(day.line) == 0


def test_short_jobs_overtake_for_twice_a_long_turn_and_no_longer(day: Day) -> None:
    long = [day.joined("train", 100), day.joined("train", 100)]
    day.turn(long, 12, whole=False)
    day.line.join(long[0])
    short = [day.joined(f"fork {i}", 4) for i in range(9)]
    order = []
    for _ in range(8):
        order.append(day.turn([*long, *short], 4))
        if order[-1] in short:
            short.remove(order[-1])
    # six short ones are 24 seconds, twice the turn before; then the first long one
    assert order[6] is long[1] and not {long[0], long[1]} & {*order[:6], order[7]}


def test_a_turn_ends_when_others_have_waited_long_enough(day: Day) -> None:
    long = day.joined("train", 100)
    assert day.line.enter(long, 0)
    assert not day.line.waited_for(1e6)  # nobody waits
    other = day.joined("bound", 100)
    assert not day.line.waited_for(ROUND - 0.1) and day.line.waited_for(ROUND)
    day.joined("fork", 1)
    assert not day.line.waited_for(SHORT - 0.1) and day.line.waited_for(SHORT)
    day.line.quit(other)
    assert len(day.line) == 2


def test_who_needs_another_turn_is_long_and_stands_at_the_end(day: Day) -> None:
    first = day.joined("fork", 2)
    assert first.short
    day.turn([first], SHORT, whole=False)
    second = day.joined("train", 100)
    day.line.join(first)
    assert not first.short and day.line.ahead(first).jobs == 1
    assert day.turn([first, second], 20) is second


def test_a_kinds_speed_is_measured(day: Day) -> None:
    assert day.line.ahead(day.joined("race", 10)).jobs == 0
    fast = day.joined("race", 10)
    assert not fast.short and day.line.ahead(fast) == (1, 10)
    for _ in range(30):  # a race takes a fifth of what was thought
        ticket = day.joined("race", 10)
        ticket.short = True
        day.line._long.clear()
        day.line._short.clear()
        day.line._short.append(ticket)
        day.turn([ticket], 2)
    assert day.line.expected(Ticket("race", 10)) == pytest.approx(2, rel=1e-3)
    assert day.line.expected(Ticket("train", 10)) == 10  # of others nothing is known
    assert day.joined("race", 10).short


def test_who_gives_up_leaves_the_line_intact(day: Day) -> None:
    first, second, third = (day.joined("train", 30) for _ in range(3))
    assert day.line.ahead(third).jobs == 2
    day.line.quit(second)
    day.line.quit(second)  # as when nobody stands there
    assert day.line.ahead(third).jobs == 1 and len(day.line) == 2
    assert day.turn([first, third], 1) is first and day.turn([third], 1) is third


@pytest.mark.parametrize("seed", range(20))
def test_what_is_said_of_the_wait_is_what_comes(day: Day, seed: int) -> None:
    """Without newcomers: as many turns, and as many seconds, as were foretold."""
    rng = random.Random(seed)
    waiting = [
        day.joined(f"{i}", rng.choice((1.0, 3.0, 15.0, 20.0))) for i in range(rng.randint(2, 12))
    ]
    watched = rng.choice(waiting)
    jobs, seconds = day.line.ahead(watched)
    begun, turns = day.now, 0
    while not day.line.enter(watched, 0):
        (served,) = (t for t in waiting if day.line.enter(t, 0))
        day.now += served.seconds
        day.line.leave(served, whole=True)
        waiting.remove(served)
        turns += 1
    assert (turns, day.now - begun) == (jobs, pytest.approx(seconds))


@pytest.mark.parametrize("seed", range(10))
def test_nobody_starves_whoever_comes(day: Day, seed: int) -> None:
    """Newcomers all the time: a long job waits for one turn of each long one before it, and for
    at most twice as long, and one short job, for those who overtake."""
    rng = random.Random(seed)
    waiting = [day.joined(f"long {i}", 1000.0) for i in range(rng.randint(1, 5))]
    last = {ticket: (day.now, len(waiting)) for ticket in waiting}
    for n in range(300):
        while sum(t.short for t in waiting) < 5:
            waiting.append(day.joined(f"short {n} {len(waiting)}", rng.uniform(0.1, SHORT)))
        (ticket,) = (t for t in waiting if day.line.enter(t, 0))
        if ticket.short:
            day.now += ticket.seconds
            day.line.leave(ticket, whole=True)
            waiting.remove(ticket)
            continue
        since, long = last[ticket]
        assert day.now - since <= long * (SHORT + SHARE * SHORT + SHORT)
        day.now += SHORT  # then a short one waits
        assert day.line.waited_for(SHORT)
        day.line.leave(ticket, whole=False)
        day.line.join(ticket)
        last[ticket] = (day.now, sum(not t.short for t in waiting))
