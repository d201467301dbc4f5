"""The jobs of an app: who may begin one, whose pages have gone, what has ended lately."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from gradio.blocks import Block

from explorer.gui.frame.job import Job
from explorer.gui.frame.limits import Limits

GRACE = 60.0
"""Seconds for which a hosted job goes on without a page that looks at it."""
OPENING = 10.0
"""Seconds in which a page is expected to open its stream."""
RELOAD = 30.0
"""Seconds in which a page that is reloaded is expected back, on a busy machine too."""
KEPT = 300
"""So many jobs that have ended are remembered, the newest of each kind and visitor."""
WATCH = 1.0
"""Seconds between two looks at who has gone."""


class Refused(ValueError):
    """No further job is taken; the sentence says why and what to do."""


class Manager:
    """Safe to be used from several threads."""

    def __init__(
        self, limits: Limits, present: Callable[[str], bool] = lambda session: True
    ) -> None:
        """present : whether a session's page has its stream open."""
        self.limits, self.present = limits, present
        self._jobs: list[Job] = []
        self._lock = threading.Lock()
        self._watch: threading.Thread | None = None
        self._closed = False
        self.outputs: dict[Block, None] = {}
        """All that jobs change on the page."""
        self.keeper: Block | None = None
        """The page's hold on them, see keeper.py."""

    def of(self, owner: str, kind: str | None = None) -> list[Job]:
        """This visitor's jobs, those that have ended lately too, the newest last."""
        with self._lock:
            return [j for j in self._jobs if j.owner == owner and kind in (None, j.kind)]

    def replaced(self, owner: str, kind: str, session: str) -> None:
        """This page shows something else where those that have ended were shown, or would be as
        soon as it asks for them: it is told nothing more of them."""
        for job in self.of(owner, kind):
            if job.over:
                job.replaced_on.add(session)

    def running(self, owner: str, kind: str) -> Job | None:
        """The newest of these jobs, if it has not ended."""
        return next((job for job in reversed(self.of(owner, kind)) if not job.over), None)

    @property
    def alive(self) -> list[Job]:
        """All that have not ended."""
        with self._lock:
            return [job for job in self._jobs if not job.over]

    def shown(self) -> list[Any]:
        """All that a page may still be shown of jobs."""
        with self._lock:
            return [value for job in self._jobs for value in job.since(0)[1].values()]

    def begin(self, job: Job, work: Callable[[Job], None]) -> None:
        """Run `work(job)` on a thread of its own; `Refused` if this visitor or this address has
        too many jobs here, OSError if its flag cannot be written."""
        with self._lock:
            if self._closed:
                raise Refused("The app is being shut down; please come back in a minute.")
            alive = [other for other in self._jobs if not other.over]
            self._check(job, alive)
            job.flag.start()  # without it there is no job: a full temporary folder
            self._jobs = _remembered([*self._jobs, job])
            if self._watch is None:
                self._watch = threading.Thread(target=self._look_after, daemon=True)
                self._watch.start()

        def run() -> None:
            try:
                work(job)
            finally:
                job.end()

        job.thread = threading.Thread(target=run, name=f"job {job.kind} {job.id}", daemon=True)
        try:
            job.thread.start()
        except RuntimeError as error:  # the system has no thread left
            job.end()
            raise Refused(
                "No further job can start on this machine right now: please try again in a minute."
            ) from error

    def _check(self, job: Job, alive: Iterable[Job]) -> None:
        limits = self.limits
        going = [other for other in alive if not other.flag()]  # not what is asked to stop
        mine = [other.kind for other in going if other.owner == job.owner]
        if len(mine) >= limits.jobs:
            raise Refused(
                f"You have {len(mine)} jobs here already, and {limits.jobs} are allowed at a "
                "time: wait for one to finish, or stop it."
            )
        near = sum(1 for other in alive if job.address and other.address == job.address)
        if near >= limits.address_jobs:
            raise Refused(
                f"{near} jobs from your network's address are already here, and no more are "
                "accepted from one address: please try again in a minute."
            )
        if len(list(alive)) >= limits.all_jobs:
            raise Refused(
                f"{limits.all_jobs} jobs are waiting here, and no more are accepted: please try "
                "again in a few minutes."
            )

    def gone(self, job: Job, grace: float) -> bool:
        """Whether no page has looked at a hosted job for so many seconds.

        A page that never opened its stream does not look.
        """
        if not self.limits.hosted:
            return False
        now = time.monotonic()
        if any(self.present(session) for session in list(job.pages)):
            job.attended = now
            job.seen = True
        return now - job.attended > (grace if job.seen else min(grace, OPENING))

    def _look_after(self) -> None:
        """Ends what nobody looks at any more; forgets what ended long ago: it holds memory and
        the files that it has shown."""
        while not self._closed:
            time.sleep(WATCH)
            with self._lock:
                old = time.monotonic() - self.limits.temporary_keep
                self._jobs = [job for job in self._jobs if not (job.over and job.attended < old)]
            for job in self.alive:
                if self.gone(job, GRACE) and not job.lasting:
                    job.left = True
                    job.flag.stop()

    def close(self, seconds: float) -> list[Job]:
        """Ask all jobs to end; those that did not within so many seconds."""
        with self._lock:
            self._closed = True
        alive = self.alive
        for job in alive:
            job.flag.stop()
        end = time.monotonic() + seconds
        for job in alive:
            if job.thread:
                job.thread.join(max(0.0, end - time.monotonic()))
        return [job for job in alive if not job.over]


def _remembered(jobs: list[Job]) -> list[Job]:
    """Those that go on, and of the others the newest of each kind and visitor, not too many."""
    newest = {(job.owner, job.kind): job for job in jobs}
    ended = [job for job in jobs if job.over and newest[job.owner, job.kind] is job][-KEPT:]
    return [job for job in jobs if not job.over or job in ended]
