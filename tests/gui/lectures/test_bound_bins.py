"""The decoder's bins and one pixel: what they compute and say."""

from __future__ import annotations

import math
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.diffusion import forward, make_schedule
from explorer.diffusion.process import forward_step
from explorer.gui.lectures.bound.decoder import panel as decoder
from explorer.gui.lectures.bound.decoder.work import (
    Guess,
    bin_logs,
    bins_figure,
    bins_table,
    read_guess,
    said_of_bins,
    share_text,
)
from explorer.gui.lectures.bound.pixel import panel as pixel
from explorer.gui.lectures.bound.pixel.work import (
    COLOURS,
    Pixel,
    pixel_figure,
    pixel_table,
    pixel_tiles,
    said_of_pixel,
)
from tests.gui.panel import Panel, named, tiny

RED = next(iter(COLOURS))
LECTURE = Guess(10, 20.0, 0.01)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints")
    tiny(folder)
    return folder


def call(panel: Panel, handler: str, *values: Any) -> dict[str, Any]:
    """What a handler that asks not who it is changes."""
    return named(panel.handlers[handler](*values))


def prose(module: Any) -> str:
    return Path(module.__file__).with_name("prose.md").read_text("utf-8")


def mass(u: int, guess: Guess) -> float:
    """P(u) by the error function."""
    mean = 2 * guess.mean / 255 - 1

    def below(x: float) -> float:
        return 0.5 * (1 + math.erf((x - mean) / guess.sigma / math.sqrt(2)))

    low = 0.0 if u == 0 else below((2 * u - 1) / 255 - 1)
    high = 1.0 if u == 255 else below((2 * u + 1) / 255 - 1)
    return high - low


@pytest.mark.parametrize("guess", [LECTURE, Guess(0, 3.5, 0.1), Guess(255, 251.0, 0.5)])
def test_bins_are_the_masses_of_a_gaussian_and_sum_to_one(guess: Guess) -> None:
    shares = bin_logs(guess).exp()
    assert float(shares.sum()) == pytest.approx(1, abs=1e-9)
    assert shares.tolist() == pytest.approx([mass(u, guess) for u in range(256)], abs=1e-12)


def test_the_lecture_s_bins() -> None:
    """A mean of 20/255 leaves no mass for 10/255; at 10/255 its bin is the likeliest."""
    logs = bin_logs(LECTURE)
    assert logs[10].exp() < 1e-13 and logs[20].exp() > 0.3
    cost = -logs[10].item() / math.log(2)
    assert f"{cost:.0f} bits" in prose(decoder)
    said = said_of_bins(LECTURE)
    assert "true value is 10/255, the predicted mean 20/255, 7.8 σ away" in said
    assert f"costs {cost:.1f} bits" in said and "likeliest bin, 20/255" in said
    hit = said_of_bins(LECTURE._replace(mean=10.0))
    assert "No other bin has more" in hit
    schedule = make_schedule("linear", 1000)
    assert schedule.betas[0].sqrt().item() == pytest.approx(LECTURE.sigma)
    wide = [bin_logs(Guess(10, 20.0, s))[10] for s in (0.01, 0.03, 0.08)]
    assert wide[0] < wide[1] < wide[2]
    right = [bin_logs(Guess(10, 10.0, s))[10] for s in (0.01, 0.03, 0.08)]
    assert right[0] > right[1] > right[2]


def test_the_table_has_the_true_bin_the_likeliest_and_the_open_ones() -> None:
    rows = {row[0]: row[1:] for row in bins_table(LECTURE)}
    assert list(rows) == [
        *("bin", "0/255 open below", "10/255 true value", "20/255 likeliest"),
        *("255/255 open above", "all 256"),
    ]
    assert rows["20/255 likeliest"][0] == "0.305"
    assert rows["all 256"][0] == "1"
    assert bins_table(Guess(0, 2.0, 0.1))[1][0] == "0/255 true value, likeliest"
    assert share_text(-10000.0).endswith("·10⁻⁴³⁴³") and share_text(math.log(0.305)) == "0.305"


def test_the_bars_hold_the_true_bin_in_its_colour() -> None:
    figure = bins_figure(LECTURE._replace(mean=12.0))
    others, true, middle, here = figure.data
    assert list(true.x) == [10] and true.y[0] == pytest.approx(
        mass(10, LECTURE._replace(mean=12.0))
    )
    assert 10 not in others.x and true.marker.color != others.marker.color
    assert set(middle.x) == {12.0} and set(here.x) == {10}
    assert sum(others.y) + sum(true.y) == pytest.approx(1, abs=1e-4)


def test_decoder_handlers(folder: Path) -> None:
    panel = Panel(folder, decoder.build)
    shown = call(panel, "show_bins", 10, 10, 0.02)
    assert "likeliest" in str(shown["decoder-numbers"]) and shown["trouble"] == ""
    assert shown["decoder-said"] == said_of_bins(Guess(10, 10.0, 0.02))
    for values in ((256, 10, 0.02), (10, -1, 0.02), (10, 10, 0), (10, 10, "x"), (1.5, 10, 0.02)):
        refused = call(panel, "show_bins", *values)
        assert "is not allowed here" in unescape(refused["trouble"]) and len(refused) == 1
    with pytest.raises(ValueError, match="σ is empty"):
        read_guess(1, 1, None)


def test_the_red_pixel_after_one_step() -> None:
    """The lecture's 0.99: √(1 − 0.02) of [1, −1, −1]."""
    start = Pixel(RED, 0.02, 50, 7)
    assert start.x.tolist() == [[1.0, -1.0, -1.0]]
    schedule = make_schedule("linear", 1000)
    known = forward_step(schedule, start.x, 1000)
    q = start.after(1)
    assert torch.allclose(q.mean, known.mean) and torch.allclose(q.std, known.std)
    assert pixel_table(start)[2][:2] == ["xₜ, one step", "0.990"]
    assert "√(1 − β) = 0.9899" in said_of_pixel(start) and "0.99" in prose(pixel)


@pytest.mark.parametrize(("beta", "steps"), [(0.02, 50), (0.3, 7), (0.0001, 500)])
def test_many_steps_are_the_constant_schedule_s_forward(beta: float, steps: int) -> None:
    start = Pixel(RED, beta, steps, 7)
    known = forward(make_schedule("constant", steps, beta=beta), start.x, steps)
    q = start.after(steps)
    assert torch.allclose(q.mean, known.mean) and torch.allclose(q.std, known.std)


def test_a_larger_beta_is_wider_and_nearer_to_zero() -> None:
    tables = [pixel_table(Pixel(RED, beta, 1, 7))[2] for beta in (0.01, 0.1, 0.5, 0.999)]
    means, stds = ([float(row[k]) for row in tables] for k in (1, 4))
    assert means == sorted(means, reverse=True) and stds == sorted(stds)
    said = said_of_pixel(Pixel(RED, 0.5, 2, 7))
    assert "After 2 steps 0.5 of the pixel" in said and "halved after 2 steps" in said
    assert "After 1 step " in said_of_pixel(Pixel(RED, 0.999, 1, 7))
    assert float(pixel_table(Pixel(RED, 0.999, 500, 7))[3][4]) == 1


def test_draws_are_q_s_and_clipped_only_for_the_eye() -> None:
    start = Pixel("dark grey [−0.5, −0.5, −0.5]", 0.01, 1, 7)
    (one, _), (again, _) = pixel_tiles(start), pixel_tiles(start)
    assert torch.equal(one.columns[2], again.columns[2]) and one.columns[2].shape == (1, 3, 8, 8)
    drawn_ = one.columns[2].double() / 127.5 - 1
    q = start.after(1)
    error = q.std.item() / math.sqrt(192)
    assert abs(drawn_.mean().item() - q.mean[0, 0].item()) < 5 * error
    assert drawn_.std().item() == pytest.approx(q.std.item(), rel=0.2)
    other = pixel_tiles(start._replace(seed=8))[0]
    assert not torch.equal(other.columns[2], one.columns[2])
    red = pixel_tiles(Pixel(RED, 0.02, 50, 7))[0]
    assert red.columns[0][0, :, 0, 0].tolist() == [255, 0, 0]


def test_curves_have_their_middle_where_the_table_says() -> None:
    start = Pixel(RED, 0.1, 20, 7)
    for steps, traces in ((1, pixel_figure(start).data[:3]), (20, pixel_figure(start).data[3:6])):
        for trace, mean in zip(traces, start.after(steps).mean[0].tolist(), strict=True):
            assert trace.x[trace.y.argmax()] == pytest.approx(mean, abs=0.006)
            assert float(trace.y.sum() * 0.01) == pytest.approx(1, abs=0.02)


def test_pixel_handlers(folder: Path) -> None:
    panel = Panel(folder, pixel.build)
    shown = call(panel, "show_pixel", RED, 0.5, 3, 7)
    assert shown["pixel-said"] == said_of_pixel(Pixel(RED, 0.5, 3, 7)) and shown["trouble"] == ""
    for values in ((RED, 0, 3, 7), (RED, 0.5, 0, 7), (RED, 0.5, 3, -1), ("blue", 0.5, 3, 7)):
        refused = call(panel, "show_pixel", *values)
        assert re.search("is not allowed here|no pixel", unescape(refused["trouble"]))
        assert len(refused) == 1
