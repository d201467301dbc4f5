"""Diffusion of points in the plane, where distributions can be seen.

points.py has the data, network.py and learn.py a network that learns them in seconds, paths.py
the ways of many points at once, flow.py where they end without a sampler, roles.py a generator
for each thing that is drawn. The samplers and the exact denoisers are those of
`explorer.diffusion`.
"""

from explorer.plane.flow import exact_flow
from explorer.plane.learn import Learner, LearnStep, denoiser_from, fit
from explorer.plane.network import PointConfig, PointNetwork
from explorer.plane.paths import (
    Paths,
    lane_on,
    nearest,
    noise,
    sampled_paths,
    thinned,
    walk,
)
from explorer.plane.points import POINTS, gaussian_means, make_points, own_points
from explorer.plane.roles import ROLES, role_generator

__all__ = [
    "POINTS",
    "ROLES",
    "LearnStep",
    "Learner",
    "Paths",
    "PointConfig",
    "PointNetwork",
    "denoiser_from",
    "exact_flow",
    "fit",
    "sampled_paths",
    "gaussian_means",
    "lane_on",
    "make_points",
    "nearest",
    "noise",
    "own_points",
    "role_generator",
    "thinned",
    "walk",
]
