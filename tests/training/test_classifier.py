"""The target "class": the trainer teaches a classifier of noisy pictures as it does a denoiser."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from explorer.checkpoints import describe, load_classifier
from explorer.data import ImageSet, to_tensor
from explorer.diffusion import forward, loss_weights, losses, make_schedule
from explorer.settings.training import CLASSIFIER
from explorer.training import Run, TrainConfig, load_state, save_state
from explorer.training.estimate import estimate
from tests.training.helpers import advance, differing, everything, stripes

TOLD = {"target": "class", "network": CLASSIFIER, "network_options": {"width": 16}}


def begin(data: ImageSet, **changes: object) -> Run:
    quick = {"size": 8, "T": 100, "steps": 40, "batch": 64, "warmup": 2, "learning_rate": 0.01}
    return Run(TrainConfig(**quick | TOLD | {"label_dropout": 0.0} | changes), data)


def accuracy(run: Run, t: int = 10) -> float:
    """Of the weights as they are, on pictures held out."""
    x0 = to_tensor(run.held_out)
    q = forward(run.schedule, x0, t)
    x = q.sample(torch.Generator().manual_seed(0))
    index = torch.randperm(len(run.data), generator=torch.Generator().manual_seed(0))
    labels = run.data.labels[index[: len(x0)]]
    with torch.no_grad():
        return (run.network(x, t).argmax(1) == labels).float().mean().item()


def test_forty_steps_teach_it(small_digits: ImageSet, tmp_path: Path) -> None:
    run = begin(small_digits)
    before, probe = accuracy(run), run.probe().loss
    advance(run, 40)
    assert before < 0.25 and accuracy(run) > 0.35
    assert run.probe().loss < probe and abs(probe - 2.3) < 0.2  # ln 10, by guessing
    buckets = run.probe().buckets
    assert buckets[0] < buckets[-1]  # noise hides the class
    spec = run.save(tmp_path / "c.safetensors")
    assert spec.classifies and describe(tmp_path / "c.safetensors") == spec
    classifier, _ = load_classifier(tmp_path / "c.safetensors")
    x = torch.randn(2, 1, 8, 8)
    torch.testing.assert_close(classifier(x, 5), run.ema(x, 5))


def test_it_is_continued_bit_for_bit(tmp_path: Path) -> None:
    data = stripes(40)
    whole, part = begin(data, batch=4, steps=6), begin(data, batch=4, steps=6)
    advance(whole, 6)
    advance(part, 3)
    save_state(part, tmp_path / "state.safetensors")
    after = begin(data, batch=4, steps=6)
    load_state(after, tmp_path / "state.safetensors")
    advance(after, 3)
    assert differing(everything(after), everything(whole)) == []


def test_the_loss_is_the_cross_entropy_of_the_class() -> None:
    schedule, x0 = make_schedule("cosine", 10), torch.randn(3, 1, 4, 4)
    logits = torch.tensor([[0.0, 2.0], [1.0, 1.0], [5.0, 0.0]])
    label = torch.tensor([1, 0, -1])
    found = losses(
        lambda x, t: logits, schedule, x0, torch.tensor([1, 5, 9]), x0, label, target="class"
    )
    expected = -torch.stack([logits[0].log_softmax(0)[1], logits[1].log_softmax(0)[0]])
    torch.testing.assert_close(found[:2], expected)
    assert found[2] == 0  # withheld
    with pytest.raises(ValueError, match="learns from labels"):
        losses(lambda x, t: logits, schedule, x0, 1, x0, target="class")
    weights = loss_weights(schedule, "class")
    assert weights.tolist() == [0.0] + [1.0] * 10
    with pytest.raises(ValueError, match="class takes simple"):
        loss_weights(schedule, "class", "bound")


def test_what_does_not_go_together_is_refused() -> None:
    for wrong in ({"network": "unet", "network_options": {}}, {"target": "v"}):
        with pytest.raises(ValueError, match="belong together"):
            TrainConfig(steps=1, **TOLD | wrong)
    with pytest.raises(ValueError, match="at least 2"):
        begin(stripes(8, labels=False))
    with pytest.raises(ValueError, match="at least 2"):
        begin(stripes(8), conditional=False)


def test_its_needs_are_estimated() -> None:
    needed = estimate(TrainConfig(size=8, steps=1, **TOLD), 1, 10)
    assert 50_000 < needed.parameters < 100_000 and needed.flops > 0
