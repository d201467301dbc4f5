"""A stage of the derivation as a table of formulas and numbers, in Markdown and LaTeX."""

from __future__ import annotations

import math
from functools import cache

from explorer.diffusion.pixel_gaussian import framed
from explorer.diffusion.randomness import named_generator
from explorer.diffusion.schedule import make_schedule
from explorer.diffusion.telescope import (
    Factor,
    Logs,
    chain_logs,
    draw_chain,
    expected_logs,
    strided,
)
from explorer.gui.lectures.bound.telescope.stages import LATEST, STAGES, Row, T
from explorer.gui.parts.numbers import MINUS

DATA = framed()
"""The images of the comparison above: 500 of 784 pixels are N(0, 1)."""
FOUR = strided(make_schedule("linear", 1000), T)
"""The linear schedule's 1000 steps as four."""
BIT = DATA.dims * math.log(2)
"""Nats of one bit per dimension."""
LOWERED = "₀₁₂₃₄"


@cache
def average() -> Logs:
    """ln of every factor, on average over all chains."""
    return expected_logs(DATA, FOUR)


def drawn(seed: int) -> Logs:
    """ln of every factor at one chain."""
    chain = draw_chain(DATA, FOUR, named_generator(f"{seed}/telescope"))
    return chain_logs(DATA, FOUR, chain)


def tex(factor: Factor, struck: Factor | None = None) -> str:
    r"""q(x_2\mid x_0); crossed out where it is the one that cancels."""
    kind, t = factor
    known = {
        "step": rf"q(x_{t}\mid x_{t - 1})",
        "marginal": rf"q(x_{t}\mid x_0)",
        "posterior": rf"q(x_{t - 1}\mid x_{t},x_0)",
        "back": rf"p(x_{t - 1}\mid x_{t})",
        "prior": rf"p(x_{t})",
    }[kind]
    return rf"\cancel{{{known}}}" if factor == struck else known


def spoken(factor: Factor) -> str:
    """q(x₂ | x₀), as text."""
    marks = (("_", ""), (r"\mid", " | "), (",", ", "))
    text = tex(factor)
    for k, lowered in enumerate(LOWERED):
        text = text.replace(f"_{k}", lowered)
    for mark, plain in marks:
        text = text.replace(mark, plain)
    return " ".join(text.split())


def row_tex(row: Row, struck: Factor | None = None) -> str:
    r"""\log\frac{…}{…}, or the logarithm of what there is."""
    above, below = (
        r"\,".join(tex(factor, struck) for factor in part) for part in (row.above, row.below)
    )
    if not above:
        return rf"-\log {below}"
    return rf"\log\frac{{{above}}}{{{below}}}" if below else rf"\log {above}"


def stage_markdown(number: int, logs: Logs) -> str:
    """The rows with their values at one chain and on average, in bits per dimension; the sum."""
    stage = STAGES[number]
    lines = ["| | this chain | on average |", "|:--|--:|--:|"]
    for row in stage.rows:
        name = f"<br>{row.name}" if row.name else ""
        values = " | ".join(bits(row.value(each)) for each in (logs, average()))
        lines.append(f"| $\\displaystyle {row_tex(row, stage.struck)}${name} | {values} |")
    totals = " | ".join(f"**{bits(stage.total(each))}**" for each in (logs, average()))
    lines.append(f"| **sum, bits/dim** | {totals} |")
    return "\n".join(lines)


def bits(nats: float) -> str:
    """Bits per dimension with three decimals."""
    text = f"{nats / BIT:.3f}"
    return ("0.000" if float(text) == 0 else text).replace("-", MINUS)


def stage_title(number: int) -> str:
    """ "Step 3 of 7: q(x₂ | x₀) cancels"."""
    return f"Step {number} of {LATEST}: {STAGES[number].title}"


def stage_words(number: int, logs: Logs) -> str:
    """What was done; and of what cancels the value that is added once and taken off once."""
    stage = STAGES[number]
    if stage.struck is None:
        return stage.said
    value = bits(logs[stage.struck])
    return (
        f"{stage.said} On this chain log {spoken(stage.struck)} is {value} bits/dim, once added "
        "and once subtracted."
    )
