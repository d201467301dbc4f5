"""Both forms of the bound of Gaussian images: exact, and estimated from draws."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from explorer.diffusion.bound_forms import FORMS, Form, Spread, draw_part, printed_consistency
from explorer.diffusion.pixel_gaussian import PixelGaussian, framed
from explorer.diffusion.schedule import Schedule, make_schedule
from explorer.evaluation.store import parse, rounded
from explorer.files import written_whole
from explorer.gui.frame.limits import SEEDS, Limits, number, whole

STORED = Path(__file__).with_name("stored") / "forms.json"
VERSION = 1
PIXELS = 784
"""28 × 28."""
VARYING, STD = (1, PIXELS), (0.05, 2.0)
STEPS = (4, 1000)
"""Bounds of T."""
FIRST, SECOND = "consistency", "matching"


@dataclass(frozen=True)
class Settings:
    """Images, steps and draws, checked."""

    varying: int = 500
    """Pixels that are N(0, std²); the other of 784 are always black."""
    std: float = 1.0
    T: int = 1000
    draws: int = 16
    """Of each term."""
    seed: int = 7

    @property
    def data(self) -> PixelGaussian:
        return framed(self.varying, self.std, PIXELS)

    @property
    def schedule(self) -> Schedule:
        return make_schedule("linear", self.T)


@dataclass(frozen=True)
class Drawn:
    """Means and standard deviations of the draws of a form's parts, in nats."""

    prior: tuple[float, float]
    reconstruction: tuple[float, float]
    terms: tuple[tuple[float, float], ...] = ()
    """Those that are there, from the highest t down."""


@dataclass(frozen=True)
class FormsResult:
    """What was drawn so far of both forms; what is exact is computed from the settings."""

    settings: Settings
    drawn: Mapping[str, Drawn]
    seconds: float
    date: str
    version: int = VERSION

    @property
    def share(self) -> float:
        """Of the terms that will be drawn."""
        return len(self.drawn[SECOND].terms) / (self.settings.T - 1)

    @property
    def finished(self) -> bool:
        return self.share == 1

    @cached_property
    def exact(self) -> Mapping[str, Form]:
        """Both forms in closed form."""
        data, schedule = self.settings.data, self.settings.schedule
        return {name: form(data, schedule) for name, form in FORMS.items()}

    @cached_property
    def printed(self) -> Spread:
        """See `printed_consistency`."""
        return printed_consistency(self.settings.data, self.settings.schedule)

    def estimate(self, name: str) -> Form | None:
        """A form as it was drawn, once all of its terms are there."""
        if not self.finished:
            return None
        drawn = self.drawn[name]
        pairs = torch.tensor(drawn.terms[::-1], dtype=torch.float64)
        return Form(
            self.exact[name].first,
            _spread(drawn.prior),
            Spread(pairs[:, 0], pairs[:, 1]),
            _spread(drawn.reconstruction),
            self.settings.draws,
        )

    def write(self, path: Path) -> None:
        """As JSON."""
        text = json.dumps(rounded(asdict(self)), ensure_ascii=False) + "\n"
        with written_whole(path) as part:
            part.write_text(text, encoding="utf-8")


def _spread(pair: tuple[float, float]) -> Spread:
    return Spread(*torch.tensor(pair, dtype=torch.float64))


def read_stored() -> FormsResult:
    """What the page opens with."""
    return parse(FormsResult, STORED.read_bytes(), VERSION)


def read_settings(
    limits: Limits, varying: Any, std: Any, T: Any, draws: Any, seed: Any
) -> Settings:
    """`Settings`; ValueError says what is not allowed."""
    return Settings(
        whole("Pixels that vary", varying, VARYING),
        number("Their standard deviation s", std, STD),
        whole("T", T, STEPS),
        whole("Draws of each term", draws, limits.form_draws),
        whole("Seed", seed, SEEDS),
    )


def read_time(t: Any, T: int) -> int:
    """A t at which both forms have a term: the last, if t is meant for more steps than T."""
    beyond = isinstance(t, int) and T - 1 < t < STEPS[1]
    return whole("t", T - 1 if beyond else t, (2, T - 1))


def run_forms(
    settings: Settings,
    device: torch.device,
    stopped: Callable[[], bool],
    *,
    every: float = 0.7,
) -> Iterator[FormsResult]:
    """Draw both forms' parts, from the noise down, and from time to time yield what there is.

    In float64 on the CPU, whatever the device: the numbers are small differences.
    """
    data, schedule, T = settings.data, settings.schedule, settings.T
    begun, told = time.monotonic(), -every

    def part(name: str, t: int) -> tuple[float, float]:
        values = draw_part(data, schedule, name, t, settings.draws, seed=settings.seed)
        return values.mean().item(), values.std().item()

    drawn = {name: Drawn(part(name, T + 1), part(name, 0)) for name in FORMS}
    for t in range(T, 1, -1):
        for name, at in ((FIRST, t - 1), (SECOND, t)):
            known = drawn[name]
            drawn[name] = replace(known, terms=(*known.terms, part(name, at)))
        ended, now = t == 2 or stopped(), time.monotonic()
        if ended or now - told >= every:
            told = now
            yield FormsResult(settings, dict(drawn), now - begun, date.today().isoformat())
        if ended:
            return
