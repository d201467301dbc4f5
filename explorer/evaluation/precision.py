"""In which numbers the network reckons while it is evaluated."""

from __future__ import annotations

import torch

PRECISIONS = ("float32", "bfloat16", "auto")


def choose_precision(name: str, device: torch.device) -> str:
    """What `name` means: "auto" is bfloat16 where the device is faster with it, else float32.

    ValueError for another name.
    """
    if name not in PRECISIONS:
        raise ValueError(f"no precision {name!r}; there are: {', '.join(PRECISIONS)}")
    if name == "auto":
        return "bfloat16" if fast_bfloat16(device) else "float32"
    return name


def fast_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware: NVIDIA since Ampere, CPUs with
    AVX512-BF16 or AMX. False where PyTorch cannot say."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type != "cpu":
        return False
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        try:
            if getattr(torch.cpu, name)():
                return True
        except (AttributeError, RuntimeError):
            continue
    return False
