"""Races made of numbers alone, their truth in numpy, and a page with nothing but a player."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import gradio as gr
import numpy as np
import torch

from explorer.diffusion import SAMPLERS, Denoiser, make_schedule
from explorer.gui.reverse.player import Player
from explorer.race import lane_of, race
from explorer.race import view as race_view
from explorer.race.view import LaneView, RaceView, Sheet
from tests.browser.conftest import drawn, new_page, pixels, slide

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext


T = 1000
ALPHA_BAR = np.concatenate([[1.0], np.cumprod(1 - np.linspace(1e-4, 0.02, T))])


@dataclass
class Truth:
    """A lane as numpy knows it; pictures are (n, H, W, C)."""

    view: LaneView
    frames: list[tuple[np.ndarray, ...]] = field(default_factory=list)
    """x_t, x̂_0, ε̂, z, x_s of each frame."""


def lane(
    name: str, stride: int, eta: float, shape: tuple[int, ...], *, strays: float = 0, beta: int = 0
) -> Truth:
    """A lane whose belief moves from grey to a fixed picture; all start from the same x_T.

    strays : so many times too large is the belief of a lane that does not clip it.
    beta : 1 if σ² is β, which is not what stands under the root.
    """
    times = list(range(T, -1, -stride))
    view = LaneView(name, name[:4].lower(), len(times) - 1, eta > 0, wide=strays > 0)
    truth = Truth(view)
    x = np.random.default_rng(7).standard_normal(shape)
    target = np.clip(np.random.default_rng(8).normal(0, 0.8, shape), -1, 1)
    fresh = np.random.default_rng(stride)
    for i, t in enumerate(times):
        s = times[min(i + 1, len(times) - 1)]
        a, b = ALPHA_BAR[t], ALPHA_BAR[s]
        sigma = eta * np.sqrt((1 - b) / (1 - a) * (1 - a / b)) if s else 0.0
        weights = np.sqrt([a, 1 - a, b, max(0, 1 - b - sigma**2)]).tolist()
        if beta and s:
            sigma = eta * np.sqrt(1 - a / b)
        x0 = target * (strays or np.sqrt(a)) if t else x
        eps = (x - weights[0] * x0) / weights[1] if t else np.zeros(shape)
        z = fresh.standard_normal(shape)
        x_s = weights[2] * x0 + weights[3] * eps + sigma * z
        truth.frames.append((x, x0, eps, z, x_s))
        view.times.append(t)
        view.steps.append([t, s])
        view.coefficients.append([*weights, float(sigma)])
        view.evaluated.append(i)
        view.seconds.append(round(0.011 * i, 3))
        x = x_s
    return truth


def integers(x: np.ndarray, wide: bool) -> bytes:
    q = np.floor(4080 * x)
    return (q.astype("<i4") if wide else q.clip(-32767, 32767).astype("<i2")).tobytes()


def sheet(truth: Truth, begin: int, end: int) -> Sheet:
    """The frames begin…end."""
    parts = []
    for x, x0, _, z, _ in truth.frames[begin:end]:
        parts += [integers(x, truth.view.wide), integers(x0, truth.view.wide)]
        if truth.view.stochastic:
            parts.append(np.clip(np.round(32 * z), -127, 127).astype(np.int8).tobytes())
    return Sheet(zlib.compress(b"".join(parts), 1))


def view_of(truths: list[Truth], name: str, known: int = T) -> RaceView:
    """The first `known` frames of each lane, in sheets of 40; as if running if there are more."""
    lanes, running = [], False
    for truth in truths:
        full = truth.view
        count = min(known, len(full.times))
        running |= count < len(full.times)
        begins = range(0, count, 40)
        lanes.append(
            LaneView(
                full.name,
                full.kind,
                full.evaluations,
                full.stochastic,
                full.times[:count],
                full.steps[:count],
                full.coefficients[:count],
                full.evaluated[:count],
                full.seconds[:count],
                [min(40, count - begin) for begin in begins],
                [sheet(truth, begin, min(begin + 40, count)) for begin in begins],
                full.wide,
            )
        )
    n, size, _, channels = truths[0].frames[0][0].shape
    return RaceView(T, n, size, channels, lanes, f"toy · seed 7 · {name}", running, id=name)


GREY, RGB, ODD = (4, 28, 28, 1), (16, 32, 32, 3), (1, 7, 7, 1)
TWO = [lane("DDPM", 8, 1, GREY), lane("DDIM, S = 50", 20, 0, GREY)]
FOUR = [
    lane("DDPM", 25, 1, RGB),
    lane("DDIM, S = 50", 20, 0, RGB),
    lane("DDIM, S = 10, η = 0.5", 100, 0.5, RGB),
    lane("DDPM, no clipping", 25, 1, RGB, strays=60),
]
ONE = [lane("DDPM", 8, 1, ODD, strays=300, beta=1)]


def corrected() -> RaceView:
    """A real race of the samplers that correct their steps, with a denoiser of one line."""
    schedule = make_schedule("linear", T)
    denoiser = Denoiser(lambda x, t: torch.tanh(2 * x.roll(1, -1)), schedule, "x0")
    lanes = [
        lane_of(name, schedule, steps=8)
        for name, sampler in SAMPLERS.items()
        if sampler.correction
    ]
    view = race_view.view_of(lanes, T, 2, (1, 28, 28), title="toy · corrected")
    entries = race(denoiser, lanes, (1, 28, 28), seed=7, n=2)
    *_, view = race_view.gather(entries, lanes, schedule, view, every=math.inf)
    return view


def clipped() -> RaceView:
    """A real race of a network whose belief leaves [−1, 1]."""
    schedule = make_schedule("linear", T)
    denoiser = Denoiser(lambda x, t: 2 * torch.tanh(x.roll(1, -1)), schedule, "x0")
    lanes = [lane_of("ddim", schedule, steps=10)]
    view = race_view.view_of(lanes, T, 2, (1, 28, 28), title="toy · clipped")
    entries = race(denoiser, lanes, (1, 28, 28), seed=7, n=2)
    *_, view = race_view.gather(entries, lanes, schedule, view, every=math.inf)
    return view


def page() -> gr.Blocks:
    """A player and a button for each piece of news."""
    with gr.Blocks(analytics_enabled=False) as demo:
        with gr.Row(elem_classes="stage-row"):
            with gr.Column(elem_classes="stage"):
                player = Player(view_of(TWO, "two"), elem_id="reverse-player")
            with gr.Column(elem_classes="rail"):
                news = {
                    "two": lambda: view_of(TWO, "two"),
                    "four": lambda: view_of(FOUR, "four"),
                    "one": lambda: view_of(ONE, "one"),
                    "corrected": corrected,
                    "clipped": clipped,
                    "nothing": lambda: None,
                    **{
                        f"after-{k}": lambda k=k: view_of(TWO, "run", k)
                        for k in (0, 40, 45, 60, 126)
                    },
                    "stopped-40": lambda: replace(view_of(TWO, "run", 40), running=False),
                }
                for name, tell in news.items():
                    button = gr.Button(name, elem_id=name)
                    button.click(tell, None, player, show_progress="hidden")
    return demo


class Page:
    """The page with the player, and what it asked for."""

    def __init__(self, browser: BrowserContext, address: str, width: int) -> None:
        self.page = new_page(browser, width)
        self.page.set_default_timeout(30_000)
        self.requests, self.trouble = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.goto(address)
        self.wait("126,51")

    def reset(self) -> None:
        """As it was when it had just been opened."""
        self.page.bring_to_front()  # a page in the background is not drawn
        self.page.evaluate("scrollTo(0, 0)")
        self.page.evaluate("document.querySelector('.anatomy').open = true")
        self.page.click("#nothing")
        self.page.wait_for_selector(".player", state="hidden")
        self.page.evaluate("window.explorerClock.share = null")
        self.bring("two", "126,51")
        self.look("x", "1")
        start = {"t": 400, "lane": 0, "picture": 0, "frame_t": 400}
        for _ in range(20):  # the page may still be drawing what came before
            self.page.click("#reverse-ddpm", position={"x": 4, "y": 4})
            if self.cursor() == start:
                break
            self.page.wait_for_timeout(250)
        self.page.evaluate("document.activeElement.blur()")
        assert self.cursor() == start
        self.requests.clear()

    def wait(self, frames: str) -> None:
        self.page.wait_for_selector(f"#reverse-player [data-frames='{frames}']")
        drawn(self.page)

    def bring(self, name: str, frames: str) -> None:
        self.page.click(f"#{name}")
        self.wait(frames)

    def set(self, t: int) -> None:
        """By the slider, as a hand would."""
        slide(self.page, "reverse-t", t)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        drawn(self.page)

    def look(self, show: str = "x", mapping: str = "1") -> None:
        self.page.click(f"[data-show='{show}']")
        self.page.click(f"[data-range='{mapping}']")
        drawn(self.page)

    def canvas(self, name: str) -> np.ndarray:
        return pixels(self.page, name)

    def picture(self, name: str, k: int, size: int, columns: int) -> np.ndarray:
        row, column = divmod(k, columns)
        top, left = row * (size + 2), column * (size + 2)
        part = self.canvas(name)[top : top + size, left : left + size]
        assert (part[..., 3] == 255).all()
        return part[..., :3].astype(int)

    def shown_t(self, *names: str) -> list[int]:
        get = "id => +document.getElementById(id).dataset.t"
        return [self.page.evaluate(get, name) for name in names]

    def cursor(self) -> dict[str, int]:
        return self.page.evaluate("document.querySelector('#reverse-player').explorer.cursor")
