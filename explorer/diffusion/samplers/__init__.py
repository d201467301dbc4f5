"""The samplers: a file and a line each.

Form, command line, script, checks, tables, charts and player derive from what stands here.
"""

from __future__ import annotations

from typing import Any

from explorer.diffusion.options import Derived, Option
from explorer.diffusion.samplers.base import Correction, Frame, Sampler, Terms
from explorer.diffusion.samplers.ddim import DDIM
from explorer.diffusion.samplers.ddpm import DDPM
from explorer.diffusion.samplers.dpm_solver import DPM_SOLVER
from explorer.diffusion.samplers.heun import HEUN

__all__ = ["DDIM", "DDPM", "DPM_SOLVER", "HEUN", "OPTIONS", "SAMPLERS", "TITLED", "Correction",
           "Frame", "Sampler", "Terms", "find_sampler"]  # fmt: skip

SAMPLERS: dict[str, Sampler] = {
    sampler.name: sampler for sampler in (DDPM, DDIM, DPM_SOLVER, HEUN)
}
"""Name -> sampler, in the order of menus."""
TITLED = Derived(lambda: {sampler.title: sampler for sampler in SAMPLERS.values()})
"""Title -> sampler."""


def _all_options() -> dict[str, Option[Any]]:
    found: dict[str, Option[Any]] = {}
    for sampler in sorted(SAMPLERS.values(), key=lambda sampler: -len(sampler.options)):
        found |= {name: option for name, option in sampler.options.items() if name not in found}
    return found


OPTIONS = Derived(_all_options)
"""The options of all samplers; where several have one of a name, as the one with most has it."""


def find_sampler(name: object) -> Sampler:
    """One of `SAMPLERS` by its name; ValueError for another."""
    if not isinstance(name, str) or name not in SAMPLERS:
        raise ValueError(f"no sampler {name!r}; there are: {', '.join(SAMPLERS)}")
    return SAMPLERS[name]
