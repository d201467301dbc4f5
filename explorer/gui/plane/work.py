"""What the Plane tab computes: points and their ways, a network that learns them, samples."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from explorer.diffusion import Denoiser, GaussianMixture, Schedule, make_schedule
from explorer.gui.frame.limits import SEEDS, Limits, whole
from explorer.gui.plane.view import Belief, PlaneView, network_of, pair, sampler, way, weights_of
from explorer.plane import (
    POINTS,
    Learner,
    denoiser_from,
    fit,
    follow,
    gaussian_means,
    lanes,
    make_points,
    nearest,
    noise,
    own_points,
    thinned,
    walk,
)
from explorer.plane.points import OWN, SPREAD

T, TARGET = 200, "v"
FRAMES, WALK_FRAMES = 50, 25
"""At most about so many frames of a sampler's way, and of the way into the noise, are sent."""
FRESH = 1000
"""So many new draws tell how near to the training points a good sample lies."""
LOSSES = 150
"""A curve has at most about so many points."""
TELL, LOOK = 0.3, 0.8
"""Seconds of training between two lines about it, and between two looks at samples."""
MIXTURE = "eight Gaussians"
"""The one distribution of which density, score and denoiser are known exactly."""


def schedule() -> Schedule:
    """Cosine with s = 0: at t = 1 the noise is so small that the ideal denoiser hits its points,
    which s = 0.008 (Nichol & Dhariwal 2021) blurs."""
    return make_schedule("cosine", T, s=0.0)


class Bounds(NamedTuple):
    """What may be asked for here."""

    points: tuple[int, int] = (2, 1000)
    samples: tuple[int, int] = (50, 2000)
    steps: tuple[int, int] = (2, T)
    seconds: tuple[float, float] = (1, 60)


def bounds(limits: Limits) -> Bounds:
    """Less where strangers share the machine."""
    hosted = Bounds(points=(2, 500), samples=(50, 1000), seconds=(1, 10))
    return hosted if limits.hosted else Bounds()


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see, checked."""

    data: str = MIXTURE
    points: int = 256
    """N, of which OWN points have their own."""
    samples: int = 256
    """n"""
    steps: int = 25
    """S of DDIM."""
    seed: int = 7
    own: tuple[tuple[float, float], ...] = ()
    """What somebody drew; it is kept while other data is shown."""

    @classmethod
    def read(
        cls, limits: Limits, data: Any, points: Any, samples: Any, steps: Any, seed: Any, own: Any
    ) -> Wish:
        """From what the page sent, which may be anything; ValueError says what does not fit."""
        allowed = bounds(limits)
        drawn = tuple(map(tuple, own_points(own).tolist())) if data == OWN or own else ()
        if data != OWN and (not isinstance(data, str) or data not in POINTS):
            raise ValueError(f"no distribution {data!r}; there are: {', '.join([*POINTS, OWN])}")
        return cls(
            data,
            len(drawn) if data == OWN else whole("Training points", points, allowed.points),
            whole("Points out of the noise", samples, allowed.samples),
            whole("DDIM steps", steps, allowed.steps),
            whole("Seed", seed, SEEDS),
            drawn,
        )

    def sees_what(self, other: Wish) -> bool:
        """Whether both have the same training points and noise."""
        return self == replace(other, samples=self.samples, steps=self.steps)

    @property
    def x0(self) -> Tensor:
        """The training points: (N, 2)."""
        if self.data == OWN:
            return torch.tensor(self.own, dtype=torch.float32)
        return make_points(self.data, self.points, self.seed)


def law_of(wish: Wish) -> GaussianMixture | None:
    """The mixture that the points were drawn from, where it is one."""
    return (
        GaussianMixture(gaussian_means(), schedule(), std=SPREAD) if wish.data == MIXTURE else None
    )


def outset(wish: Wish) -> PlaneView:
    """The points and their way into the noise: no denoiser yet."""
    x0, law, table = wish.x0, law_of(wish), schedule()
    eps = noise(len(x0), wish.seed + 100)
    steps = walk(table, x0, seed=wish.seed, keep=thinned(range(T + 1), WALK_FRAMES))
    fresh = None
    if wish.data != OWN:
        fresh = nearest(make_points(wish.data, FRESH, wish.seed + 1), x0)
    title = f"{wish.data} · {len(x0)} points · seed {wish.seed}"
    return PlaneView(
        wish.data,
        len(x0),
        wish.samples,
        T,
        table.alpha_bar.tolist(),
        pair(x0, eps),
        way(steps),
        {lane.kind: sampler(lane, table) for lane in lanes(T, wish.steps)},
        law and {"means": law.means.tolist(), "std": law.std},
        fresh,
        title=title,
    )


def belief(denoise: Callable[[Tensor, int], Tensor], wish: Wish, device: torch.device) -> Belief:
    """Both samplers' ways from the seed's noise with one denoiser."""
    x_T, ways, distances = noise(wish.samples, wish.seed), [], []
    for lane in lanes(T, wish.steps):
        keep = thinned(lane.times, FRAMES)
        paths = follow(denoise, schedule(), lane, x_T.to(device), seed=wish.seed, keep=keep)
        ways.append(way(paths, title=lane.title))
        distances.append(nearest(paths.x[-1], wish.x0))
    return Belief(*ways, distances)


CPU = torch.device("cpu")
"""Where exact denoisers compute, in float64."""


def show(wish: Wish, before: PlaneView | None, device: torch.device) -> Iterator[PlaneView]:
    """The points at once, then what each denoiser makes of the noise.

    before : a view of the same points, whose trained network goes on; else None.
    """
    view = outset(wish)
    yield view
    view.beliefs["ideal"] = belief(GaussianMixture(wish.x0, schedule()), wish, CPU)
    yield view
    if law := law_of(wish):
        view.beliefs["exact"] = belief(law, wish, CPU)
        yield view
    if before and before.network:
        view.network, view.losses = before.network, before.losses
        view.beliefs["trained"] = belief(denoiser_of(view, device), wish, device)
        yield view


def denoiser_of(view: PlaneView, device: torch.device) -> Denoiser:
    """The network as the page has it, in half precision; ValueError if it is gone."""
    try:
        weights, config = weights_of(view.network)
    except OSError as error:
        raise ValueError("this network is no longer kept here; please train it again") from error
    target = view.network["target"]
    return denoiser_from(weights, schedule(), target=target, config=config, device=device)


class Learnt(NamedTuple):
    """What training yields."""

    view: PlaneView
    said: str


def learn(
    wish: Wish,
    before: PlaneView | None,
    budget: dict[str, float],
    device: torch.device,
    stopped: Callable[[], bool],
) -> Iterator[Learnt]:
    """Train a new network on the points; samples of the same noise about every second.

    before : a view of the same wish; without one everything else is computed first.
    budget : {"seconds": …} or {"steps": …}.
    """
    if before is None or "ideal" not in before.beliefs:
        for before in show(wish, None, device):
            yield Learnt(before, "preparing …")
    ready = {name: known for name, known in before.beliefs.items() if name != "trained"}
    view = replace(before, beliefs=ready, network=None, losses=[], learning=True)
    learner = Learner(wish.x0, schedule(), seed=wish.seed, target=TARGET, device=device)
    told, due, losses = time.monotonic(), 0.0, []
    for step in fit(learner, **budget):
        losses.append([step.step, round(step.loss, 4)])
        now = time.monotonic()
        if now - told < TELL and step.share < 1:
            continue
        view.losses = losses[:: -1 - len(losses) // LOSSES][::-1]  # with the last
        if now > due and step.share < 1:
            look(view, learner, wish)
            due = time.monotonic() + max(LOOK, time.monotonic() - now)  # half the time at most
        view.learning = step.share < 1 and not stopped()
        if not view.learning:
            look(view, learner, wish)
        yield Learnt(view, f"{step.step} steps, loss {step.loss:.3f}, {step.share:.0%}")
        if not view.learning:
            return
        told = time.monotonic()


def look(view: PlaneView, learner: Learner, wish: Wish) -> None:
    """Samples by the network as it is now."""
    view.network = network_of(learner.weights, learner.config, learner.target)
    view.beliefs["trained"] = belief(denoiser_of(view, learner.device), wish, learner.device)
