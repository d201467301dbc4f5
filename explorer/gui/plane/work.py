"""What the Plane tab computes: points and their ways, a network that learns them, samples."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from explorer.diffusion import Denoiser, GaussianMixture, Schedule, make_schedule
from explorer.diffusion.samplers import DDIM, DDPM, find_sampler
from explorer.gui.frame.limits import SEEDS, Limits, whole
from explorer.gui.frame.spoken import counted
from explorer.gui.plane.view import (
    SIDES,
    Belief,
    PlaneView,
    network_of,
    pair,
    sampler,
    way,
    weights_of,
)
from explorer.plane import (
    POINTS,
    Learner,
    denoiser_from,
    fit,
    gaussian_means,
    lane_on,
    make_points,
    nearest,
    noise,
    own_points,
    sampled_paths,
    thinned,
    walk,
)
from explorer.plane.points import OWN, SPREAD
from explorer.race.lanes import Lane

T, TARGET = 200, "v"
STEPS = (2, T)
"""Bounds of S."""
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


@dataclass(frozen=True)
class PlaneSettings:
    """What somebody wants to see, checked."""

    data: str = MIXTURE
    points: int = 256
    """N, of which OWN points have their own."""
    samples: int = 256
    """n"""
    left: str = DDPM.name
    right: str = DDIM.name
    """The panels' samplers."""
    steps: int = 25
    """S of those that skip times."""
    seed: int = 7
    own: tuple[tuple[float, float], ...] = ()
    """What somebody drew; it is kept while other data is shown."""

    @classmethod
    def read(
        cls,
        limits: Limits,
        data: Any,
        points: Any,
        samples: Any,
        left: Any,
        right: Any,
        steps: Any,
        seed: Any,
        own: Any,
    ) -> PlaneSettings:
        """From what the page sent, which may be anything; ValueError says what does not fit."""
        drawn = tuple(map(tuple, own_points(own).tolist())) if data == OWN or own else ()
        if data != OWN and (not isinstance(data, str) or data not in POINTS):
            raise ValueError(f"no distribution {data!r}; there are: {', '.join([*POINTS, OWN])}")
        return cls(
            data,
            len(drawn) if data == OWN else whole("Training points", points, limits.plane_points),
            whole("Number of samples", samples, limits.plane_samples),
            find_sampler(left).name,
            find_sampler(right).name,
            whole("Steps S", steps, STEPS),
            whole("Seed", seed, SEEDS),
            drawn,
        )

    def run_for(self, seconds: float) -> tuple[PlaneSettings, float]:
        """What a training run depends on, equal for equal runs; drawn points are only shown."""
        return replace(self, own=(), points=0 if self.data == OWN else self.points), seconds

    def same_points(self, other: PlaneSettings) -> bool:
        """Whether both have the same training points and noise."""
        alike = replace(
            other, samples=self.samples, left=self.left, right=self.right, steps=self.steps
        )
        return self == alike

    @property
    def lanes(self) -> list[Lane]:
        """The left panel's and the right one's."""
        return [lane_on(schedule(), name, self.steps) for name in (self.left, self.right)]

    @property
    def x0(self) -> Tensor:
        """The training points: (N, 2)."""
        if self.data == OWN:
            return torch.tensor(self.own, dtype=torch.float32)
        return make_points(self.data, self.points, self.seed)


def law_of(asked: PlaneSettings) -> GaussianMixture | None:
    """The mixture that the points were drawn from, where it is one."""
    if asked.data != MIXTURE:
        return None
    return GaussianMixture(gaussian_means(), schedule(), std=SPREAD)


def points_view(asked: PlaneSettings) -> PlaneView:
    """The points and their way into the noise: no denoiser yet."""
    x0, law, table = asked.x0, law_of(asked), schedule()
    eps = noise(len(x0), asked.seed, "forward")
    steps = walk(table, x0, seed=asked.seed, keep=thinned(range(T + 1), WALK_FRAMES))
    fresh = None
    if asked.data != OWN:
        fresh = nearest(make_points(asked.data, FRESH, asked.seed, "new points"), x0)
    title = f"{asked.data} · {len(x0)} points · seed {asked.seed}"
    return PlaneView(
        asked.data,
        len(x0),
        asked.samples,
        T,
        table.alpha_bar.tolist(),
        pair(x0, eps),
        way(steps),
        [sampler(lane, table) for lane in asked.lanes],
        {"means": law.means.tolist(), "std": law.std} if law else None,
        fresh,
        title=title,
    )


def belief(
    denoise: Callable[[Tensor, int], Tensor], asked: PlaneSettings, device: torch.device
) -> Belief:
    """Both samplers' ways from the same x_T with one denoiser; each panel's steps have their own
    noise, which is the same for every denoiser."""
    x_T, ways, distances = noise(asked.samples, asked.seed), [], []
    for side, lane in zip(SIDES, asked.lanes, strict=True):
        keep = thinned(lane.times, FRAMES)
        paths = sampled_paths(
            denoise, schedule(), lane, x_T.to(device), seed=asked.seed, role=side, keep=keep
        )
        ways.append(way(paths, title=lane.title))
        distances.append(nearest(paths.x[-1], asked.x0))
    return Belief(ways, distances)


CPU = torch.device("cpu")
"""Where exact denoisers compute, in float64."""


def show(
    asked: PlaneSettings,
    before: PlaneView | None,
    device: torch.device,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[PlaneView]:
    """The points at once, then what each denoiser makes of the noise.

    before : a view of the same points, whose trained network goes on; else None. With it all comes
        at once, and under the same id, so that the page stays where it is.
    """
    views = _views(asked, before, device)
    if before is None:
        for view in views:
            yield view
            if stopped():
                return
    else:
        *_, view = views
        yield replace(view, id=before.id)


def _views(
    asked: PlaneSettings, before: PlaneView | None, device: torch.device
) -> Iterator[PlaneView]:
    view = points_view(asked)
    yield view
    view.beliefs["ideal"] = belief(GaussianMixture(asked.x0, schedule()), asked, CPU)
    yield view
    if law := law_of(asked):
        view.beliefs["exact"] = belief(law, asked, CPU)
        yield view
    if before and before.network:
        view.network, view.losses = before.network, before.losses
        view.budget = before.budget
        view.beliefs["trained"] = belief(denoiser_of(view, device), asked, device)
        yield view


def denoiser_of(view: PlaneView, device: torch.device) -> Denoiser:
    """The network as the page has it, in half precision; ValueError if it is gone."""
    if view.network is None:
        raise ValueError("no network has been trained yet; please train one")
    try:
        weights, config = weights_of(view.network)
    except OSError as error:
        raise ValueError("this network is no longer available; please train it again") from error
    target = view.network["target"]
    return denoiser_from(weights, schedule(), target=target, config=config, device=device)


class Learnt(NamedTuple):
    """What training yields."""

    view: PlaneView
    said: str


def learn(
    asked: PlaneSettings,
    before: PlaneView | None,
    budget: Mapping[str, Any],
    device: torch.device,
    stopped: Callable[[], bool],
) -> Iterator[Learnt]:
    """Train a new network on the points; samples of the same noise about every second.

    before : a view of the same settings; without one everything else is computed first.
    budget : {"seconds": …} or {"steps": …}.
    """
    if before is None or "ideal" not in before.beliefs:
        for shown in show(asked, None, device):
            before = shown
            yield Learnt(shown, "preparing …")
    assert before is not None  # `show` yields at least once
    ready = {name: known for name, known in before.beliefs.items() if name != "trained"}
    view = replace(before, beliefs=ready, network=None, losses=[], learning=True)
    learner = Learner(asked.x0, schedule(), seed=asked.seed, target=TARGET, device=device)
    told, due, losses = time.monotonic(), 0.0, []
    for step in fit(learner, **budget):
        losses.append([step.step, round(step.loss, 4)])
        now = time.monotonic()
        if now - told < TELL and step.share < 1:
            continue
        view.losses = losses[:: -1 - len(losses) // LOSSES][::-1]  # with the last
        if now > due and step.share < 1:
            show_samples(view, learner, asked)
            due = time.monotonic() + max(LOOK, time.monotonic() - now)  # half the time at most
        view.learning = step.share < 1 and not stopped()
        if not view.learning:
            show_samples(view, learner, asked)
        yield Learnt(view, f"{counted(step.step, 'step')}, loss {step.loss:.3f}, {step.share:.0%}")
        if not view.learning:
            return
        told = time.monotonic()


def show_samples(view: PlaneView, learner: Learner, asked: PlaneSettings) -> None:
    """Samples by the network as it is now."""
    view.network = network_of(learner.weights, learner.config, learner.target)
    view.beliefs["trained"] = belief(denoiser_of(view, learner.device), asked, learner.device)
