"""The reading lists: each is of a lecture, and every number, year and link fits the others."""

from __future__ import annotations

import re

import pytest

from explorer.lectures import LECTURES
from explorer.lectures.reading import READINGS, Reading, reading_list

ALL = [(name, each) for name, found in READINGS.items() for each in found]
NAMED = {
    "scinet": {"1503.03585", "2006.11239", "2006.09011", "2105.05233", "2208.11970", "2010.02502"},
    "cars": {"2006.11239", "2105.05233"},
    "sutd": {"2006.11239", "2105.05233"},
    "jax": {
        *("1503.03585", "2006.11239", "2010.02502", "2202.09778", "1505.04597", "2112.10752"),
        *("2105.05233", "2112.10741", "2205.16007", "2204.06125", "2205.11487"),
    },
    "oslo": {"1503.03585", "2208.11970", "2107.00630", "2010.02502"},
}
"""The arXiv numbers in the lectures' texts, and those of papers that they name without one."""


def test_every_lecture_has_a_list_and_no_other_paper_is_in_it() -> None:
    assert list(READINGS) == list(LECTURES)
    for name, numbers in NAMED.items():
        found = [each.arxiv for each in READINGS[name] if each.arxiv]
        assert set(found) == numbers and len(found) == len(numbers)


@pytest.mark.parametrize(("name", "each"), ALL, ids=[f"{n}-{e.title[:30]}" for n, e in ALL])
def test_a_reading_says_where_it_is(name: str, each: Reading) -> None:
    assert each.authors and each.title
    if each.arxiv:
        assert re.fullmatch(r"\d{4}\.\d{5}", each.arxiv) and not each.link
        assert each.year == 2000 + int(each.arxiv[:2])
        assert each.address == f"https://arxiv.org/abs/{each.arxiv}"
    else:
        assert each.address == each.link and (not each.link or each.link.startswith("https://"))


def test_one_paper_is_named_alike_in_all_lists() -> None:
    known: dict[str, tuple[str, str]] = {}
    for _, each in ALL:
        if each.arxiv:
            assert known.setdefault(each.arxiv, (each.authors, each.title)) == (
                each.authors,
                each.title,
            )


def test_the_list_shows_authors_title_year_and_number() -> None:
    lines = reading_list("oslo").splitlines()
    assert lines[0] == (
        "- Sohl-Dickstein, Weiss, Maheswaranathan, Ganguli (2015): *Deep Unsupervised Learning "
        "using Nonequilibrium Thermodynamics*, [arXiv 1503.03585](https://arxiv.org/abs/1503.03585)"
    )
    assert lines[3] == "- Foster: *Generative Deep Learning, chapter 8 (book)*"
    assert "[github.com/awjuliani/pytorch-diffusion](https://github.com" in lines[-1]
    with pytest.raises(KeyError):
        reading_list("none")
