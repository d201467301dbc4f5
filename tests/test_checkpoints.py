"""Checkpoints: what is written is read, and whatever else is read ends in one sentence."""

from __future__ import annotations

import json
import pickle
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from explorer import checkpoints
from explorer.checkpoints import (
    KEY,
    VERSION,
    CheckpointError,
    Spec,
    catalogue,
    describe,
    load,
    save,
)
from explorer.diffusion import Denoiser, make_schedule

SPEC = Spec(
    name="small",
    data="mnist-5k",
    licence="CC BY-SA 3.0",
    size=8,
    channels=1,
    classes=("cat", "dog", "Füchsin"),
    network="unet",
    network_config={
        **{"channels": 1, "classes": 3, "T": 20, "width": 8},
        **{"multipliers": (1,), "attention": ()},
    },
    schedule="linear",
    T=20,
    schedule_options={"beta_start": 0.001, "beta_end": 0.2},
    target="v",
    training={"steps": 7, "command": "made"},
    metrics={"loss": 0.5},
)


def weights(spec: Spec = SPEC) -> dict[str, Tensor]:
    return {k: 0.1 * torch.randn_like(v) for k, v in spec.make_network().state_dict().items()}


def described(**changes: Any) -> str:
    """The header's JSON with some entries changed."""
    return json.dumps(asdict(SPEC) | changes)


def network_config(**changes: Any) -> dict[str, Any]:
    return {"network_config": dict(SPEC.network_config) | changes}


def refused(path: Path) -> str:
    with pytest.raises(CheckpointError) as error:
        load(path)
    message = str(error.value)
    assert message and "\n" not in message and path.name in message
    return message


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    return save(tmp_path / "small.safetensors", weights(), SPEC)


def test_a_stored_denoiser_gives_the_same_output(tmp_path: Path) -> None:
    network = SPEC.make_network()
    network.load_state_dict(weights())
    save(tmp_path / "a.safetensors", network.state_dict(), SPEC)
    denoiser, spec = load(tmp_path / "a.safetensors")
    x, t, label = torch.randn(3, 1, 8, 8), torch.tensor([1, 7, 20]), torch.tensor([0, 2, -1])
    truth = Denoiser(network, make_schedule("linear", 20, beta_start=0.001, beta_end=0.2), "v")
    torch.testing.assert_close(denoiser(x, t, label), truth(x, t, label).detach())
    assert (denoiser(x, t, label).abs() < 1).float().mean() > 0.5  # most of it is not clipped
    assert torch.equal(denoiser.schedule.alpha_bar, truth.schedule.alpha_bar)
    assert spec.classes == SPEC.classes and spec.training == SPEC.training
    assert not any(p.requires_grad or p.is_meta for p in denoiser.network.parameters())
    assert not denoiser.network.training


def test_describe_gives_the_spec_without_reading_a_tensor(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class HeaderOnly:
        """A safetensors file that can do nothing but show its header."""

        def __init__(self, *arguments: Any) -> None:
            self.file = safe_open(*arguments)

        def __enter__(self) -> HeaderOnly:
            return self

        def __exit__(self, *arguments: Any) -> None:
            self.file = None

        def metadata(self) -> dict[str, str]:
            return self.file.metadata()

    safe_open = checkpoints.safe_open
    monkeypatch.setattr(checkpoints, "safe_open", HeaderOnly)
    spec = describe(stored)
    as_json = json.loads(json.dumps(asdict(SPEC)))
    assert json.loads(json.dumps(asdict(spec))) == as_json
    with pytest.raises(AttributeError):
        load(stored)  # the stand-in is in use


def test_unknown_entries_of_the_header_are_ignored(tmp_path: Path) -> None:
    save_file(weights(), tmp_path / "a.safetensors", {KEY: described(colour="green"), "x": "y"})
    assert load(tmp_path / "a.safetensors")[1].name == "small"


@pytest.mark.parametrize("step", ["checkpoints.save_file", "files.os.fsync", "files.os.replace"])
def test_a_failing_write_leaves_what_was_there(
    step: str, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored.read_bytes()

    def fail(*arguments: Any, **options: Any) -> None:
        if step == "checkpoints.save_file":
            Path(arguments[1]).write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(f"explorer.{step}", fail)
    for path in (stored, stored.with_name("new.safetensors")):
        with pytest.raises(OSError, match="No space"):
            save(path, weights(), SPEC)
    assert list(stored.parent.iterdir()) == [stored]
    assert stored.read_bytes() == before


def test_a_write_makes_the_folder_and_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "model.safetensors"
    for name in ("first", "second"):
        assert save(path, weights(), replace(SPEC, name=name)) == path
        assert describe(path).name == name
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_catalogue_leaves_out_what_cannot_be_used(stored: Path) -> None:
    folder = stored.parent
    (folder / "broken.safetensors").write_bytes(stored.read_bytes()[:-9])
    (folder / "text.safetensors").write_text("hello")
    (folder / "folder.safetensors").mkdir()
    save_file(weights(), folder / "foreign.safetensors")
    save_file(weights(), folder / "later.safetensors", {KEY: described(version=VERSION + 1)})
    (folder / "copy.bin").write_bytes(stored.read_bytes())
    other = save(folder / "another.safetensors", weights(), replace(SPEC, name="b"))
    found = catalogue(folder, folder / "absent")
    assert list(found) == [other, stored]
    assert [spec.name for spec in found.values()] == ["b", "small"]


@pytest.mark.parametrize("content", [b"", b"hello", b"\0" * 100, b"\xff" * 100, b"{}" * 50])
def test_what_is_no_safetensors_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    assert "not a complete safetensors file" in refused(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert "no checkpoint" in refused(tmp_path / "a.safetensors")
    assert "no checkpoint" in refused(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("whole") / "whole.safetensors", weights(), SPEC)


@given(st.data())
def test_a_file_that_is_cut_anywhere_is_refused(whole: Path, data: st.DataObject) -> None:
    content = whole.read_bytes()
    path = whole.with_name("cut.safetensors")
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    assert "truncated" in refused(path)


@given(st.integers(0, 3500), st.integers(0, 255))
def test_one_wrong_byte_in_the_header_ends_in_a_spec_or_a_sentence(
    whole: Path, position: int, value: int
) -> None:
    content = bytearray(whole.read_bytes())
    content[position] = value
    path = whole.with_name("damaged.safetensors")
    path.write_bytes(content)
    try:
        denoiser, _ = load(path)
        assert denoiser(torch.zeros(1, 1, 8, 8), 3).shape == (1, 1, 8, 8)
    except CheckpointError as error:
        assert "\n" not in str(error)


def test_a_foreign_safetensors_file_is_refused(tmp_path: Path) -> None:
    for metadata in (None, {"format": "pt"}):
        save_file(weights(), tmp_path / "a.safetensors", metadata)
        assert "not one of Diffusion Explorer" in refused(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"name": "a"', "delimiter"),
        ("", "description"),
        ("[1, 2]", "version None"),
        ("null", "version None"),
        ("7", "version None"),
        ('{"version": 1}', "missing"),
        ("[" * 100_000 + "]" * 100_000, "recursion"),
        ('{"version": ' * 100_000 + "1" + "}" * 100_000, "recursion"),
        (described(version=VERSION + 1), f"version {VERSION + 1}, this program reads versions 1"),
        (described(version="1"), "version '1'"),
        (described(network="resnet"), "no network 'resnet'; there are: unet"),
        (described(network="a\nb"), "no network"),
        (described(network=["unet"]), "not text"),
        (described(schedule="cosin"), "no schedule 'cosin'; there are: linear, cosine"),
        (described(schedule_options={"beta_end": 7}), "beta_end = 7"),
        (described(schedule_options={"gamma": 1}), "no option 'gamma'"),
        (described(schedule_options={"T": 5}), "description"),
        (described(schedule_options=[1]), "table"),
        (described(target="noise"), "no target 'noise'; there are: eps, x0, v"),
        (described(name=None), "not text"),
        (described(licence=3), "not text"),
        (described(classes=3), "description"),
        (described(classes=[1, 2, 3]), "not text"),
        (described(classes=["cat"]), "differ"),
        (described(channels=3), "differ"),
        (described(channels=1.0), "channels = 1.0"),
        (described(channels=True), "channels = True"),
        (described(T=21), "differ"),
        (described(T="20"), "T = '20'"),
        (described(T=True), "T = True"),
        (described(T=20.0), "T = 20.0"),
        (described(T=10**12), "T = 1000000000000"),
        (described(T=0), "T = 0"),
        (described(T=-1), "T = -1"),
        (described().replace('"T": 20', '"T": ' + "9" * 5000), "description"),
        (described().replace('"T": 20', '"T": Infinity'), "T = "),
        (described().replace('"T": 20', '"T": NaN'), "T = "),
        (described(size=0), "size = 0"),
        (described(size=10**9), "size = 1000000000"),
        (described(size="8"), "size = '8'"),
        (described(metrics=None), "table"),
        (described(network_config=[]), "table"),
        (described(network_config={}), "differ"),
        (described(**network_config(depth=3)), "depth"),
        (described(**network_config(width=10**12)), "width = 1000000000000"),
        (described(**network_config(width=8.0)), "width = 8.0"),
        (described(**network_config(width="8")), "width = '8'"),
        (described(**network_config(width=None)), "width = None"),
        (described(**network_config(multipliers=[10**15])), "multipliers"),
        (described(**network_config(multipliers=[[1]])), "multipliers"),
        (described(**network_config(multipliers=7)), "description"),
        (described(**network_config(multipliers=[1] * 10**5)), "multipliers"),
        (described(**network_config(blocks=10**9)), "blocks"),
        (described(**network_config(patch=10**9)), "multiples of 1000000000"),
        (described(**network_config(classes=10**15)), "differ"),
        (described(**network_config(dropout="0")), "description"),
    ],
)  # fmt: skip
def test_a_description_that_cannot_be_used_is_refused(
    text: str, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.safetensors"
    save_file(weights(), path, {KEY: text})
    message = refused(path)
    assert says in message and len(message) < 1000
    with pytest.raises(CheckpointError):
        describe(path)


def test_weights_of_another_shape_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    made = weights()
    for wrong in (
        made | {"head.bias": torch.zeros(2)},
        made | {"extra": torch.zeros(1)},
        {name: value for name, value in made.items() if name != "stem.bias"},
        {},
    ):
        save(path, wrong, SPEC)
        differ = set(wrong) ^ set(made) or {"head.bias"}
        message = refused(path)
        assert f"({len(differ)} differ, the first is '{min(differ)}')" in message
        assert describe(path).name == "small"


def test_a_header_that_asks_for_a_larger_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file(weights(), path, {KEY: described(**network_config(width=4096))})
    assert "do not fit" in refused(path)


def test_half_precision_is_read_as_float32(tmp_path: Path) -> None:
    made = {name: value.half() for name, value in weights().items()}
    denoiser, _ = load(save(tmp_path / "a.safetensors", made, SPEC))
    assert torch.equal(denoiser.network.head.weight, made["head.weight"].float())


class Payload:
    """Unpickling it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("how", [pickle.dump, torch.save])
def test_nothing_is_ever_unpickled(how: Any, tmp_path: Path) -> None:
    path, mark = tmp_path / "a.safetensors", tmp_path / "mark"
    with open(path, "wb") as file:
        how(Payload(mark), file)
    refused(path)
    assert catalogue(tmp_path) == {} and not mark.exists()
    pickle.loads(pickle.dumps(Payload(mark)))
    assert mark.exists()  # so it would have been seen


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("half", [False, True])
def test_weights_that_are_not_finite_are_refused(value: float, half: bool, tmp_path: Path) -> None:
    stored = weights()
    names = [name for name, tensor in stored.items() if tensor.is_floating_point()]
    stored[names[-1]].flatten()[0] = stored[names[3]].flatten()[-1] = value
    if half:
        stored = {name: tensor.half() for name, tensor in stored.items()}
    first = next(name for name in SPEC.make_network().state_dict() if name in names[3:])
    message = refused(save(tmp_path / "bad.safetensors", stored, SPEC))
    assert "not all finite numbers" in message and f"'{first}'" in message


def test_large_weights_are_finite(tmp_path: Path) -> None:
    """Their sum is not."""
    stored = weights()
    name = next(iter(stored))
    stored[name] = torch.full_like(stored[name], 3e38)
    load(save(tmp_path / "large.safetensors", stored, SPEC))


def test_headers_of_the_first_version_are_brought_up_to_this_one(tmp_path: Path) -> None:
    for hardware, expected in (("CPU, 2 cores", "float32"), ("NVIDIA H100", None)):
        old = described(version=1, training={"hardware": hardware, "steps": 7})
        save_file(weights(), tmp_path / "old.safetensors", {KEY: old})
        spec = load(tmp_path / "old.safetensors")[1]
        assert spec.version == VERSION and spec.training["steps"] == 7
        assert spec.training.get("precision") == expected
