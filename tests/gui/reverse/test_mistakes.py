"""Common mistakes: the numbers, what is said of them, what is stored, what the panel answers."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from explorer.checkpoints import Spec, describe, load, save
from explorer.data import from_tensor
from explorer.evaluation.classifier import GROUPS
from explorer.evaluation.errors import Estimate
from explorer.evaluation.weights import weights_of
from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import LOCAL
from explorer.gui.reverse.mistakes import panel as mistakes
from explorer.gui.reverse.mistakes.look import (
    Free,
    Look,
    Real,
    contrast_of,
    correlation_of,
    diversity_of,
    look_at,
    look_at_free,
    moved,
    real_pictures,
)
from explorer.gui.reverse.mistakes.records import (
    COLUMNS,
    NO_CLIPPING,
    NO_NOISE,
    SOUND,
    STORED,
    WRONG_ORDER,
    Measured,
    Outcome,
    Strip,
    as_image,
    read,
    read_sheet,
    write,
)
from explorer.gui.reverse.mistakes.sentences import compared, seen_facts, written
from explorer.gui.reverse.mistakes.shown import (
    group_of,
    groups,
    measured_of,
    models_shown,
    spaced,
    table_of,
)
from explorer.gui.reverse.mistakes.view import MistakeView
from explorer.gui.reverse.mistakes.work import ETAS, lanes_of, measure
from explorer.race import pictures
from explorer.race.breaks import MISTAKES
from tests.gui.panel import Panel, tiny
from tools.make_stored import MAKERS

CPU = torch.device("cpu")
MEASURED = [HOME / "checkpoints" / f"{name}.safetensors" for name in MAKERS["mistakes"].models]
DIGITS = GROUPS["digits"]


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# ---- the numbers ------------------------------------------------------------------------------


def test_contrast_is_the_standard_deviation_of_a_pictures_pixels() -> None:
    halves = torch.ones(1, 1, 4, 4)
    halves[..., :2] = -1
    flat = torch.full((1, 1, 4, 4), 0.3)
    assert contrast_of(torch.cat([halves, 0.5 * halves, flat])).tolist() == [1, 0.5, 0]


def test_neighbours_correlate_by_0_in_white_noise_and_as_their_process_says() -> None:
    white = noise(200, 1, 32, 32)
    assert abs(correlation_of(white).mean().item()) < 0.01
    board = torch.ones(1, 1, 8, 8)
    board[..., ::2, 1::2] = board[..., 1::2, ::2] = -1
    flat = torch.full((1, 1, 8, 8), 0.3)
    assert correlation_of(torch.cat([board, flat])).tolist() == pytest.approx([-1, 1])
    # rows that are first-order autoregressive with coefficient ρ, columns too: corr = ρ
    rho, x = 0.6, noise(300, 1, 64, 64, seed=1)
    for dim in (2, 3):
        for i in range(1, 64):
            part = rho * x.select(dim, i - 1) + math.sqrt(1 - rho**2) * x.select(dim, i)
            x.select(dim, i).copy_(part)
    assert correlation_of(x).mean().item() == pytest.approx(rho, abs=0.02)


def test_diversity_is_the_distance_in_a_class_by_the_data_s() -> None:
    """White pictures of standard deviation s_k are s_k √2 apart, in root mean square."""
    labels, scales = torch.arange(400) % 2, torch.tensor([0.5, 0.2])
    x = noise(400, 1, 16, 16) * scales[labels].view(-1, 1, 1, 1)
    apart = (Estimate(0.5 * math.sqrt(2), 0.0), Estimate(0.4 * math.sqrt(2), 0.0))
    found = diversity_of(x, labels, apart)
    assert found.value == pytest.approx((1 + 0.5) / 2, abs=0.01)
    shuffled = torch.randperm(400, generator=torch.Generator().manual_seed(1))
    other = diversity_of(x[shuffled], labels[shuffled], apart)
    assert other.value == pytest.approx(found.value, rel=1e-6)
    doubtful = tuple(Estimate(a.value, 0.1 * a.value) for a in apart)  # 10 % of each reference
    error = math.hypot(found.error, math.hypot(0.1 * 1, 0.1 * 0.5) / 2)
    assert diversity_of(x, labels, doubtful).error == pytest.approx(error, rel=0.02)


def test_the_error_of_diversity_is_how_far_other_pictures_move_it() -> None:
    apart = (Estimate(1.0, 0.0), Estimate(1.0, 0.0))
    found = []
    for seed in range(60):
        scale = 1 + 0.5 * noise(100, 1, 1, 1, seed=1000 + seed).abs()  # some are far from all
        x, labels = noise(100, 1, 4, 4, seed=seed) * scale, torch.arange(100) % 2
        found.append(diversity_of(x, labels, apart))
    values, errors = (torch.tensor(part) for part in zip(*found, strict=True))
    assert errors.mean().item() == pytest.approx(values.std().item(), rel=0.3)


@pytest.fixture(scope="module")
def real() -> Real:
    spec = replace(describe(HOME / "checkpoints" / "mnist.safetensors"), data="mnist-5k")
    return real_pictures(spec, most=40)


def test_real_pictures_are_as_diverse_as_real_ones(real: Real) -> None:
    assert real.labels.bincount().tolist() == [40] * 10 and real.x.shape == (400, 1, 28, 28)
    look = look_at(real.x, real.labels, real)
    assert look.diversity.value == pytest.approx(1) and look.accuracy.value > 0.95
    assert look.contrast.value == pytest.approx(real.x.flatten(1).std(1).mean().item(), rel=1e-2)
    turned = look_at(real.x, (real.labels + 1) % 10, real)  # asked for another digit each
    assert turned.accuracy.value < 0.05
    one = look_at_free(real.x[real.labels == 7][:1].repeat(50, 1, 1, 1), DIGITS, real)
    assert (one.commonest, one.share.value, one.diversity.value) == ("7", 1.0, 0.0)
    all_of_them = look_at_free(real.x, DIGITS, real)
    assert all_of_them.diversity.value == pytest.approx(1) and all_of_them.share.value < 0.2


def test_a_shift_moves_pictures_by_its_share_of_the_distance(real: Real) -> None:
    found = moved(real.x + 0.1, real.x, real.labels, real)
    expected = sum(0.1 / a.value for a in real.apart) / 10
    assert found.value == pytest.approx(expected, rel=1e-4)


def test_classes_that_the_classifier_does_not_know_are_refused() -> None:
    spec = describe(HOME / "checkpoints" / "mnist.safetensors")
    with pytest.raises(ValueError, match="does not know the classes of mnist"):
        real_pictures(replace(spec, classes=("cat", "dog")))
    with pytest.raises(ValueError, match="emoji has other classes than mnist"):
        real_pictures(replace(spec, data="emoji", channels=3))


# ---- a measurement ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Real]:
    """An untrained model of small digits, said to have learnt to do without a class."""
    path = tiny(tmp_path_factory.mktemp("small"), "small", T=20, classes=DIGITS)
    denoiser, spec = load(path)
    spec = replace(spec, data="mnist-5k", training={"label_dropout": 0.1})
    assert isinstance(denoiser.network, torch.nn.Module)
    save(path, denoiser.network.state_dict(), spec)
    return path, real_pictures(spec, most=40)


@pytest.fixture(scope="module")
def measurement(small: tuple[Path, Real]) -> tuple[Measured, torch.Tensor]:
    path, real = small
    first, last = measure(*load(path), real, n=100, steps=4, seed=5, batch=30)
    assert {o.eta for o in first[0].outcomes} == {ETAS[0]}
    return last


def test_every_mistake_is_measured_that_changes_a_lane(
    measurement: tuple[Measured, torch.Tensor], small: tuple[Path, Real]
) -> None:
    measured, sheet = measurement
    lanes = [(o.eta, o.mistake) for o in measured.outcomes]
    assert lanes == [(1.0, name) for name in (SOUND, *MISTAKES)] + [
        (0.0, name) for name in (SOUND, *MISTAKES) if name != NO_NOISE
    ]
    assert (measured.n, measured.steps, measured.seed, measured.one) == (100, 4, 5, 3)
    assert measured.weights == weights_of(*load(small[0]))
    for outcome in measured.outcomes:
        if outcome.mistake != NO_CLIPPING:  # values outside are clipped where it is saved
            assert (outcome.moved.value == 0) == (outcome.mistake == SOUND)
        assert (outcome.largest > 1) == (outcome.mistake == NO_CLIPPING)  # it predicts ε
        with_free = outcome.eta == 1 and outcome.mistake in (SOUND, NO_NOISE)
        assert (outcome.free is not None) == with_free
    assert sheet.shape == (len(measured.strips), COLUMNS, 1, 8, 8) and sheet.dtype == torch.uint8


def test_the_strips_are_the_pictures_of_the_lanes(
    measurement: tuple[Measured, torch.Tensor], small: tuple[Path, Real]
) -> None:
    measured, sheet = measurement
    denoiser, spec = load(small[0])
    rows = dict(zip(measured.strips, sheet.int(), strict=True))
    turns = list(range(10)) * 10
    for eta, name in ((1.0, NO_NOISE), (0.0, WRONG_ORDER), (0.0, SOUND)):
        lane = lanes_of(spec, eta, 4)[name]
        x = pictures(denoiser, lane, (1, 8, 8), seed=5, labels=turns)
        truth = from_tensor(x).int()
        assert (rows[Strip(eta, name, "each class")] - truth[:10]).abs().max() <= 1
        if name == NO_NOISE:
            assert (rows[Strip(eta, name, "one class")] - truth[3::10]).abs().max() <= 1
            free = from_tensor(pictures(denoiser, lane, (1, 8, 8), seed=5, labels=[-1] * 10))
            assert (rows[Strip(eta, name, "no class")] - free.int()).abs().max() <= 1


def test_what_was_measured_comes_back_from_the_disk(
    measurement: tuple[Measured, torch.Tensor], tmp_path: Path
) -> None:
    measured, sheet = measurement
    write(measured, sheet, tmp_path)
    again = read("small", tmp_path)
    assert again is not None and read("none", tmp_path) is None
    assert replace(again, outcomes=(), real=measured.real) == replace(measured, outcomes=())
    for ours, theirs in zip(again.outcomes, measured.outcomes, strict=True):
        assert (ours.eta, ours.mistake) == (theirs.eta, theirs.mistake)
        assert ours.look.accuracy == pytest.approx(theirs.look.accuracy, rel=1e-5)
    assert (read_sheet(again, tmp_path).int() - sheet.int()).abs().max() <= 9  # 16 shades
    colour = (noise(2, COLUMNS, 3, 4, 4) * 60 + 128).clamp(0, 255).byte()
    two = replace(measured, model="colour", strips=measured.strips[:2])
    write(two, colour, tmp_path)
    assert (read_sheet(two, tmp_path) == colour).all()
    (tmp_path / "small.json").write_text('{"model": 1}')
    with pytest.raises(ValueError, match="small.json: these numbers cannot be used"):
        read("small", tmp_path)


@pytest.mark.parametrize("given", [{"n": 99}, {"n": 100, "batch": 0}])
def test_too_few_pictures_are_refused_at_once(
    given: dict[str, Any], small: tuple[Path, Real]
) -> None:
    with pytest.raises(ValueError, match="at least"):
        measure(*load(small[0]), small[1], **given)


# ---- what is said -----------------------------------------------------------------------------


def outcome(mistake: str = "late start", eta: float = 1.0, **given: Any) -> Outcome:
    """Made numbers; what is not given is that of the sound lane."""
    look = {"accuracy": 0.94, "contrast": 0.60, "diversity": 0.95, "alike": 0.80}
    changed = {name: given.pop(name) for name in look if name in given}
    numbers = {name: Estimate(value, 0.01) for name, value in (look | changed).items()}
    return Outcome(
        eta,
        mistake,
        Look(**numbers),
        given.get("moved", Estimate(0.5, 0.01)),
        given.get("reach", Estimate(1.0, 0.0)),
        given.get("largest", 1.0),
        given.get("free"),
    )


def measured_of_these(*outcomes: Outcome, **changes: Any) -> Measured:
    sound = outcome(SOUND, moved=Estimate(0.0, 0.0), free=changes.pop("sound_free", None))
    made = Measured(
        model="m", weights="w", target="v", classes=DIGITS, n=500, steps=50, seed=0, one=3,
        data="mnist", real_n=1000, real=outcome(contrast=0.61).look,
        outcomes=(sound, *outcomes), strips=(), hardware="CPU", date="2026-01-01",
    )  # fmt: skip
    return replace(made, **changes)


def said(**given: Any) -> list[str]:
    free = given.pop("sound_free", None)
    broken = outcome(**given)
    facts = seen_facts(measured_of_these(broken, sound_free=free), broken)
    return [fact.replace("\u00a0", " ") for fact in facts]


@pytest.mark.parametrize(
    ("given", "facts"),
    [
        ({"accuracy": 0.50}, ["Fewer images are recognised as the requested class: 50 ± 1 % "
                              "instead of "
                              "94 ± 1 %."]),
        ({"accuracy": 0.11}, ["No more are recognised as the requested class than by chance (10 "
                              "%), as "
                              "far as 500 images tell: 11 ± 1 % instead of 94 ± 1 %."]),
        ({"accuracy": 0.125}, ["Fewer images are recognised as the requested class: 12 ± 1 % "
                               "instead "
                               "of 94 ± 1 %."]),
        ({"accuracy": 0.99}, ["More images are recognised as the requested class: 99 ± 1 % "
                              "instead of "
                              "94 ± 1 %."]),
        ({"contrast": 0.70}, ["The pixels' standard deviation rises to 0.70 ± 0.01 from 0.60 ± "
                              "0.01 (real images: 0.61 ± 0.01)."]),
        ({"contrast": 0.40}, ["The pixels' standard deviation falls to 0.40 ± 0.01 from 0.60 ± "
                              "0.01 (real images: 0.61 ± 0.01)."]),
        ({"alike": 0.70}, ["The grain is finer: neighbouring pixels correlate less, 0.70 ± 0.01 "
                           "instead of 0.80 ± 0.01."]),
        ({"alike": 0.90}, ["The grain is coarser: neighbouring pixels correlate more, 0.90 ± 0.01 "
                           "instead of 0.80 ± 0.01."]),
        ({"alike": 0.02}, ["The result is mostly noise: neighbouring pixels correlate by 0.02 ± "
                           "0.01, "
                           "the correct sampler's by 0.80 ± 0.01, white noise's by 0."]),
        ({"alike": 0.50, "mistake": WRONG_ORDER},
         ["The result is more than noise: neighbouring pixels correlate by 0.50 ± 0.01, white "
          "noise's by 0, the correct sampler's by 0.80 ± 0.01."]),
        ({"diversity": 0.30},
         ["Diversity is lost: images of one class are 30 ± 1 % as far apart as real ones, "
          "instead of 95 ± 1 %. The number recognised as the requested class does not clearly "
          "differ (94 ± "
          "1 %, correct sampler 94 ± 1 %)."]),
        ({"diversity": 0.30, "accuracy": 0.99},
         ["Diversity is lost: images of one class are 30 ± 1 % as far apart as real ones, "
          "instead of 95 ± 1 %.",
          "More images are recognised as the requested class: 99 ± 1 % instead of 94 ± 1 %."]),
        ({"diversity": 0.80, "contrast": 0.40},
         ["The pixels' standard deviation falls to 0.40 ± 0.01 from 0.60 ± 0.01 (real images: "
          "0.61 ± 0.01).",
          "Images of one class are 80 ± 1 % as far apart as real ones, instead of 95 ± 1 %: "
          "their contrast has fallen, too, and no further loss of diversity is certain."]),
        ({"diversity": 0.0, "contrast": 0.0},
         ["The pixels' standard deviation falls to 0.00 ± 0.01 from 0.60 ± 0.01 (real images: "
          "0.61 ± 0.01).",
          "Images of one class are 0 ± 1 % as far apart as real ones, instead of 95 ± 1 %: "
          "their contrast has fallen, too, and no further loss of diversity is certain."]),
        ({"diversity": 1.30},
         ["Images of one class are 130 ± 1 % as far apart as real ones, instead of 95 ± 1 %."]),
        ({"diversity": 1.30, "accuracy": 0.5},
         ["Fewer images are recognised as the requested class: 50 ± 1 % instead of 94 ± 1 %.",
          "Images of one class are 130 ± 1 % as far apart as real ones, instead of 95 ± 1 % (in "
          "pixels: wrongly drawn parts count too)."]),
        ({"moved": Estimate(0.012, 0.001)},
         ["None of the first four numbers clearly differs: 500 images show no change in them. "
          "The same noise gives nearly the same image, off by 1.2 ± 0.1 % of the distance "
          "between two real ones of its class."]),
        ({"moved": Estimate(0.62, 0.01)},
         ["None of the first four numbers clearly differs: 500 images show no change in them. "
          "But the same noise gives a different image, off by 62 ± 1 % of the distance "
          "between two real ones of its class."]),
        ({"mistake": NO_CLIPPING, "reach": Estimate(3315.4, 12.0), "largest": 9001.0,
          "accuracy": 0.5},
         ["On the path of an image |x̂₀| reaches 3,315 ± 12 (mean of its largest values; of all "
          "9,001), where clipping would limit it to 1.",
          "Fewer images are recognised as the requested class: 50 ± 1 % instead of 94 ± 1 %."]),
    ],
)  # fmt: skip
def test_what_is_seen_is_said_by_its_numbers(given: dict[str, Any], facts: list[str]) -> None:
    assert said(**given) == facts


def test_without_a_class_the_commonest_one_and_the_distance_are_told() -> None:
    usual = Free("9", Estimate(0.14, 0.02), Estimate(0.93, 0.01))
    ones = Free("1", Estimate(1.0, 0.01), Estimate(0.006, 0.001))
    assert said(mistake=NO_NOISE, diversity=0.5, free=ones, sound_free=usual)[-1] == (
        "With no class requested, 100 ± 1 % are recognised as “1” (the most common with noise is "
        "“9”, 14 ± "
        "2 %); they are 0.6 ± 0.1 % as far apart as real ones of all classes, with noise 93 ± 1 %."
    )


@pytest.mark.parametrize("mistake", [name for name in MISTAKES if name != NO_CLIPPING])
def test_a_change_within_three_standard_errors_is_never_told(mistake: str) -> None:
    """Whatever is done: the same numbers give the same sentence, not what is expected of it."""
    near = {"accuracy": 0.90, "contrast": 0.64, "diversity": 0.91, "alike": 0.84}
    (fact,) = [
        f
        for f in said(mistake=mistake, **near)
        if not f.startswith("The result is more than noise")
    ] or ["None"]
    assert fact.startswith("None")
    assert compared(Estimate(0.1, 0.01), Estimate(0.14, 0.01)) == 0
    assert compared(Estimate(0.1, 0.01), Estimate(0.15, 0.01)) == -1
    assert compared(Estimate(0.15, 0.01), Estimate(0.1, 0.01)) == 1


@pytest.mark.parametrize(
    ("number", "percent", "text"),
    [
        (Estimate(0.9433, 0.0123), True, "94 ± 1 %"),
        (Estimate(1.0, 0.0043), True, "100.0 ± 0.4 %"),
        (Estimate(0.6123, 0.0096), False, "0.61 ± 0.01"),
        (Estimate(0.6123, 0.0094), False, "0.612 ± 0.009"),
        (Estimate(-0.0213, 0.002), False, "−0.021 ± 0.002"),
        (Estimate(3315.2, 118.0), False, "3,315 ± 118"),
        (Estimate(0.0, 0.0), True, "0.00 ± 0.00 %"),
    ],
)
def test_a_number_has_the_digits_that_its_error_allows(
    number: Estimate, percent: bool, text: str
) -> None:
    assert written(number, percent) == text.replace(" ", "\u00a0")


# ---- what is stored and shown -----------------------------------------------------------------


@pytest.mark.parametrize("path", MEASURED, ids=lambda path: path.stem)
def test_every_shipped_model_was_measured_with_the_weights_it_has(path: Path) -> None:
    measured = read(path.stem)
    assert measured is not None, f"python -m tools.make_stored mistakes {path.stem}"
    denoiser, spec = load(path)
    assert (measured.model, measured.weights) == (path.stem, weights_of(denoiser, spec))
    assert (measured.target, measured.classes) == (spec.target, spec.classes)
    assert read_sheet(measured).shape[2:] == (spec.channels, spec.size, spec.size)
    for eta in ETAS:
        lanes = lanes_of(spec, eta, measured.steps)
        assert {o.mistake for o in measured.outcomes if o.eta == eta} == set(lanes)
        for name in set(lanes) - {SOUND}:
            group = group_of(spec, measured, name, eta)
            assert len(group.rows) >= 2 and group.facts and len(group.table) >= 6


def test_nothing_is_stored_of_what_is_not_shipped() -> None:
    assert {path.stem for path in STORED.iterdir()} == {path.stem for path in MEASURED}


def test_every_number_of_a_sentence_stands_in_the_table_beside_it() -> None:
    """Of the shipped models, all mistakes: what is said can be read off."""
    for path in MEASURED:
        measured = read(path.stem)
        assert measured is not None
        for outcome in measured.outcomes:
            sound = measured.find(outcome.eta)
            assert sound is not None
            if outcome.mistake:
                cells = {cell for line in table_of(measured, outcome, sound) for cell in line}
                text = " ".join(seen_facts(measured, outcome))
                shown = [
                    written(number, percent)
                    for look in (sound.look, outcome.look)
                    for number, percent in (
                        (look.accuracy, True),
                        (look.contrast, False),
                        (look.diversity, True),
                        (look.alike, False),
                    )
                ]
                assert set(shown) <= cells
                for part in text.replace("(", " ").replace(",", "").split("\u00a0±")[:-1]:
                    value = part.split()[-1]
                    assert any(value in cell.replace(",", "") for cell in cells), (value, text)


def test_no_clipping_is_shown_beside_a_model_that_predicts_noise(tmp_path: Path) -> None:
    spec = describe(tiny(tmp_path))
    shipped, other = tmp_path / "shipped", tmp_path / "else"
    models: dict[str, tuple[Path, Spec]] = {
        "v": (other / "v.safetensors", replace(spec, name="v", target="v")),
        "e": (other / "e.safetensors", replace(spec, name="e", target="eps")),
    }
    assert models_shown("v", NO_CLIPPING, models, shipped) == ["v"]  # that one is not measured
    mnist = HOME / "checkpoints" / "mnist.safetensors"
    models["e"] = (mnist, models["e"][1])
    assert models_shown("v", NO_CLIPPING, models, mnist.parent) == ["v", "e"]
    assert models_shown("v", NO_NOISE, models, mnist.parent) == ["v"]
    assert models_shown("e", NO_CLIPPING, models, mnist.parent) == ["e"]
    models["e"] = (mnist, replace(models["e"][1], data="emoji"))
    assert models_shown("v", NO_CLIPPING, models, mnist.parent) == ["v"]


def test_what_was_not_measured_says_so_and_nothing_else(tmp_path: Path) -> None:
    path = tiny(tmp_path)
    spec = describe(path)
    group = group_of(spec, measured_of(path, tmp_path), NO_NOISE, 1.0)
    assert group.facts == ("Not measured for this model: run it live to see what it does.",)
    assert not group.rows and not group.table
    assert measured_of(tmp_path / "mnist.safetensors", HOME / "checkpoints") is None  # not shipped
    (fact,) = group_of(spec, measured_of_these(), NO_NOISE, 0.0).facts
    assert "adds no noise" in fact
    assert group_of(spec, measured_of_these(), "late start", 1.0).facts == group.facts


def test_a_strip_has_see_through_gaps() -> None:
    strip = spaced(torch.full((3, 1, 5, 5), 255, dtype=torch.uint8))
    assert strip.size == (19, 5) and strip.getpixel((0, 0)) == (255,) * 4
    assert strip.getpixel((5, 0)) == strip.getpixel((6, 0)) == (0,) * 4
    assert as_image(torch.zeros(2, 3, 1, 5, 5, dtype=torch.uint8)).size == (15, 10)


def test_the_page_gets_pictures_numbers_and_sentences() -> None:
    context = Context(Device(CPU), LOCAL)
    shown = groups("mnist", NO_NOISE, 1.0, context.models(""), context.checkpoints)
    sent = MistakeView().postprocess(shown)
    assert sent is not None
    (group,) = sent
    assert [strip["broken"] for strip in group["strips"]] == [False, True] * 3
    assert all(strip["src"].startswith("data:image/png;base64,") for strip in group["strips"])
    assert group["table"][0] == ["", "correct", "with the mistake", "real"]
    assert group["facts"] and "standard error" in group["about"]
    assert MistakeView().postprocess(None) is None


# ---- the panel --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    folder = tmp_path_factory.mktemp("models")
    tiny(folder, classes=("cat", "dog"))
    return Panel(folder, mistakes.build)  # type: ignore[arg-type]


def test_the_panel_says_what_is_done_wrong(panel: Panel) -> None:
    show = panel.handlers["show"]
    for name, entry in MISTAKES.items():
        changes = show(name, 0.0, "toys", None)
        told = {block.elem_id: value for block, value in changes.items()}
        assert told["mistake-wrong"] == f"**{entry.title}.** {entry.sentence}"
        assert told["mistake-live"].value == "Run it live on toys"
        assert len(told["mistake-view"]) == 1


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (("no soap", 1.0, "toys"), "is none of"),
        ((["no noise"], 1.0, "toys"), "is none of"),
        (("no noise", 0.5, "toys"), "is not offered"),
        (("no noise", None, "toys"), "is not offered"),
        (("no noise", [1.0], "toys"), "is not offered"),
        (("no noise", 1.0, "gone"), "is no longer available"),
        (("no noise", 1.0, None), "is no longer available"),
    ],
)
def test_what_is_not_offered_is_refused_in_a_sentence(
    values: tuple[Any, Any, Any], says: str, panel: Panel
) -> None:
    changes = panel.handlers["show"](*values, None)
    assert len(changes) == 1 and says in next(iter(changes.values())).replace("&#39;", "'")
    with pytest.raises(ValueError, match=says):
        mistakes.asked(panel.context, *values, "")


def test_live_runs_what_was_measured(panel: Panel) -> None:
    asked = mistakes.asked(panel.context, NO_NOISE, 1.0, "toys", "")
    assert asked.lane == {"sampler": "ddim", "steps": 20, "eta": 1.0}  # T = 20
    assert (asked.model, asked.label, asked.seed) == ("toys", "dog", 0)
    with pytest.raises(ValueError, match="choose η = 1"):
        mistakes.asked(panel.context, NO_NOISE, 0.0, "toys", "")
    home = Context(Device(CPU), LOCAL)
    measured = read("mnist")
    assert measured is not None
    asked = mistakes.asked(home, WRONG_ORDER, 0.0, "mnist", "")
    assert asked.lane["steps"] == measured.steps and asked.seed == measured.seed
    assert asked.label is None and asked.mistake == WRONG_ORDER


def test_all_that_is_stored_is_small() -> None:
    for path in STORED.iterdir():
        assert path.stat().st_size < 400_000
    for path in STORED.glob("*.png"):
        with Image.open(path) as picture:
            assert (
                picture.width
                == COLUMNS * describe(HOME / "checkpoints" / f"{path.stem}.safetensors").size
            )
