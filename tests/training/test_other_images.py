"""A run that goes on with other images: what changed is said, and no label changes its meaning."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from explorer.checkpoints import CheckpointError, read_header, write_tensors
from explorer.cli.main import main
from explorer.data import ImageSet
from explorer.training import Run, load_state, save_state
from explorer.training.state import KEY
from tests.data.made import picture, zipped
from tests.training.helpers import advance, begin, differing, everything, stripes

QUICK = "--size 8 --network tiny --batch 4 --device cpu"


def put_away(path: Path, data: ImageSet) -> Run:
    run = advance(begin(data), 2)
    save_state(run, path)
    return run


def classes(data: ImageSet, *names: str) -> ImageSet:
    """The same images with other names, as many as there were."""
    return replace(data, classes=names)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (classes(stripes(12), "a", "b", "x"), r"a, b, c.*a, b, x \(x new, c missing\)"),
        (classes(stripes(12), "c", "b", "a"), "the same in another order"),
        (classes(stripes(12), "a", "b", "c", "d"), "d new"),
        (stripes(12, labels=False), "these images have no classes"),
        (replace(stripes(12), images=stripes(12).images.expand(-1, 3, -1, -1)), "are in colour"),
    ],
)
def test_images_that_the_network_is_not_for_are_refused(
    other: ImageSet, said: str, tmp_path: Path
) -> None:
    put_away(tmp_path / "state", stripes(12))
    run = begin(other)
    before = everything(run)
    with pytest.raises(CheckpointError, match=said) as error:
        load_state(run, tmp_path / "state")
    assert "\n" not in str(error.value) and "Tensor" not in str(error.value)
    assert differing(before, everything(run)) == []


def test_a_run_without_classes_does_not_get_some(tmp_path: Path) -> None:
    put_away(tmp_path / "state", stripes(12, labels=False))
    with pytest.raises(CheckpointError, match="without classes, and these images have .* a, b, c"):
        load_state(begin(stripes(12)), tmp_path / "state")


@pytest.mark.parametrize("change", ["pixel", "label", "count"])
def test_other_images_of_the_same_classes_are_said(change: str, tmp_path: Path) -> None:
    put_away(tmp_path / "state", stripes(12))
    data = stripes(13 if change == "count" else 12)
    images, labels = data.images.clone(), data.labels
    assert labels is not None
    if change == "pixel":
        images[7, 0, 3, 3] += 1
    if change == "label":
        labels = labels.flip(0)
    run = begin(replace(data, images=images, labels=labels))
    (said,) = load_state(run, tmp_path / "state")
    assert f"12 images before, {len(data)} now" in said and "probe" in said
    assert run.step == 2 and run.changes == [said] and said in run.note


def test_neither_the_names_of_images_nor_their_file_matter(tmp_path: Path) -> None:
    put_away(tmp_path / "state", stripes(12))
    run = begin(replace(stripes(12), name="elsewhere"))
    run.config = replace(run.config, data="./elsewhere")
    assert load_state(run, tmp_path / "state") == [] and run.changes == []


def test_without_labels_only_the_images_are_compared(tmp_path: Path) -> None:
    save_state(begin(stripes(12), conditional=False), tmp_path / "state")
    other = begin(classes(stripes(12), "x", "y", "z"), conditional=False)
    assert load_state(other, tmp_path / "state") == []


def test_a_state_of_the_version_before_goes_on_and_has_no_dump_of_tensors(tmp_path: Path) -> None:
    run = put_away(tmp_path / "new", stripes(12))
    header = json.loads(read_header(tmp_path / "new")[KEY])
    del header["images"]
    tensors = {f"network.{k}": v for k, v in run.network.state_dict().items()}
    tensors |= {f"ema.{k}": v for k, v in run.ema.state_dict().items()}
    for i, state in run.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{i}.{k}": v for k, v in state.items()}
    tensors["generator"] = run.generator.get_state()
    write_tensors(tmp_path / "old", tensors, {KEY: json.dumps(header | {"version": 3})})
    assert load_state(begin(stripes(12)), tmp_path / "old") == []
    begun = header["config"] | {"data": "elsewhere/"}
    moved = json.dumps(header | {"version": 3, "config": begun})
    write_tensors(tmp_path / "moved", tensors, {KEY: moved})
    with pytest.raises(CheckpointError, match="kept only where its images lay.*'elsewhere/'"):
        load_state(begin(stripes(12)), tmp_path / "moved")
    for other in (classes(stripes(12), *"abcd"), stripes(12, labels=False)):
        with pytest.raises(CheckpointError, match="were the classes others") as error:
            load_state(begin(other), tmp_path / "old")
        assert "size mismatch" not in str(error.value) and "Missing key" not in str(error.value)


@pytest.mark.parametrize("wrong", [{}, 3, {"count": 1}, {"classes": None}])
def test_a_damaged_record_of_images_is_one_sentence(wrong: object, tmp_path: Path) -> None:
    put_away(tmp_path / "whole", stripes(12))
    header = json.loads(read_header(tmp_path / "whole")[KEY]) | {"images": wrong}
    write_tensors(tmp_path / "state", {"x": torch.zeros(1)}, {KEY: json.dumps(header)})
    with pytest.raises(CheckpointError, match="state is damaged"):
        load_state(begin(stripes(12)), tmp_path / "state")


def two_classes(path: Path, *names: str, first: int = 0) -> Path:
    """A zip of six images in each of two class folders."""
    entries = {f"{name}/{i}.png": picture(first + i) for name in names for i in range(6)}
    return zipped(path, entries)


def test_the_command_line_resumes_on_the_same_folder_and_on_no_other_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    two_classes(tmp_path / "a.zip", "cats", "dogs")
    two_classes(tmp_path / "b.zip", "zebras", "dogs")
    two_classes(tmp_path / "c.zip", "cats", "dogs", first=100)
    monkeypatch.chdir(tmp_path)
    words = ["train", *QUICK.split(), "--out", "m.safetensors", "--data"]

    def resumed(data: str, steps: int) -> tuple[int, str]:
        code = main([*words, data, "--resume", "--steps", str(steps)])
        return code, capsys.readouterr().err

    assert main([*words, "a.zip", "--steps", "1"]) == 0
    capsys.readouterr()
    code, said = resumed("b.zip", 2)
    assert code == 1 and "zebras new, cats missing" in said and "Traceback" not in said
    code, said = resumed(str(tmp_path / "." / "a.zip"), 2)  # spelt otherwise
    assert code == 0 and "other images" not in said
    code, said = resumed("c.zip", 3)
    assert code == 0 and "other images or other labels" in said
