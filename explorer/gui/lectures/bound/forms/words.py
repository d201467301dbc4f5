"""What the two forms show, in a table and in sentences made of its numbers."""

from __future__ import annotations

import math

from explorer.diffusion.bound_forms import Form
from explorer.gui.lectures.bound.forms.work import FIRST, PIXELS, SECOND, FormsResult, Settings
from explorer.gui.parts.numbers import MINUS, short

BIT = PIXELS * math.log(2)
"""Nats of one bit per dimension."""
NOT_YET = "–"
PARTS = ("prior", "T − 1 terms", "L₀", "total")


def bits(nats: float) -> str:
    """Bits per dimension with two decimals; small ones in powers of ten."""
    value = nats / BIT
    if abs(value) >= 100:
        return f"{value:,.0f}".replace("-", MINUS)
    return f"{value:.2f}".replace("-", MINUS) if abs(value) >= 0.005 else short(value, 2)


def table(result: FormsResult, t: int) -> list[list[str]]:
    """Parts and total of both forms, exact and from the draws, and the noise of one draw at t."""
    names, draws = (FIRST, SECOND), f"{result.settings.draws} draws"
    estimates = [result.estimate(name) for name in names]
    exact = [_exact(result.exact[name]) for name in names]
    drawn = [_estimated(form) for form in estimates]
    rows = [["bits/dim", "first form", "second form"]]
    for k, part in enumerate(PARTS):
        rows.append([part, *(column[k] for column in exact)])
        rows.append([draws, *(column[k] for column in drawn)])
    rows.append([f"nats at t = {t}", *(_pair(*result.exact[name].term_at(t)) for name in names)])
    rows.append([draws, *(_pair(*each.term_at(t)) if each else NOT_YET for each in estimates)])
    return rows


def _exact(form: Form) -> list[str]:
    parts = [form.prior.mean, form.terms.mean.sum(), form.reconstruction.mean]
    return [*(bits(float(part)) for part in parts), bits(form.total)]


def _estimated(form: Form | None) -> list[str]:
    if form is None or form.draws is None:
        return [NOT_YET] * len(PARTS)
    root = math.sqrt(form.draws)
    pairs = [
        (float(form.prior.mean), float(form.prior.std) / root),
        (float(form.terms.mean.sum()), form.matching_error),
        (float(form.reconstruction.mean), float(form.reconstruction.std) / root),
        (form.total, form.total_error),
    ]
    return [_with_error(value, error) for value, error in pairs]


def _with_error(value: float, error: float) -> str:
    """Bits per dimension ± one standard error; of what is hardly there the value alone."""
    error /= BIT
    if error < 5e-4:
        return bits(value)
    return f"{bits(value)} ± {short(error, 1 if error < 0.1 else 2)}"


def _pair(mean: float, noise: float) -> str:
    """A term's mean and the standard deviation of one draw."""
    return f"{_two(mean)} ± {_two(noise)}"


def _two(value: float) -> str:
    return short(value, 2)


def conclusions(result: FormsResult, t: int) -> str:
    """Markdown: totals, priors, noise at t, what the draws make of it, and the printed terms."""
    first, second = result.exact[FIRST], result.exact[SECOND]
    noises = first.term_at(t)[1], second.term_at(t)[1]
    said = [
        f"**Two derivations, one bound: {bits(first.total)} and {bits(second.total)} bits/dim.** "
        f"The prior term is {bits(float(first.prior.mean))} in the first form, which measures one "
        f"step of noise, and {bits(float(second.prior.mean))} in the second, which measures "
        f"x_T itself.",
        f"At t = {t} one draw of a term has a standard deviation of {_two(noises[0])} nats in the "
        f"first form and {_two(noises[1])} in the second: {compared(*noises)}.",
    ]
    drawn = [result.estimate(name) for name in (FIRST, SECOND)]
    if all(drawn):
        totals = [_with_error(form.total, form.total_error) for form in drawn if form]
        said.append(
            f"From {result.settings.draws} draws of each term the totals are {totals[0]} and "
            f"{totals[1]} (± one standard error)."
        )
    printed = float(result.printed.mean.sum())
    said.append(
        f"The lecture prints a consistency term as a divergence averaged over pairs "
        f"(xₜ₋₁, xₜ₊₁). Taken literally that draws xₜ apart from the xₜ₊₁ made of it, and the "
        f"terms would add up to {bits(printed)} bits/dim instead of "
        f"{bits(float(first.terms.mean.sum()))}: in the bound the average is over all three."
    )
    return " ".join(said)


def compared(first: float, second: float) -> str:
    """Which form is noisier, and by how much."""
    if second <= 0:
        return "the second has no noise at all"
    if first >= second:
        return f"the first is {_two(first / second)} times as noisy"
    return f"the second is {_two(second / first)} times as noisy"


def status(result: FormsResult, running: bool = False) -> str:
    """How far it is, and what was drawn."""
    said = described(result.settings)
    if result.finished:
        return f"{said}, {result.seconds:.1f} s"
    t = result.settings.T + 1 - len(result.drawn[SECOND].terms)
    return f"{'running' if running else 'stopped'}: {result.share:4.0%}, down to t = {t}; {said}"


def described(settings: Settings) -> str:
    """What was drawn."""
    return (
        f"{settings.varying} of {PIXELS} pixels N(0, {short(settings.std)}²), linear, "
        f"T = {settings.T}, {settings.draws} draws of each term, seed {settings.seed}"
    )
