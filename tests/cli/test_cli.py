"""The command line, as it is used: files, exit codes, one line for an error, and signals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from PIL import Image
from torch import Tensor

from explorer import checkpoints, inference
from explorer.checkpoints import Spec
from explorer.cli.main import main
from explorer.inference import Graphs
from explorer.training import Record, observe

ROOT = Path(__file__).parents[2]
PYTHON = [sys.executable, "-m", "explorer"]
QUICK = ["--size", "8", "--batch", "4", "--device", "cpu"]


def explorer(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PYTHON, *map(str, arguments)], capture_output=True, text=True, timeout=120, cwd=ROOT
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a real training of three steps leaves."""
    path = tmp_path_factory.mktemp("trained") / "runs" / "digits.safetensors"
    done = explorer(
        "train", "--data", "mnist-5k", "--steps", 3, "--T", 20, "--schedule", "linear",
        "--target", "x0", *QUICK, "--out", path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"{path}: 3 steps of 4 in " in done.stdout
    return path


@pytest.fixture(scope="module")
def awake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights, so that its classes differ."""
    spec = Spec(
        name="awake", data="made", licence="-", size=8, channels=3, classes=("cat", "dog"),
        network="unet", network_config={"channels": 3, "classes": 2, "T": 20, "width": 8},
        schedule="cosine", T=20, target="x0",
    )  # fmt: skip
    g = torch.Generator().manual_seed(1)
    weights = {
        name: 0.3 * torch.randn(value.shape, generator=g)
        for name, value in spec.make_network().state_dict().items()
    }
    path = tmp_path_factory.mktemp("awake") / "awake.safetensors"
    return checkpoints.save(path, weights, spec)


def sampled(file: Path, out: Path, *arguments: object) -> Image.Image:
    """The PNG that `sample` writes, from within this process."""
    command = ["sample", file, "--device", "cpu", "--overwrite", "--out", out, *arguments]
    assert main([str(part) for part in command]) == 0
    with Image.open(out) as picture:
        assert picture.format == "PNG"
        return picture.convert("RGB")


def test_describe_prints_the_spec_that_was_asked_for(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["describe", str(trained)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(json.dumps(asdict(checkpoints.describe(trained))))
    asked = {"name": "digits", "data": "mnist-5k", "size": 8, "T": 20, "schedule": "linear"}
    assert asked.items() <= printed.items() and printed["target"] == "x0"
    assert printed["training"]["steps"] == 3 and printed["training"]["batch"] == 4
    assert printed["training"]["command"].startswith("python -m explorer train --data mnist-5k")
    assert printed["classes"] == list("0123456789")


def test_sample_writes_the_same_grid_for_the_same_seed(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "grid.png"
    done = explorer("sample", trained, "--steps", 4, "--n", 5, "--seed", 7, "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{out}: 5 images, DDIM, 4 evaluations each\n"
    with Image.open(out) as picture:
        assert picture.size == (3 * 10 + 2, 2 * 10 + 2)  # 3 columns, 2 rows, gaps of 2
    sampled(trained, tmp_path / "again.png", "--steps", 4, "--n", 5, "--seed", 7)
    assert (tmp_path / "again.png").read_bytes() == out.read_bytes()
    sampled(trained, tmp_path / "other.png", "--steps", 4, "--n", 5, "--seed", 8)
    assert (tmp_path / "other.png").read_bytes() != out.read_bytes()


def test_ddpm_takes_all_steps(
    awake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ddpm = sampled(awake, tmp_path / "a.png", "--sampler", "ddpm", "--n", 2)
    assert "2 images, DDPM, 20 evaluations each" in capsys.readouterr().out
    same = sampled(awake, tmp_path / "b.png", "--steps", 20, "--eta", 1, "--n", 2)
    assert same.tobytes() == ddpm.tobytes()  # DDIM with all steps and eta = 1 is DDPM
    ddim = sampled(awake, tmp_path / "c.png", "--n", 2)  # of 50 steps, but there are only 20
    assert "2 images, DDIM, 20 evaluations each" in capsys.readouterr().out
    assert ddim.tobytes() != ddpm.tobytes()


def test_ddpm_says_that_ddims_settings_are_not_its_own(
    awake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sample", str(awake), "--sampler", "ddpm", "--n", "2", "--out"]
    assert main([*words, str(tmp_path / "plain.png")]) == 0
    assert main([*words, str(tmp_path / "noted.png"), "--steps", "5", "--eta", "0"]) == 0
    assert "takes all 20 steps" in capsys.readouterr().err
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "noted.png").read_bytes()


def test_lectures_sample_their_way(
    awake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A picture for each sampler, as `--variance beta` and its like make them; or looks."""
    out = tmp_path / "jax.png"
    sampled(awake, out, "--lecture", "jax", "--n", 4, "--steps", 3)
    told = capsys.readouterr()
    assert "--steps" in told.err or "not used" in told.err
    assert [line.split(": ")[0] for line in told.out.splitlines()] == [
        str(out.with_stem(stem)) for stem in ("jax", "jax-2", "jax-3")
    ]
    first = "DDPM, σ² = β, no clipping, α, β ahead, z in every step, 19 evaluations"
    assert first in told.out and "S = 4, no clipping, α for ᾱ, 4 evaluations" in told.out
    beta = sampled(awake, tmp_path / "b.png", "--sampler", "ddpm", "--variance", "beta", "--n", 4)
    assert beta != sampled(awake, tmp_path / "c.png", "--sampler", "ddpm", "--n", 4)
    looks = sampled(awake, tmp_path / "d.png", "--lecture", "sutd", "--n", 2)
    assert looks.height == 4 * 10 + 2  # x_t and x̂_0 of two pictures
    told = capsys.readouterr().out
    assert "in one shot, at t = 19, 0" in told
    assert "d-2.png: 2 rows from pure noise, x̂₀ fed back, after t = 19, 0" in told
    with Image.open(tmp_path / "d-2.png") as walks:
        assert walks.size == (3 * 10 + 2, 2 * 10 + 2)


def test_a_lecture_is_sampled_without_its_slips(
    awake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in ((), ("--repair",)):
        sampled(awake, tmp_path / "a.png", "--lecture", "scinet", "--n", 2, *words)
    code, right = capsys.readouterr().out.splitlines()
    assert "no clipping, T + 1 steps, 21 evaluations" in code
    assert "no clipping, 20 evaluations" in right
    sampled(awake, tmp_path / "b.png", "--lecture", "sutd", "--n", 2, "--repair")
    assert "DDIM's steps, after t = 19, 0" in capsys.readouterr().out
    words = ["sample", str(awake), "--repair", "--out", str(tmp_path / "c.png")]
    assert main(words) == 1 and "--repair: also give --lecture" in capsys.readouterr().err


def test_any_model_does_what_can_be_done_wrong(
    awake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = sampled(awake, tmp_path / "a.png", "--steps", 5, "--n", 2)
    wrong = sampled(
        awake, tmp_path / "b.png", "--steps", 5, "--n", 2,
        "--breaks", "no-clipping", "alpha-for-alpha-bar",
    )  # fmt: skip
    assert sound != wrong
    assert "DDIM, S = 5, no clipping, α for ᾱ, 5 evaluations" in capsys.readouterr().out
    same = sampled(awake, tmp_path / "c.png", "--steps", 5, "--n", 2, "--breaks", "no-noise")
    assert same == sound
    assert "--breaks no-noise changes nothing in DDIM, S = 5" in capsys.readouterr().err
    words = ["sample", str(awake), "--breaks", "alpha-ahed", "--out", str(tmp_path / "d.png")]
    assert main(words) == 1
    told = capsys.readouterr().err
    assert "--breaks alpha-ahed: there are: no-clipping, " in told and "mean alpha-ahead?" in told
    out = tmp_path / "e.npz"
    words = ["sample", str(awake), "--n", "2", "--steps", "5", "--out", str(out)]
    assert main([*words, "--breaks", "t-from-0"]) == 0
    with np.load(out) as stored:
        assert "t from 0" in str(stored["settings"]) or "t-from-0" in str(stored["settings"])


def test_a_lectures_looks_by_a_recorded_network(
    awake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On CUDA what is asked is no module: it has no `.parameters()`, but a device."""
    asked = []

    def recorded(work: Callable[..., Tensor], device: torch.device, *_: int, **__: Any) -> Any:
        asked.append(device)
        return work

    plain = sampled(awake, tmp_path / "plain.png", "--lecture", "sutd", "--n", 2)
    monkeypatch.setattr(inference, "Recorded", recorded)
    monkeypatch.setattr(inference, "prepare", lambda network, *_: Graphs(network))
    assert sampled(awake, tmp_path / "d.png", "--lecture", "sutd", "--n", 2) == plain
    assert asked and set(asked) == {torch.device("cpu")}


def test_guidance_changes_the_pictures_and_one_is_plain(
    awake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = sampled(awake, tmp_path / "a.png", "--steps", 4, "--n", 2)
    assert sampled(awake, tmp_path / "b.png", "--steps", 4, "--n", 2, "--guidance", 1) == plain
    assert sampled(awake, tmp_path / "c.png", "--steps", 4, "--n", 2, "--guidance", 3) != plain
    assert main(["sample", str(awake), "--guidance", "-1", "--out", str(tmp_path / "d.png")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_labels_are_taken_by_name_and_number(awake: Path, tmp_path: Path) -> None:
    common = ("--steps", 5, "--n", 2, "--seed", 3)
    by_name, by_number, other, turns = (
        sampled(awake, tmp_path / "a.png", *common, *label)
        for label in (("--label", "dog"), ("--label", 1), ("--label", "cat"), ())
    )
    assert by_name.tobytes() == by_number.tobytes() != other.tobytes()
    left, right = (0, 0, 12, 12), (10, 0, 22, 12)
    assert turns.crop(left).tobytes() == other.crop(left).tobytes()
    assert turns.crop(right).tobytes() == by_name.crop(right).tobytes()


def test_resume_goes_on_where_the_run_stopped(trained: Path, tmp_path: Path) -> None:
    before, path = signal.getsignal(signal.SIGINT), tmp_path / "digits.safetensors"
    shutil.copy(trained, path)
    shutil.copytree(trained.with_suffix(".run"), path.with_suffix(".run"))
    options = ["--T", "20", "--schedule", "linear", "--target", "x0", *QUICK, "--out", str(path)]
    assert main(["train", *options, "--steps", "5", "--resume"]) == 0
    assert checkpoints.describe(path).training["steps"] == 5
    assert signal.getsignal(signal.SIGINT) is before


def complaint(capsys: pytest.CaptureFixture[str], command: Sequence[object]) -> str:
    """The one line on stderr of a command that fails."""
    capsys.readouterr()
    code = main([str(part) for part in command])
    out, err = capsys.readouterr()
    assert code not in (0, None) and out == ""
    assert err.endswith("\n") and len(err.splitlines()) == 1, err
    assert err.startswith("explorer: ") and "Traceback" not in err
    return err


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("train --data cifar --out {tmp}/a.safetensors", "no data set 'cifar'"),
        ("train --data {tmp} --out {tmp}/a.safetensors", "at least 8 images are needed"),
        ("train --data {tmp}/text.png --out {tmp}/a.safetensors", "text.png"),
        ("train --weighting p2 --out {tmp}/a.safetensors", "--weighting"),
        ("train --gamma 0 --out {tmp}/a.safetensors", "gamma = 0"),
        ("train --network huge --out {tmp}/a.safetensors", "--network"),
        ("train --ema 1 --out {tmp}/a.safetensors", "ema = 1"),
        ("train --option s --out {tmp}/a.safetensors", "--option s: give it as NAME=NUMBER"),
        ("train --option s=a --out {tmp}/a.safetensors", "--option s=a"),
        ("train --option s=nan --out {tmp}/a.safetensors", "s = nan"),
        ("train --option beta=0.1 --out {tmp}/a.safetensors", "no option 'beta'"),
        ("train --save-every -1 --out {tmp}/a.safetensors", "--save-every -1"),
        ("train --save-every nan --out {tmp}/a.safetensors", "--save-every nan"),
        ("train --size 7 --steps 1 --out {tmp}/a.safetensors", "size = 7"),
        ("train --size 30 --steps 1 --out {tmp}/a.safetensors", "multiples of 4"),
        ("train --size big --out {tmp}/a.safetensors", "--size"),
        ("train --schedule cosin --out {tmp}/a.safetensors", "there are: linear, cosine"),
        ("train --T 0 --out {tmp}/a.safetensors", "T = 0"),
        ("train --target noise --out {tmp}/a.safetensors", "--target"),
        ("train --steps 0 --out {tmp}/a.safetensors", "steps = 0"),
        ("train --minutes 0 --out {tmp}/a.safetensors", "seconds = 0"),
        ("train --minutes nan --out {tmp}/a.safetensors", "seconds = nan"),
        ("train --batch 0 --out {tmp}/a.safetensors", "batch = 0"),
        ("train --learning-rate 7 --out {tmp}/a.safetensors", "learning_rate = 7"),
        ("train --seed -1 --out {tmp}/a.safetensors", "seed = -1"),
        ("train --device gpu --steps 1 --out {tmp}/a.safetensors", "'gpu'"),
        (
            "train --resume --steps 1 --out {tmp}/a.safetensors",
            "a.run/state.safetensors to resume from",
        ),
        ("train --steps 1 --out {tmp}/a.pt", "end in .safetensors"),
        ("train --steps 1 --size 8 --out {tmp}/text.png/a.safetensors", "text.png"),
        ("train --steps 1 --size 8 --out {tmp}/folder.safetensors", "folder.safetensors"),
        ("train", "--out"),
        ("train --out {tmp}/a.safetensors --epochs 3", "--epochs"),
        ("sample {tmp}/absent.safetensors", "no checkpoint"),
        ("sample {tmp}/text.png", "not a complete safetensors file"),
        ("sample {tmp}/cut.safetensors", "truncated"),
        ("sample {awake} --label fox", "no such class; there are: cat, dog"),
        ("sample {awake} --label 2", "there are: cat, dog"),
        ("sample {awake} --label -1", "label '-1'"),
        ("sample {awake} --eta 2 --steps 2", "eta = 2"),
        ("sample {awake} --eta nan --steps 2", "eta = nan"),
        ("sample {awake} --n 0", "--n 0"),
        ("sample {awake} --steps 0", "steps = 0"),
        ("sample {awake} --steps 21", "with T = 20 there are at most 20"),
        ("sample {awake} --seed -1", "--seed -1"),
        ("sample {awake} --sampler euler", "--sampler"),
        ("sample {awake} --steps 2 --out {tmp}/text.png/a.png", "text.png"),
        ("sample {awake} --steps 2 --out {tmp}/folder.safetensors", "folder.safetensors"),
        ("sample {awake} --steps 2 --out {tmp}/a.xyz", ".xyz"),
        ("describe {tmp}/absent.safetensors", "no checkpoint"),
        ("describe {tmp}/cut.safetensors", "truncated"),
        ("describe", "FILE"),
        ("paint", "paint"),
        ("", "train | sample | describe"),
    ],
)
def test_an_error_is_one_line_that_says_what_is_wrong(
    command: str, says: str, awake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "cut.safetensors").write_bytes(awake.read_bytes()[:3000])
    (tmp_path / "folder.safetensors").mkdir()
    before = sorted(tmp_path.rglob("*"))
    assert says in complaint(capsys, command.format(tmp=tmp_path, awake=awake).split())
    assert sorted(tmp_path.rglob("*")) == before


def test_an_unconditional_model_takes_no_label(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.safetensors"
    assert main(["train", "--unconditional", "--steps", "1", *QUICK, "--out", str(path)]) == 0
    assert "trained without classes" in complaint(capsys, ["sample", path, "--label", "3"])
    assert sampled(path, tmp_path / "a.png", "--n", 2).size == (22, 12)


def test_every_choice_reaches_the_run(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    command = [
        *"train --weighting min-snr --gamma 3 --network tiny --option s=0.01 --ema 0.9".split(),
        *"--flips --save-every 0 --steps 2 --seed 4 --learning-rate 0.001".split(),
        *QUICK, "--out", str(path),
    ]  # fmt: skip
    assert main(command) == 0
    spec = checkpoints.describe(path)
    asked = {"weighting": "min-snr", "gamma": 3, "ema": 0.9, "flips": True, "seed": 4, "batch": 4}
    assert asked.items() <= spec.training.items() and spec.training["learning_rate"] == 0.001
    assert spec.network_config["width"] == 32 and spec.schedule_options == {"s": 0.01}
    assert spec.training["processes"] == 1 and spec.metrics["probe_loss"] > 0
    curve = spec.training["curve"]
    assert (curve[0]["step"], curve[-1]["step"]) == (0, 2) and len(curve[0]["buckets"]) == 10


def test_accelerates_own_precision_does_not_stop_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under `accelerate launch --mixed_precision bf16`: the step chooses for itself."""
    AcceleratorState._reset_state(reset_partial_state=True)
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    words = ["train", "--network", "tiny", *QUICK, "--steps", "1"]
    assert main([*words, "--out", str(tmp_path / "a.safetensors")]) == 0


@pytest.mark.parametrize("zipped", [False, True])
def test_ones_own_pictures_are_learnt(zipped: bool, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    for name in ("cats", "dogs"):
        (folder / name).mkdir(parents=True)
        for i in range(6):
            Image.new("RGB", (20, 12), (20 * i, 90, 5 * i)).save(folder / name / f"{i}.png")
    if zipped:
        with zipfile.ZipFile(tmp_path / "mine.zip", "w") as file:
            for picture in sorted(folder.rglob("*.png")):
                file.write(picture, picture.relative_to(folder))
        folder = tmp_path / "mine.zip"
    path = tmp_path / "a.safetensors"
    words = ["train", "--network", "tiny", "--steps", "2", *QUICK, "--out", str(path)]
    assert main([*words, "--data", str(folder)]) == 0
    spec = checkpoints.describe(path)
    assert spec.classes == ("cats", "dogs") and spec.channels == 3 and "mine" in spec.data
    assert main([*words, "--data", str(folder), "--resume", "--steps", "3"]) == 0
    assert checkpoints.describe(path).training["steps"] == 3


def test_starting_over_leaves_no_snapshots_of_the_run_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.safetensors"
    words = ["train", "--network", "tiny", *QUICK, "--out", str(path)]

    def kept() -> list[int]:
        return [step for step, _ in Record(path).snapshots()]

    assert main([*words, "--steps", "5"]) == 0 and kept() == [1, 2, 3, 5]
    monkeypatch.setitem(observe.__globals__, "SNAPSHOTS", (1.0,))
    assert main([*words, "--steps", "6", "--resume"]) == 0 and kept() == [1, 2, 3, 5, 6]
    assert main([*words, "--steps", "4", "--overwrite"]) == 0 and kept() == [4]


def test_resuming_with_other_settings_is_refused(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = trained.read_bytes()
    command = ["train", "--resume", "--steps", 9, *QUICK, "--out", trained]
    assert "T = 20, schedule = 'linear', target = 'x0'" in complaint(capsys, command)
    assert trained.read_bytes() == before


def test_an_error_is_one_line_of_the_process_too(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_text("hello")
    done = explorer("describe", tmp_path / "a.safetensors")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("explorer: a.safetensors is not a complete safetensors file")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_a_checkpoint_and_a_state_to_resume(
    number: signal.Signals, tmp_path: Path
) -> None:
    path = tmp_path / "a.safetensors"
    command = ["train", *QUICK, "--steps", "20000", "--out", str(path)]
    with subprocess.Popen([*PYTHON, *command], stderr=subprocess.PIPE, cwd=ROOT) as process:
        shown = b""
        while b"step " not in shown:  # it has begun
            part = os.read(process.stderr.fileno(), 4096)
            assert part, shown
            shown += part
        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
    steps = checkpoints.describe(path).training["steps"]
    assert process.returncode == 130 and 0 < steps < 20_000
    last = rest.decode().splitlines()[-1]
    assert last == f"explorer: stopped; {steps} steps are saved in {path}; continue with --resume"
    assert main(["train", *QUICK, "--resume", "--steps", str(steps + 2), "--out", str(path)]) == 0
    assert checkpoints.describe(path).training["steps"] == steps + 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.run", "a.safetensors"]
    assert not list(tmp_path.rglob(".*"))  # nothing half written
