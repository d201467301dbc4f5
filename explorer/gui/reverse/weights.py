"""Which weights a stored measurement is of."""

from __future__ import annotations

import torch

from explorer.checkpoints import Spec
from explorer.diffusion import Denoiser
from explorer.evaluation.quality import fingerprint


def weights_of(denoiser: Denoiser, spec: Spec) -> str:
    """The fingerprint of a model as it was loaded, before `prepare`; TypeError after it."""
    if not isinstance(denoiser.network, torch.nn.Module):
        raise TypeError("weights are told from the model as it was loaded, before `prepare`")
    return fingerprint(denoiser.network, spec)
