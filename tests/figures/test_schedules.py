"""A schedule is a function and an entry: with that it is drawn, trained with and checked."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from explorer.diffusion import SCHEDULES, Schedule, make_schedule
from explorer.diffusion.options import Option
from explorer.diffusion.schedule import Family
from explorer.figures.palette import RUNS, Style, drawn, style_of
from explorer.figures.plots import QUANTITIES, schedule_figure
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import LOCAL
from explorer.gui.lectures.bound.figure import noise_figure
from explorer.gui.lectures.sde.pixels import follow_pixels
from explorer.gui.schedules.tab import draw
from explorer.gui.train.choices import DEFAULTS, make_config

TOY = Style("#123456", "#FEDCBA", "dot")


def _jabri(T: int, *, start: float, end: float, tau: float) -> Tensor:
    """γ(u) between σ(start/τ) and σ(end/τ), as Jabri et al. 2022 have it."""
    u = torch.linspace(0, 1, T + 1, dtype=torch.float64)
    low, high = (torch.tensor(x / tau, dtype=torch.float64).sigmoid() for x in (start, end))
    if start >= end:
        raise ValueError(f"start = {start:g} must lie below end = {end:g}")
    gamma = (high - ((end - start) * u + start).div(tau).sigmoid()) / (high - low)
    return (1 - gamma[1:] / gamma[:-1]).clamp(max=0.999)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> str:
    options = {"start": Option(-3.0), "end": Option(3.0), "tau": Option(1.0, 0, 10, open=True)}
    monkeypatch.setitem(SCHEDULES, "jabri", Family(_jabri, options, TOY))
    return "jabri"


def test_a_default_can_be_given_as_well(toy: str) -> None:
    usual = make_schedule(toy, 20)
    assert torch.equal(make_schedule(toy, 20, start=-3, end=3, tau=1).alpha_bar, usual.alpha_bar)
    assert usual.options == {"start": -3, "end": 3, "tau": 1}
    u = 10 / 20
    low, high, mid = (1 / (1 + math.exp(-x)) for x in (-3, 3, 6 * u - 3))
    assert usual.alpha_bar[10].item() == pytest.approx((high - mid) / (high - low), rel=1e-12)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"tau": 0}, "schedule 'jabri': tau = 0 is not allowed: it must be between 0 and 10"),
        ({"start": math.inf}, "start = inf is not allowed: it must be a finite number"),
        ({"start": 4}, "schedule 'jabri': start = 4 must lie below end = 3"),
        ({"beta": 0.1}, "no option 'beta' (given 0.1); it takes: start, end, tau"),
    ],
)
def test_its_own_bounds_are_checked(toy: str, options: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError) as error:
        make_schedule(toy, 20, **options)
    assert says in str(error.value)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_every_curve_is_drawn_in_its_style(toy: str, quantity: str) -> None:
    figure = schedule_figure([make_schedule("linear", 50), make_schedule(toy, 50)], quantity)
    line = figure.data[1]
    assert line.name == toy and (line.line.color, line.line.dash) == (TOY.light, TOY.dash)
    assert line.meta == drawn(TOY)["meta"]
    series = figure.layout.meta["cursor"]["series"][1]
    assert (series["name"], series["light"], series["dark"]) == (toy, TOY.light, TOY.dark)
    options = {toy: {"start": -4, "end": 3, "tau": 1}}
    assert draw([toy], quantity, 50, options, LOCAL).data[0].line.color == TOY.light


def test_the_lectures_figures_draw_it(toy: str) -> None:
    bar = noise_figure(1000, 0.9).data[-1]
    assert bar.y[0] == toy and bar.marker.color == TOY.light and bar.meta["dark"] == TOY.dark
    walk = follow_pixels("digit", toy, 100, 0)
    assert toy in walk.title and walk.alpha_bar[-1] < 0.01


def test_a_run_takes_its_options(toy: str) -> None:
    context = Context(Device(torch.device("cpu")), LOCAL)
    config = make_config(DEFAULTS | {"schedule": toy}, {"start": -4, "end": 3}, context)
    assert config.schedule_options == {"start": -4}
    assert config.make_schedule().options == {"start": -4, "end": 3, "tau": 1}


def test_no_two_schedules_are_drawn_alike() -> None:
    styles = [family.style for family in SCHEDULES.values()]
    assert len({style.light for style in styles}) == len(styles)


def test_a_table_of_ones_own_is_drawn_too() -> None:
    table = torch.tensor([1.0, 0.5, 0.25], dtype=torch.float64)
    figure = schedule_figure([Schedule("mine", table), Schedule("yours", table)], "SNR")
    mine, yours = (line.line.color for line in figure.data)
    known = {style.light for style in [*RUNS, *(each.style for each in SCHEDULES.values())]}
    assert mine != yours and not {mine, yours} & known and style_of("mine").light == mine
