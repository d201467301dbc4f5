"""Steps against quality, drawn and tabulated."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from explorer.evaluation import HAT, NOISES, STRIDED, Column
from explorer.figures.palette import PALETTE
from explorer.gui.reverse.quality import figure as figures
from explorer.gui.reverse.quality.figure import (
    empty_figure,
    paper_html,
    quality_figure,
    quality_html,
)
from tests.evaluation.made import QUALITY, exact, exact_row, row


def test_a_line_for_each_noise_and_the_floor() -> None:
    figure = quality_figure(QUALITY)
    assert [trace.name for trace in figure.data] == ["real images", "η = 0", "η = 1", "σ̂"]
    assert figure.data[1].x == (5, 10) and figure.data[1].y == (12.344, 6.0)
    assert figure.data[1].error_y.array is None  # measured without errors
    floor = figure.data[0]
    assert floor.y == (3.25, 3.25) and floor.x == (5, 10) and floor.line.dash == "dot"
    assert "20 real images: 3.25" in floor.text
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
    low, high = figure.layout.yaxis.range
    assert 10**low < 3.25 and 10**high > 321.6
    assert figure.layout.xaxis.tickvals == (5, 10)


def test_accuracy_is_the_other_quantity() -> None:
    figure = quality_figure(QUALITY, "class accuracy")
    assert figure.data[1].y == (0.5, 0.75) and figure.data[0].y == (0.95, 0.95)
    assert figure.layout.yaxis.tickformat == ".0%"
    free = replace(QUALITY, rows=(row(5, HAT, 1.0, None),), floor_accuracy=None)
    assert quality_figure(free, "class accuracy").data[0].y == ()
    with pytest.raises(ValueError, match="no quantity 'beauty'"):
        quality_figure(QUALITY, "beauty")


def test_seconds_have_no_line_of_real_pictures() -> None:
    figure = quality_figure(QUALITY, "seconds")
    assert figure.layout.yaxis.type == "log" and len(figure.data) == 3
    assert figure.data[0].y == (7.5, 15.0)


def test_errors_are_bars_and_real_pictures_a_band() -> None:
    """Two standard errors, and mean ± 2 standard deviations."""
    table = exact(exact_row(5, Column(0.0), 2.0, (), 0.1), exact_row(10, Column(0.0), 1.5))
    figure = quality_figure(table)
    low, high, mean, line = figure.data
    assert low.y == pytest.approx((0.8, 0.8)) and high.y == pytest.approx((1.2, 1.2))
    assert high.fill == "tonexty" and low.fill is None and low.x == high.x == (5, 10)
    assert mean.y == (1.0, 1.0) and mean.text[0] == "200 real images: 1.00 ± 0.10"
    assert mean.name == "real images, ± 2 standard deviations"
    for bars in (line.error_y.array, line.error_y.arrayminus):
        assert bars == pytest.approx((0.2, 0.02))
    assert line.text[0].startswith("2.00 ± 0.10 (")
    shares = quality_figure(table, "class accuracy")
    assert shares.data[1].y == pytest.approx((1.0, 1.0))


def test_the_unbiased_distance_may_be_below_nothing() -> None:
    """Its axis is even about 0 and logarithmic away from it: labels say the values."""
    rows = [exact_row(5, Column(0.0), -0.02, ()), exact_row(10, Column(0.0), 900.0, ())]
    figure = quality_figure(exact(*rows), "KID × 1000")
    line, axis = figure.data[-1], figure.layout.yaxis
    assert line.y[0] < 0 < line.y[1] and axis.range[0] < line.y[0] and axis.range[1] > line.y[1]
    places = {text: place for place, text in zip(axis.tickvals, axis.ticktext, strict=True)}
    unit = 2 * 0.01 / 1000
    assert places["0"] == 0 and places["100"] == pytest.approx(math.asinh(0.1 / unit))
    assert line.y[1] == pytest.approx(math.asinh(0.9 / unit)) and axis.type is None
    assert line.text[0].startswith("-0.020 ± 0.010")


def test_a_table_that_is_empty_has_no_axes() -> None:
    figure = empty_figure()
    assert not figure.data and not figure.layout.xaxis.visible and not figure.layout.yaxis.visible
    assert "not measured" in figure.layout.annotations[0].text
    for quantity in figures.QUANTITIES:
        assert len(quality_figure(replace(QUALITY, rows=()), quantity).data) == 0


def test_the_papers_table_is_shown_as_it_is() -> None:
    text = cells(paper_html("CIFAR-10"))
    assert text[0] == ["S", "η = 0", "η = 0.2", "η = 0.5", "η = 1", "σ̂"]
    assert text[1] == ["10", "**13.36**", "14.04", "16.66", "41.07", "367.43"]
    assert text[-1] == ["1000", "4.04", "4.09", "4.29", "4.73", "**3.17**"]


def test_lines_differ_in_colour_and_dash_on_both_pages() -> None:
    styles = [figures.style_of(column) for column in NOISES]
    assert styles[0] == PALETTE["ddim"] and styles[3] == PALETTE["ddpm"]
    for part in zip(*styles, strict=True):
        assert len(set(part)) == len(styles)
    shades = {shade for style in PALETTE.values() for shade in (style.light, style.dark)}
    for index in (1, 2, 4):
        assert not {styles[index].light, styles[index].dark} & shades
    trace = quality_figure(QUALITY).data[3]
    assert trace.line.color == figures.STYLES[HAT].light
    assert trace.meta == {"dark": figures.STYLES[HAT].dark}
    other = QUALITY.adding(row(5, Column(0.7), 1.0, 0.5))
    assert quality_figure(other).data[4].name == "η = 0.7"


def test_a_sampler_is_drawn_in_its_own_colours_against_what_it_asks() -> None:
    assert quality_figure(QUALITY).layout.xaxis.title.text == "S, evaluations of the network"
    quality = QUALITY
    for name in STRIDED:
        quality = quality.adding(row(10, Column(sampler=name), 2.0, 0.9))
    figure = quality_figure(quality)
    traces = {trace.name: trace for trace in figure.data}
    for name, sampler in STRIDED.items():
        trace = traces[Column(sampler=name).title]
        assert (trace.line.color, trace.meta["dark"], trace.line.dash) == tuple(sampler.style)
    heun, other = traces["Heun, karras"], traces["DPM-Solver++(2M)"]
    assert heun.x == (19,) and other.x == (10,)
    assert heun.text == ("2.00 (S = 10, 19 evaluations, 0.75 s an image)",)
    assert other.text == ("2.00 (0.75 s an image)",)
    assert figure.layout.xaxis.title.text == "evaluations of the network"
    assert figure.layout.xaxis.tickvals == (5, 10, 19) and figure.data[0].x == (5, 19)


def cells(text: str) -> list[list[str]]:
    """The rows of a table, the best of each **bold**."""
    text = text.replace("<strong>", "**").replace("</strong>", "**").replace("\xa0", " ")
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in text.split("<tr>")[1:]]


def test_the_table_as_html() -> None:
    text = quality_html(QUALITY)
    assert cells(text) == [
        ["S", "η = 0", "η = 1", "σ̂"],
        ["5", "**12.3**", "40.0", "322"],
        ["10", "6.00", "–", "–"],
    ]
    assert '<th scope="row">5</th><td><strong>12.3</strong></td><td>40.0</td>' in text
    assert text.count("<tr>") == 3 and text.startswith('<table class="quality">')
    assert cells(quality_html(QUALITY, "seconds"))[1] == ["5", "7.5", "7.5", "7.5"]
