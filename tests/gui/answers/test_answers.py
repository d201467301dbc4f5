"""The answers say what the code does, with the numbers that are shown."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import plotly.graph_objects as go
import pytest
import torch
from gradio.utils import get_upload_folder
from PIL import Image

from explorer.checkpoints import describe
from explorer.diffusion import make_schedule
from explorer.figures.plots import schedule_figure
from explorer.gui.answers.photo import images_answer, photo_answer, size
from explorer.gui.answers.plots import PLOTS, explain
from explorer.gui.answers.questions import (
    belief_answer,
    ddim_rows,
    eta_answer,
    few_steps_answer,
    flat_answer,
)
from explorer.gui.app import create_app
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED, LOCAL, Limits
from explorer.gui.frame.spoken import exactly
from explorer.gui.frame.sweep import sweep_temporary
from explorer.gui.frame.upload import take_upload
from explorer.gui.parts import plot_view
from explorer.gui.plane.order.work import AGAINST
from explorer.gui.plane.order.work import read as read_order
from explorer.gui.reverse.quality.panel import stored_quality
from explorer.gui.train.stage import losses_of
from explorer.gui.train.stored import stored_run
from explorer.training import History
from tests.scripts import ROOT

MODEL = ROOT / "checkpoints" / "mnist.safetensors"


@pytest.mark.parametrize("limits", [LOCAL, HOSTED])
def test_the_photo_answer_follows_the_limits(limits: Limits) -> None:
    said = photo_answer(limits).answer
    assert size(limits.upload_bytes) in said
    assert f"deleted after {exactly(limits.temporary_keep)}" in said
    assert f"{exactly(2 * limits.shown_keep)} after the page is closed" in said
    assert f"after {exactly(limits.page_keep)}" in said
    assert f"{limits.resolution[1]}×{limits.resolution[1]}" in said
    assert ("server" in said.split(".")[0]) == limits.hosted
    other = replace(limits, temporary_keep=5 * 3600, upload_bytes=7 * 2**20)
    assert "5 hours" in photo_answer(other).answer and "7 MB" in photo_answer(other).answer


def test_the_numbers_of_both_places() -> None:
    home, hosted = photo_answer(LOCAL).answer, photo_answer(HOSTED).answer
    assert "32 MB" in home and "24 hours" in home and "this computer" in home
    assert "12 MB" in hosted and "after 2 hours" in hosted and "6 minutes" in hosted
    assert "checkpoints/runs" in images_answer(LOCAL).answer
    assert "2 hours after they were last written" in images_answer(HOSTED).answer


def test_what_is_said_of_the_photo_is_done(tmp_path: Path) -> None:
    folder = Path(get_upload_folder()) / tmp_path.name
    folder.mkdir(parents=True)
    file = folder / "photo.jpg"
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    Image.new("RGB", (640, 480), "red").save(file, exif=exif)
    try:
        assert take_upload(str(file), HOSTED).size == (256, 256)
        with Image.open(file) as kept:
            assert kept.size == (256, 256) and not kept.getexif()
        written = file.stat().st_mtime
        keep = HOSTED.temporary_keep
        assert not sweep_temporary(folder, HOSTED, written + keep - 1)
        assert sweep_temporary(folder, HOSTED, written + keep + 1) == {str(file)}
        assert not file.exists()
    finally:
        for left in folder.glob("*"):
            os.unlink(left)
        folder.rmdir()


def test_why_the_loss_is_flat_has_the_runs_numbers() -> None:
    history = stored_run().history
    said = flat_answer(history).answer
    probe, floor = history.probes[-1], history.floor
    assert floor is not None
    assert f"{floor.loss / probe.loss:.0%} is floor" in said
    assert f"{probe.step:,} steps" in said
    empty = flat_answer(History()).answer
    assert "%" not in empty and "floor" not in empty


def test_few_steps_are_answered_from_stored_numbers() -> None:
    order, quality = read_order(), stored_quality(MODEL)
    said = few_steps_answer(order, quality).answer
    ddim = next(curve for curve in order.curves if curve.sampler == "ddim")
    shown = [float(x) for x in re.findall(r"(\d\.\d+)(?: away)? with", said)]
    assert shown[0] == pytest.approx(ddim.error_at(10, AGAINST[0]), rel=0.1)
    few = next(row for row in ddim_rows(quality, 0.0) if row.setting.steps == 10)
    assert f"{few.frechet:.3g}" in said and "#tab=reverse&panel=quality" in said
    assert "On images" not in few_steps_answer(order, None).answer


def test_eta_and_the_belief_have_the_models_numbers() -> None:
    schedule = make_schedule("linear", 1000)
    said = eta_answer(schedule, None).answer
    a_t, a_s = schedule.alpha_bar[500].item(), schedule.alpha_bar[400].item()
    sigma = ((1 - a_s) / (1 - a_t) * (1 - a_t / a_s)) ** 0.5
    assert f"σ = {sigma:.3g} · η" in said and "Fréchet" not in said
    assert "Fréchet" in eta_answer(schedule, stored_quality(MODEL)).answer
    spec = describe(MODEL)
    bar = spec.make_schedule().values[spec.T // 2]
    assert f"/ {bar**0.5:.3g}" in belief_answer(spec).answer


def test_a_plot_is_explained_by_what_it_shows() -> None:
    schedules = [make_schedule("linear", 1000), make_schedule("cosine", 1000)]
    said = explain("schedules-plot", schedule_figure(schedules, "signal ᾱ"))
    half = int((schedules[0].alpha_bar < 0.5).nonzero()[0])
    assert said and f"linear at t = {half}" in said and "**Axes.** Across: t" in said
    other = explain("schedules-plot", schedule_figure([make_schedule("linear", 200)], "SNR"))
    assert other and "t = 100: linear" in other and "logarithmic" in other

    history = stored_run().history
    said = explain("train-loss", losses_of(history, "run"))
    assert said and f"{history.probes[0].loss:.3g} to {history.probes[-1].loss:.3g}" in said


def test_every_plot_of_the_page_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, str | None] = {}

    def heard(elem_id: str, figure: go.Figure | None) -> str | None:
        found[elem_id] = explain(elem_id, figure)
        return found[elem_id]

    monkeypatch.setattr(plot_view, "explain", heard)
    create_app(Context(Device(torch.device("cpu")), LOCAL))
    assert len(found) > 20
    for name, said in found.items():
        assert said and "**Axes.**" in said and "**Look at**" in said, name
        assert "**What follows.**" in said, name


@pytest.mark.parametrize("name", [name.replace("*", "oslo") for name in PLOTS])
def test_an_empty_plot_is_explained_without_numbers(name: str) -> None:
    said = explain(name, go.Figure())
    assert said and "nan" not in said
    assert explain("no-such-plot", go.Figure()) is None
