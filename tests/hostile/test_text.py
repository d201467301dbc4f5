"""Hostile text in whatever is made without a page: Markdown, scripts, files, names, terminals."""

from __future__ import annotations

import ast
import html
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer.cli.main import main
from explorer.evaluation.records import Quality
from explorer.export.numbers import filmstrip, frames_npz, python_snippet
from explorer.failures import told
from explorer.figures.learning import QUANTITIES, Curves, compare_figure
from explorer.gui.frame.shared import MARKS, plain, sentence
from explorer.gui.lectures.bound.panel import first_with
from explorer.gui.reverse.export.panel import make_file, script
from explorer.gui.reverse.guidance.work import fitting
from explorer.gui.reverse.quality.words import quality_caption
from explorer.gui.reverse.racing import Going, lane_summary
from explorer.race.view import RaceView
from explorer.text import LONGEST, printable
from tests.export.capsules import TOY
from tests.hostile.tensors import SPEC, checkpoint
from tests.hostile.texts import NAMES, NO_NAMES
from tests.race.toy_race import SETTINGS

TEXTS = NAMES | NO_NAMES
ODD = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
QUALITY = Quality(
    "", "", 2, 2, 0.0, 2, None, 0, 0.0, "", "", "", weights="", classifier="", rows=()
)  # fmt: skip


def called(text: str) -> RaceView:
    """A race that calls everything so."""
    lanes = [replace(lane, name=text) for lane in TOY.view.lanes]
    settings = SETTINGS | {"model": text, "pictures": 2, "labels": None}
    return replace(TOY.view, title=text, lanes=lanes, settings=settings)


SAID: dict[str, Callable[[str], str]] = {
    "a lane": lambda text: lane_summary(called(text)),
    "an error": lambda text: sentence(ValueError(text)),
    "a table's model": lambda text: quality_caption(replace(QUALITY, model=text)),
    "a table's data": lambda text: quality_caption(replace(QUALITY, data=text)),
    "a table's precision": lambda text: quality_caption(replace(QUALITY, precision=text)),
    "a table's date": lambda text: quality_caption(replace(QUALITY, date=text)),
    "a model without classes": lambda text: fitting(replace(SPEC, name=text, classes=())),
}
"""What is said as Markdown of something that is called so."""


@ODD
def test_markdown_shows_just_the_text(text: str) -> None:
    made = plain(text)
    assert html.unescape(made) == printable(text).strip()
    assert not MARKS - set("&#;") & set(made) and made.encode() and "\n" not in made
    assert len(printable(text)) <= LONGEST


@ODD
@pytest.mark.parametrize("way", SAID)
def test_what_is_said_of_it_is_text(way: str, text: str) -> None:
    said = SAID[way](text)
    shown = told(ValueError(text)) if way == "an error" else text  # on one line, without paths
    assert plain(shown or "") in said
    assert plain(text) == text or text not in said


@ODD
def test_a_plot_names_it_as_text(text: str) -> None:
    (trace,) = compare_figure([Curves(text, [1], [1.0], [])], QUANTITIES[0]).data
    assert html.unescape(trace.name) == printable(text)
    assert not set("<>") & set(trace.name) and "%{" not in trace.name


@pytest.mark.parametrize("text", NAMES.values(), ids=NAMES)
def test_a_script_holds_it_as_a_literal(text: str) -> None:
    usual = python_snippet(SETTINGS)
    made = script(Going(called(text)), {})
    assert made.isprintable() or set(c for c in made if not c.isprintable()) == {"\n"}
    held = [n.value for n in ast.walk(ast.parse(made)) if isinstance(n, ast.Constant)]
    assert f"{text}.safetensors".rsplit("/", 1)[-1] in held
    assert _shape(made) == _shape(usual.replace("labels=[0, 1, 2]", "n=2"))


def _shape(code: str) -> list[str]:
    """What a program does, but for the values in it."""
    return [type(node).__name__ for node in ast.walk(ast.parse(code))]


@pytest.mark.parametrize("text", NAMES.values(), ids=NAMES)
def test_a_files_name_is_one(text: str) -> None:
    name, data = make_file("Capsule", Going(called(text)), "x_t")
    assert len(name.encode()) < 256 and data and Path(name).name == name
    assert not set(name) & set("/\\:\0\n\r\"'<>|*?%;&$`") and name not in (".", "..")


@pytest.mark.parametrize("sign", ["n", "ü", "漢", "𠀀"])
def test_a_long_name_of_any_script_fits(sign: str) -> None:
    name, _ = make_file("Capsule", Going(called(sign * 200)), "x_t")
    assert len(name.encode()) < 256 and name.startswith(sign) and name.endswith(".race.zip")


@pytest.mark.parametrize("text", [NAMES["markup"], NAMES["letters"], NAMES["long"], "\u202ea"])
def test_pictures_and_numbers_bear_it(text: str) -> None:
    view = called(text)
    assert filmstrip(view).size == filmstrip(called("a model")).size
    with np.load(io.BytesIO(frames_npz(view)), allow_pickle=False) as numbers:
        assert str(numbers["0_name"]) == text


@pytest.mark.parametrize("text", [NO_NAMES["terminal"], NO_NAMES["old-terminal"], "\u202ea"])
def test_no_terminal_obeys_it(text: str, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(checkpoint(training={"command": text}))
    assert main(["describe", str(path)]) == 0
    path.write_bytes(checkpoint(network=text))
    assert main(["describe", str(path)]) == 1
    path.write_bytes(checkpoint(name=text))
    assert main(["describe", str(path)]) == 1
    said = capsys.readouterr()
    for sign in set(text) & {"\x1b", "\x07", "\x9b", "\u202e"}:
        assert sign not in said.out + said.err


def test_a_page_is_built_with_a_model_of_unknown_pictures(tmp_path: Path) -> None:
    from explorer.gui.frame.context import Context
    from explorer.gui.frame.device import Device
    from explorer.gui.frame.limits import LOCAL
    from tests.gui.panel import CPU

    (tmp_path / "a.safetensors").write_bytes(checkpoint(data=NAMES["image"]))
    result, said = first_with(Context(Device(CPU), LOCAL, checkpoints=tmp_path), "a")
    assert result is None and plain(NAMES["image"]) in said
