"""Steps against quality on the page: stored, and measured here."""

from __future__ import annotations

import shutil
from itertools import product
from pathlib import Path

import pytest
import torch

from explorer.checkpoints import describe, load
from explorer.evaluation import NOISES, STEPS, read
from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.jobs import Patience
from explorer.gui.frame.limits import LOCAL
from explorer.gui.reverse.quality.panel import measure, quality_parts, stored_quality

CONTEXT = Context(Device(torch.device("cpu")), LOCAL, datasets=("mnist-5k", "emoji"))
SHIPPED = sorted((HOME / "checkpoints").glob("*.safetensors"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_model_has_its_table(path: Path) -> None:
    from explorer.evaluation.quality import fingerprint

    quality = stored_quality(path)
    assert quality.model == path.stem and quality.n >= 256
    denoiser, spec = load(path)
    assert quality.weights == fingerprint(denoiser.network, spec)
    measured = {(row.setting.steps, row.setting.noise) for row in quality.rows}
    assert measured == set(product(STEPS, NOISES))  # nothing of the table is missing
    words, figure, table = quality_parts(quality, "Fréchet distance")
    assert path.stem in words.replace("&#45;", "-") and len(figure.data) == 6 and "1000" in table


def measured(
    tmp_path: Path, stop_after: int | None = None, patience: float | None = None
) -> tuple[list, Path]:
    model = tmp_path / "mine.safetensors"
    shutil.copy(HOME / "checkpoints" / "mnist.safetensors", model)
    seen = []

    def stopped() -> bool:
        return stop_after is not None and len(seen) >= stop_after

    arguments = (model, [2, 3], [(0.0, "posterior")], 64, tmp_path, CONTEXT)
    for news in measure(*arguments, CONTEXT.device.device, Patience(stopped, patience)):
        seen.append(news)
    return seen, model


def test_a_small_measurement_streams_and_ends(tmp_path: Path) -> None:
    seen, model = measured(tmp_path)
    shares = [news.share for news in seen]
    assert shares == sorted(shares) and shares[-1] == 1 and not seen[-1].running
    quality = seen[-1].quality
    assert [row.setting.steps for row in quality.rows] == [2, 3]
    assert quality.data == "mnist-5k" and describe(model).name == quality.model
    words, _, table = quality_parts(quality, "seconds")
    assert "only large differences" in words and "<strong>" not in table


def test_stopping_keeps_the_finished_cells(tmp_path: Path) -> None:
    seen, _ = measured(tmp_path, stop_after=4)
    assert len(seen[-1].quality.rows) == 1 and not seen[-1].running and seen[-1].share < 1


def test_nobody_keeps_a_shared_device(tmp_path: Path) -> None:
    seen, _ = measured(tmp_path, patience=0.0)
    assert not seen[-1].running and seen[-1].share < 1


def test_without_a_table_it_says_so(tmp_path: Path) -> None:
    assert stored_quality(tmp_path / "nothing.safetensors") is None
    (tmp_path / "broken.quality.json").write_text("{")
    assert stored_quality(tmp_path / "broken.safetensors") is None
    assert "Nothing measured" in quality_parts(None, "seconds")[0]
    with pytest.raises(OSError):
        read(tmp_path / "nothing.quality.json")
