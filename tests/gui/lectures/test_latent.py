"""The topic on latent diffusion: sentences, the walk among codes, what is stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

from explorer.checkpoints import describe, load
from explorer.data import from_tensor, to_tensor
from explorer.data.bundled import read_npz
from explorer.evaluation.errors import Estimate
from explorer.figures.pictures import grid
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import LOCAL
from explorer.gui.frame.shared import Shared
from explorer.gui.lectures.generative.records import Comparison, read
from explorer.gui.lectures.latent import topic, work
from explorer.gui.lectures.latent.script import latent_texts
from explorer.gui.lectures.latent.words import cost, quality, table
from explorer.networks.latent import CODE
from explorer.race import ddim, pictures
from tests.gui.lectures.test_generative import made_up, way
from tests.gui.panel import merged, named
from tests.scripts import run_python

CPU = torch.device("cpu")
STORED = read(work.NUMBERS)


def beside(codes: float = 0.9, decoded: float = 0.4) -> Comparison:
    pixels = made_up()
    ways = {
        "latent-ddpm": way("codes, DDPM", 100, codes, 1.0, 0.1),
        "latent-ddim": way("codes, DDIM", 2, codes, 1.0, 0.1),
        "ddpm": pixels.ways["ddpm"],
        "ddim": replace(pixels.ways["ddim"], weights=4000),
        "decoded": replace(way("decoded", 0, decoded, 1.0, 0.1), seconds=None, timed=0),
    }
    return replace(pixels, ways=ways)


def test_cost_and_quality_are_said_by_the_numbers() -> None:
    said = cost(beside())
    assert "takes 4.00 ms of one core among codes, decoding included, and 20.00 ms" in said
    assert "5.0 times less" in said and "4.0 times as many weights" in said
    dear = beside()
    slow = replace(dear.ways["latent-ddim"], seconds=20.0)
    assert "2.0 times more" in cost(replace(dear, ways=dear.ways | {"latent-ddim": slow}))
    said = quality(beside())
    assert "by DDPM 0.90 ± 0.10 among codes, 0.50 ± 0.10 among pixels (no clear" in said
    assert "at 0.40 ± 0.10, not clearly more than the 0.30 ± 0.10" in said
    assert "(farther from them)" in quality(beside(codes=3))
    worse = beside(decoded=2.0)
    assert "at 2.00 ± 0.10, more than the" in quality(worse)
    near = worse.ways | {"latent-ddim": replace(worse.ways["latent-ddim"], frechet=Estimate(0, 0))}
    assert "(closer to real images)" in quality(replace(worse, ways=near))


def test_the_table_has_milliseconds_for_what_was_timed() -> None:
    head, first, *_, decoded, real = table(beside())
    assert first[3:5] == ["200.00 ms", "2.8 hours"] and len(head) == len(decoded) == len(real)
    assert decoded[3] == decoded[4] == ""


def test_the_walk_is_ddim_among_codes_and_its_end_is_decoded() -> None:
    states = list(work.run_latent(3, 5, CPU, lambda: False, n=4))
    last = states[-1]
    assert last.t == 0 and last.steps == 5 and last.images.shape == (4, 1, 28, 28)
    denoiser, spec = load(work.DIFFUSION)
    codes = pictures(denoiser, ddim(spec.T, 5), CODE, seed=3, n=4)
    assert (from_tensor(codes).int() - last.codes.int()).abs().max() <= 1
    assert (from_tensor(work.decode(codes)).int() - last.images.int()).abs().max() <= 2
    assert 0 < last.decoding < last.seconds
    assert list(work.run_latent(3, 5, CPU, lambda: True, n=4)) == []


def test_what_it_shows_on_its_way_is_the_decoded_belief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "EVERY", 0.0)
    states = list(work.run_latent(3, 4, CPU, lambda: False, n=2))
    assert [state.t for state in states] == [1000, 750, 500, 250, 0]
    denoiser, _ = load(work.DIFFUSION)
    x = to_tensor(states[2].codes)  # rounded, and clamped where it is noise
    belief = work.decode(denoiser(x, torch.full((2,), 500)))
    apart = (to_tensor(states[2].images) - belief).abs().mean()
    assert apart < 0.25 < (to_tensor(states[2].images) - belief.flip(0)).abs().mean() + 0.25


def test_the_stored_stages_are_small_and_fit() -> None:
    for name in ("autoencoder.safetensors", "latent.safetensors"):
        assert (work.STORED / name).stat().st_size <= 2**20
    spec = describe(work.DIFFUSION)
    assert (spec.channels, spec.size, spec.size) == CODE and not spec.classes
    digits = to_tensor(read_npz("mnist-5k")[0][::50])
    network = work.autoencoder()
    with torch.inference_mode():
        error = (network.decode(network.encode(digits)) - digits).square().mean().item()
    assert error < 0.1 * digits.var().item()
    assert list(STORED.ways) == ["latent-ddpm", "latent-ddim", "ddpm", "ddim", "decoded"]
    trained = STORED.ways["latent-ddim"].trained
    assert trained is not None and trained <= 30 * 60  # both stages


@pytest.fixture
def press(tmp_path: Path) -> Any:
    context = Context(Device(CPU), LOCAL, checkpoints=tmp_path)
    with gr.Blocks() as demo, gr.Tabs() as tabs, gr.Tab():
        topic.build(context, Shared(tabs, None))
    begin = next(fn.fn for fn in demo.fns.values() if fn.name == "begin")
    return lambda *values: merged(named(begin(SimpleNamespace(session_hash="one"), *values)))


def test_the_script_draws_the_same_images(tmp_path: Path) -> None:
    assert run_python(latent_texts(5, 3), tmp_path).startswith("16 codes: ")
    *_, last = work.run_latent(5, 3, CPU, lambda: False)
    with Image.open(tmp_path / "images.png") as picture:
        sheet = np.asarray(grid(to_tensor(last.images))).astype(int)
        assert np.abs(np.asarray(picture).astype(int) - sheet).max() <= 2


def test_sample_again_shows_codes_and_images(press: Any) -> None:
    last = press(4, 11)
    for name in ("codes", "latent-ddim"):
        picture, text = last[f"latent-{name}"]
        assert picture is not None
    assert text == "Decoded, seed 11"
    assert last["latent-status"].startswith("seed 11") and "16 images in" in last["latent-status"]
    assert "seed, steps, n = 11, 4, 16" in last["latent-copy"].texts["Copy as Python"]
    assert "Steps of DDIM" in press(0, 11)["trouble"]
    assert "Seed" in press(4, 1.5)["trouble"]
