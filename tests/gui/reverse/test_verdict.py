"""What is said of a round trip: every branch on made numbers, and the shipped models' table."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from explorer.checkpoints import describe, load
from explorer.diffusion import picture_generators
from explorer.evaluation.weights import fingerprint
from explorer.gui.frame.context import HOME
from explorer.gui.reverse.round_trip.cases import (
    SHARES,
    Case,
    Verdicts,
    pictures_to_judge,
    read_verdicts,
    write,
)
from explorer.gui.reverse.round_trip.company import (
    JUDGEMENTS,
    Company,
    Group,
    assemble,
    companies,
)
from explorer.gui.reverse.round_trip.table import company_rows, relative_changes
from explorer.gui.reverse.round_trip.trip import Trip, Way
from explorer.gui.reverse.round_trip.verdict import WORDS, verdict
from explorer.race.round_trip import contrast, flattened, noise_like
from tools.make_stored import MAKERS

MEASURED = {
    name: HOME / "checkpoints" / f"{name}.safetensors" for name in MAKERS["verdicts"].models
}
REAL = (0.18, 0.2, 0.22, 0.2)


def group(*relative: float, strength: float = 0.5) -> Group:
    return Group((strength,) * len(relative), tuple(strength * r for r in relative))


def made(own: float, real: tuple[float, ...] = REAL, strength: float = 0.1) -> Company:
    """A picture of little contrast that is changed by `own` of it."""
    one = group(own, own + 0.02, own - 0.02, strength=strength)
    flat, noise = group(0.9, 0.9, strength=strength), group(1.1, 1.1, strength=strength)
    return Company(one, group(*real), flat, noise)


def said(company: Company | None, **trip: object) -> str:
    ways = {name: Way(10, 10) for name in ("ddpm", "ddim")}
    ddpm = company.own.changes[0] if company else 0.1
    shown = Trip(
        "toy", "toys", 1000, 400, 3, 0.8, ("mine", "a real image of toys"),
        "real images of toys", company=company, ways=ways, changes={"ddpm": (ddpm,)},
    )  # fmt: skip
    return verdict(replace(shown, **trip))


# ---- the measure ------------------------------------------------------------------------------


def test_a_change_is_measured_by_the_contrast() -> None:
    x = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(1)) - 0.5
    assert contrast(x).numpy() == pytest.approx(np.sqrt(x.numpy().var((2, 3)).mean(1)), rel=1e-5)
    assert contrast(flattened(x)).max() < 1e-6  # coloured, and yet flat
    assert contrast(3 * x + 0.5).numpy() == pytest.approx(3 * contrast(x).numpy(), rel=1e-5)


def test_whoever_gets_a_flat_picture_back_is_at_one() -> None:
    """And its square is the share of the variance that is lost."""
    x = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(1)) - 0.5
    real = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(2))
    x0 = assemble(x, real, 2, 3)
    (company,) = companies(x0, flattened(x0), 1, 2, 2)
    assert company.own.relative == pytest.approx((1, 1), rel=1e-3)
    assert company.real.relative == pytest.approx((1, 1), rel=1e-3)
    assert company.flat.changes == (0, 0)
    half = flattened(x0) + math.sqrt(0.5) * (x0 - flattened(x0))
    (company,) = companies(x0, half, 1, 2, 2)
    assert 1 - (1 - company.own.mean) ** 2 == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize(("m", "k", "draws"), [(1, 12, 3), (4, 3, 1), (3, 1, 2), (2, 0, 2)])
def test_everybody_gets_what_is_theirs(m: int, k: int, draws: int) -> None:
    generator = torch.Generator().manual_seed(4)
    x = torch.rand(m, 1, 4, 4, generator=generator) * 2 - 1
    real = torch.rand(k, 1, 4, 4, generator=generator) * 2 - 1 if k else None
    x0 = assemble(x, real, draws, 3)
    assert len(x0) == 3 * m * draws + k and torch.equal(x0[:m], x)
    found = companies(x0, x0 + 0.25, m, k, draws)
    for i, company in enumerate(found):
        own = contrast(x[i : i + 1]).item()
        assert company.own.contrasts == pytest.approx((own,) * draws, abs=1e-4)
        assert company.flat.contrasts == company.own.contrasts
        assert len(company.noise.changes) == draws and len(company.real.changes) == k
        if real is not None:
            assert company.real.contrasts == pytest.approx(contrast(real).tolist(), abs=1e-4)
        assert company.flat.changes == pytest.approx((0.25,) * draws)
    if real is not None:
        assert torch.equal(x0[m], real[0])  # the one that is shown


def test_noise_is_as_bright_and_as_strong() -> None:
    x = torch.zeros(2, 1, 200, 200)
    x[0, :, :100], x[1, :, :, ::2] = 0.2, -0.4
    noise = noise_like(x, 3)
    assert noise.mean((1, 2, 3)).tolist() == pytest.approx([0.1, -0.2], abs=0.005)
    assert contrast(noise).tolist() == pytest.approx(contrast(x).tolist(), rel=0.02)
    z = torch.randn(200, 200, generator=picture_generators(3, 2)[0])
    torch.testing.assert_close(noise[0, 0], 0.1 + 0.1 * z, rtol=0, atol=1e-5)
    assert noise_like(torch.ones(1, 1, 4, 4), 3).abs().max() <= 1


def test_the_bound_is_a_prediction_interval() -> None:
    values = np.array([0.1, 0.2, 0.25, 0.3, 0.15])
    found = group(*values)
    assert found.mean == pytest.approx(values.mean())
    assert found.std == pytest.approx(values.std(ddof=1))
    wide = stats.t.ppf(0.975, 4) * values.std(ddof=1) * math.sqrt(1.2)
    assert found.bound == pytest.approx(values.mean() + wide)
    assert group(0.4).bound == pytest.approx(0.4)


# ---- the words, on made numbers ---------------------------------------------------------------

TELLING = {
    "flat": "Your image is flat (contrast 0.010)",
    "alone": "no image of the model's kind to compare",
    "lost": "cannot be judged here",
    "foreign": "it is unlike anything in the training data of a network that has only seen toys",
    "less": "yours is unusual among toys, as some of them are too",
    "kept": "Yours came back, with more than three quarters",
    "partly": "Yours came back only in part (36% of its variance is lost)",
    "gone": "Yours did not come back (72% of its variance is lost)",
}
CASES = [
    (made(0.9, strength=0.01), "flat"),
    (made(0.9, real=(), strength=0.1), "alone"),
    (made(0.9, real=(0.9, 1.0, 1.1)), "lost"),
    (made(3.0, real=(0.9, 1.0, 1.1)), "lost"),
    (made(0.1, real=(0.9, 1.0, 1.1)), "lost"),
    (made(0.9), "foreign"),
    (made(0.6), "foreign"),
    (made(0.4), "less"),
    (made(0.2), "kept"),
    (made(0.05), "kept"),
    (made(0.6, real=(0.3, 0.5, 0.7, 0.6)), "partly"),
    (made(0.85, real=(0.3, 0.5, 0.7, 0.6)), "gone"),
]


@pytest.mark.parametrize(("company", "judgement"), CASES)
def test_every_branch_has_its_words_and_no_other(company: Company, judgement: str) -> None:
    assert company.judgement == judgement
    text = said(company)
    assert {name for name, words in TELLING.items() if words in text} == {judgement}
    assert text.startswith("At t₀ = 400 of 1000, 80% of an image's amplitude is left.")


def test_every_branch_is_tried() -> None:
    assert {judgement for _, judgement in CASES} == set(JUDGEMENTS) == set(WORDS) == set(TELLING)


def test_the_numbers_stand_in_the_words() -> None:
    text = said(made(1.4))
    assert "changed by 1.40 ± 0.02 (3 noises), 4 real images of toys by 0.20 ± 0.02" in text
    assert "DDPM changes yours by 1.40" in text and "That is 7.0 times" in text
    assert f"beyond {made(1.4).real.bound:.2f}" in text and "none of its variance is left" in text
    assert "flat image as bright as yours is changed by 0.90 ± 0.00" in text
    assert "noise as bright and as strong by 1.10 ± 0.00" in text
    assert "is only partly kept (36% of its variance is lost)" in said(made(0.6))
    assert "is not kept (81% of its variance is lost)" in said(made(0.9))
    assert "by 0.01, root mean square" in said(made(0.9, strength=0.01))


def test_a_small_change_of_a_faint_picture_is_not_little() -> None:
    """What was told of galaxies: an absolute change below a digit's, most of the contrast."""
    faint = made(1.3, strength=0.1)
    assert max(faint.own.changes) < 2 * min(faint.real.changes) and faint.judgement == "foreign"


def test_nothing_is_said_of_what_has_not_arrived() -> None:
    assert said(made(0.2), ways={"ddpm": Way(10, 9, 1), "ddim": Way(10, 10)}) == ""
    assert said(None) == ""


def test_the_strip_shows_the_same_numbers() -> None:
    trip = Trip("toy", "toys", 10, 4, 3, 0.8, ("mine",), "real toys", company=made(0.9))
    rows = {row["name"]: row["values"] for row in company_rows(trip)["rows"]}
    assert rows["yours"] == pytest.approx([0.9, 0.92, 0.88])
    assert rows["4 of its kind"] == pytest.approx(REAL)
    assert company_rows(trip)["bound"] == pytest.approx(made(0.9).real.bound)
    assert company_rows(replace(trip, company=made(0.9, strength=0.01))) is None  # flat
    assert company_rows(replace(trip, company=made(0.9, real=())))["bound"] is None


def test_the_cells_show_relative_changes_and_none_of_a_flat_picture() -> None:
    x = torch.full((2, 1, 4, 4), 128, dtype=torch.uint8)
    x[0, :, :2], x[0, :, 2:] = 0, 255
    trip = Trip("toy", "toys", 10, 4, 3, 0.8, ("mine", "flat"), pixels={"original": x})
    found = relative_changes(replace(trip, changes={"ddim": (0.5, 0.5)}))
    assert found == {"ddim": [pytest.approx(0.5), None]}


# ---- the shipped models -----------------------------------------------------------------------


def table(model: str) -> dict[tuple[str, int], Company]:
    found = read_verdicts(model)
    return {(case.name, case.share): case.company for case in found.cases}


@pytest.mark.parametrize("model", MEASURED)
def test_the_table_is_of_the_shipped_weights(model: str) -> None:
    found = read_verdicts(model)
    denoiser, spec = load(MEASURED[model])
    assert found is not None, f"python -m tools.make_stored verdicts {model}"
    assert found.weights == fingerprint(denoiser.network, spec)
    names = set(pictures_to_judge(spec))
    assert {(c.name, c.share) for c in found.cases} == {(n, s) for n in names for s in SHARES}


@pytest.mark.parametrize("model", MEASURED)
def test_flat_pictures_are_called_flat_and_get_no_verdict(model: str) -> None:
    cases = table(model)
    for name in ("black", "grey", "red"):
        assert {cases[name, share].judgement for share in SHARES} == {"flat"}


@pytest.mark.parametrize("model", MEASURED)
def test_real_pictures_come_back_from_a_small_t(model: str) -> None:
    """One of four may be unusual among its kind; none is called foreign."""
    cases = table(model)
    said = [cases[f"real {i}", 20].judgement for i in range(4)]
    assert set(said) <= {"kept", "partly", "less"} and said.count("kept") >= 3
    assert "foreign" not in {cases[f"real {i}", 40].judgement for i in range(4)}


@pytest.mark.parametrize("model", MEASURED)
def test_where_all_is_lost_nothing_is_told_apart(model: str) -> None:
    cases = table(model)
    said = {company.judgement for (_, share), company in cases.items() if share == 100}
    assert said == {"flat", "lost"}


@pytest.mark.parametrize("model", MEASURED)
def test_what_is_visibly_not_kept_is_told_so(model: str) -> None:
    """Faint pictures, noise and galaxies lose themselves in every model at middling t_0."""
    cases = table(model)
    for name in ("galaxies", "stars", "cat, dark", "bricks", "cat"):
        for share in (40, 60):
            assert cases[name, share].judgement in ("foreign", "lost"), (name, share)
    assert cases["galaxies", 40].judgement == "foreign"


@pytest.mark.parametrize("model", [m for m in MEASURED if describe(MEASURED[m]).data == "mnist"])
def test_digits_and_others_by_models_of_digits(model: str) -> None:
    """As seen on the pictures: digits stay, photos and emoji become strokes."""
    cases = table(model)
    for digit in ("digit 3", "digit 7"):
        assert cases[digit, 20].judgement == "kept", digit
        assert cases[digit, 40].judgement != "foreign", digit
    for other in ("cat", "emoji, face", "emoji, thing", "photographer", "coffee", "galaxies",
                  "astronaut", "bricks", "noise", "cat, dark"):  # fmt: skip
        for share in (20, 40):
            assert cases[other, share].judgement == "foreign", (other, share)
    assert cases["digit 3, inverted", 40].judgement == "foreign"
    assert cases["digit 3, dark", 40].judgement == "foreign"


def test_the_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    cases = (Case("cat", 20, made(0.9)), Case("cat", 40, made(0.2, real=(0.3, 0.31))))
    found = Verdicts("toy", "abc", 7, "2026-01-01", cases)
    write(found, tmp_path)
    assert read_verdicts("toy", tmp_path) == found and read_verdicts("x", tmp_path) is None
