"""What Forward and Schedules say of schedules and pictures, against the tables themselves."""

from __future__ import annotations

import math
import re
from pathlib import Path
from statistics import NormalDist
from types import ModuleType

import numpy as np
import pytest
import torch

from explorer.data import square
from explorer.diffusion import SCHEDULES, make_schedule
from explorer.gui.forward import tab as forward
from explorer.gui.forward.blend import Scene, compare_kept
from explorer.gui.frame.limits import LOCAL
from explorer.gui.schedules import tab as schedules

TIMES = (10, 50, 200, 1000, 4000)


def prose_of(module: ModuleType) -> str:
    return Path(module.__file__).with_name("prose.md").read_text(encoding="utf-8")


def numbers(text: str) -> list[int]:
    """1…995, 997 -> 1, 2, … 995, 997."""
    found: list[int] = []
    for part in text.split(", "):
        low, _, high = part.partition("…")
        found += range(int(low), int(high or low) + 1)
    return found


@pytest.mark.parametrize("T", TIMES)
@pytest.mark.parametrize("left", SCHEDULES)
@pytest.mark.parametrize("right", SCHEDULES)
def test_who_keeps_more_is_what_the_tables_say(left: str, right: str, T: int) -> None:
    if left == right:
        return
    one, other = make_schedule(left, T), make_schedule(right, T)
    text, a, b = compare_kept(one, other), one.values, other.values
    for name, mine, others in ((left, a, b), (right, b, a)):
        more = [t for t in range(1, T + 1) if mine[t] > others[t]]
        stated = re.search(
            rf"(?<![\w-]){name} keeps more of the image at (every t|t = ([\d…, ]*\d))", text
        )
        if len(more) == T:
            assert stated and stated[1] == "every t"
        elif more:
            assert stated and numbers(stated[2]) == more
        else:
            assert stated is None
    half = re.search(
        rf"Halfway, {left} has ᾱ = (\S+) and {right} (\S+); at the end (\S+) and (\S+)\.$",
        text,
    )
    for said, value in zip(half.groups(), (a[T // 2], b[T // 2], a[T], b[T]), strict=True):
        mantissa, _, power = said.rstrip(",").partition("·10")
        flat = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or "0"
        assert float(mantissa) * 10 ** int(flat) == pytest.approx(value, rel=0.051)


def test_cosine_keeps_more_where_the_prose_says_so() -> None:
    text = prose_of(forward)
    assert "with *T* = 1000 it is *cosine* nearly everywhere, with *T* ≤ 200 nowhere" in text
    for T in range(LOCAL.T[0], 201):
        linear, cosine = make_schedule("linear", T), make_schedule("cosine", T)
        assert (linear.alpha_bar[1:] > cosine.alpha_bar[1:]).all()
    linear, cosine = make_schedule("linear"), make_schedule("cosine")
    assert (cosine.alpha_bar > linear.alpha_bar)[1:].double().mean() > 0.99
    assert "and in where they end" in text  # of equal ᾱ: the right one may end far from the left
    assert linear.values[-1] > 1000 * cosine.values[-1]


def test_the_stage_gets_the_sentence_for_its_T() -> None:
    picture = forward.samples()[forward.START]
    for T in TIMES:
        scene = forward.make_scene(picture, 32, T, 7, LOCAL)
        assert f"With T = {T:,}" in compare_kept(*scene.schedules)
        assert isinstance(scene, Scene)


def test_the_cat_is_at_minus_nine_decibels_where_the_schedule_is_at_zero() -> None:
    for size in forward.RESOLUTIONS:
        x0 = np.asarray(square(forward.samples()["cat"], size).convert("RGB")) / 127.5 - 1
        power = (x0**2).mean()
        assert round(10 * math.log10(power)) == -9
    assert round(power, 2) == 0.13
    assert "The cat's mean square is 0.13, so it is at −9 dB there." in prose_of(forward)
    below = [
        (np.asarray(picture.convert("RGB")) / 127.5 - 1) ** 2
        for picture in forward.samples().values()
    ]
    assert all(each.mean() < 1 for each in below)  # “few pictures have a mean square of 1”


def off_the_bell(values: np.ndarray, alpha_bar: float) -> float:
    """The share of a picture's values of x_t that would have to move to make them N(0, 1)."""
    grid = np.linspace(-8, 8, 3201)
    known, counts = np.unique(values, return_counts=True)
    away = (grid - math.sqrt(alpha_bar) * known[:, None]) / math.sqrt(1 - alpha_bar)
    density = counts @ np.exp(-(away**2) / 2) / math.sqrt(1 - alpha_bar) / counts.sum()
    apart = np.abs(density - np.exp(-(grid**2) / 2)) / math.sqrt(2 * math.pi)
    return 0.5 * apart.sum() * (grid[1] - grid[0])


def test_when_a_histogram_is_that_of_pure_noise() -> None:
    text = prose_of(forward)
    for size in forward.RESOLUTIONS:
        cat = np.asarray(square(forward.samples()["cat"], size).convert("RGB")) / 127.5 - 1
        alpha_bar = 1 / (1 + (cat**2).mean())  # ᾱ E x_0² = 1 − ᾱ
        assert math.sqrt(alpha_bar * cat.var() + 1 - alpha_bar) < 0.5
    assert "the cat's has a standard deviation below 0.5 there" in text
    assert "at −20 dB of the schedule at most 4 % of any image's values" in text
    drowned = 0.01 / 1.01
    # no mixture of values is farther off than the worst of them: black or white
    worst = max(off_the_bell(np.array([v]), drowned) for v in (-1.0, 1.0))
    assert round(100 * worst) == 4
    for picture in forward.samples().values():
        x0 = np.asarray(square(picture, 32).convert("RGB")).ravel() / 127.5 - 1
        assert off_the_bell(x0, drowned) <= worst
        own = 1 / (1 + (x0**2).mean())
        assert off_the_bell(x0, own) > 0.1  # at 0 dB of the picture it is not


def test_what_a_mean_of_many_pixels_gains() -> None:
    for module, sizes in ((forward, (256, 32)), (schedules, (28, 256))):
        text = prose_of(module)
        for size in sizes:
            gain = rf"{20 * math.log10(size):.0f} dB for ${size} \times {size}$"
            assert gain in text
    # the variance of a mean of n noises is 1/n
    draws = torch.randn(2000, 28 * 28, generator=torch.Generator().manual_seed(1)).double()
    assert draws.mean(1).var().item() * 28 * 28 == pytest.approx(1, abs=0.15)
    normal = NormalDist()
    assert "right in 54 %" in prose_of(schedules) and round(100 * normal.cdf(0.1)) == 54
    assert "right in 99.7 %" in prose_of(schedules)
    assert round(100 * normal.cdf(math.sqrt(0.01) * 28), 1) == 99.7


def test_what_schedules_says_of_each_schedule() -> None:
    text = prose_of(schedules)
    for T in (10, 50, 200):  # “with a smaller T … noise remains incomplete”
        assert make_schedule("linear", T).values[-1] > 0.1
    clipped, cosine = (make_schedule(name).snr[-1].item() for name in ("cosine-clipped", "cosine"))
    assert make_schedule("cosine-clipped").values[-1] == pytest.approx(0.0032, abs=5e-5)
    assert r"$\bar\alpha_T = 0.0032$, −25 dB, where *cosine* ends below −80 dB" in text
    assert round(10 * math.log10(clipped)) == -25 and 10 * math.log10(cosine) < -80
    for T in TIMES:
        roots = make_schedule("quadratic", T).betas.sqrt()
        assert torch.allclose(roots.diff(), roots.diff()[0].expand(T - 1), rtol=1e-9)
        betas = make_schedule("linear", T).betas
        assert torch.allclose(betas.diff(), betas.diff()[0].expand(T - 1), rtol=1e-9)
        constant = make_schedule("constant", T).betas
        assert (constant == constant[0]).all()
        assert make_schedule("cosine", T).betas.max() <= 0.999
        clipped = make_schedule("cosine-clipped", T).betas
        assert clipped.min() >= 1e-5 and clipped.max() <= 0.02
