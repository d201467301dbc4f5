"""Steps that are not finite: nothing is learnt from them, and the run says so and is kept."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from explorer import checkpoints
from explorer.cli.main import main
from explorer.data import ImageSet
from explorer.training import Run, fit, load_state, loop, save_state
from explorer.training.state import read_state
from tests.training.helpers import advance, begin, differing, everything


def spoil(run: Run, how: str) -> None:
    """Let the next step's loss or gradient be `how`."""
    if how == "loss":
        run.network.register_forward_hook(lambda module, inputs, output: output * math.nan)
    else:
        run.network.stem.weight.register_hook(lambda gradient: gradient * float(how))


@pytest.mark.parametrize("how", ["loss", "inf", "nan"])
@pytest.mark.parametrize("good", [0, 3])
def test_such_a_step_changes_nothing(
    how: str, good: int, small_digits: ImageSet, tmp_path: Path
) -> None:
    run = advance(begin(small_digits), good)
    before, remembered = everything(run), list(run.history.losses)
    smooth = run.smooth_loss
    spoil(run, how)
    with pytest.raises(FloatingPointError, match=f"at step {good + 1}; .* lower .* 0.01"):
        next(fit(run))
    after = everything(run)
    changed = differing(before, after)
    fresh = {name for name in after if name.startswith("optimizer") and not after[name].any()}
    assert set(changed) - {"generator"} == (fresh if good == 0 else set())
    assert (run.step, run.history.losses, run.smooth_loss) == (good, remembered, smooth)
    save_state(run, tmp_path / "state")
    again = begin(small_digits)
    load_state(again, tmp_path / "state")
    assert len(list(fit(again))) == 8 - good  # it can go on
    assert all(value.isfinite().all() for value in everything(again).values())


@pytest.mark.parametrize("good", [0, 2])
def test_the_command_line_says_so_and_keeps_the_good_steps(
    good: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = []

    def losses(*arguments: object, **options: object) -> torch.Tensor:
        calls.append(1)
        return true(*arguments, **options) * (math.nan if len(calls) > good else 1)

    true = loop.losses
    monkeypatch.setattr(loop, "losses", losses)
    out = tmp_path / "a.safetensors"
    words = "train --size 8 --batch 4 --network tiny --steps 6 --device cpu --out"
    assert main([*words.split(), str(out)]) == 1
    captured = capsys.readouterr()
    said = captured.err.splitlines()[-1]
    assert said.startswith(f"explorer: the loss became nan at step {good + 1}; try a lower")
    assert "Traceback" not in captured.err and captured.out == ""
    assert out.exists() == (good > 0)
    if good:
        assert checkpoints.describe(out).training["steps"] == good
        assert read_state(out.with_suffix(".run") / "state.safetensors").step == good
        denoiser, _ = checkpoints.load(out)
        assert all(weight.isfinite().all() for weight in denoiser.network.parameters())
