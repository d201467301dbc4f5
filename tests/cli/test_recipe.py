"""What `train` is asked to do: flags, files and their precedence."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from torch import Tensor

from explorer.checkpoints import catalogue
from explorer.cli import train
from explorer.cli.main import COMMANDS, SHELLS, main
from explorer.cli.recipe import (
    GIVEN,
    OTHERWISE,
    Train,
    as_yaml,
    make_config,
    read_train,
    words_of,
)
from explorer.cli.words import UsageError, docstrings, flags_of
from explorer.precision import PRECISIONS as COMPUTED
from explorer.settings.names import PRECISIONS
from explorer.settings.networks import CONFIGS
from explorer.settings.training import TrainConfig

ROOT = Path(__file__).parents[2]


def read(*words: object) -> Train:
    return read_train(" ".join(map(str, words)).split(), "train")


def test_every_field_of_a_run_and_of_a_network_is_a_flag_with_its_docstring() -> None:
    flags = flags_of(Train)
    for field in fields(TrainConfig):
        if field.name not in OTHERWISE:
            assert "--" + field.name.replace("_", "-") in flags
            assert docstrings(TrainConfig)[field.name]
    for kind in CONFIGS.values():
        for field in fields(kind):
            flag = f"--network.{field.name.replace('_', '-')}"
            assert (flag in flags) == (field.name not in GIVEN)


def test_the_precisions_have_one_list_of_names() -> None:
    assert tuple(COMPUTED) == PRECISIONS


def test_flags_reach_the_settings() -> None:
    config = make_config(
        read(
            "--warmup 7 --weight-decay 0.1 --clip-norm 2 --final-rate 0.5 --accumulate 2",
            "--precision bfloat16 --fit pad --steps 9 --minutes 2 --option s=0.02",
        )
    )
    found = (config.warmup, config.weight_decay, config.clip_norm, config.final_rate)
    assert found == (7, 0.1, 2, 0.5) and config.accumulate == 2 and config.fit == "pad"
    assert (config.precision, config.steps, config.seconds) == ("bfloat16", 9, 120)
    assert config.schedule_options == {"s": 0.02} and config.size == 28


def test_the_network_may_differ_from_the_one_chosen_by_name() -> None:
    words = "--network.width 48 --network.multipliers 1 2 2 --network.attention 1 2"
    config = make_config(read(words, "--network.blocks 2 --network.dropout 0.1"))
    assert config.network_options == {
        "width": 48, "multipliers": (1, 2, 2), "attention": (1, 2), "patch": 2,
        "blocks": 2, "dropout": 0.1,
    }  # fmt: skip
    plain = make_config(read("--network plain --network.width 16 --unconditional"))
    assert (plain.network, plain.network_options) == ("plain-net", {"width": 16})
    with pytest.raises(ValueError, match=r"blocks is not for .* plain; it has --network\.width$"):
        make_config(read("--network plain --network.blocks 2"))


def test_what_the_optimiser_and_the_lecture_bring_is_overridden_by_flags() -> None:
    plain = read("--optimiser Adam").run
    assert (plain.weight_decay, plain.warmup, plain.final_rate) == (0, 0, 1)
    assert read("--optimiser Adam --warmup 9").run.warmup == 9
    lecture = read("--lecture oslo --ema 0.5 --device cpu")
    assert (lecture.run.T, lecture.run.ema, lecture.run.batch) == (300, 0.5, 128)
    assert lecture.unconditional and not read("--lecture oslo --no-unconditional").unconditional


WORDS = [
    "",
    "--steps 3 --out a.safetensors --flips --learning-rate 1e-5",
    "--optimiser Adam --warmup 3 --option s=0.1 --save-every 0",
    "--lecture jax --device cpu --network.width 16 --root somewhere",
    "--network.multipliers 1 1 2 --network.attention 0 --log tensorboard --minutes 0.5",
    "--target class --no-flips",
    "--network base --network.attention",
]


@pytest.mark.parametrize("words", WORDS)
def test_what_is_printed_says_the_same_again(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.yaml"
    assert main(["train", *words.split(), "--print-config"]) == 0
    printed = capsys.readouterr().out
    file.write_text(printed)
    assert main(["train", "--config", str(file), "--print-config"]) == 0
    assert capsys.readouterr().out == printed
    once, again = read(words), read("--config", file)
    assert make_config(once) == make_config(again) and as_yaml(again) == as_yaml(once)


def test_flags_override_the_file(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("network: {width: 48, multipliers: [1, 1]}\nlearning_rate: 1e-4\nflips: true")
    args = read("--learning-rate 2e-4 --network.width 32 --config", file)
    assert (args.run.learning_rate, args.shape.width, args.run.flips) == (2e-4, 32, True)
    assert args.shape.multipliers == (1, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("learnin-rate: 1", "there is no setting 'learnin-rate'; did you mean learning-rate?"),
        ("network: {widht: 1}", "'network.widht'; did you mean network.width?"),
        ("config: other.yaml", "no setting 'config'"),
        ("- batch", "NAME: VALUE"),
        ("batch: [1", "run.yaml: while parsing"),
        ("batch: many", "--batch many: it must be a whole number"),
        ("flips: maybe", "flips is 'maybe' and should be true or false"),
        ("data: no", "data is False and should be text: put words in quotes"),
        ("no-flips: true", "there is no setting 'no-flips'"),
        ("print-config: true", "there is no setting 'print-config'"),
        (None, "No such file"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    text: str | None, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.yaml"
    if text is not None:
        file.write_text(text)
    assert main(["train", "--config", str(file)]) == 2
    told = capsys.readouterr().err
    assert says in told and told.count("\n") == 1 and told.startswith("explorer: ")


def test_a_file_says_words(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    yaml.safe_dump({"T": 20, "flips": False, "steps": None, "option": ["s=1"]}, file.open("w"))
    assert words_of(file) == ["--T", "20", "--no-flips", "--option", "s=1"]
    for one in ("s=1", 5):
        yaml.safe_dump({"option": one}, file.open("w"))
        assert words_of(file) == ["--option", str(one)]
    file.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="run.yaml"):
        words_of(file)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("train --learnin-rate 1", "there is no --learnin-rate; did you mean --learning-rate?"),
        ("train --learnin-rate=1", "did you mean --learning-rate?"),
        ("train --zzz", "there is no --zzz (see"),
        ("train --precision flaot32", "did you mean float32?"),
        ("train --batch", "--batch: its value is missing"),
        ("train --network.width x", "--network.width x: it must be a whole number"),
        ("train --minutes x", "--minutes x: it must be a number"),
        ("train --learn 3", "did you mean --learning-rate?"),
        ("trian", "did you mean train?"),
        ("--versoin", "did you mean --version?"),
        ("sample x --setps 3", "did you mean --steps?"),
        ("evaluate x --refrence 3", "did you mean --reference?"),
        ("--print-completion csh", "bash, zsh, fish"),
    ],
)
def test_wrong_words_are_one_sentence_with_a_suggestion(
    words: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == 2
    told = capsys.readouterr()
    assert says in told.err and told.err.count("\n") == 1 and told.out == ""


CODE = """
import json, sys
from explorer.__main__ import main
codes = []
for words in json.loads(sys.argv[1]):
    sys.argv[1:] = words
    codes.append(main())
print(json.dumps([codes, "torch" in sys.modules, "numpy" in sys.modules]))
"""


def test_help_and_what_is_wrong_do_not_wait_for_torch() -> None:
    commands: list[Any] = [["--help"], ["--version"], ["train", "--learnin-rate", "3"]]
    commands += [[name, "--help"] for name in ("train", "sample", "evaluate", "describe")]
    commands += [["--print-completion", shell] for shell in SHELLS]
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(commands)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    codes, torch, numpy = json.loads(done.stdout.splitlines()[-1])
    assert codes == [0, 0, 2, *[0] * (len(commands) - 3)] and not torch and not numpy
    for part in ("--network.width", "Side of the images", "diffusion-explorer 0.", "--eta"):
        assert part in done.stdout


def test_pictures_are_made_square_as_asked(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for i in range(8):
        Image.new("RGB", (20, 12), (20 * i, 90, 5 * i)).save(folder / f"{i}.png")
    cropped, padded = (pictures(folder, fit) for fit in ("crop", "pad"))
    assert cropped.shape == padded.shape and (cropped != padded).any()


def pictures(folder: Path, fit: str) -> Tensor:
    args = read("--data", folder, "--size 8 --fit", fit, "--steps 1")
    config = make_config(args)
    return train.read(config.data, config.size, folder.parent / "root", fit=config.fit).images


def shown() -> list[str]:
    """The commands that the documents and the shipped models' headers show."""
    texts = [(ROOT / name).read_text() for name in ("README.md", "checkpoints/README.md")]
    found = re.findall(
        r"-m explorer (\w+ --?[^`\n]+|\w+ \S+\.safetensors[^`\n]*)\n",
        "\n".join(texts).replace("\\\n", " "),
    )
    place = ROOT / "checkpoints"
    models = catalogue(place) | catalogue(place / "classifiers", classifiers=True)
    commands = [spec.training.get("command", "") for spec in models.values()]
    return [*found, *(text.partition("-m explorer ")[2] for text in commands if text)]


@pytest.mark.parametrize("command", shown())
def test_what_is_shown_is_understood(command: str) -> None:
    name, *words = shlex.split(command, comments=True)
    args = COMMANDS[name].read(words, name)
    if isinstance(args, Train):
        given = dict(zip(words, words[1:], strict=False))
        assert str(args.out) == given["--out"] and args.run.data == given.get("--data")
        make_config(args)


def test_a_network_that_cannot_be_is_refused_before_the_data_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train, "read", lambda *_, **__: pytest.fail("the data were read"))
    out = str(tmp_path / "a.safetensors")
    assert main(["train", "--network.width", "3", "--steps", "1", "--out", out]) == 1
    assert "width = 3" in capsys.readouterr().err
