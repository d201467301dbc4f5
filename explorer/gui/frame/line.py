"""The line at the device: who is next, and how long that takes.

The rule. A job whose turn is expected to take at most `SHORT` seconds is short, any other is long.
Within each kind those who came first are first; who has had a turn and wants another one stands at
the end, with the long ones. Short jobs go before long ones, until they have used the device for
`SHARE` times as long as the last long turn lasted (`SHORT` to `ROUND` seconds) while a long job
waited: then the first of those has its turn. A turn ends with its job, after `SHORT` seconds if a
short job waits, and after `ROUND` if anybody does. So nobody waits for more than one turn of each
of those before him, and `SHARE` times as long for those who overtake; nobody starves.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

SHORT, ROUND, SHARE = 5.0, 20.0, 2.0
KEEP = 0.5
"""How much of what was known of a kind's speed is kept when it is measured again."""
MOST = 64.0
"""An estimate is corrected at most by such a factor, up or down."""


@dataclass(eq=False)
class Ticket:
    """One wish for the device."""

    kind: str
    seconds: float
    """Its turn is expected to take, before that is corrected by what others of its kind took."""
    begun: float = 0.0
    used: float = 0.0
    """Seconds of its earlier turns."""
    short: bool = False


class Ahead(NamedTuple):
    """What stands before somebody who waits."""

    jobs: int
    seconds: float


class Line:
    """Who holds the device, and who waits for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: Ticket | None = None
        self._short: deque[Ticket] = deque()
        self._long: deque[Ticket] = deque()
        self._overtaken, self._allowed = 0.0, SHORT
        """Seconds that short jobs had while a long one waited; how many they may have."""
        self._pace: dict[str, float] = {}

    def __len__(self) -> int:
        """Who holds it, and who waits."""
        return len(self._short) + len(self._long) + (self._inside is not None)

    def expected(self, ticket: Ticket) -> float:
        """Seconds that its turn will take, going by those of its kind before."""
        left = ticket.seconds * self._pace.get(ticket.kind, 1.0) - ticket.used
        return min(max(left, 0.0), ROUND)

    def join(self, ticket: Ticket) -> None:
        """Stand at the end."""
        with self._changed:
            ticket.short = not ticket.used and self.expected(ticket) <= SHORT
            (self._short if ticket.short else self._long).append(ticket)
            self._changed.notify_all()

    def enter(self, ticket: Ticket, timeout: float) -> bool:
        """Whether one's turn came within so many seconds; else one goes on standing in line."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._next() is ticket, timeout):
                return False
            (self._short if ticket.short else self._long).remove(ticket)
            self._inside, ticket.begun = ticket, time.monotonic()
            self._changed.notify_all()
            return True

    def quit(self, ticket: Ticket) -> None:
        """Stand in line no longer."""
        with self._changed:
            with suppress(ValueError):
                (self._short if ticket.short else self._long).remove(ticket)
            self._changed.notify_all()

    def leave(self, ticket: Ticket, *, whole: bool) -> None:
        """The next may enter. From a job that is done, the `whole` of it, one learns how long such
        jobs take."""
        with self._changed:
            taken = time.monotonic() - ticket.begun
            self._inside = None
            ticket.used += taken
            if not ticket.short:
                self._overtaken, self._allowed = 0.0, _share(taken)
            elif self._long:
                self._overtaken += taken
            if whole and ticket.kind:
                found = max(ticket.used, 0.01) / max(ticket.seconds, 0.01)
                found = min(max(found, 1 / MOST), MOST)
                known = self._pace.get(ticket.kind, found)
                self._pace[ticket.kind] = KEEP * known + (1 - KEEP) * found
            self._changed.notify_all()

    def waited_for(self, spent: float, more: float = 0.0) -> bool:
        """Whether a turn that has lasted so many seconds keeps others waiting for too long.

        more : seconds over `ROUND` in which a job that ends its turns by itself may do so.
        """
        with self._changed:
            longest = SHORT if self._short else ROUND + more
            return bool(self._short or self._long) and spent >= longest

    def ahead(self, ticket: Ticket) -> Ahead:
        """What will be at the device before this one, which waits, and about how long."""
        with self._changed:
            jobs, seconds, now = 0, 0.0, time.monotonic()
            if self._inside and self._inside is not ticket:
                jobs, seconds = 1, max(0.0, self.expected(self._inside) + self._inside.begun - now)
            short, long, overtaken = deque(self._short), deque(self._long), self._overtaken
            allowed = self._allowed
            while (before := _first(short, long, overtaken < allowed)) is not ticket:
                if before.short:
                    short.popleft()
                    overtaken += self.expected(before) if long else 0.0
                else:
                    long.popleft()
                    overtaken, allowed = 0.0, _share(self.expected(before))
                jobs, seconds = jobs + 1, seconds + self.expected(before)
            return Ahead(jobs, seconds)

    def _next(self) -> Ticket | None:
        if self._inside or not (self._short or self._long):
            return None
        return _first(self._short, self._long, self._overtaken < self._allowed)


def _share(turn: float) -> float:
    """Seconds that short jobs may have after a long job's turn."""
    return SHARE * min(max(turn, SHORT), ROUND)


def _first(short: deque[Ticket], long: deque[Ticket], overtakes: bool) -> Ticket:
    return short[0] if short and (overtakes or not long) else long[0]
