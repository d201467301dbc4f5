"""What the three models' numbers say, in sentences made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import ndtri

from explorer.diffusion import Mean
from explorer.evaluation.errors import CHANCE
from explorer.gui.frame.shared import plain
from explorer.gui.lectures.targets.work import (
    SYMBOLS,
    Drawn,
    Stored,
    differences,
    factors,
    rms,
)


def about(stored: Stored) -> str:
    """Whether the target is all that differs, and what was measured."""
    names = ", ".join(plain(model.name) for model in stored.models)
    apart = differences(stored.models)
    same = (
        f"{names} differ in what they predict alone: same network, data, "
        f"{stored.models[0].trained['steps']:,} steps, seed "
        f"{stored.models[0].trained['seed']}."
        if not apart
        else f"{names} differ not only in what they predict but also in "
        f"{plain('; '.join(apart))}: what follows is of the two together."
    )
    return (
        f"{same} Errors over {plain(stored.errors.pictures)}, the same noise for each model; ± is "
        "a standard error."
    )


def end_errors(stored: Stored, of: str) -> str:
    """The errors at the end where they are multiplied most: T for x̂_0, t = 1 for ε̂."""
    schedule, errors = stored.make_schedule(), stored.errors
    at = len(errors.times) - 1 if of == "x0" else 0
    t = errors.times[at]
    weight = 1.0 if of == "x0" else schedule.snr[t].item()
    what, source = ("x̂₀", "eps") if of == "x0" else ("ε̂", "x0")
    told = ", ".join(
        f"{figure(rms(errors.raw[k][at], weight))} for {SYMBOLS[model.target]}"
        for k, model in enumerate(stored.models)
    )
    factor = factors(schedule, of)[source][t - 1].item()
    return (
        f"At t = {t} the root mean square error in {what} is {told}. There an error of "
        f"{SYMBOLS[source]} counts {size(factor)} times in {what}."
    )


def best(stored: Stored) -> str:
    """Where one model's x̂_0 is clearly the nearest or the farthest, by pairs on the same pictures.

    Which is the same for ε̂, since both squared errors differ by the SNR alone. At every t two
    models have to be apart by as many standard errors as one of all pairs at all times would reach
    by chance in one case of twenty (Bonferroni).
    """
    times, names = stored.errors.times, [SYMBOLS[model.target] for model in stored.models]
    clear = float(ndtri(1 - CHANCE / (2 * max(1, len(times) * math.comb(len(names), 2)))))
    found: dict[str, dict[str, list[int]]] = {"least": {}, "largest": {}}
    for i, t in enumerate(times):
        rows = stored.errors.raw[:, i].double()
        for kind, signed in (("least", rows), ("largest", -rows)):
            first = int(signed.mean(1).argmin())
            gaps = [signed[k] - signed[first] for k in range(len(rows)) if k != first]
            if all(gap.mean() > clear * gap.std() / math.sqrt(len(gap)) for gap in gaps):
                found[kind].setdefault(names[first], []).append(t)
    if not found["least"] and not found["largest"]:
        return "No model has clearly the least error at any of the t, and none the largest."
    told = []
    for kind, at in found.items():
        told.append(
            f"{kind}: " + "; ".join(f"{n} at t = {spans(ts, times)}" for n, ts in at.items())
        )
        ties = [t for t in times if not any(t in ts for ts in at.values())]
        if ties:
            told[-1] += (", " if at else "") + f"no single model at t = {spans(ties, times)}"
    return (
        f"Clearly the {told[0]}. Clearly the {told[1]}. (Clearly: by more than {clear:.1f} "
        "standard errors of the difference, which one of all these pairs would reach by chance in "
        "5 % of the cases.) The order is the same in x̂₀ and in ε̂: at one t their squared errors "
        "differ by the factor SNR, whatever the model."
    )


def spans(times: Sequence[int], of: Sequence[int]) -> str:
    """Times out of `of`, neighbours together: "1…16, 64"."""
    told: list[list[int]] = []
    for t in times:
        if told and of.index(t) == of.index(told[-1][-1]) + 1:
            told[-1].append(t)
        else:
            told.append([t])
    return ", ".join(f"{run[0]}…{run[-1]}" if run[1:] else str(run[0]) for run in told)


def clipped(stored: Stored) -> str:
    """What clipping leaves of the largest error."""
    k = int(stored.errors.raw.mean(2).amax(1).argmax())
    i = int(stored.errors.raw[k].mean(1).argmax())
    before, after = rms(stored.errors.raw[k][i]), rms(stored.errors.clipped[k][i])
    return (
        f"Clipping x̂₀ to [−1, 1] turns the largest error, {figure(before)} of "
        f"{plain(stored.models[k].name)} at t = {stored.errors.times[i]}, into {figure(after)}."
    )


def strayed(drawn: Drawn) -> str:
    """How far x̂_0 went beyond the pictures' range on the samples' way."""
    told = []
    for name, times, reach in zip(drawn.names, drawn.times, drawn.reach, strict=True):
        if not reach:
            continue
        most = max(reach)
        told.append(f"{plain(name)} {size(most)} (t = {times[reach.index(most)]})")
    n = drawn.pictures.shape[1]
    return (
        f"Largest |x̂₀| before clipping along the paths of these {n} images: {', '.join(told)}."
        if told
        else ""
    )


def conclusions(stored: Stored) -> list[str]:
    """All of it, a sentence or two each."""
    if not stored.models:
        return []
    return [
        about(stored),
        end_errors(stored, "x0"),
        end_errors(stored, "eps"),
        best(stored) if len(stored.models) > 1 else "",
        clipped(stored),
    ]


def figure(mean: Mean) -> str:
    """Two digits of the error: "0.0312 ± 0.0011", "580.2 ± 3.1"."""
    if not mean.error > 0:
        return size(mean.value)
    places = max(0, 1 - math.floor(math.log10(mean.error)))
    return f"{mean.value:,.{places}f} ± {mean.error:,.{places}f}"


def size(value: float) -> str:
    """Three digits, thousands with a comma: "20,291", "1.07", "0.0123"."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".")
