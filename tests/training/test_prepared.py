"""What Train's text says of images before training, and of learning rates that are too high."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
import torch
from PIL import Image

from explorer.data import load, square, to_tensor
from explorer.data.uploads import MARGIN, read_picture
from explorer.gui.train import tab
from explorer.networks import PRESETS
from explorer.training import Run, TrainConfig, fit

PROSE = Path(tab.__file__).with_name("prose.md").read_text(encoding="utf-8")


def trained(rate: float, steps: int = 150) -> Run:
    config = TrainConfig(
        size=8, network_options=PRESETS["tiny"], steps=steps, learning_rate=rate, batch=32, ema=0
    )
    run = Run(config, load("mnist-5k", size=8))
    for _ in fit(run):
        pass
    return run


def test_images_are_prepared_as_the_text_says(tmp_path: Path) -> None:
    assert "$x_0 = 2u/255 - 1$" in PROSE
    u = torch.arange(256, dtype=torch.uint8)
    torch.testing.assert_close(to_tensor(u), 2 * u.double().float() / 255 - 1)
    assert "the middle square is taken" in PROSE and "with grey margins" in PROSE
    wide = Image.new("RGB", (30, 10), "white")
    wide.paste("red", (10, 0, 20, 10))
    assert square(wide, 8).getpixel((4, 4)) == (255, 0, 0)
    padded = square(wide, 9, "pad")
    assert padded.getpixel((0, 0)) == (MARGIN,) * 3 and padded.getpixel((4, 4)) == (255, 0, 0)
    assert 0 < MARGIN < 255
    assert "transparency is laid on white" in PROSE
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert read_picture(tmp_path / "clear.png").getpixel((3, 3)) == (255, 255, 255)


def test_the_defaults_are_those_that_the_text_gives() -> None:
    known = {field.name: field.default for field in fields(TrainConfig)}
    assert "over the first 50 steps" in PROSE and known["warmup"] == 50
    assert "limits the gradient's norm to 1" in PROSE and known["clip_norm"] == 1
    assert "half a cosine" in PROSE and known["final_rate"] < 1


def test_with_too_high_a_rate_the_probe_stays_high() -> None:
    assert "take the probe to 0.31 with a rate of 0.002, and to 0.58 with 0.5" in PROSE
    assert "150 steps of the smallest U-Net" in PROSE
    good, bad = trained(2e-3).probe().loss, trained(0.5).probe().loss
    assert good == pytest.approx(0.31, rel=0.1) and bad == pytest.approx(0.58, rel=0.15)
