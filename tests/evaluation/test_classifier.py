"""The bundled classifier on what is bundled."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from explorer.data import load, to_tensor
from explorer.evaluation import classifier
from explorer.evaluation.classifier import GROUPS, Classifier, as_input, classify, logit_indices


def test_it_reads_the_bundled_digits() -> None:
    """Training pictures all of them: mnist-5k is a part of MNIST's training set. What it reads
    of pictures it has not seen stands in its header."""
    data = load("mnist-5k")
    network, description = classifier.load_classifier()
    some = slice(None, None, 3)
    logits = classify(network, to_tensor(data.images[some])).logits[:, logit_indices(data.classes)]
    assert (logits.argmax(1) == data.labels[some]).float().mean() >= 0.98
    assert description.accuracies["digits"] >= 0.99
    assert description.accuracies["garments"] >= 0.91
    assert 0.4 < description.accuracies["emoji"] < 1


def test_it_reads_the_kinds_of_emoji_it_has_not_seen() -> None:
    data = load("emoji-four", split="test")
    network, description = classifier.load_classifier()
    logits = classify(network, to_tensor(data.images)).logits[:, logit_indices(data.classes)]
    right = (logits.argmax(1) == data.labels).float().mean().item()
    assert right == pytest.approx(description.accuracies["kinds"], abs=0.01) and right > 0.95


def test_the_groups_are_the_data_sets_classes() -> None:
    assert logit_indices(load("mnist-5k").classes) == list(range(10))
    assert logit_indices(load("emoji").classes) == list(range(20, 29))
    assert logit_indices(load("emoji-four").classes) == list(range(29, 33))
    assert sum(map(len, GROUPS.values())) == 33
    garments = GROUPS["garments"]
    assert logit_indices(garments[::-1]) == list(range(19, 9, -1))
    assert logit_indices(("cat", "dog")) is None and logit_indices(()) is None
    assert logit_indices(("0", "1")) is None  # a question of two is easier than one of ten


@pytest.mark.parametrize("shape", [(2, 1, 8, 8), (2, 3, 32, 32), (2, 3, 64, 64), (2, 1, 28, 28)])
def test_pictures_of_any_size_give_64_features(shape: tuple[int, ...]) -> None:
    network, _ = classifier.load_classifier()
    features, logits = network(torch.rand(shape) * 2 - 1)
    assert features.shape == (2, 64) and logits.shape == (2, 33)
    assert not features.requires_grad


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="1 or 3, H, W"):
        as_input(torch.zeros(2, 2, 8, 8))
    with pytest.raises(ValueError, match="1 or 3, H, W"):
        as_input(torch.zeros(1, 8, 8))


def test_it_is_small_and_a_damaged_file_is_said_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert classifier.FILE.stat().st_size < 2_000_000
    assert sum(p.numel() for p in Classifier().parameters()) < 1_000_000
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(classifier.FILE.read_bytes()[:5000])
    monkeypatch.setattr(classifier, "FILE", cut)
    with pytest.raises(ValueError, match="cut.safetensors is damaged"):
        classifier.load_classifier.__wrapped__()


def test_what_is_saved_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, description = classifier.load_classifier()
    path = tmp_path / "again.safetensors"
    classifier.save_classifier(network, description, path)
    monkeypatch.setattr(classifier, "FILE", path)
    again, said = classifier.load_classifier.__wrapped__()
    x = torch.rand(3, 1, 20, 20)
    assert said == description and torch.equal(again(x).logits, network(x).logits)
