"""The topic on generative models: sentences against the numbers, what is drawn, what is stored."""

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

from explorer.checkpoints import load
from explorer.data import from_tensor
from explorer.evaluation.errors import Estimate
from explorer.evaluation.weights import weights_of
from explorer.figures.pictures import grid
from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import LOCAL
from explorer.gui.frame.shared import Shared
from explorer.gui.lectures.generative import topic, work
from explorer.gui.lectures.generative.measure import GREY, Made, drawn_at_once, kept, walked
from explorer.gui.lectures.generative.records import Comparison, Measured, read, write
from explorer.gui.lectures.generative.script import generative_texts
from explorer.gui.lectures.generative.words import (
    about,
    blur,
    closeness,
    diversity,
    findings,
    markdown,
    order,
    ratio,
    speed,
    table,
)
from explorer.networks import gan, vae
from explorer.race import ddim, pictures
from tests.gui.panel import merged, named, tiny
from tests.scripts import run_python

CPU = torch.device("cpu")
STORED = read(work.NUMBERS)


def way(title: str, seconds: float, frechet: float, spread: float, greys: float) -> Measured:
    return Measured(
        title,
        *(1000, 1, 60.0, seconds, 500),
        *(Estimate(frechet, 0.1), Estimate(9.5, 0.1), Estimate(spread, 0.01)),
        Estimate(greys, 0.001),
    )


def made_up(**frechet: float) -> Comparison:
    """By default as the lectures say it is."""
    far = {"vae": 5.0, "gan": 3.0, "ddpm": 0.5, "ddim": 0.7} | frechet
    ways = {
        "vae": way("VAE", 0.1, far["vae"], 0.9, 0.2),
        "gan": way("GAN", 0.1, far["gan"], 0.7, 0.1),
        "ddpm": way("DDPM", 1000, far["ddpm"], 1.0, 0.1),
        "ddim": way("DDIM", 10, far["ddim"], 1.0, 0.1),
    }
    real = replace(way("real", 0, 0.3, 1.0, 0.1), seconds=None, timed=0)
    return Comparison(500, 10_000, real, ways, "CPU", "cnn", "", "2026-11-26")


# ---- words -------------------------------------------------------------------------------------


def test_times_are_scaled_to_fifty_thousand() -> None:
    found = made_up()
    assert found.ways["gan"].for_many == pytest.approx(10)
    said = speed(found)
    assert "so it is here. DDPM takes 28 hours, 10,000 times the GAN's 10 seconds" in said
    assert "DDIM take 17 minutes" in said
    slow = replace(found.ways["gan"], seconds=900.0)
    assert "not so here" in speed(replace(found, ways=found.ways | {"gan": slow}))
    assert found.real.for_many is None
    assert [ratio(value) for value in (1.234, 45.6, 1934)] == [
        "1.2 times",
        "46 times",
        "1,900 times",
    ]


def test_what_is_closest_is_said_by_the_numbers() -> None:
    said = closeness(made_up())
    assert "against the GAN so it is here, against the VAE so it is here" in said
    assert "DDPM 0.50 ± 0.10" in said and "as many real images 0.30 ± 0.10" in said
    said = closeness(made_up(gan=0.6, vae=0.1, ddpm=0.9))
    assert "the GAN no clear difference here, against the VAE the opposite here" in said


def test_diversity_is_relative_to_real_images() -> None:
    found = made_up()
    assert found.diversity("gan").value == pytest.approx(0.7)
    assert found.diversity("gan").error == pytest.approx(0.7 * (0.7**-2 + 1) ** 0.5 * 0.01)
    said = diversity(found)
    assert "of the digits no clear difference here, within a digit so it is here." in said
    for spread, verdict in ((1.0, "no clear difference here"), (1.4, "the opposite here")):
        gan = replace(found.ways["gan"], spread=Estimate(spread, 0.01), classes=Estimate(7, 0.1))
        said = diversity(replace(found, ways=found.ways | {"gan": gan}))
        assert f"of the digits so it is here, within a digit {verdict}." in said
        assert "as uneven as 7.00 ± 0.10 equally frequent ones, DDPM's as 9.50" in said


def test_blur_is_grey_pixels() -> None:
    found = made_up()
    assert "so it is here. 20.00 ± 0.10 % of its pixels" in blur(found)
    sharp = replace(found.ways["vae"], greys=Estimate(0.05, 0.001))
    assert "the opposite here" in blur(replace(found, ways=found.ways | {"vae": sharp}))
    assert order(found, Estimate(1, 0.5), Estimate(2, 0.5)) == 0


def test_the_table_has_a_column_for_each_and_real_images_last() -> None:
    found = made_up()
    rows = table(found)
    assert rows[0] == ["", "VAE", "GAN", "DDPM", "DDIM", "real"]
    assert all(len(row) == 6 for row in rows)
    assert [row[1] for row in rows[1:5]] == ["1,000", "60 seconds", "10 seconds", "5.00 ± 0.10"]
    assert rows[3][5] == "" and rows[6][5] == "1, by definition"
    two = replace(found.ways["ddpm"], cores=2)
    assert table(replace(found, ways={"ddpm": two}))[2][1] == "60 seconds, 2 cores"
    lines = markdown(rows).splitlines()
    assert lines[1] == "|---|--:|--:|--:|--:|--:|" and all(line.count("|") == 7 for line in lines)
    assert "measured on 500 images and scaled to 50,000" in about(found)
    assert len(findings(found)) == 5


# ---- numbers and images ------------------------------------------------------------------------


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write(made_up(), tmp_path / "g.json")
    assert read(tmp_path / "g.json") == made_up()


def test_an_image_of_a_seed_does_not_change_with_the_others() -> None:
    for name in ("vae", "gan"):
        whole, part = work.draw(name, 5, 0, 6), work.draw(name, 5, 4, 2)
        assert whole.shape == (6, 1, 28, 28) and whole.abs().max() <= 1
        torch.testing.assert_close(part, whole[4:], rtol=0, atol=1e-5)
        assert (work.draw(name, 6, 0, 6) - whole).abs().max() > 0.5


def test_drawing_is_ddim_without_a_class(tmp_path: Path) -> None:
    path = tiny(tmp_path, classes=("a", "b"))
    *_, last = work.run_draw(path, 4, CPU, lambda: False, n=3)
    denoiser, spec = load(path)
    truth = pictures(denoiser, ddim(spec.T, work.STEPS), (1, 8, 8), seed=4, n=3)
    assert (from_tensor(truth).int() - last.images["ddim"].int()).abs().max() <= 1
    assert list(last.images) == list(work.WAYS) and not last.running
    assert torch.equal(last.images["gan"], from_tensor(work.draw("gan", 4, 0, 3)))


def test_what_is_stopped_keeps_what_was_drawn(tmp_path: Path) -> None:
    *_, last = work.run_draw(tiny(tmp_path), 4, CPU, lambda: True, n=2)
    assert list(last.images) == ["vae", "gan"] and not last.running
    *_, last = work.run_draw(None, 4, CPU, lambda: False, n=2)
    assert "no diffusion" in topic.status(last)


def test_what_is_measured_is_made_alike(tmp_path: Path) -> None:
    denoiser, spec = load(tiny(tmp_path))
    made = walked(denoiser, ddim(spec.T, 3), (1, 8, 8), 70, precision="float32")
    truth = pictures(denoiser, ddim(spec.T, 3), (1, 8, 8), seed=0, n=70)
    assert made.timed == 70 and made.seconds > 0
    assert (from_tensor(truth).int() - made.images.int()).abs().max() <= 1

    def noise(first: int, count: int) -> torch.Tensor:
        return torch.full((count, 1, 28, 28), first / 1000)

    at_once = drawn_at_once(noise, n=65, timed=128)
    assert at_once.images.shape[0] == 65 and at_once.timed == 128
    assert at_once.images[64, 0, 0, 0] == from_tensor(torch.tensor(0.064))
    calls = []
    for _ in range(2):
        again = kept("x", lambda: calls.append(1) or Made(made.images, 1.5, 70), tmp_path)
    assert len(calls) == 1 and again.seconds == 1.5 and torch.equal(again.images, made.images)


# ---- what is stored ----------------------------------------------------------------------------


def test_what_is_stored_is_small_and_of_the_shipped_model() -> None:
    for name in ("vae", "gan"):
        assert (work.STORED / f"{name}.safetensors").stat().st_size <= 2**20
    assert STORED.weights == weights_of(*load(HOME / "checkpoints" / "mnist.safetensors"))
    assert list(STORED.ways) == ["vae", "gan", "ddpm", "ddim"] and STORED.n >= 128
    assert all(found.frechet.error > 0 for found in STORED.ways.values())
    assert STORED.ways["ddpm"].evaluations == 1000 and STORED.ways["ddim"].evaluations == 10
    for name in ("vae", "gan"):
        trained = STORED.ways[name].trained
        assert trained is not None and trained <= 15 * 60  # a quarter of an hour of one core


def test_the_prose_says_what_the_table_shows() -> None:
    text = Path(topic.__file__).with_name("prose.md").read_text(encoding="utf-8")
    assert "It is larger and was trained for longer" in text and "16 numbers $z$" in text
    assert "makes an image of 64 numbers" in text and "within ±0.6 of the middle" in text
    assert (vae.LATENT, gan.LATENT, GREY) == (16, 64, 0.6)
    ddpm = STORED.ways["ddpm"]
    for name in ("vae", "gan"):
        assert STORED.ways[name].weights < ddpm.weights
        assert STORED.ways[name].trained < ddpm.trained
    assert "2107.00630" in text and "2107.03006" in text


def test_the_stored_sheets_are_what_the_stored_weights_draw() -> None:
    for name in ("vae", "gan"):
        sheet, _ = topic.stored_sheet(name, "")
        drawn = work.Drawn(0, {name: from_tensor(work.draw(name, 0, 0, work.SHOWN))})
        again, _ = topic.sheets_of(drawn)[name]
        assert sheet is not None and again is not None and sheet.size == again.size
        a, b = (
            torch.frombuffer(bytearray(p.tobytes()), dtype=torch.uint8) for p in (sheet, again)
        )
        assert (a.int() - b.int()).abs().max() <= 2


# ---- the page ----------------------------------------------------------------------------------


@pytest.fixture
def press(tmp_path: Path) -> Any:
    tiny(tmp_path, "mnist")
    context = Context(Device(CPU), LOCAL, checkpoints=tmp_path)
    with gr.Blocks() as demo, gr.Tabs() as tabs, gr.Tab():
        topic.build(context, Shared(tabs, None))
    begin = next(fn.fn for fn in demo.fns.values() if fn.name == "begin")
    return lambda seed: merged(named(begin(SimpleNamespace(session_hash="one"), seed)))


def test_the_script_draws_the_same_images(tmp_path: Path) -> None:
    said = run_python(generative_texts(5), tmp_path)
    assert [line.partition(":")[0] for line in said.splitlines()] == list(work.WAYS)
    with Image.open(tmp_path / "gan.png") as picture:
        sheet = np.asarray(grid(work.draw("gan", 5, 0, work.SHOWN))).astype(int)
        assert np.abs(np.asarray(picture).astype(int) - sheet).max() <= 1


def test_sample_again_draws_with_the_seed(press: Any) -> None:
    last = press(11)
    for name in work.WAYS:
        picture, text = last[f"generative-{name}"]
        assert picture is not None and text.endswith("seed 11")
    assert "generative-ddpm" not in last and "seed 11" in last["generative-status"]
    assert "seed, n = 11, 16" in last["generative-copy"].texts["Copy as Python"]
    assert "Seed" in press(-1)["trouble"]
