"""Steps against quality, drawn and tabulated."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.evaluation import HAT, NOISES, STRIDED, Column, read
from explorer.figures.palette import PALETTE
from explorer.gui.reverse.quality import figure as figures
from explorer.gui.reverse.quality.figure import quality_figure, quality_html
from tests.evaluation.made import QUALITY, row


def test_a_line_for_each_noise_and_the_floor() -> None:
    figure = quality_figure(QUALITY)
    assert [trace.name for trace in figure.data] == ["η = 0", "η = 1", "σ̂", "real pictures"]
    assert figure.data[0].x == (5, 10) and figure.data[0].y == (12.344, 6.0)
    floor = figure.data[-1]
    assert floor.y == (3.25, 3.25) and floor.x == (5, 10) and floor.line.dash == "dot"
    assert "20 real pictures: 3.25" in floor.text
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
    low, high = figure.layout.yaxis.range
    assert 10**low < 3.25 and 10**high > 321.6
    assert figure.layout.xaxis.tickvals == (5, 10)


def test_accuracy_is_the_other_quantity() -> None:
    figure = quality_figure(QUALITY, "class accuracy")
    assert figure.data[0].y == (0.5, 0.75) and figure.data[-1].y == (0.95, 0.95)
    assert figure.layout.yaxis.tickformat == ".0%"
    free = replace(QUALITY, rows=(row(5, HAT, 1.0, None),), floor_accuracy=None)
    assert quality_figure(free, "class accuracy").data[0].y == ()
    with pytest.raises(ValueError, match="no quantity 'beauty'"):
        quality_figure(QUALITY, "beauty")


def test_seconds_have_no_line_of_real_pictures() -> None:
    figure = quality_figure(QUALITY, "seconds")
    assert figure.layout.yaxis.type == "log" and len(figure.data) == 3
    assert figure.data[0].y == (7.5, 15.0)


def test_a_table_that_is_empty_still_is_a_figure() -> None:
    for quantity in figures.QUANTITIES:
        assert len(quality_figure(replace(QUALITY, rows=()), quantity).data) == (
            quantity != "seconds"
        )


def test_lines_differ_in_colour_and_dash_on_both_pages() -> None:
    styles = [figures.style_of(column) for column in NOISES]
    assert styles[0] == PALETTE["ddim"] and styles[3] == PALETTE["ddpm"]
    for part in zip(*styles, strict=True):
        assert len(set(part)) == len(styles)
    shades = {shade for style in PALETTE.values() for shade in (style.light, style.dark)}
    for index in (1, 2, 4):
        assert not {styles[index].light, styles[index].dark} & shades
    trace = quality_figure(QUALITY).data[2]
    assert trace.line.color == figures.STYLES[HAT].light
    assert trace.meta == {"dark": figures.STYLES[HAT].dark}
    other = QUALITY.adding(row(5, Column(0.7), 1.0, 0.5))
    assert quality_figure(other).data[3].name == "η = 0.7"


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
    assert heun.text == ("2.00 (S = 10, 19 evaluations, 0.75 s a picture)",)
    assert other.text == ("2.00 (0.75 s a picture)",)
    assert figure.layout.xaxis.title.text == "evaluations of the network"
    assert figure.layout.xaxis.tickvals == (5, 10, 19) and figure.data[-1].x == (5, 19)


def cells(text: str) -> list[list[str]]:
    """The rows of a table, the best of each **bold**."""
    text = text.replace("<strong>", "**").replace("</strong>", "**")
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


def test_the_text_has_the_numbers_of_the_stored_measurement() -> None:
    """Made by `evaluate checkpoints/mnist.safetensors --data mnist-5k --reference 5000 --n 128
    --sampler ddim,dpm-solver,heun --eta 0 --steps 5,10,20`."""
    folder = Path(figures.__file__).parent
    quality = read(folder / "stored" / "orders.json")
    text = (folder / "prose.md").read_text(encoding="utf-8")
    assert f"With {quality.n} pictures" in text and quality.model == "mnist"
    for name, told in (
        ("ddim", "0.62, 0.53, 0.48 for DDIM"),
        ("dpm-solver", "0.50, 0.46, 0.46 for DPM-Solver++(2M)"),
        ("heun", "71.6, 2.40, 0.46 for Heun"),
    ):
        rows = [row for row in quality.rows if row.setting.sampler == name]
        assert [row.setting.steps for row in rows] == [5, 10, 20] and told in text
        values = map(float, told.split(" for")[0].split(", "))
        assert [row.frechet for row in rows] == pytest.approx(list(values), rel=0.02)
    assert f"real pictures are at {quality.floor:.2f}" in text
