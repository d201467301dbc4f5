"""The lectures' pages and the other places that set what a lecture has."""

from __future__ import annotations

import base64
import io
import os
import re
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

from explorer.checkpoints import Spec, load, save
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED, LOCAL, Limits
from explorer.gui.frame.presets import CUSTOM
from explorer.gui.frame.shared import Shared
from explorer.gui.lectures.pages.demonstration import blocks_of, read, write
from explorer.gui.lectures.pages.formula import numbers_at
from explorer.gui.lectures.pages.stored import STORED as FOLDER
from explorer.gui.lectures.pages.stored import stored_page
from explorer.gui.lectures.pages.topic import PAGES, numbers
from explorer.gui.lectures.pages.work import (
    COUNT,
    SEED,
    own_models,
    room,
    sample_as,
    sheet_of,
)
from explorer.gui.parts.gallery import Gallery
from explorer.gui.parts.tiles import Tiles
from explorer.gui.schedules import tab as schedules
from explorer.gui.train.choices import LECTURE_PRESETS, preset_values
from explorer.gui.train.settings import Settings, TrainParts
from explorer.gui.train.task import Job
from explorer.lectures import LECTURES
from explorer.lectures.sampling import demonstrate
from explorer.networks import CHOICES, NETWORKS, PRESETS
from explorer.race import pictures
from tests.gui.panel import answers, by_name, merged, named
from tests.gui.small import CPU, progress_of, same, small

STORED = [name for name in LECTURES if stored_page(name)]


def page(limits: Limits, root: Path) -> tuple[gr.Blocks, Settings]:
    """Train's settings and all five pages."""
    context = Context(Device(CPU), limits, root=root, datasets=("mnist-5k", "emoji"))
    with gr.Blocks() as demo:
        with gr.Tabs() as tabs:
            train = TrainParts.create(context)
            shared, settings = Shared(tabs, gr.Dropdown([], render=False), train), train.settings
            with gr.Tab("Train", id="train"):
                settings.render()
            with gr.Tab("Lectures", id="lectures"):
                for each in PAGES:
                    each.build(context, shared)
    return demo, settings


def in_order(handler: Any) -> list[Any]:
    """What a handler answers, in the order of its outputs."""
    answer = handler.fn()
    return [answer[output] for output in handler.outputs]


@pytest.mark.parametrize("limits", [LOCAL, HOSTED])
def test_one_click_sets_everything_in_train(limits: Limits, tmp_path: Path) -> None:
    demo, settings = page(limits, tmp_path)
    handlers = [fn for fn in demo.fns.values() if fn.name == "set_in_train"]
    assert len(handlers) == len(LECTURES)
    for handler, (title, lecture) in zip(handlers, LECTURE_PRESETS.items(), strict=True):
        tab, preset, note, *values = in_order(handler)
        assert tab.selected == "train" and preset == title
        assert note.startswith("Here: images")
        assert len(values) == len(settings.inputs) == len(handler.outputs) - 3
        config = settings.read(values)
        assert (config.T, config.schedule) == (lecture.T, lecture.schedule)
        assert config.schedule_options == {} and config.learning_rate == lecture.rate
        expected = preset_values(title, settings.context)
        assert values[: len(expected)] == [expected[name] for name in settings.controls]


def test_ours_is_set_for_the_same_data_budget_and_seed(tmp_path: Path) -> None:
    demo, settings = page(LOCAL, tmp_path)
    pairs = [
        [fn for fn in demo.fns.values() if fn.name == name]
        for name in ("set_in_train", "set_ours_in_train")
    ]
    assert len(pairs[1]) == len(LECTURES)
    for theirs, ours in zip(*pairs, strict=True):
        tab, preset, note, *values = in_order(ours)
        assert tab.selected == "train" and preset == CUSTOM and note.startswith("Ours, for the")
        a, b = settings.read(in_order(theirs)[3:]), settings.read(values)
        same = ("data", "size", "conditional", "schedule", "T", "target", "batch", "steps", "seed")
        assert [getattr(a, name) for name in same] == [getattr(b, name) for name in same]
        assert (b.network, b.learning_rate, b.ema, b.weight_decay) == ("unet", 0.002, 0.999, 0.01)


def test_a_preset_resets_the_schedules_numbers_too(tmp_path: Path) -> None:
    _, settings = page(LOCAL, tmp_path)
    filled = settings.fill("Lecture: SUTD week 12")
    assert filled.keys() == set(settings.filled)
    assert filled[settings.options["cosine-clipped", "beta_max"]] == 0.02
    assert filled[settings.options["linear", "beta_end"]] == 0.02
    data, note = settings.controls["data"], settings.told
    assert settings.fill("Digits 16×16 · 90 seconds")[note] == "" == settings.fill(None)[note]
    assert settings.fill(["x"])[data] == "mnist-5k"


def test_a_page_without_the_train_tab_shows_no_way_there() -> None:
    context = Context(Device(CPU), LOCAL, datasets=("mnist-5k", "emoji"))
    with gr.Blocks() as demo:
        PAGES[0].build(context, Shared(gr.Tabs(), gr.Dropdown([], render=False)))
    assert not any("set_" in fn.name for fn in demo.fns.values())


@pytest.mark.parametrize("name", LECTURES)
def test_the_table_names_the_lectures_numbers(name: str) -> None:
    lecture, table = LECTURES[name], numbers(LECTURES[name], stored_page(name))
    for text in (lecture.pictures, lecture.schedule, f"T = {lecture.T}", f"Adam {lecture.rate:g}"):
        assert text in table
    assert {line.count("|") for line in table.splitlines()} == {4}
    assert "| here |" not in numbers(lecture, None)


@pytest.mark.parametrize("name", STORED)
def test_what_is_stored_was_trained_alike(name: str) -> None:
    """The lecture's network alone, longer, or beside ours, for as many steps."""
    stored = stored_page(name)
    both = len(stored.curves) > 1
    assert len({curves.probe[-1][0] for curves in stored.curves}) == 1
    for curves in stored.curves:
        assert curves.probe[-1][0] >= (300 if both else 2000)
        assert curves.probe[-1][1] < (0.5 if both else 0.1) * curves.probe[0][1]
        assert not both or curves.smooth[-1] < 0.5 * curves.smooth[0]
    assert stored.about.startswith(f"Stored: {'both ' if both else ''}trained for")
    assert stored.sheets or stored.blocks
    assert all(picture.width > 40 for picture, _ in stored.sheets)


def test_what_is_stored_is_small() -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 600_000


def test_the_schedules_tab_takes_a_lectures_schedule() -> None:
    for lecture in LECTURES.values():
        name, T, options = schedules.settings_of(lecture.title)
        assert (name, T) == (lecture.schedule, lecture.T)
        assert len(options) == sum(map(len, schedules.OPTIONS.values()))
        made = schedules.chosen_schedules([name], T, schedules.OPTIONS, LOCAL)
        assert (made[0].alpha_bar == lecture.make_schedule().alpha_bar).all()
    assert schedules.settings_of("none") is None is schedules.settings_of(None)


def trained(
    name: str,
    folder: Path,
    T: int = 12,
    *,
    ours: bool = False,
    called: str = "",
    **changes: object,
) -> Path:
    """A model of a lecture's network, or of ours for the same, narrow and untrained."""
    lecture, called = LECTURES[name], called or name + "-ours" * ours
    kind, _ = CHOICES[lecture.network]
    config = NETWORKS[kind][0](T=T, width=8)
    size = max(8, config.stride)
    if ours:
        kind, config = "unet", NETWORKS["unet"][0](T=T, **PRESETS["tiny"])
    values = dict(
        name=called, data="made", licence="-", size=size, channels=1, classes=(),
        network=kind, network_config=asdict(config), schedule=lecture.schedule, T=T, target="eps",
        training={"steps": 9, "batch": 4, "seed": 0},
    )  # fmt: skip
    spec = Spec(**values | changes)
    return save(folder / f"{called}.safetensors", spec.make_network().state_dict(), spec)


WITH_LANES = [name for name, lecture in LECTURES.items() if lecture.lanes]


@pytest.mark.parametrize("name", WITH_LANES)
def test_ones_own_model_is_sampled_as_the_lecture_does(name: str, tmp_path: Path) -> None:
    paths = [trained(name, tmp_path), trained(name, tmp_path, ours=True)]
    *_, last = sample_as(paths, name, False, CPU, lambda: False)
    places = room(LECTURES[name])
    for (picture, caption), (nothing, before) in zip(last.sheets, places, strict=True):
        assert picture.width > 10 and nothing is None
        assert caption.split(":")[0] == before.split(":")[0]
        assert "S = " in before or "DDPM" in before
    assert f"{name} and {name}-ours" in last.status
    *_, alone = sample_as(paths[:1], name, False, CPU, lambda: False)
    half = len(places) // 2
    assert alone.sheets == last.sheets[:half] and len(alone.sheets) == half
    assert alone.sheets[0][0] != last.sheets[half][0]
    (stopped,) = sample_as(paths, name, False, CPU, lambda: True)
    assert "stopped" in stopped.status and stopped.film is None


@pytest.mark.parametrize("name", WITH_LANES)
def test_repaired_it_is_sampled_as_it_should_be(name: str, tmp_path: Path) -> None:
    path, lecture = trained(name, tmp_path), LECTURES[name]
    *_, code = sample_as([path], name, False, CPU, lambda: False)
    *_, right = sample_as([path], name, True, CPU, lambda: False)
    assert len(right.sheets) == len(code.sheets) == len(lecture.lanes) and right.film is None
    denoiser, spec = load(path)
    lanes = lecture.make_lanes(denoiser.schedule, repair=True)
    for (picture, caption), (slipped, _), lane in zip(
        right.sheets, code.sheets, lanes, strict=True
    ):
        shape = (spec.channels, spec.size, spec.size)
        made = pictures(denoiser, lane, shape, seed=SEED, n=COUNT)
        off = np.asarray(picture).astype(int) - np.asarray(sheet_of(made)).astype(int)
        assert abs(off).max() <= 2  # lanes that share a call differ in the last digits
        assert caption == f"Your model, repaired: {lane.title}"
        assert (picture != slipped) == lecture.slips
    assert [text for _, text in room(lecture, repair=True)][: len(lanes)] == [
        caption for _, caption in right.sheets
    ]


def test_sutds_demonstration_of_ones_own_models(tmp_path: Path) -> None:
    paths = [trained("sutd", tmp_path), trained("sutd", tmp_path, ours=True)]
    first, last = sample_as(paths, "sutd", False, CPU, lambda: False)
    assert room(LECTURES["sutd"]) == () == last.sheets
    assert (len(first.blocks), len(last.blocks)) == (3, 6)
    rows, digit, noise = first.blocks
    assert rows.names == ("original", "noisy", "reconstructed") and rows.rows == 3
    assert [head for head, _ in rows.headings] == ["t = 11", "t = 0"]  # its T is 12
    assert "from a noised digit, x̂₀ fed back" in digit.title and "pure noise" in noise.title
    assert len(digit.columns) == len(digit.headings) == 3 and len(digit.names) == digit.rows == 2
    *_, both = sample_as(paths[:1], "sutd", True, CPU, lambda: False)
    assert [block.title for block in both.blocks[:3]] == [block.title for block in first.blocks]
    assert len(both.blocks) == 5 and "noise put back" in both.blocks[-1].title
    sent = Tiles().postprocess(both.blocks)
    assert sent[0]["names"] == list(rows.names) and sent[0]["rows"] == 3


def test_a_demonstration_is_read_as_it_was_written(tmp_path: Path) -> None:
    denoiser, _ = load(trained("sutd", tmp_path, T=1000))
    x0 = torch.rand(6, 1, 8, 8) * 2 - 1
    shown = demonstrate(denoiser, x0, LECTURES["sutd"].looks, seed=1)
    write(tmp_path / "a.npz", shown)
    again = read(tmp_path / "a.npz")
    assert again.times == shown.times == LECTURES["sutd"].looks
    for a, b in zip(again[1:], shown[1:], strict=True):
        torch.testing.assert_close(a, b.clamp(-1, 1), rtol=0, atol=1 / 127)
    for a, b in zip(blocks_of(again, "x"), blocks_of(shown, "x"), strict=True):
        assert all(map(torch.equal, a.columns, b.columns))


def test_only_the_lecture_with_a_gif_gets_one_of_the_way_to_its_pictures(tmp_path: Path) -> None:
    for name in ("jax", "oslo"):
        *_, last = sample_as([trained(name, tmp_path, T=40)], name, False, CPU, lambda: False)
        assert (last.film is not None) == (name == "jax")
        if last.film:
            kind, _, data = last.film.partition(",")
            film = Image.open(io.BytesIO(base64.b64decode(data)))
            assert kind == "data:image/gif;base64" and film.n_frames == 21
            film.seek(20)
            assert film.convert("RGB").size == last.sheets[0][0].size


def coefficient(line: str, symbol: str) -> float:
    """What multiplies a symbol in a line of LaTeX: 1 where nothing is written, 0 without it."""
    number = r"(?:([\d.]+)(?:\\cdot 10\^\{(-?\d+)\})?\\,)?"
    found = re.search(rf"(?<![\\a-z]){number}{re.escape(symbol)}", line.split("=", 1)[1])
    return float(f"{found[1] or 1}e{found[2] or 0}") if found else 0.0


@pytest.mark.parametrize("name", LECTURES)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_formulas_numbers_are_those_of_the_papers(name: str, share: float) -> None:
    lecture = LECTURES[name]
    t = max(1, round(share * lecture.T))
    betas = lecture.make_schedule().betas.double()
    bars, beta = torch.cumprod(1 - betas, 0), betas[t - 1].item()
    bar = bars[t - 1].item()
    text = numbers_at(lecture, t)
    assert not re.search(r"\de[+-]?\d", text) and "= 1\\," not in text
    lines, noise = text.split("\n\n"), r"\hat\varepsilon"
    found = [coefficient(lines[1], symbol) for symbol in (f"x_{{{t}}}", noise, "z")]
    if name == "sutd":
        expected = [bar**-0.5, (1 / bar - 1) ** 0.5, 0]
        assert f"t = {t - 1}." in text
    else:
        ahead = betas[t].item() if name == "jax" and t < lecture.T else beta
        variance = ahead
        if name == "cars":
            variance *= (1 - bars[t - 2].item()) / (1 - bar) if t > 1 else 0
        dropped = t == 1 and name in ("cars", "oslo")
        std = 0.0 if dropped else variance**0.5
        expected = [(1 - ahead) ** -0.5, ahead / ((1 - bar) * (1 - ahead)) ** 0.5, std]
        assert ("the last step, where $z$ is dropped" in text) == dropped
        assert ("one more step follows at index 0" in text) == (t == 1 and name == "scinet")
    if name == "jax":
        s = max(0, t - 20)
        kept = bars[s - 1].item() if s else 1.0
        expected += [(1 - beta) ** 0.5, beta**0.5]
        found += [coefficient(lines[-1], symbol) for symbol in (r"\hat x_0", noise)]
        assert f"= {kept**0.5:.4g}$ and" in text
        if t == lecture.T:  # its loop begins one below
            assert "The loop begins at t = 199" in lines[0]
            found, expected = found[3:], expected[3:]
        else:
            assert rf"\beta_{{{t + 1}}}" in text
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert ("clamps" in text) == (name == "cars")


def test_the_formula_follows_t_and_refuses_what_is_no_step(tmp_path: Path) -> None:
    demo, _ = page(LOCAL, tmp_path)
    found = [fn.fn for fn in demo.fns.values() if fn.name == "numbers_of"]
    handlers = list(dict.fromkeys(found))  # a link calls it too
    for handler, (name, lecture) in zip(handlers, LECTURES.items(), strict=True):
        shown = {f"{name}-formula": numbers_at(lecture, lecture.T), "trouble": ""}
        said = named(handler(lecture.T))
        assert f'LECTURES["{name}"]' in said.pop(f"{name}-copy").texts["Copy as Python"]
        assert said == shown
        for wrong in (0, lecture.T + 1, 2.5, None, "x"):
            refused = named(handler(wrong))
            assert "whole number from 1 to" in refused.pop("trouble") and not refused


@pytest.mark.parametrize("name", LECTURES)
def test_two_sentences_say_what_to_look_at(name: str) -> None:
    text = (FOLDER.parent / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith("**What to look at.** ")
    assert len(re.findall(r"\.(?:\s|$)", text.split("** ")[1])) == 2


def test_the_newest_own_model_of_the_network_is_taken(tmp_path: Path) -> None:
    context = Context(Device(CPU), LOCAL, checkpoints=tmp_path, datasets=("mnist-5k", "emoji"))
    folder, lecture = context.runs("visitor"), LECTURES["oslo"]
    with pytest.raises(ValueError, match="press “Use these settings”"):
        own_models(context, lecture, "visitor")
    for i, called in enumerate(("a-newer", "z-older")):
        os.utime(trained("oslo", folder, called=called), (1000 - i, 1000 - i))
    trained("jax", folder)
    (found,) = own_models(context, lecture, "visitor")
    assert found[0].stem == "a-newer"


def test_ours_is_found_if_it_was_trained_alike(tmp_path: Path) -> None:
    context = Context(Device(CPU), LOCAL, checkpoints=tmp_path, datasets=("mnist-5k", "emoji"))
    folder, lecture = context.runs("visitor"), LECTURES["oslo"]
    trained("oslo", folder)
    alike = {"steps": 9, "batch": 4, "seed": 0}
    for i, changes in enumerate(
        [{"data": "others"}, {"schedule": "cosine"}, {"target": "v"}]
        + [{"training": alike | {name: 7}} for name in alike]
    ):
        trained("oslo", folder, ours=True, called=f"other-{i}", **changes)
    assert len(own_models(context, lecture, "visitor")) == 1
    path = trained("oslo", folder, ours=True)
    assert [each for each, _ in own_models(context, lecture, "visitor")][1:] == [path]


@pytest.mark.parametrize("name", LECTURES)
def test_the_buttons_say_what_is_missing_and_fill_the_sheets(name: str, tmp_path: Path) -> None:
    context = Context(Device(CPU), LOCAL, checkpoints=tmp_path, datasets=("mnist-5k", "emoji"))
    each = next(each for each in PAGES if each.ID == f"lecture-{name}")
    with gr.Blocks() as demo:
        each.build(context, Shared(gr.Tabs(), gr.Dropdown([], render=False)))
    handlers = {fn.name: fn.fn for fn in demo.fns.values()}
    assert ("begin_repaired" in handlers) == LECTURES[name].slips
    request = SimpleNamespace(session_hash="one")
    (refused,) = named(handlers["begin"](request))
    assert refused[f"{name}-status"] == "failed" and "Use these settings" in refused["trouble"]
    trained(name, context.runs(context.visitor(request)))
    shown = []
    for handler in ("begin", "begin_repaired"):
        if handler not in handlers:
            continue
        first, *rest = answers(handlers[handler](request))
        (fold,) = (value for value in first.values() if isinstance(value, gr.Accordion))
        assert fold.open and not by_name(first)[f"{name}-run"].interactive
        shown.append(merged(rest))
        last = merged(map(by_name, rest))
        assert last[f"{name}-run"].interactive and not context.device.busy
        if name == "sutd":
            assert len(last[f"{name}-own-blocks"]) == (3 if handler == "begin" else 5)
        else:
            assert last["Gallery"][0].width > 20
    if len(shown) == 2 and name != "sutd":  # beside each other, not in each other's places
        filled = [{c for c in answer if isinstance(c, Gallery)} for answer in shown]
        assert len(filled[0]) == len(filled[1]) and not filled[0] & filled[1]


def test_a_run_with_batchnorm_is_followed_paused_and_continued_in_the_train_tab(
    tmp_path: Path,
) -> None:
    changes = {"network": "simple-unet", "network_options": {"width": 8}, "conditional": False}
    config = small(size=16, steps=8, target="eps", schedule="linear", **changes)
    whole, sliced = (
        Job(config, tmp_path / "a.safetensors"),
        Job(config, tmp_path / "b.safetensors"),
    )
    last = progress_of(whole)[-1]
    assert last.over and last.saved == "a" and last.samples and last.neighbours
    progress_of(sliced, stopped=iter([False] * 3 + [True] * 99).__next__)
    again = progress_of(replace(sliced, resume=True))[-1]
    assert again.over and same(whole, sliced)
