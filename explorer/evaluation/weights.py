"""Which weights a measurement is of."""

from __future__ import annotations

import hashlib
import json

import torch

from explorer.checkpoints import Spec
from explorer.diffusion import Denoiser


def weights_of(denoiser: Denoiser, spec: Spec) -> str:
    """The fingerprint of a model as it was loaded, before `prepare`; TypeError after it."""
    if not isinstance(denoiser.network, torch.nn.Module):
        raise TypeError("weights are told from the model as it was loaded, before `prepare`")
    return fingerprint(denoiser.network, spec)


def fingerprint(network: torch.nn.Module, spec: Spec) -> str:
    """Of the weights and all that decides what they make; not of the file, its name or age."""
    digest = hashlib.sha256()
    meant = [spec.network, dict(spec.network_config), spec.size, list(spec.classes), spec.target]
    meant += [spec.schedule, spec.T, dict(spec.schedule_options)]
    digest.update(json.dumps(meant, sort_keys=True).encode())
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
