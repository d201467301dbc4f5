"""The questions that people ask, answered from the numbers that are shown or stored."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.checkpoints import Spec
from explorer.diffusion import Schedule
from explorer.diffusion.process import reverse_step
from explorer.evaluation import Quality, Row
from explorer.gui.answers.answer import Answered
from explorer.gui.parts.numbers import short
from explorer.gui.plane.order.work import AGAINST, Order
from explorer.training import History

FLAT = "Why is my loss flat?"
FEW_STEPS = "Why is DDIM with 10 steps bad?"
ETA = "What is η?"
BELIEF = "What is x̂_0?"
CODE = "How do I do this in code?"
FEW = 10


def flat_answer(history: History) -> Answered:
    """From the floor and the probe of the run that is shown."""
    said = [
        "Because a part of it cannot be learned: many images can lie behind one noisy "
        "image, and nothing tells which."
    ]
    floor = history.floor
    if floor is not None and history.probes:
        probe = history.probes[-1]
        share = floor.loss / probe.loss if probe.loss > 0 else 1.0
        said = [
            f"Of the probe's {short(probe.loss)} after {probe.step:,} steps, **{share:.0%} is "
            f"floor** ({short(floor.loss)}): even the ideal denoiser leaves it, because many "
            "images can lie behind one noisy image, and nothing tells which."
        ]
    if len(history.probes) > 1:
        first, last = history.probes[0], history.probes[-1]
        half = next((p for p in history.probes if 2 * p.step >= last.step), last)
        said.append(
            f"The first half of the run took the probe from {short(first.loss)} to "
            f"{short(half.loss)}, the second to {short(last.loss)}. What is learned last hardly "
            "moves the mean over all noise levels, and yet it is what the eye sees."
        )
    said.append(
        "Look at [the film](@train-film) and, below it, at the loss by noise level: "
        "the samples go on getting better. A loss that is flat from the first steps on, with "
        "samples that stay noise, has another cause: a learning rate that is too high or too low."
    )
    return Answered(FLAT, "\n\n".join(said))


def few_steps_answer(order: Order, quality: Quality | None) -> Answered:
    """From the stored error against steps, and the table of the model that is chosen."""
    ddim = next(curve for curve in order.curves if curve.sampler == "ddim")
    second = min(
        (curve for curve in order.curves if curve.sampler != "ddim"),
        key=lambda curve: curve.error_at(2 * FEW, AGAINST[1]),
    )
    errors = {S: ddim.error_at(S, AGAINST[0]) for S in (FEW, 2 * FEW, 16 * FEW)}
    twice = 2 * FEW
    said = [
        "Because its steps are long. DDIM follows a smooth curve, the probability flow, by "
        "straight pieces (Euler's method for an ODE). Where the curve bends, a long piece "
        "leaves it.",
        "Where the curve is known exactly, in [Plane: error against steps](#tab=plane), DDIM ends "
        f"{short(errors[FEW], 2)} away with {FEW} steps, {short(errors[twice], 2)} with {twice} "
        f"and {short(errors[16 * FEW], 2)} with {16 * FEW}: twice the steps leave about half of "
        f"the error ({order.schedule} schedule, {order.grid} grid). With {twice} evaluations "
        f"{second.way.title} ends {short(second.error_at(twice, AGAINST[1]), 2)} away, because "
        "it corrects for the bend.",
    ]
    if sentence := quality_sentence(quality):
        said.append(sentence)
    return Answered(FEW_STEPS, "\n\n".join(said))


def quality_sentence(quality: Quality | None) -> str:
    """What few steps cost in the table: DDIM with η = 0, at `FEW` steps and at most of them."""
    rows = ddim_rows(quality, 0.0)
    few = next((row for row in rows if row.setting.steps == FEW), None)
    if quality is None or few is None or rows[-1].setting.steps <= FEW:
        return ""
    most = rows[-1]
    return (
        f"On images, **{quality.model}**: Fréchet distance {_with_error(few)} with {FEW} steps, "
        f"{_with_error(most)} with {most.setting.steps:,}; as many real images reach "
        f"{short(quality.floor)}. [Steps against quality](#tab=reverse&panel=quality)"
    )


def eta_answer(schedule: Schedule, quality: Quality | None) -> Answered:
    """With σ of one step of this schedule, and from the table what noise does with few steps."""
    T = schedule.T
    t, s = T // 2, max(0, T // 2 - max(1, T // FEW))
    sigma = float(reverse_step(schedule, t, s, eta=1.0).std)
    said = [
        "How much fresh noise a step adds. **η = 0** adds none: where the walk ends is fixed by "
        "where it starts. **η = 1** adds as much as DDPM: the same start ends on many images.",
        f"σ = η · √((1 − ᾱ_s)/(1 − ᾱ_t) · (1 − ᾱ_t/ᾱ_s)). For a step from t = {t} to {s} of this "
        f"model's schedule σ = {short(sigma)} · η.",
    ]
    quiet, noisy = (
        next((row for row in ddim_rows(quality, eta) if row.setting.steps == FEW), None)
        for eta in (0.0, 1.0)
    )
    if quality and quiet and noisy:
        said.append(
            f"With {FEW} steps of **{quality.model}** the Fréchet distance is "
            f"{_with_error(quiet)} for η = 0 and {_with_error(noisy)} for η = 1."
        )
    said.append(
        "Choose the race “How much noise” to see four of them, and press **Fork here**: with "
        "η = 0 all ways on are one. [Steps against quality](#tab=reverse&panel=quality)"
    )
    return Answered(ETA, "\n\n".join(said))


def belief_answer(spec: Spec) -> Answered:
    """With the numbers of this model's schedule half-way."""
    bar = spec.make_schedule().values
    t = spec.T // 2
    signal, noise = bar[t] ** 0.5, (1 - bar[t]) ** 0.5
    said = [
        "What the network believes the clean image to be when it sees x_t. It is not a sample: "
        "far from the data it is the mean of all images that could lie behind the noise, a blur, "
        "and it sharpens as t falls.",
        f"x̂_0 = (x_t − √(1 − ᾱ_t) · ε̂) / √ᾱ_t; half-way, at t = {t} of this model, that is "
        f"(x_t − {short(noise)} · ε̂) / {short(signal)}. A sampler takes only a part of the step "
        "towards it, then asks again.",
        "Switch [the player](@reverse-player) to **x̂_0 belief** and drag t. "
        "[What the network predicts](#tab=lectures&topic=targets)",
    ]
    return Answered(BELIEF, "\n\n".join(said))


def code_answer(what: str, calls: Sequence[str], see: str = "") -> Answered:
    """What is behind the button “Copy as Python” of a tab: calls, a line each."""
    said = [
        f"Press **Copy as Python**: the script repeats {what}, with your settings. Save it in "
        "the Explorer's folder and run it with `python script.py`.",
        "At its heart: " + ", ".join(f"`{call}`" for call in calls) + ".",
    ]
    return Answered(CODE, "\n\n".join([*said, *([see] if see else [])]))


def ddim_rows(quality: Quality | None, eta: float) -> list[Row]:
    """Of a table, DDIM's rows of this η (and β̃), few steps first."""
    rows = quality.rows if quality else ()
    found = [
        row
        for row in rows
        if (row.setting.sampler, row.setting.eta, row.setting.variance)
        == ("ddim", eta, "posterior")
    ]
    return sorted(found, key=lambda row: row.setting.steps)


def _with_error(row: Row) -> str:
    error = row.frechet_error
    return short(row.frechet) + (f" ± {short(error, 1)}" if error is not None else "")
