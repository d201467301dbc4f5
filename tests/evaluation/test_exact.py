"""What "float32" means in tables: no TF32, which CUDA takes for convolutions by default."""

from __future__ import annotations

from typing import Any

import pytest

from explorer.checkpoints import Spec
from explorer.diffusion import Denoiser, Network
from explorer.evaluation import Reference, Setting, begin, evaluate
from explorer.evaluation.bound import measure_bound
from explorer.evaluation.held_out import choose_pictures


@pytest.mark.parametrize("module", ["quality", "bound"])
def test_tables_ask_for_exact_float32(
    module: str,
    model: tuple[Denoiser, Spec],
    reference: Reference,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bool] = []

    def noted(network: Network, *_: Any, exact: bool = False) -> Network:
        asked.append(exact)
        return network

    monkeypatch.setattr(f"explorer.evaluation.{module}.prepare", noted)
    if module == "quality":
        quality = begin(*model, reference, n=4)
        list(evaluate(*model, reference, quality, [Setting(2, 0.0)]))
    else:
        list(measure_bound(*model, choose_pictures(model[1], 2), count=1))
    assert asked == [True]
