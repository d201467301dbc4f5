"""Evaluating: the same twice, stopped anywhere, with and without classes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import stdev

import pytest
import torch

from explorer import checkpoints
from explorer.checkpoints import Spec
from explorer.data import ImageSet, from_tensor, load, to_tensor
from explorer.diffusion import Denoiser
from explorer.evaluation import (
    HAT,
    NOISES,
    STEPS,
    STRIDED,
    Column,
    Progress,
    Quality,
    Reference,
    Setting,
    begin,
    choose_columns,
    choose_settings,
    evaluate,
    make_reference,
    read,
    stored_settings,
    write,
)
from explorer.evaluation import (
    reference as references,
)
from explorer.evaluation.classifier import classify, load_classifier, logit_indices
from explorer.evaluation.errors import resamples, share_of
from explorer.evaluation.kernel import KernelDistance
from explorer.evaluation.reference import choose_labels
from explorer.evaluation.weights import fingerprint
from explorer.inference import prepare
from explorer.race import pictures
from tests.evaluation.conftest import DIGITS, FREE
from tests.evaluation.made import frechet_distance

Model = tuple[Denoiser, Spec]
SETTINGS = (Setting(2, 0.0), Setting(2, *HAT), Setting(5, 1.0))
SAMPLERS = tuple(Setting(4, *Column(sampler=name)) for name in STRIDED)


def timeless(quality: Quality) -> Quality:
    """Without the seconds, which never repeat."""
    return replace(quality, rows=tuple(replace(row, seconds=0) for row in quality.rows))


def evaluated(
    model: Model,
    reference: Reference,
    quality: Quality | None = None,
    settings: Sequence[Setting] = SETTINGS,
) -> list[Progress]:
    quality = quality or begin(*model, reference, n=20)
    return list(evaluate(*model, reference, quality, settings, batch=8))


def test_a_row_is_what_its_pictures_are_worth(model: Model, reference: Reference) -> None:
    """Measured anew, from `pictures` of the same seed and labels, with a network that counts."""
    settings = (*SETTINGS, *SAMPLERS)
    *_, last = evaluated(model, reference, settings=settings)
    labels = choose_labels(reference.shares, 20)
    network, _ = load_classifier()
    asked = []
    model[0].network.register_forward_hook(lambda module, inputs, out: asked.append(len(out)))
    for setting in settings:
        asked.clear()
        lane = setting.lane(model[0].schedule)
        x = pictures(model[0], lane, (1, 8, 8), seed=0, labels=labels)
        features, logits = classify(network, to_tensor(from_tensor(x)))
        right = logits[:, logit_indices(DIGITS.classes)].argmax(1) == torch.tensor(labels)
        row = last.quality.find(setting)
        assert row.frechet == pytest.approx(
            frechet_distance(reference.features, features), rel=1e-3
        )
        assert row.accuracy == pytest.approx(right.float().mean().item())
        assert row.n == 20 and row.seconds > 0
        assert row.wrong == tuple((~right).nonzero().flatten().tolist())
        kernel = KernelDistance(reference.features)
        assert row.kid == pytest.approx(kernel.of(features), rel=1e-3)
        drawn = [frechet_distance(reference.features, features[i]) for i in resamples(20)[:3]]
        assert row.frechet_draws[:3] == pytest.approx(drawn, rel=1e-3)
        assert row.kid_draws == pytest.approx(
            kernel.draws(features, resamples(20)).tolist(), rel=1e-3
        )
        for error, draws in (
            (row.frechet_error, row.frechet_draws),
            (row.kid_error, row.kid_draws),
        ):
            assert error == pytest.approx(stdev(draws), rel=1e-2)
        assert row.accuracy_error == pytest.approx(share_of(right).error)
        assert row.evaluations * row.n == sum(asked) == row.n * lane.evaluations
    evaluations = {s.sampler: last.quality.find(s).evaluations for s in SAMPLERS}
    assert evaluations == {"ddim": 4, "dpm-solver": 4, "heun": 7}
    assert len({last.quality.find(setting).frechet for setting in SAMPLERS}) == len(SAMPLERS)


def test_progress_counts_what_the_network_is_asked(model: Model, reference: Reference) -> None:
    """Not the steps: Heun's share of the work is 7 of 15."""
    asked = []
    model[0].network.register_forward_hook(lambda module, inputs, out: asked.append(len(out)))
    states = evaluated(model, reference, settings=SAMPLERS)
    assert sum(asked) == 20 * (4 + 4 + 7)
    ends = {state.setting.sampler: state.share for state in states if state.finished}
    assert ends == pytest.approx({"ddim": 4 / 15, "dpm-solver": 8 / 15, "heun": 1.0})
    assert [state.share for state in states] == sorted(state.share for state in states)


def test_all_samplers_are_stored_and_read_again(
    model: Model, reference: Reference, tmp_path: Path
) -> None:
    """Byte for byte, and a table that was read goes on like one that was not."""
    *_, last = evaluated(model, reference, settings=SAMPLERS)
    path = write(tmp_path / "tiny.quality.json", last.quality)
    assert read(path) == last.quality
    assert write(tmp_path / "again.json", read(path)).read_bytes() == path.read_bytes()
    *_, more = evaluated(model, reference, read(path), (*SAMPLERS, SETTINGS[0]))
    assert len(more.quality.rows) == 4
    assert [more.quality.find(s) for s in SAMPLERS] == [last.quality.find(s) for s in SAMPLERS]


def test_twice_gives_the_same(model: Model, reference: Reference) -> None:
    first, second = (evaluated(model, reference)[-1].quality for _ in range(2))
    assert timeless(first) == timeless(second)
    assert {row.setting for row in first.rows} == set(SETTINGS)
    assert len({row.frechet for row in first.rows}) == 3


def test_progress_comes_after_every_evaluation(model: Model, reference: Reference) -> None:
    states = evaluated(model, reference)
    assert len(states) == 3 * (2 + 2 + 5) + 3  # three batches, and a row's end
    shares = [state.share for state in states]
    assert shares == sorted(shares) and 0 < shares[0] < 0.05 and shares[-1] == 1
    assert [len(s.quality.rows) for s in states if s.finished] == [1, 2, 3]
    assert [s.row.n if s.row else 0 for s in states[:7]] == [0, 0, 8, 8, 16, 16, 20]
    assert states[6].setting == SETTINGS[0] and states[7].row is None


@pytest.mark.parametrize("pulled", [1, 8, 20])
def test_going_on_equals_not_stopping(model: Model, reference: Reference, pulled: int) -> None:
    whole = evaluated(model, reference)
    quality = begin(*model, reference, n=20)
    progress = evaluate(*model, reference, quality, SETTINGS, batch=8)
    for _, state in zip(range(pulled), progress, strict=False):
        kept = state.quality
    progress.close()
    assert len(kept.rows) == sum(state.finished for state in whole[:pulled])
    states = evaluated(model, reference, kept)
    assert states[0].share < 0.1 and states[-1].share == 1
    assert timeless(states[-1].quality) == timeless(whole[-1].quality)
    assert kept.rows == states[-1].quality.rows[: len(kept.rows)]  # seconds and all
    assert not list(evaluate(*model, reference, states[-1].quality, SETTINGS))


def test_without_classes(free: object, reference: Reference) -> None:
    model = checkpoints.load(free)
    reference = make_reference(FREE, load("mnist-5k"), n=20, most=300)
    assert reference.shares is None and reference.floor.accuracy is None
    *_, last = evaluated(model, reference)
    assert [row.accuracy for row in last.quality.rows] == [None] * 3
    with pytest.raises(ValueError, match="guidance 2: this model was trained without classes"):
        begin(*model, reference, guidance=2.0)


def test_the_tables_cells() -> None:
    cells = choose_settings(1000)
    assert len(cells) == 30 and cells[0] == Setting(5, 0.0) and cells[-1] == Setting(1000, *HAT)
    assert sorted({cell.steps for cell in choose_settings(400)}) == [5, 10, 20, 50, 100, 400]
    assert sorted({cell.steps for cell in choose_settings(12)}) == [5, 10, 12]
    assert {cell.steps for cell in choose_settings(1000, (5, 7))} == {5, 7}
    assert [cell.name for cell in cells[:5]] == [
        "S = 5, η = 0", "S = 5, η = 0.2", "S = 5, η = 0.5", "S = 5, η = 1", "S = 5, σ̂",
    ]  # fmt: skip
    assert cells[-1].lane(1000).times == tuple(range(1000, -1, -1))
    columns = choose_columns([*STRIDED, *STRIDED], NOISES[:2])  # none twice
    assert [cell.name for cell in choose_settings(40, (5, 50, 60), columns)] == [
        f"S = {S}, {title}"
        for S in (5, 40)
        for title in ("η = 0", "η = 0.2", "DPM-Solver++(2M)", "Heun, karras")
    ]
    with pytest.raises(ValueError, match=f"DDPM visits all times.*: {', '.join(STRIDED)}"):
        Setting(5, *Column(sampler="ddpm"))
    with pytest.raises(ValueError, match="Heun has no η"):
        Setting(5, 0.5, sampler="heun")
    assert STEPS[-1] == 1000


def test_the_stored_tables_have_all_columns_but_at_the_last_step() -> None:
    cells = stored_settings(1000)
    columns = choose_columns(STRIDED)
    assert {c.column for c in cells if c.steps == 1000} == {Column(0.0), Column(1.0), HAT}
    for S in STEPS[:-1]:
        assert [c.column for c in cells if c.steps == S] == columns
    assert {column.sampler for column in columns} == set(STRIDED)
    assert {c.steps for c in stored_settings(40)} == {5, 10, 20, 40}
    assert len(set(stored_settings(40))) == len(stored_settings(40))


def test_more_steps_than_the_model_are_refused_at_once(model: Model, reference: Reference) -> None:
    quality = begin(*model, reference, n=20)
    with pytest.raises(ValueError, match="T = 40"):
        evaluate(*model, reference, quality, [Setting(41, 0.0)])
    with pytest.raises(ValueError, match="batch = 0"):
        evaluate(*model, reference, quality, [], batch=0)
    with pytest.raises(ValueError, match="n = 1"):
        begin(*model, reference, n=1)


def test_labels_take_turns_as_often_as_in_the_data() -> None:
    assert choose_labels((0.25,) * 4, 9) == [0, 1, 2, 3, 0, 1, 2, 3, 0]
    labels = choose_labels((0.5, 0.2, 0.3), 100)
    assert [labels.count(c) for c in range(3)] == [50, 20, 30]
    assert choose_labels((0.5, 0.2, 0.3), 10) == labels[:10]
    assert set(labels[:4]) == {0, 1, 2}


def few(images: torch.Tensor, **more: object) -> ImageSet:
    return ImageSet(images, None, (), "made", "-", "-", **more)


def test_the_floor_comes_from_other_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """No picture is in both; at most a third is taken out; mirrored models see mirrored ones."""
    seen = []

    def watched(network: object, x: torch.Tensor) -> object:
        seen.append(x)
        return classify(network, x)

    monkeypatch.setattr(references, "classify", watched)
    images = torch.arange(30).byte().view(30, 1, 1, 1).expand(-1, 1, 8, 8).contiguous()
    images[:, :, :, :2] = 200
    made = make_reference(FREE, few(images), n=20, most=15)
    assert len(made.features) == 15 and made.floor.n == 10 and made.floor.accuracy is None
    known, others = ({round((x[0, 0, 7].item() + 1) * 127.5) for x in part} for part in seen)
    assert len(known) == 15 and len(others) == 10 and not known & others
    assert {x[0, 0, 0].item() > 0 for part in seen for x in part} == {True}
    make_reference(replace(FREE, training={"flips": True}), few(images), n=20)
    assert [(x[0, 0, 0] > 0).item() for x in seen[2][:4]] == [True, False, True, False]
    with pytest.raises(ValueError, match="too few"):
        make_reference(FREE, few(images[:3]), n=20)
    with pytest.raises(ValueError, match="3 channels"):
        make_reference(FREE, few(images.expand(-1, 3, -1, -1)), n=20)


def test_bfloat16_covers_the_network_alone(model: Model) -> None:
    denoiser, _ = model
    x = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(4)
    seen = []
    denoiser.network.register_forward_hook(lambda module, inputs, out: seen.append(out.dtype))
    rough, exact = (
        replace(denoiser, network=prepare(denoiser.network, "cpu", precision))(x, 30, labels)
        for precision in ("bfloat16", "float32")
    )
    assert seen == [torch.bfloat16, torch.float32] and rough.dtype == torch.float32
    assert 0 < (rough - exact).abs().max() < 0.2


def test_pictures_that_are_none_end_it(model: Model, reference: Reference) -> None:
    denoiser = replace(model[0], network=Broken())
    with pytest.raises(FloatingPointError, match="not finite"):
        evaluated((denoiser, model[1]), reference)


class Broken(torch.nn.Module):
    """Puts out no numbers."""

    def forward(self, x: torch.Tensor, *_: Iterable[torch.Tensor]) -> torch.Tensor:
        return torch.full_like(x, torch.nan)


def test_the_fingerprint_is_of_what_the_model_does(model: Model) -> None:
    denoiser, spec = model
    one = fingerprint(denoiser.network, spec)
    assert one == fingerprint(denoiser.network, replace(spec, name="other", metrics={"a": 1}))
    assert one != fingerprint(denoiser.network, replace(spec, schedule="linear"))
    next(denoiser.network.parameters()).data.flatten()[0] += 1
    assert one != fingerprint(denoiser.network, spec)
