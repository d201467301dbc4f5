"""The mathematics of Gaussian diffusion. Imports torch and the standard library, nothing else.

Time runs from t = 0, the data, to t = T, the noise; a step always goes from an explicit t to an
explicit s < t. Coefficients are computed in float64 and cast once.
"""

from explorer.diffusion.denoiser import TARGETS, Denoiser, regression_target
from explorer.diffusion.objective import WEIGHTINGS, bound_weights, loss_weights, losses
from explorer.diffusion.oracle import IdealDenoiser
from explorer.diffusion.process import Gaussian, forward, forward_step, reverse
from explorer.diffusion.randomness import picture_generators, randn
from explorer.diffusion.sampler import Frame, sample, strided_times
from explorer.diffusion.schedule import SCHEDULES, Schedule, make_schedule

__all__ = [
    "SCHEDULES",
    "TARGETS",
    "WEIGHTINGS",
    "Denoiser",
    "Frame",
    "Gaussian",
    "IdealDenoiser",
    "Schedule",
    "bound_weights",
    "forward",
    "forward_step",
    "loss_weights",
    "losses",
    "make_schedule",
    "picture_generators",
    "randn",
    "regression_target",
    "reverse",
    "sample",
    "strided_times",
]
