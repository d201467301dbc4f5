"""What the numbers of a round trip say of the visitor's picture, in words."""

from __future__ import annotations

from collections.abc import Callable

from explorer.gui.reverse.round_trip.company import HALF, Company, Group
from explorer.gui.reverse.round_trip.trip import Trip

Words = Callable[[Trip, Company], str]


def verdict(trip: Trip) -> str:
    """Of a finished trip; else nothing."""
    company = trip.company
    if not trip.finished or company is None:
        return ""
    left = f"At t₀ = {trip.t} of {trip.T}, {trip.signal:.0%} of an image's amplitude is left."
    return f"{left} {WORDS[company.judgement](trip, company)}"


def _figures(trip: Trip, company: Company) -> str:
    """The picture's relative change, and that of real ones."""
    own, real, ddpm = company.own, company.real, trip.changes["ddpm"][0]
    beside = f", {len(real.changes)} {trip.others} by {_mean(real)}" if real.changes else ""
    return (
        f"Relative to its own contrast (1: no nearer than a flat image), your image changed by "
        f"{_mean(own)} ({len(own.changes)} noises){beside}; ± is the standard deviation, with "
        "DDIM on "
        f"the way back. DDPM changes yours by {ddpm / own.contrasts[0]:.2f} (one noise)."
    )


def _lost_share(company: Company) -> str:
    """Of the picture's variance."""
    share = company.own.mean**2
    return "none of its variance is left" if share >= 1 else f"{share:.0%} of its variance is lost"


def _references(company: Company) -> str:
    return (
        f"A flat image as bright as yours is changed by {_mean(company.flat)} of your "
        f"image's contrast, noise as bright and as strong by {_mean(company.noise)} of its own."
    )


def _mean(group: Group) -> str:
    return f"{group.mean:.2f} ± {group.std:.2f}"


def _flat(trip: Trip, company: Company) -> str:
    changes, real = company.own.changes, company.real.changes
    beside = (
        f"; {len(real)} {trip.others}, whose contrast is "
        f"{sum(company.real.contrasts) / len(real):.2f}, by {sum(real) / len(real):.2f}"
        if real
        else ""
    )
    return (
        f"Your image is flat (contrast {company.own.contrasts[0]:.3f}): it has no content "
        "that could come back, and no contrast to measure a change by. The result differs "
        f"from it by {sum(changes) / len(changes):.2f}, root mean square on a scale from −1 to 1 "
        f"(DDIM, {len(changes)} noises){beside}."
    )


def _alone(trip: Trip, company: Company) -> str:
    return f"{_figures(trip, company)} There is no image of the model's kind to compare it with."


def _lost(trip: Trip, company: Company) -> str:
    return (
        f"{_figures(trip, company)} From such a large t₀ even they keep less than half of their "
        "variance "
        f"(a change above {HALF:.2f}): whether yours is unlike the training data cannot be "
        "judged here. "
        "Choose a smaller t₀."
    )


def _foreign(trip: Trip, company: Company) -> str:
    times = company.own.mean / company.real.mean
    kept = "is not kept" if company.own.mean > HALF else "is only partly kept"
    return (
        f"{_figures(trip, company)} That is {times:.1f} times their change, and beyond "
        f"{company.real.bound:.2f}, the end of the range that they predict. Yours {kept} "
        f"({_lost_share(company)}): it is unlike anything in the training data of a network that "
        "has only seen "
        f"{trip.kind}. {_references(company)}"
    )


def _less(trip: Trip, company: Company) -> str:
    return (
        f"{_figures(trip, company)} More than three quarters of its variance came back, yet its "
        f"change is beyond the range that they predict (up to {company.real.bound:.2f}): yours is "
        f"unusual among {trip.kind}, as some of them are too. {_references(company)}"
    )


def _kept(trip: Trip, company: Company) -> str:
    return (
        f"{_figures(trip, company)} Yours came back, with more than three quarters of its "
        f"variance and as well as such images do (they predict up to "
        f"{company.real.bound:.2f})."
    )


def _partly(trip: Trip, company: Company) -> str:
    return (
        f"{_figures(trip, company)} Yours came back only in part ({_lost_share(company)}). "
        f"{_usual(company)}"
    )


def _gone(trip: Trip, company: Company) -> str:
    return (
        f"{_figures(trip, company)} Yours did not come back ({_lost_share(company)}). "
        f"{_usual(company)}"
    )


def _usual(company: Company) -> str:
    return (
        f"Such images lose as much from here (they predict up to {company.real.bound:.2f}): "
        "nothing suggests "
        f"that yours is unlike the training data."
    )


WORDS: dict[str, Words] = {
    "flat": _flat,
    "alone": _alone,
    "lost": _lost,
    "foreign": _foreign,
    "less": _less,
    "kept": _kept,
    "partly": _partly,
    "gone": _gone,
}
"""For each of `JUDGEMENTS`."""
