"""How numbers are written in Markdown, tables and formulas; numbers.js does so in the browser."""

from __future__ import annotations

import math
from collections.abc import Iterable

MINUS = "\u2212"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SMALLEST, LARGEST = 1e-3, 1e6
"""Numbers in between, and 0, are written without a power of ten."""


def short(x: float, digits: int = 3) -> str:
    """At most so many significant digits: 0.02, −8, 1230, 4.13·10⁻⁵."""
    if not math.isfinite(x):
        return "–" if math.isnan(x) else "∞" if x > 0 else f"{MINUS}∞"
    mantissa, exponent = _split(x, digits)
    if exponent:
        power = f"10{str(exponent).translate(RAISED)}"
        mantissa = power if mantissa == "1" else f"{mantissa}·{power}"
    return mantissa.replace("-", MINUS)


def tex(x: float, digits: int = 3) -> str:
    r"""The same in LaTeX: 0.02, -8, 4.13\cdot 10^{-5}."""
    if not math.isfinite(x):
        return r"\text{–}" if math.isnan(x) else r"\infty" if x > 0 else r"-\infty"
    mantissa, exponent = _split(x, digits)
    if not exponent:
        return mantissa
    power = f"10^{{{exponent}}}"
    return power if mantissa == "1" else rf"{mantissa}\cdot {power}"


def times(x: float, symbol: str, digits: int = 3) -> str:
    r"""A coefficient and what it multiplies, in LaTeX: 0.5\,x_1, x_1, -x_1."""
    factor = tex(x, digits)
    sign = "-" if factor == "-1" else ""
    return sign + symbol if factor in ("1", "-1") else rf"{factor}\,{symbol}"


def _split(x: float, digits: int) -> tuple[str, int]:
    """Mantissa and power of ten; the power is 0 where the number is written without."""
    mantissa, _, exponent = f"{x + 0.0:.{digits - 1}e}".partition("e")
    rounded = float(f"{mantissa}e{exponent}")
    if rounded == 0 or SMALLEST <= abs(rounded) < LARGEST:
        mantissa, exponent = f"{rounded:.{max(0, digits - 1 - int(exponent))}f}", "0"
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return mantissa, int(exponent)


def spans(where: Iterable[bool], first: int = 1) -> str:
    """The places where it is true, as ranges of whole numbers: 1…186, 300; "" if nowhere."""
    found: list[list[int]] = []
    for place, true in enumerate(where, first):
        if true and found and found[-1][1] == place - 1:
            found[-1][1] = place
        elif true:
            found.append([place, place])
    return ", ".join(f"{low}" if low == high else f"{low}…{high}" for low, high in found)
