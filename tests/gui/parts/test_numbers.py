"""How numbers are written."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.gui.parts.numbers import short, spans, tex, times

FLAT = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")


@pytest.mark.parametrize(
    ("x", "text", "formula"),
    [
        (0, "0", "0"),
        (-0.0, "0", "0"),
        (-8, "−8", "-8"),
        (0.02, "0.02", "0.02"),
        (1234.5, "1230", "1230"),
        (0.00099996, "0.001", "0.001"),
        (4.128e-5, "4.13·10⁻⁵", r"4.13\cdot 10^{-5}"),
        (-1e-5, "−1·10⁻⁵", r"-1\cdot 10^{-5}"),
        (1e-5, "10⁻⁵", "10^{-5}"),
        (2.5e7, "2.5·10⁷", r"2.5\cdot 10^{7}"),
        (math.nan, "–", r"\text{–}"),
        (-math.inf, "−∞", r"-\infty"),
    ],
)
def test_numbers_are_written_as_readers_write_them(x: float, text: str, formula: str) -> None:
    assert short(x) == text and tex(x) == formula


@given(st.floats(-1e300, 1e300), st.integers(2, 6))
def test_what_is_written_is_the_number(x: float, digits: int) -> None:
    text = short(x, digits)
    assert "e" not in text and "-" not in text
    raised = re.search("10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)$", text)
    mantissa = text[: raised.start()].rstrip("·") if raised else text
    power = int(raised[1].translate(FLAT)) if raised else 0
    value = float(f"{mantissa.translate(FLAT) or '1'}e{power}")
    assert value == pytest.approx(x, rel=0.5 * 10 ** (1 - digits) * 1.001, abs=1e-320)


def test_a_coefficient_of_one_is_left_out() -> None:
    assert [times(x, "x_1") for x in (1, -1, 0.99999, 0.5, -2)] == [
        "x_1", "-x_1", "x_1", r"0.5\,x_1", r"-2\,x_1"
    ]  # fmt: skip


def test_places_are_written_as_ranges() -> None:
    assert spans([True, True, False, True, False, True, True, True]) == "1…2, 4, 6…8"
    assert spans([False, False]) == "" and spans([True], first=0) == "0"
