"""Make what the guidance panel shows first: strips and curves of checkpoints/mnist.safetensors."""

from __future__ import annotations

from pathlib import Path

import torch

from explorer.evaluation.guidance import write as write_curves
from explorer.gui.reverse.guidance.strip import KINDS, write
from explorer.gui.reverse.guidance.work import (
    CURVES,
    FIRST,
    SEED,
    STORED,
    STRENGTHS,
    run_curve,
    run_strip,
    status,
)

MODEL = Path("checkpoints/mnist.safetensors")
N = 20
"""Pictures of each class."""


def make_guidance() -> None:
    """By the code that runs when a visitor asks."""
    cpu, curves = torch.device("cpu"), []
    for kind in KINDS:
        *_, strip = run_strip(MODEL, kind, FIRST[kind], SEED, cpu, lambda: False)
        write(strip, STORED)
        print(status(strip), strip.read, flush=True)
    for kind in KINDS:
        *_, found = run_curve(MODEL, kind, STRENGTHS[kind], N, cpu, lambda: False)
        curves.append(found.curve)
        for point in found.curve.points:
            print(kind, point, flush=True)
    write_curves(curves, CURVES)
    size = sum(path.stat().st_size for path in STORED.iterdir())
    print(f"{STORED}: {size / 1000:.0f} kB")
