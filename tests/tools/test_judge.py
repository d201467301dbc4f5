"""The judge: its classifiers, what it measures, and what it leaves in a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from explorer import checkpoints
from explorer.checkpoints import Spec
from explorer.data import ImageSet, load, to_tensor
from explorer.diffusion import Denoiser
from explorer.evaluation.errors import Estimate
from explorer.training import Run, TrainConfig, fit
from tools import judge, readers
from tools.judge import Sampling
from tools.make_cards import figure, row

TINY = {"width": 16, "multipliers": (1, 2), "attention": (), "patch": 2}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some steps on the four kinds of emoji, at 16 × 16."""
    config = TrainConfig(data="emoji-four", size=16, steps=8, T=50, batch=16, network_options=TINY)
    run = Run(config, load("emoji-four", size=16), torch.device("cpu"))
    for _ in fit(run):
        pass
    path = tmp_path_factory.mktemp("model") / "emoji-four.safetensors"
    run.history.add_probe(run.step, run.probe())
    run.save(path)
    return path


@pytest.fixture(scope="module")
def root(model: Path) -> Path:
    """Where the classifier is kept once it is made."""
    return model.parent


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    recipes = readers.RECIPES | {"emoji-four": readers.Recipe(epochs=15, depth=1)}
    monkeypatch.setattr(readers, "RECIPES", recipes)


def real(label_of: dict[str, int] | None = None) -> Any:
    """A model's pictures are real ones of the class asked for, or of another."""
    data = load("emoji-four", size=16)
    assert data.labels is not None
    labels_there = data.labels

    def samples(denoiser: Denoiser, spec: Spec, labels: list[int], *_: object) -> Tensor:
        chosen, used = [], [0] * len(spec.classes)
        for label in labels:
            shown = label if label_of is None else label_of[spec.classes[label]]
            of_class = torch.argwhere(labels_there == shown).flatten()
            chosen.append(of_class[used[shown] % len(of_class)])
            used[shown] += 1
        return to_tensor(data.images[torch.stack(chosen)])

    return samples


def test_its_classifier_is_made_once_and_reads_pictures_it_has_not_seen(
    model: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, spec = checkpoints.load(model)
    reader = readers.reader_for(spec, root)
    assert reader.accuracy.value > 0.85 and 0 < reader.accuracy.error < 0.04
    assert (root / "judge-emoji-four-16.safetensors").is_file()

    def never(*_: object) -> None:
        raise AssertionError("it was made already")

    monkeypatch.setattr(readers, "train", never)
    assert readers.reader_for(spec, root).accuracy == reader.accuracy


def test_real_pictures_are_right_and_near_and_others_are_not(
    model: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "samples", real())
    good = judge.judge(model, 200, root, Sampling())
    assert good.share.value > 0.9 and good.compared == 151
    assert good.distance.value < 3 * good.real.value
    assert set(good.by_class) == {"faces", "flags", "hands", "people"}

    wrong = {"faces": 1, "flags": 1, "hands": 1, "people": 1}
    monkeypatch.setattr(judge, "samples", real(wrong))
    bad = judge.judge(model, 200, root, Sampling())
    assert bad.by_class["flags"].value > 0.9 and bad.by_class["faces"].value < 0.2
    assert bad.distance.value > 5 * good.distance.value
    assert bad.real == good.real


def test_samples_are_the_models_own_and_those_that_would_be_saved(model: Path) -> None:
    denoiser, spec = checkpoints.load(model)
    device = torch.device("cpu")
    x = judge.samples(denoiser, spec, [0, 1, 2], Sampling(steps=5), device)
    assert x.shape == (3, 3, 16, 16) and ((x + 1) * 127.5 % 1).min() >= 0
    steps = ((x + 1) * 127.5).round()
    assert torch.allclose(x, steps / 127.5 - 1, atol=1e-6)
    assert torch.equal(x, judge.samples(denoiser, spec, [0, 1, 2], Sampling(steps=5), device))
    other = judge.samples(denoiser, spec, [0, 1, 2], Sampling(steps=5, seed=1), device)
    assert not torch.equal(x, other)
    half = Sampling(steps=5, precision="bfloat16")
    near = judge.samples(denoiser, spec, [0, 1, 2], half, device)
    assert 0 < (x - near).abs().mean() < 0.05


def test_a_grid_on_white_is_seen_in_the_corners() -> None:
    white = torch.ones(10, 3, 8, 8)
    assert judge.unevenness(white) == Estimate(0.0, 0.0)
    grid = white.clone()
    grid[:, :, ::2, ::2] = 0.9  # one of the four pixels that are folded together
    expected = torch.tensor([0.9, 1.0, 1.0, 1.0] * 3).std().item()
    assert judge.unevenness(grid).value == pytest.approx(expected, rel=1e-4)
    half = torch.cat([white, grid])
    assert judge.unevenness(half).value == pytest.approx(expected / 2, rel=1e-4)
    assert judge.unevenness(half).error == pytest.approx(expected / 2 / 19**0.5, rel=1e-4)


def test_the_probe_is_that_of_the_models_run(model: Path, root: Path) -> None:
    denoiser, spec = checkpoints.load(model)
    probe = judge.probe_loss(denoiser, spec, root)
    assert probe.value == pytest.approx(spec.metrics["probe_loss"], rel=1e-4)
    assert 0 < probe.error < 0.2 * probe.value


def test_written_results_stand_in_the_header_and_weights_stay(
    model: Path, root: Path, tmp_path: Path
) -> None:
    path = tmp_path / "half.safetensors"
    spec = checkpoints.describe(model)
    halved = {name: value.half() for name, value in load_file(model).items()}
    checkpoints.save(path, halved, spec)
    how = Sampling(steps=5)
    found = judge.judge(path, 48, root, how)
    judge.write(path, found, how, root)

    kept = load_file(path)
    assert all(torch.equal(value, halved[name]) for name, value in kept.items())
    metrics = checkpoints.describe(path).metrics
    assert metrics["ddim_5_samples"] == metrics["ddim_5_compared"] == 48
    for name in ("ddim_5_accuracy", "ddim_5_frechet", "ddim_5_frechet_real", "judge_accuracy"):
        assert metrics[name] >= 0 and metrics[f"{name}_error"] > 0
    assert metrics["probe_loss_error"] > 0 and metrics["loss"] == spec.metrics["loss"]
    assert f"{100 * found.share.value:.2f}" in judge.report(found)


def test_a_card_shows_every_figure_with_its_error(model: Path) -> None:
    spec = checkpoints.describe(model)
    share, near = Estimate(0.965, 0.0041), Estimate(0.1234, 0.0102)
    reader = readers.Reader(torch.nn.Identity(), "emoji-four", spec.classes, Estimate(0.99, 0.01))
    flat = Estimate(0.01, 0.001)
    found = judge.Judgement(2000, share, {}, reader, near, Estimate(0.05, 0.0031), 151, flat, flat)
    metrics = found.metrics("ddim_50") | {"probe_loss": 0.10231, "probe_loss_error": 0.00123}
    text = row(model, replace(spec, metrics=metrics))
    assert "0.1023 ± 0.0012" in text and "DDIM-50: 96.50 ± 0.41 % of 2,000" in text
    assert "DDIM-50, 151: 0.123 ± 0.010 (0.0500 ± 0.0031)" in text
    assert figure(metrics, "judge_accuracy", percent=True) == "99.0 ± 1.0 %"


def test_a_model_that_cannot_be_judged_is_told_why(model: Path, root: Path) -> None:
    _, spec = checkpoints.load(model)
    with pytest.raises(ValueError, match="trained on cats; there are classifiers of: mnist, fash"):
        readers.reader_for(replace(spec, data="cats"), root)
    with pytest.raises(ValueError, match="has the classes of none; those of emoji-four are faces"):
        readers.reader_for(replace(spec, classes=()), root)
    with pytest.raises(ValueError, match="--n 39: at least 40"):
        judge.judge(model, 39, root, Sampling())


def test_mirrored_pictures_are_learnt_where_the_recipe_says_so() -> None:
    images = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    images[..., :4] = 255
    data = ImageSet(images, torch.zeros(1, dtype=torch.long), ("one",), "half", "", "")
    (x, _), *_ = readers.batches(data, 1, flips=True)
    left = (x[:, 0, 4, 0] > x[:, 0, 4, 7]).float().mean()
    assert 0.3 < left < 0.7
    (x, _), *_ = readers.batches(data, 1, flips=False)
    assert (x[:, 0, 4, 0] > x[:, 0, 4, 7]).all()


def test_a_file_of_another_network_is_not_taken_for_a_classifier(root: Path, model: Path) -> None:
    _, spec = checkpoints.load(model)
    data = root / "other"
    data.mkdir()
    save_file({"0.weight": torch.zeros(3)}, data / "judge-emoji-four-16.safetensors")
    reader = readers.reader_for(spec, data)
    assert reader.accuracy.value > 0.85
