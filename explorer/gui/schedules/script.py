"""What Schedules shows, as a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from explorer.diffusion.schedule import schedule_options
from explorer.gui.parts.copy_text import PYTHON, Texts

SCRIPT = '''\
"""Schedules: how quickly the image drowns (Diffusion Explorer).

Save this in the Explorer's folder and run it there.
"""

{imports}
T, t = {T}, {{{{t}}}}
schedules = [
{schedules}
]
print("schedule             alpha_bar_t  SNR, dB      {title}")
for schedule in schedules:
    values = {values}
    cells = schedule.alpha_bar[t], 10 * schedule.snr[t].log10(), values[{at}]
    print(f"{{schedule.name:20}}", *(f"{{cell.item():<12.6g}}" for cell in cells))
'''
VALUES: Mapping[str, tuple[str, str, str, str]] = {
    "signal ᾱ": ("alpha_bar_t", "schedule.alpha_bar  # over t = 0…T", "t", ""),
    "noise β": ("beta_t", "schedule.betas  # over t = 1…T", "t - 1", ""),
    "SNR": ("SNR", "schedule.snr  # ᾱ_t / (1 − ᾱ_t)", "t", ""),
    "log-SNR": ("ln SNR", "schedule.log_snr", "t", ""),
    "posterior variance β̃": (
        "beta_tilde_t",
        "schedule.posterior_variance  # over t = 1…T",
        "t - 1",
        "",
    ),
    "weight in the bound": ("weight", "bound_weights(schedule)  # σ² = β", "t", "bound_weights"),
}
"""Quantity -> its column's title, its values, where t is among them, what is imported for it."""


def schedule_texts(
    names: Sequence[str], quantity: str, T: int, options: Mapping[str, Mapping[str, Any]]
) -> Texts:
    """The script for the schedules that are ticked; the browser knows t."""
    title, values, at, needed = VALUES[quantity]
    calls = []
    for name in names:
        known = schedule_options(name)
        said = {key: v for key, v in options[name].items() if v != known[key]}
        words = [repr(name), "T", *(f"{key}={value!r}" for key, value in said.items())]
        calls.append(f"    make_schedule({', '.join(words)}),")
    imported = ", ".join(filter(None, [needed, "make_schedule"]))
    script = SCRIPT.format(
        imports=f"from explorer.diffusion import {imported}\n",
        T=T,
        schedules="\n".join(calls),
        title=title,
        values=values,
        at=at,
    )
    return Texts({PYTHON: script}, {"t": max(1, round(0.3 * T))})
