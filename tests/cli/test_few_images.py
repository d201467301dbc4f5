"""The smallest sets: what one held-out image means is said, in training and for the bound."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.cli.main import main
from explorer.evaluation.held_out import held_out
from explorer.training.probe import few_held_out
from tests.data.made import fill

QUICK = "--size 8 --network tiny --batch 4 --T 4 --device cpu --steps 1"


@pytest.mark.parametrize("count", range(8, 45))
def test_the_sentence_comes_where_one_image_is_held_out(count: int) -> None:
    assert bool(few_held_out(count)) == (len(held_out(count, 0)) == 1)


def test_eight_images_train_with_a_sentence_and_their_bound_says_what_is_lacking(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = fill(tmp_path / "eight", 8), tmp_path / "m.safetensors"
    assert main(["train", *QUICK.split(), "--data", str(data), "--out", str(out)]) == 0
    assert "Of 8 images one is held out: the probe is one image" in capsys.readouterr().err
    words = ["evaluate", str(out), "--bound", "--device", "cpu", "--data"]
    assert main([*words, str(data)]) == 1
    said = capsys.readouterr().err
    assert "there is only 1 image of eight/ kept out of training" in said
    assert "train on 20 or more" in said
    others = fill(tmp_path / "others", 9, first=50)
    assert main([*words, str(others)]) == 0
    assert "9 images of" in capsys.readouterr().out


def test_more_images_train_without_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = fill(tmp_path / "twenty", 20), tmp_path / "m.safetensors"
    assert main(["train", *QUICK.split(), "--data", str(data), "--out", str(out)]) == 0
    assert "held out" not in capsys.readouterr().err
