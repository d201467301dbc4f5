"""The mathematics of Gaussian diffusion. Imports torch and the standard library, nothing else.

Time runs from t = 0, the data, to t = T, the noise; a step always goes from an explicit t to an
explicit s < t. Coefficients are computed in float64 and cast once.
"""

from explorer.diffusion.denoiser import TARGETS, Denoiser, Network, regression_target
from explorer.diffusion.likelihood import (
    VARIANCES,
    decoder,
    denoising_term,
    discrete_log_likelihood,
    prior_term,
)
from explorer.diffusion.mixture import GaussianMixture
from explorer.diffusion.objective import WEIGHTINGS, bound_weights, loss_weights, losses
from explorer.diffusion.oracle import IdealDenoiser
from explorer.diffusion.process import Gaussian, Step, forward, forward_step, reverse, reverse_step
from explorer.diffusion.randomness import picture_generators, randn
from explorer.diffusion.sampler import Frame, sample, strided_times
from explorer.diffusion.schedule import SCHEDULES, Schedule, make_schedule
from explorer.diffusion.variational import Bound, Mean, Term, bound, ranges

__all__ = [
    "SCHEDULES",
    "TARGETS",
    "VARIANCES",
    "WEIGHTINGS",
    "Bound",
    "Denoiser",
    "Frame",
    "Gaussian",
    "GaussianMixture",
    "IdealDenoiser",
    "Mean",
    "Network",
    "Schedule",
    "Step",
    "Term",
    "bound",
    "bound_weights",
    "decoder",
    "denoising_term",
    "discrete_log_likelihood",
    "forward",
    "forward_step",
    "loss_weights",
    "losses",
    "make_schedule",
    "picture_generators",
    "prior_term",
    "randn",
    "ranges",
    "regression_target",
    "reverse",
    "reverse_step",
    "sample",
    "strided_times",
]
