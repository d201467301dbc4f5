"""Tick labels are powers of ten where there is room for two of them; titles keep away."""

from __future__ import annotations

import math

import pytest

from explorer.figures.axes import logarithmic, titled


@pytest.mark.parametrize(
    ("values", "decades"),
    [
        ([0.0013, 0.2], True),
        ([0.09, 0.2, 0.9], False),  # one power of ten: 2 and 5 are needed
        ([0.1, 1.0], True),
        ([math.nan, 0.0, -1.0, 3.0], False),
        ([], False),
    ],
)
def test_decades_alone_where_there_are_two(values: list[float], decades: bool) -> None:
    axis = logarithmic(values, range=[-3, 0])
    assert (axis.get("dtick") == 1) == decades and axis["type"] == "log"
    assert axis["range"] == [-3, 0]


def test_a_title_moves_with_its_labels() -> None:
    axis = titled("bits", **logarithmic([1.0, 10.0]))
    assert axis["automargin"] and axis["title"]["standoff"] > 0 and axis["dtick"] == 1
