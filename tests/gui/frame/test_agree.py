"""What a stage shows against what its fields say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
import torch

from explorer.gui.app import create_app
from explorer.gui.frame.address import Address
from explorer.gui.frame.agree import Agreement, AtCursor, mark_of
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import HOSTED, LOCAL, whole
from explorer.gui.reverse.racing import complete
from explorer.gui.reverse.stored import stored_race
from tests.gui.panel import REQUEST, answers


@dataclass
class Stage:
    """A seed, a button and a result."""

    demo: gr.Blocks
    agreement: Agreement
    seed: gr.Number
    result: gr.Markdown
    trouble: gr.Markdown

    def press(self, seed: Any) -> dict[Any, Any]:
        """All that the page is shown of a run."""
        handler = next(fn.fn for fn in self.demo.fns.values() if fn.name == "work")
        return {k: v for each in answers(handler(REQUEST, seed)) for k, v in each.items()}


def told(shown: dict[Any, Any], stage: Stage) -> dict[str, Any]:
    """What the line was told."""
    value = shown.get(stage.agreement.line)
    return getattr(value, "payload", value) or {}


def make_stage(tmp_path: Path, fails: Exception | None = None, shows: bool = True) -> Stage:
    context = Context(Device(torch.device("cpu")), LOCAL, checkpoints=tmp_path)
    with gr.Blocks() as demo:
        address = Address()
        with gr.Row():
            button, state = gr.Button(), gr.Markdown()
        seed, result, trouble = gr.Number(7), gr.Markdown(), gr.Markdown()
        address.field("stage.seed", seed)
        agreement = Agreement(
            context,
            address,
            fields=[seed],
            read=lambda visitor, seed: whole("Seed", seed, (0, 99)),
            state=state,
            trouble=trouble,
            result=result,
        )

        def work(call: Call, seed: Any) -> Steps:
            whole("Seed", seed, (0, 99))
            yield {}
            if shows:
                yield {result: f"of {seed}"}
            if fails:
                raise fails

        jobs = Jobs(context, "stage", state=state, trouble=trouble, agreement=agreement)
        jobs.wire(button.click, work, [seed], [result])
    return Stage(demo, agreement, seed, result, trouble)


def test_a_result_bears_the_mark_of_what_it_was_made_with(tmp_path: Path) -> None:
    stage = make_stage(tmp_path)
    assert stage.agreement.line.first == mark_of(7)
    assert told(stage.press(9), stage) == {"made": mark_of(9), "over": True}
    assert stage.agreement.answer({"stage.seed": 9}, "") == (mark_of(9), "")
    assert stage.agreement.answer({"stage.seed": 7.0}, "") == (mark_of(7), "")


def test_a_job_that_shows_nothing_leaves_the_mark(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, shows=False)
    assert told(stage.press(9), stage) == {"over": True}
    assert "made" not in told(stage.press(-1), stage)  # refused before it began


def test_a_wrong_field_has_its_sentence_and_no_mark(tmp_path: Path) -> None:
    stage = make_stage(tmp_path)
    mark, wrong = stage.agreement.answer({"stage.seed": -1}, "")
    assert mark is None and wrong and "give a whole number from 0 to 99" in wrong


@pytest.mark.parametrize("values", [None, [], "x", {"stage.seed": {}}, {"stage.seed": []}, {1: 2}])
def test_whatever_a_stranger_sends_is_answered(tmp_path: Path, values: Any) -> None:
    mark, _ = make_stage(tmp_path).agreement.answer(values, "")
    assert mark is None


def test_a_sentence_on_the_cursor_waits_for_the_cursor(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, fails=AtCursor("move it"), shows=False)
    shown = stage.press(9)
    assert "move it" in shown[stage.trouble]
    assert told(shown, stage) == {"over": True, "until": "explorer-moved"}


def test_marks_are_of_values_and_not_of_their_kinds() -> None:
    assert mark_of({"a": 1, "b": (1, 2)}) == mark_of({"b": [1, 2], "a": 1})
    assert mark_of((1, 2.5)) != mark_of((1, 2.4))


@pytest.mark.parametrize("limits", [LOCAL, HOSTED])
def test_every_stage_agrees_at_first(limits: Any) -> None:
    """What each opens with counts as made with its fields' first values."""
    demo = create_app(Context(Device(torch.device("cpu")), limits))
    address = next(block for block in demo.blocks.values() if isinstance(block, Address))
    found = {each.result.elem_id: each for each in address.agreements}
    wanted = {
        *("train-loss", "reverse-player", "quality-plot", "guidance-strip", "guidance-plot"),
        *("trip-table", "draws-plot", "spread-fan", "plane-stage", "autoencoder-rows"),
        *("autoencoder-walks", "bound-bars", "forms-plot", "targets-samples", "sde-errors"),
        *("generative-ddim", "latent-latent-ddim", "ladder-clip"),
    }
    assert set(found) == wanted and all(each.line.first for each in found.values())
    race = mark_of(complete(stored_race().settings))
    assert race == found["reverse-player"].line.first
    for each in found.values():
        first = {key: address.fields[key].default for key in each.keys()}
        assert each.answer(first, "") == (each.line.first, "")
