"""The mathematics of Gaussian diffusion. Imports torch and the standard library, nothing else.

Time runs from t = 0, the data, to t = T, the noise; a step always goes from an explicit t to an
explicit s < t. Coefficients are computed in float64 and cast once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.diffusion.denoiser import Denoiser, Network, regression_target
    from explorer.diffusion.likelihood import (
        VARIANCES,
        decoder,
        denoising_term,
        discrete_log_likelihood,
        prior_term,
    )
    from explorer.diffusion.mixture import GaussianMixture
    from explorer.diffusion.names import TARGETS, WEIGHTINGS
    from explorer.diffusion.objective import (
        belief_errors,
        bound_weights,
        loss_weights,
        losses,
        noise_weights,
    )
    from explorer.diffusion.oracle import IdealDenoiser
    from explorer.diffusion.process import (
        Gaussian,
        Step,
        forward,
        forward_step,
        reverse,
        reverse_step,
    )
    from explorer.diffusion.randomness import picture_generators, randn
    from explorer.diffusion.sampler import sample
    from explorer.diffusion.samplers import SAMPLERS, Frame, Sampler
    from explorer.diffusion.schedule import SCHEDULES, Schedule, make_schedule
    from explorer.diffusion.times import SPACINGS, strided_times
    from explorer.diffusion.variational import Bound, Mean, Term, bound, ranges

__all__ = [
    "SAMPLERS",
    "SCHEDULES",
    "SPACINGS",
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
    "Sampler",
    "Schedule",
    "Step",
    "Term",
    "belief_errors",
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
    "noise_weights",
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

_HOMES = (
    *(
        "names",
        "schedule",
        "times",
        "samplers",
        "process",
        "randomness",
    ),  # these wait for no torch
    *("denoiser", "likelihood", "mixture", "objective", "oracle", "sampler", "variational"),
)


def __getattr__(name: str) -> Any:
    """Imports what is used of the above, and not before: PEP 562."""
    if name in __all__:
        for home in _HOMES:
            module = import_module(f"{__name__}.{home}")
            if name in vars(module):
                return globals().setdefault(name, vars(module)[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
