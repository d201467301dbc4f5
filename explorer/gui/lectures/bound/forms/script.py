"""Both forms of the bound, as a script."""

from __future__ import annotations

from explorer.gui.lectures.bound.forms.work import PIXELS, Settings
from explorer.gui.parts.copy_text import PYTHON, Texts

SCRIPT = '''\
"""Two derivations of one variational bound, for Gaussian images (Diffusion Explorer).

Save this in the Explorer's folder and run it there.
"""

import math

from explorer.diffusion import make_schedule
from explorer.diffusion.bound_forms import FORMS, draw_part
from explorer.diffusion.pixel_gaussian import framed

data = framed({varying}, {std!r}, {pixels})  # {varying} pixels N(0, s²), the others always black
schedule, draws, seed = make_schedule("linear", {T}), {draws}, {seed}
bit = data.dims * math.log(2)  # nats of one bit per dimension

for name, form in FORMS.items():
    exact = form(data, schedule)
    first = exact.first
    times = [0, *range(first, first + schedule.T - 1), schedule.T + 1]  # L_0, terms, prior
    drawn = [draw_part(data, schedule, name, t, draws, seed=seed) for t in times]
    total = sum(values.mean().item() for values in drawn)
    error = math.sqrt(sum(values.var().item() for values in drawn) / draws)
    mean, noise = exact.term_at({t})
    prior = exact.prior.mean / bit
    print(f"{{name}}: exact {{exact.total / bit:.4f}} bits/dim, prior {{prior:.3e}}")
    print(f"  from {{draws}} draws of each term: {{total / bit:.4f}} +- {{error / bit:.4f}}")
    print(f"  one draw at t = {t}: {{mean:.3f}} +- {{noise:.3f}} nats")
'''


def forms_texts(settings: Settings, t: int) -> Texts:
    """The script for these images and draws."""
    script = SCRIPT.format(
        varying=settings.varying,
        std=settings.std,
        pixels=PIXELS,
        T=settings.T,
        draws=settings.draws,
        seed=settings.seed,
        t=t,
    )
    return Texts({PYTHON: script})
