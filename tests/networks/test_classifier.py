"""The classifier of noisy pictures: what it takes, what it is told, what its checkpoint is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.checkpoints import CheckpointError, catalogue, describe, load, load_classifier
from explorer.cli.main import main
from explorer.data import load as load_data
from explorer.data import to_tensor
from explorer.diffusion import forward
from explorer.diffusion.guidance import class_gradient
from explorer.gui.frame.context import HOME
from explorer.guides import SHIPPED, find_guide, guide, mismatch
from explorer.networks import NoisyClassifier, NoisyClassifierConfig

MODELS = HOME / "checkpoints"


def awake(**settings: Any) -> NoisyClassifier:
    """With random weights also where a fresh one has zeros."""
    network = NoisyClassifier(NoisyClassifierConfig(**{"width": 16} | settings)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return network.requires_grad_(False)


@pytest.mark.parametrize(
    ("settings", "size"),
    [({"channels": 1}, 28), ({"channels": 3, "classes": 4}, 32), ({"patch": 1, "classes": 2}, 7)],
)
def test_logits_depend_on_picture_and_time(settings: dict[str, Any], size: int) -> None:
    network = awake(**settings)
    x = torch.randn(3, network.config.channels, size, size)
    early, late = network(x, torch.tensor([1, 1, 1])), network(x, 500)
    assert early.shape == (3, network.config.classes) and early.isfinite().all()
    assert (early - late).abs().max() > 1e-3 and (early[0] - early[1]).abs().max() > 1e-3


def test_at_pure_noise_nothing_is_read_and_nothing_pushed() -> None:
    """The push is divided by √ᾱ_T = 5·10⁻⁵: the gradient must vanish there, not nearly."""
    network = awake()
    x = torch.randn(4, 1, 12, 12)
    torch.testing.assert_close(network(x, 1000), network.prior.expand(4, -1))
    gradient, _ = class_gradient(network, x, 1000, torch.arange(4))
    assert gradient.abs().max() < 1e-7
    assert class_gradient(network, x, 300, torch.arange(4))[0].abs().max() > 1e-4


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("channels", value) for value in (0, 2, 1.0)],
        *[("classes", value) for value in (0, 1, 2.5)],
        *[("T", value) for value in (0, True)],
        *[("width", value) for value in (0, 12, 10**9)],
        *[("patch", value) for value in (0, 9)],
    ],
)
def test_a_bad_configuration_is_refused_naming_the_field(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"classifier: .*\b{field} = "):
        NoisyClassifierConfig(**{field: value})


def test_sizes_that_do_not_fold_are_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 2, not 13 × 12"):
        awake()(torch.zeros(1, 1, 13, 12), 1)


def shipped() -> Path:
    (path,) = catalogue(SHIPPED, classifiers=True)
    return path


def test_the_shipped_one_reads_noisy_digits() -> None:
    classifier, spec = load_classifier(shipped())
    assert sum(p.numel() for p in classifier.parameters()) < 300_000
    assert shipped().stat().st_size < 1.5e6
    digits = load_data("mnist-5k", size=28)
    x0, labels = to_tensor(digits.images[::25]), digits.labels[::25]
    for t, least in ((0, 0.96), (250, 0.95), (500, 0.9), (750, 0.6)):
        q = forward(spec.make_schedule(), x0, t)
        said = classifier(q.sample(torch.Generator().manual_seed(0)), t).argmax(1)
        assert (said == labels).float().mean() > least


def test_it_is_no_model_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = shipped()
    assert catalogue(path.parent) == {} and describe(path).classifies
    with pytest.raises(CheckpointError, match="makes no images itself"):
        load(path)
    with pytest.raises(CheckpointError, match="a model, not a classifier"):
        load_classifier(MODELS / "mnist.safetensors")
    for command in (["sample", path, "--out", tmp_path / "x.png"], ["evaluate", path, "--n", 4]):
        assert main([str(word) for word in command]) == 1
        assert "is a classifier of noisy images" in capsys.readouterr().err


def test_which_model_it_fits() -> None:
    classifier = describe(shipped())
    mnist = describe(MODELS / "mnist.safetensors")
    assert mismatch(mnist, classifier) == "" and find_guide(mnist) == shipped()
    for name, why in (
        ("mnist-linear", "trained with the cosine schedule"),
        ("fashion-mnist", "it knows the classes 0, 1"),
        ("emoji", "the model makes 32×32, in colour"),
    ):
        spec = describe(MODELS / f"{name}.safetensors")
        assert why in mismatch(spec, classifier)
        with pytest.raises(ValueError, match="mnist-noisy"):
            find_guide(spec)
    denoiser, spec = load(MODELS / "emoji.safetensors")
    with pytest.raises(CheckpointError, match="does not fit emoji"):
        guide(denoiser, spec, classifier_scale=1.0, path=shipped())


def test_sample_pushes_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, found = str(MODELS / "mnist.safetensors"), []
    words = ["--steps", "3", "--n", "2", "--label", "3", "--guidance", "0"]
    for scale in ("0", "4"):
        out = tmp_path / f"{scale}.png"
        more = ["--classifier-scale", scale, "--out", str(out)]
        assert main(["sample", model, *words, *more]) == 0
        found.append(out.read_bytes())
    assert found[0] != found[1]
    more = ["--classifier-scale", "-1", "--out", str(tmp_path / "x.png")]
    assert main(["sample", model, *words, *more]) == 1
    assert "classifier scale = -1.0" in capsys.readouterr().err
