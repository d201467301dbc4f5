"""A lecture's step from t as a formula with its numbers."""

from __future__ import annotations

from explorer.diffusion import Schedule
from explorer.gui.parts.numbers import short, tex, times
from explorer.lectures import Lecture
from explorer.race.lanes import Lane
from explorer.race.slips import alpha_ahead

HAT, BELIEF = r"\hat\varepsilon", r"\hat x_0"


def numbers_at(lecture: Lecture, t: int) -> str:
    """The lecture's step from t = 1…T, the formula and the numbers in it, as Markdown.

    x_{t−1} = (x_t − β_t/√(1 − ᾱ_t) ε̂)/√α_t + σ_t z (Ho et al. 2020, algorithm 2), or x̂_0 (eq. 15)
    where it has no sampler. The numbers are those that its code takes, slips among them.
    """
    schedule = lecture.make_schedule()
    if lecture.looks:
        return _look(schedule, t)
    plain, *strided = lecture.make_lanes(schedule)
    first = plain.times[0]
    if t <= first:
        lines = _step(plain, schedule, t)
    else:
        lines = [
            f"{_known(schedule, t)}. The loop begins at t = {first}: no α follows that of {t}."
        ]
    if strided:
        lines += _strided(strided[0], schedule, t)
    return "\n\n".join(lines)


def _known(schedule: Schedule, t: int) -> str:
    beta = schedule.betas[t - 1].item()
    bar = tex(schedule.values[t], 5)
    return rf"$\bar\alpha_{{{t}}} = {bar}$, $\beta_{{{t}}} = {tex(beta)}$"


def _look(schedule: Schedule, t: int) -> str:
    signal, noise = schedule.values[t] ** 0.5, (1 - schedule.values[t]) ** 0.5
    of_noise = times(noise / signal, HAT, 4)
    return "\n\n".join([
        r"$\hat x_0 = \dfrac{x_t - \sqrt{1-\bar\alpha_t}\,\hat\varepsilon}"
        r"{\sqrt{\bar\alpha_t}}$",
        rf"$\hat x_0 = {times(1 / signal, f'x_{{{t}}}', 4)} - {of_noise}$",
        rf"An error of $\hat\varepsilon$ counts {short(noise / signal)}-fold. "
        rf"{_known(schedule, t)}; the lecture, which counts from 0, calls this t = {t - 1}. Its "
        "progressive denoising takes this, clamped, as the next $x_t$.",
    ])  # fmt: skip


def _step(lane: Lane, schedule: Schedule, t: int) -> list[str]:
    """Formula, numbers and what is to be known of a step of DDPM."""
    signal, noise, kept, direction, std = lane.coefficients(schedule, (t, t - 1))
    at = "{t+1}" if lane.rule is alpha_ahead else "t"
    formula = (
        rf"\dfrac{{1}}{{\sqrt{{\alpha_{at}}}}}\Big(x_t - \dfrac{{\beta_{at}}}"
        rf"{{\sqrt{{1-\bar\alpha_t}}}}\,\hat\varepsilon\Big) + \sigma_t z"
    )
    of_x, of_eps = kept / signal, kept * noise / signal - direction
    numbers = f"{times(of_x, f'x_{{{t}}}', 4)} - {times(of_eps, HAT, 4)}"
    numbers += f" + {times(std, 'z', 4)}" if std else ""
    if lane.clamp:
        formula, numbers = (rf"\Big[{part}\Big]_{{-1}}^{{1}}" for part in (formula, numbers))
    beta = r"\beta" if lane.options.get("variance") == "beta" else r"\tilde\beta"
    last = ""
    if t == 1:
        last = " for $t > 1$; this is the last step, where $z$ is dropped"
        if lane.noisy_end:
            last = ", in the step to 0 too"
            last += "; one more step follows at index 0, without $z$" if lane.finish else ""
    said = [
        rf"$\sigma_t^2 = {beta}_{at}$" + last,
        _known(schedule, t) + ("; $[\\cdot]_{-1}^{1}$ clamps" if lane.clamp else ""),
    ]
    if at != "t":
        said.append(rf"$\beta_{{{t + 1}}} = {tex(schedule.betas[t].item())}$")
    return [rf"$x_{{t-1}} = {formula}$", rf"$x_{{{t - 1}}} = {numbers}$", "; ".join(said) + "."]


def _strided(lane: Lane, schedule: Schedule, t: int) -> list[str]:
    """The step of DDIM that the code takes, with α for ᾱ, and the one that is right."""
    s = max(0, t - schedule.T // lane.evaluations)
    _, _, kept, direction, _ = lane.coefficients(schedule, (t, s))
    bar = schedule.values[s]
    return [
        rf"{lane.title}: $x_s = \sqrt{{\alpha_t}}\,\hat x_0 + \sqrt{{1-\alpha_t}}\,"
        r"\hat\varepsilon$",
        rf"$x_{{{s}}} = {times(kept, BELIEF, 4)} + {times(direction, HAT, 4)}$; right is "
        rf"$\sqrt{{\bar\alpha_s}} = {tex(bar**0.5, 4)}$ and $\sqrt{{1-\bar\alpha_s}} = "
        rf"{tex((1 - bar) ** 0.5, 4)}$ in their place.",
    ]
