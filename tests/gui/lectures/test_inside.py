"""The topic on the network's inside, without a browser."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch

from explorer.checkpoints import Spec, describe, load, save
from explorer.data import to_tensor
from explorer.diffusion import forward, picture_generators, randn
from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED
from explorer.gui.frame.shared import Shared
from explorer.gui.lectures.inside import topic, work
from explorer.gui.lectures.inside.shape import anatomy
from explorer.networks import NETWORKS
from explorer.networks.layers import sinusoidal_embedding
from tests.gui.panel import merged, named

CPU = torch.device("cpu")
MNIST = HOME / "checkpoints" / "mnist.safetensors"


def seen(t: int = 400, picture: int = 4, path: Path = MNIST) -> work.Look:
    (found,) = work.run_look(path, picture, t, 7, CPU)
    return found


def test_rows_are_what_the_network_hears() -> None:
    table = work.waves(250, 32)
    assert table.shape == (251, 32) and table.dtype == "<i2"
    row = torch.tensor(table[100].astype(float) / 32767)
    expected = sinusoidal_embedding(torch.tensor([400.0]), 32)[0].double()
    torch.testing.assert_close(row, expected, atol=2e-5, rtol=0)
    assert work.waves(4000, 32).shape == (1001, 32)


def test_each_half_of_a_row_goes_from_fast_waves_to_slow_ones() -> None:
    """As the prose says: cosines on the left, sines on the right."""
    text = Path(topic.__file__).with_name("prose.md").read_text(encoding="utf-8")
    assert "the cosines are on the left, the sines of the same angles on the right" in text
    assert "In each half the waves go from fast" in text
    for width in (32, 48, 64):
        table = work.waves(1000, width) / 32767
        half = width // 2
        cosines, sines = table[:, :half], table[:, half:]
        assert np.allclose(cosines**2 + sines**2, 1, atol=1e-3)  # of the same angles
        assert (table[0, :half] == 1).all() and (table[0, half:] == 0).all()
        for part in (cosines, sines):
            length = np.abs(np.diff(part, axis=0)).sum(0)  # the way up and down
            assert (np.diff(length) < 0.5).all() and length[0] > 600 and length[-1] < 1


def test_told_its_own_t_it_is_the_denoiser() -> None:
    found = seen()
    denoiser, _ = load(MNIST)
    x0 = to_tensor(found.pixels["x0"])[None]
    q = forward(denoiser.schedule, x0, 400)
    x_t = q.mean + q.std * randn(x0, picture_generators(7, 1))
    with torch.inference_mode():
        own = denoiser(x_t, 400)
        wrong = denoiser.read(x_t, 400, denoiser.network(x_t, torch.tensor([200])))
    rms = [(x - x0).square().mean().sqrt().item() for x in (own, wrong)]
    assert [found.errors["own"], found.errors["half"]] == pytest.approx(rms, abs=1e-4)
    assert found.told == {"own": 400, "half": 200, "double": 800, "none": None}
    assert all(found.errors["own"] < found.errors[name] for name in ("half", "double", "none"))


def test_ends_of_time() -> None:
    assert seen(0).told == {"own": 0, "half": 0, "double": 0, "none": None}
    assert seen(1000).told == {"own": 1000, "half": 500, "double": 1000, "none": None}


def test_channels_are_stretched_one_by_one() -> None:
    found = work.spread_out(torch.tensor([[[0.0, 5.0]], [[-2.0, -1.0]], [[3.0, 3.0]]]))
    assert found.tolist() == [[[0, 255]], [[0, 255]], [[0, 0]]]
    assert seen().channels["middle"].shape == (8, 7, 7)


def test_a_colour_model_and_one_of_unknown_pictures(tmp_path: Path) -> None:
    found = seen(path=HOME / "checkpoints" / "emoji.safetensors")
    assert found.pixels["none"].shape == (3, 32, 32)
    assert topic.blocks_of(found)[0].columns[0].shape == (1, 3, 32, 32)


def test_stored_is_small_and_what_the_code_makes() -> None:
    assert sum(file.stat().st_size for file in work.STORED.iterdir()) < 100_000
    stored, shape = work.read()
    now = seen(stored.t, stored.picture)
    assert stored.errors == pytest.approx(now.errors, abs=1e-3)
    assert stored.channels.keys() == now.channels.keys() and stored.times == now.times
    assert shape == anatomy(describe(MNIST))
    for name, both in stored.modulation.items():
        assert both[0] == pytest.approx(now.modulation[name][0], abs=1e-3)


@pytest.fixture(scope="module")
def handlers() -> dict[str, Any]:
    context = Context(Device(CPU), HOSTED)
    with gr.Blocks() as demo:
        topic.build(context, Shared(None, None))
    return {fn.name: fn.fn for fn in demo.fns.values()}


REQUEST = SimpleNamespace(session_hash="one")


def test_letting_go_looks_there(handlers: dict[str, Any]) -> None:
    first, *rest = named(handlers["let_go"](REQUEST, SimpleNamespace(t=123), "mnist", 4, 7))
    assert first == {"trouble": ""}  # it says nothing: it need not wait
    answer = merged(rest)
    blocks, t = answer["inside-told"], answer["State"]
    assert blocks[0].headings[1][0] == "x₁₂₃" and t == 123 and "inside-waves" not in answer
    assert answer["inside-network"].channels and "t &#61; 123" in answer["inside-state"]


def test_another_model_is_drawn_before_it_works(handlers: dict[str, Any]) -> None:
    first, *rest = named(handlers["choose"](REQUEST, "fashion-mnist", 2, 7, 400))
    drawn = first["inside-network"]
    assert first["inside-waves"].table.shape == (1001, 48) and "inside-told" not in first
    assert not drawn.channels and merged(rest)["inside-network"].channels
    assert "inside-state" not in first  # it need not wait
    assert drawn.anatomy == anatomy(describe(HOME / "checkpoints/fashion-mnist.safetensors"))


@pytest.mark.parametrize(
    "values, said",
    [
        (("gone", 4, 7, 400), "gone"),
        (("mnist", 11, 7, 400), "Image"),
        (("mnist", 4, -1, 400), "Seed"),
        (("mnist", 4, 7, -3), "t"),
        (("mnist", 4, 7, "x"), "t"),
        (("mnist", 4, 7, None), "t"),
    ],
)
def test_bad_input_is_one_sentence(handlers: dict[str, Any], values: tuple, said: str) -> None:
    (answer,) = named(handlers["again"](REQUEST, *values))
    assert said in answer.pop("trouble") and not answer


def test_a_lectures_network_is_looked_into_too(tmp_path: Path) -> None:
    config, make = NETWORKS["plain-net"]
    network = make(config(T=50, width=8))
    spec = Spec(
        name="plain",
        data="unknown",
        licence="none",
        size=8,
        channels=1,
        classes=(),
        network="plain-net",
        network_config=asdict(network.config),
        schedule="linear",
        T=50,
    )
    path = save(tmp_path / "plain.safetensors", network.state_dict(), spec)
    found = seen(20, path=path)
    assert found.kind == "generated by the model" and not found.modulation
    assert found.told == {"own": 20, "half": 10, "double": 40, "none": None}
    assert found.channels["conv1"].shape == (8, 8, 8) and "time" not in found.channels
    shown = topic.inside_of(anatomy(spec), found, spec.name)
    assert [part.name for part in shown.anatomy.parts][2:4] == ["time", "conv3"]
    assert topic.heard(spec, 20).note and not topic.heard(describe(MNIST), 20).note
