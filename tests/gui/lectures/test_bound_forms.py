"""Both forms of the bound beside each other: work, words, figure, script and handlers."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.evaluation.store import rounded
from explorer.gui.frame.call import Patience
from explorer.gui.frame.device import StopFlag
from explorer.gui.frame.limits import HOSTED, LOCAL
from explorer.gui.lectures.bound.forms import panel as forms
from explorer.gui.lectures.bound.forms.figure import NAMES, noise_figure
from explorer.gui.lectures.bound.forms.script import forms_texts
from explorer.gui.lectures.bound.forms.words import BIT, bits, compared, conclusions, status, table
from explorer.gui.lectures.bound.forms.work import (
    FIRST,
    SECOND,
    STORED,
    FormsResult,
    Settings,
    read_settings,
    read_stored,
    run_forms,
)
from explorer.gui.parts.copy_text import PYTHON
from tests.gui.panel import Panel, merged, named, tiny
from tests.scripts import run_python

CPU = torch.device("cpu")
SMALL = Settings(varying=40, std=0.8, T=12, draws=50, seed=3)


@pytest.fixture(scope="module")
def result() -> FormsResult:
    *_, last = run_forms(SMALL, CPU, lambda: False)
    return last


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    folder = tmp_path_factory.mktemp("checkpoints")
    tiny(folder)
    return Panel(folder, forms.build)


def moved_to(panel: Panel, *values: Any) -> dict[str, Any]:
    """What the slider of t changes."""
    return named(panel.handlers["move_time"](*values))


def press(panel: Panel, **changes: Any) -> Iterator[dict[str, Any]]:
    values = {"t": 5, "varying": 40, "std": 0.8, "T": 12, "draws": 4, "seed": 3} | changes
    yield from panel("draw_forms", *values.values())


def test_the_page_opens_with_the_numbers_of_784_pixels() -> None:
    stored = read_stored()
    assert stored.settings == Settings() and stored.finished
    said = conclusions(stored, 100)
    assert "5.77 and 5.77 bits/dim" in said and "The prior term is 2.82 in the first" in said
    assert "2.9·10⁻⁵ in the second" in said
    assert "28 nats in the first form and 0.29 in the second" in said
    rows = {row[0]: row[1:] for row in table(stored, 100)}
    assert rows["total"] == ["5.77", "5.77"] and rows["prior"] == ["2.82", "2.9·10⁻⁵"]
    assert rows["nats at t = 100"] == ["1.2 ± 28", "4.6 ± 0.29"]


def test_what_is_stored_is_what_a_run_draws() -> None:
    stored = json.loads(STORED.read_text())
    states = run_forms(Settings(), CPU, lambda: True)
    (begun,) = states
    for name in (FIRST, SECOND):
        drawn = begun.drawn[name]
        kept = stored["drawn"][name]
        assert rounded(drawn.prior) == kept["prior"]
        assert rounded(drawn.reconstruction) == kept["reconstruction"]
        assert rounded(drawn.terms[0]) == kept["terms"][0]


def test_estimates_are_within_their_errors(result: FormsResult) -> None:
    for name, exact in result.exact.items():
        drawn = result.estimate(name)
        assert drawn and drawn.draws == 50
        assert abs(drawn.total - exact.total) < 4 * drawn.total_error
        expected = replace(exact, draws=50).total_error
        assert drawn.total_error == pytest.approx(expected, rel=0.25)
        assert len(drawn.terms.mean) == 11


def test_it_streams_and_stops_with_what_there_is() -> None:
    flag = StopFlag("someone")
    flag.start()
    states = run_forms(SMALL, CPU, flag, every=0)
    shown = [next(states) for _ in range(3)]
    assert [len(each.drawn[SECOND].terms) for each in shown] == [1, 2, 3]
    flag.stop()
    *_, last = states
    assert not last.finished and last.estimate(FIRST) is None
    assert status(last).startswith("stopped:  36%, down to t = 9; 40 of 784 pixels")
    assert [row[1:] for row in table(last, 5) if row[0] == "50 draws"] == [["–", "–"]] * 5
    assert "From 50 draws" not in conclusions(last, 5)
    assert len(noise_figure(last, 5).data) == 5
    assert len(list(run_forms(SMALL, CPU, Patience(lambda: False, 0)))) == 1


def test_words_and_table_are_of_the_numbers(result: FormsResult) -> None:
    first, second = result.exact[FIRST], result.exact[SECOND]
    said = conclusions(result, 5)
    noises = [form.term_at(5)[1] for form in (first, second)]
    assert f"the first is {noises[0] / noises[1]:.2g} times as noisy" in said
    assert f"{bits(float(result.printed.mean.sum()))} bits/dim instead of" in said
    drawn = result.estimate(FIRST)
    assert drawn and f"the totals are {bits(drawn.total)} ± " in said
    assert [row[0] for row in table(result, 5)[1::2]] == [
        *("prior", "T − 1 terms", "L₀", "total", "nats at t = 5"),
    ]
    parts = [float(row[1].replace("−", "-")) for row in table(result, 5)[1:8:2]]
    assert parts[3] == pytest.approx(sum(parts[:3]), abs=0.02)


def test_words_follow_where_the_second_form_is_noisier() -> None:
    assert compared(28.0, 0.286) == "the first is 98 times as noisy"
    assert compared(2.0, 5.0) == "the second is 2.5 times as noisy"
    assert compared(2.0, 0.0) == "the second has no noise at all"


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+\.?\d*(?:e[-+]\d+)?", text)]


def test_bits_are_written_for_any_size() -> None:
    assert bits(5.766 * BIT) == "5.77" and bits(-0.3 * BIT) == "−0.30"
    assert bits(2.9e-5 * BIT) == "2.9·10⁻⁵" and bits(1420.7 * BIT) == "1,421"


def test_the_figure_has_closed_forms_draws_and_the_time(result: FormsResult) -> None:
    figure = noise_figure(result, 5)
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    assert [line.name for line in lines] == [*NAMES.values(), "t = 5"]
    assert list(lines[0].x) == list(range(1, 12)) and list(lines[1].x) == list(range(2, 13))
    assert lines[1].y[3] == pytest.approx(result.exact[SECOND].term_at(5)[1])
    drawn = figure.data[3]
    at = list(drawn.x).index(5)
    estimate = result.estimate(SECOND)
    assert estimate and drawn.y[at] == pytest.approx(estimate.term_at(5)[1])
    assert set(lines[2].x) == {5}


def test_the_script_prints_what_the_page_shows(result: FormsResult, tmp_path: Path) -> None:
    said = run_python(forms_texts(SMALL, 5), tmp_path).splitlines()
    for name, lines in ((FIRST, said[:3]), (SECOND, said[3:])):
        exact, drawn = result.exact[name], result.estimate(name)
        assert drawn
        assert numbers(lines[0])[0] == pytest.approx(exact.total / BIT, abs=1e-4)
        wanted = [drawn.total / BIT, drawn.total_error / BIT]
        assert numbers(lines[1])[1:] == pytest.approx(wanted, abs=1e-4)
        assert numbers(lines[2])[-2:] == pytest.approx(exact.term_at(5), abs=1e-3)
    assert "framed(40, 0.8, 784)" in forms_texts(SMALL, 5).texts[PYTHON]


def test_a_run_ends_with_all_parts(panel: Panel) -> None:
    last = merged(press(panel))
    found = last["State"]
    assert last["trouble"] == "" and found.settings == replace(SMALL, draws=4)
    assert last["forms-numbers"] == table(found, 5) and last["forms-said"] == conclusions(found, 5)
    assert "40 of 784 pixels" in unescape(last["forms-status"])
    moved = moved_to(panel, found, 7)
    assert moved["forms-numbers"] == table(found, 7) and moved["trouble"] == ""
    far = moved_to(panel, found, 900)  # the slider goes to 999, this result to 12
    assert far["forms-numbers"][9][0] == "nats at t = 11"
    settled = named(panel.handlers["settle_forms"](found, 7))
    assert settled == {name: moved[name] for name in moved if name != "trouble"}
    assert named(panel.handlers["settle_forms"](found, "x")) == {}  # trouble stays
    copied = named(panel.handlers["write_forms"](900, 40, 0.8, 12, 4, 3))["forms-copy"]
    assert copied == forms_texts(found.settings, 11)
    for t in (None, 1, 1000, 2.5):
        refused = named(panel.handlers["write_forms"](t, 40, 0.8, 12, 4, 3))
        assert "t" in unescape(refused["trouble"]) and len(refused) == 1
    opened = moved_to(panel, None, 100)
    assert opened["forms-numbers"] == table(read_stored(), 100)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"varying": 0}, "Pixels that vary: 0"),
        ({"varying": 785}, "Pixels that vary: 785"),
        ({"std": 0}, "Their standard deviation s: 0"),
        ({"std": math.nan}, "Their standard deviation s: nan"),
        ({"T": 3}, "T: 3"),
        ({"draws": 1}, "Draws of each term: 1"),
        ({"draws": None}, "Draws of each term is empty"),
        ({"seed": -1}, "Seed: -1"),
    ],
)
def test_bad_input_is_one_sentence(panel: Panel, changes: dict[str, Any], says: str) -> None:
    last = merged(press(panel, **changes))
    assert says in unescape(last["trouble"]) and "State" not in last
    refused = moved_to(panel, None, "x")
    assert "t: 'x' is not allowed" in unescape(refused["trouble"]) and len(refused) == 1


def test_strangers_draw_less() -> None:
    assert read_settings(LOCAL, 500, 1, 1000, 128, 7).draws == 128
    with pytest.raises(ValueError, match="Draws of each term: 128 is not allowed"):
        read_settings(HOSTED, 500, 1, 1000, 128, 7)
