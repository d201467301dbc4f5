"""Counts and times as people say them."""

from __future__ import annotations


def noun_for(count: int, noun: str) -> str:
    """ "step" for 1, else "steps"."""
    return noun if count == 1 else f"{noun}s"


def counted(count: int, noun: str, plural: str = "") -> str:
    """ "1 step", "2 steps", "1,000 steps"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def lasting(seconds: float) -> str:
    """ "90 seconds", "1 minute", "20 minutes", "1.5 hours"; below a second there is no number."""
    if seconds < 0.95:
        return "less than a second"
    if seconds < 99.5:
        return counted(max(1, round(seconds)), "second")
    if seconds < 3570:
        return counted(round(seconds / 60), "minute")
    hours = round(seconds / 3600, 1 if seconds < 36_000 else 0)
    return "1 hour" if hours == 1 else f"{hours:,g} hours"


def exactly(seconds: float) -> str:
    """The same of a budget, which is not rounded: "100 seconds", "10 minutes"."""
    for size, noun in ((3600, "hour"), (60, "minute")):
        if seconds and seconds % size == 0:
            return counted(round(seconds / size), noun)
    return "1 second" if seconds == 1 else f"{seconds:g} seconds"


def after_steps(step: int) -> str:
    """ "before the first step", "after the first step", "after 400 steps"."""
    if step < 2:
        return f"{'after' if step else 'before'} the first step"
    return f"after {counted(step, 'step')}"


def about(seconds: float) -> str:
    """The same of a time that is not exact: "about 20 minutes"."""
    return lasting(seconds) if seconds < 0.95 else f"about {lasting(seconds)}"


def remaining(seconds: float) -> str:
    """What is said of the time that is left: never that there is none."""
    return "almost done" if seconds < 0.95 else f"{about(seconds)} left"
