"""Which classifier of noisy pictures may guide which model, and models that are guided."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from explorer.checkpoints import CheckpointError, Spec, catalogue
from explorer.diffusion import Denoiser
from explorer.diffusion.guidance import classifier_guided
from explorer.inference import shared_classifier

SHIPPED = Path(__file__).parents[1] / "checkpoints" / "classifiers"
"""Made by `python -m explorer train --target class`; no models, so they lie apart."""


def mismatch(model: Spec, classifier: Spec) -> str:
    """Why a classifier cannot guide a model, as a clause; empty if it can.

    Both must see the same x_t: the same pictures' size, channels and classes, the same schedule.
    """
    if not model.classes:
        return "the model was trained without classes"
    if (model.size, model.channels) != (classifier.size, classifier.channels):
        ours, theirs = (kind_of_pictures(of.size, of.channels) for of in (model, classifier))
        return f"it reads images of {theirs}; the model makes {ours}"
    if model.classes != classifier.classes:
        return f"it knows the classes {', '.join(classifier.classes[:4])}, …, not the model's"
    if (model.schedule, model.T) != (classifier.schedule, classifier.T) or dict(
        model.schedule_options
    ) != dict(classifier.schedule_options):
        return (
            f"it was trained with the {classifier.schedule} schedule, T = {classifier.T}; the "
            f"model with {model.schedule}, T = {model.T}"
        )
    return ""


def find_guide(model: Spec, folder: Path = SHIPPED) -> Path:
    """The first classifier in the folder that fits the model; ValueError says why none does."""
    reasons = []
    for path, spec in catalogue(folder, classifiers=True).items():
        reason = mismatch(model, spec)
        if not reason:
            return path
        reasons.append(f"{path.stem}: {reason}")
    told = "; ".join(reasons) or f"there is none in {folder}"
    raise ValueError(
        f"no classifier of noisy images fits {model.name} ({told}). Train one with python -m "
        "explorer train --target class"
    )


def guide(
    denoiser: Denoiser,
    spec: Spec,
    *,
    guidance: float = 1.0,
    classifier_scale: float = 0.0,
    path: str | Path | None = None,
    device: str | torch.device = "cpu",
) -> Denoiser:
    """The model with classifier-free guidance w and classifier guidance s; s = 0 is without.

    path : of the classifier; the shipped one that fits by default. CheckpointError, a ValueError,
    if it does not fit; ValueError for w or s that cannot be.
    """
    denoiser = replace(denoiser, guidance=guidance)
    if classifier_scale == 0:
        return denoiser
    path = Path(path) if path else find_guide(spec)
    classifier, theirs = shared_classifier(path, device)
    if reason := mismatch(spec, theirs):
        raise CheckpointError(f"{path.name} does not fit {spec.name}: {reason}")
    return classifier_guided(denoiser, classifier, classifier_scale)


def kind_of_pictures(size: int, channels: int) -> str:
    """ "28×28, grey": what a model makes, a classifier reads or a race is of, to be compared."""
    return f"{size}×{size}, {'grey' if channels == 1 else 'in colour'}"
