"""An option's bounds: what fits, what comes back, and what is said of the rest."""

from __future__ import annotations

import math
from typing import Any

import pytest

from explorer.diffusion.options import Option

SHARE = Option(0.5, 0, 1, open=True)
CLOSED = Option(0.5, 0, 1)
COUNT = Option(1, 1, 8, whole=True)
WORD = Option("posterior", choices=("posterior", "beta"))


@pytest.mark.parametrize(
    ("option", "value", "checked"),
    [
        (SHARE, 1e-9, 1e-9),
        (CLOSED, 0, 0.0),
        (CLOSED, 1, 1.0),
        (COUNT, 8, 8),
        (COUNT, 3.0, 3),
        (WORD, "beta", "beta"),
        (Option(-3.0), -3, -3.0),
    ],
)
def test_what_fits_comes_back_as_the_number_or_the_word_that_it_is(
    option: Option, value: Any, checked: Any
) -> None:
    found = option.check("it", value)
    assert found == checked and type(found) is type(checked)


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        (SHARE, 0, "it = 0 is not allowed: it must be between 0 and 1, both excluded"),
        (SHARE, 1, "it = 1 is not allowed"),
        (CLOSED, 1.01, "it = 1.01 is not allowed: it must be between 0 and 1"),
        (CLOSED, math.nan, "it = nan"),
        (CLOSED, True, "it = True"),
        (CLOSED, "0.5", "it = '0.5'"),
        (CLOSED, [0.5], "it = [0.5]"),
        (CLOSED, None, "it = None"),
        (COUNT, 0, "it = 0 is not allowed: it must be a whole number between 1 and 8"),
        (COUNT, 2.5, "it = 2.5"),
        (WORD, "gamma", "it = 'gamma' is not allowed: it must be one of: posterior, beta"),
        (WORD, 3, "it = 3"),
        (Option(0.0, 0), -1, "it must be a finite number >= 0"),
        (Option(1.0, 0, open=True), 0, "it must be a finite number > 0"),
        (Option(0.0, upper=0), 1, "it must be a finite number <= 0"),
        (Option(0.0), math.inf, "it = inf is not allowed: it must be a finite number"),
        (Option(0.0), 10**400, "it = 1000"),
        (Option(0, whole=True), math.nan, "it must be a whole number"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_is_allowed(
    option: Option, value: Any, says: str
) -> None:
    with pytest.raises(ValueError) as error:
        option.check("it", value)
    assert str(error.value).startswith("it = ") and says in str(error.value)
