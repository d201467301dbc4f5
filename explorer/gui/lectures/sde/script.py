"""Paths of a stochastic differential equation, as a script."""

from __future__ import annotations

from explorer.gui.lectures.sde.work import VP, Settings, T
from explorer.gui.parts.copy_text import PYTHON, Texts

SCRIPT = '''\
"""An SDE in small random steps, against what is known exactly (Diffusion Explorer).

Save this in the Explorer's folder and run it there.
"""

import math

import torch

from explorer.diffusion import {imports}
from explorer.diffusion.sde import make_sde
from explorer.diffusion.sde_steps import euler_maruyama

sde = make_sde({arguments})
dt, steps, paths, seed = {dt!r}, {steps}, {paths}, {seed}

noise = [torch.randn(steps, generator=g) for g in picture_generators(seed, paths)]
increments = math.sqrt(dt) * torch.stack(noise).double().T  # (steps, paths): dW
x0 = torch.full((paths,), sde.start, dtype=torch.float64)
for x in euler_maruyama(sde, x0, dt, steps, increments=increments):  # x + a dt + b dW
    pass

end = torch.tensor(steps * dt, dtype=torch.float64)
print(f"t = {{end:g}}, {{paths}} paths")
print(f"mean: measured {{x.mean().item():.4f}}, analytic {{float(sde.mean(end)):.4f}}")
print(f"std:  measured {{x.std().item():.4f}}, analytic {{float(sde.std(end)):.4f}}")
'''


def sde_texts(settings: Settings) -> Texts:
    """The script for these paths."""
    words, imports = [repr(settings.name)], ["picture_generators"]
    if settings.name == VP:
        words.append(f"schedule=make_schedule({settings.schedule!r}, {T})")
        imports.insert(0, "make_schedule")
    words += [f"{key}={value!r}" for key, value in settings.parameters.items()]
    script = SCRIPT.format(
        imports=", ".join(imports),
        arguments=", ".join(words),
        dt=settings.dt,
        steps=settings.steps,
        paths=settings.paths,
        seed=settings.seed,
    )
    return Texts({PYTHON: script})
