"""The strip at the top of the page: the open lesson's scene, and the list of lessons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import gradio as gr

from explorer.gui.frame.shared import MATH, QUIET
from explorer.gui.lessons.lesson import Lesson
from explorer.gui.lessons.parts import PARTS, READINGS
from explorer.gui.parts.widget import Widget

WORDS = "() => document.querySelector('#lessons')?.explorer?.words ?? ''"
"""What is written in the open scene, as Markdown."""


class Strip(Widget):
    """Title, scene k of n, buttons and keys; a lesson's scenes are fetched when it is opened."""

    def postprocess(self, value: Mapping[str, Lesson] | None) -> dict[str, Any] | None:
        """name -> lesson, in the order of the list."""
        if value is None:
            return None
        return {
            "lessons": [
                {
                    "name": name,
                    "title": lesson.title,
                    "summary": lesson.summary,
                    "scenes": len(lesson.scenes),
                    "file": self.publish(scenes_json(lesson), f"{name}.json"),
                }
                for name, lesson in value.items()
            ]
        }


def scenes_json(lesson: Lesson) -> bytes:
    """What walk.js calls scenes."""
    scenes = [
        scene.model_dump(exclude={"state"}) | {"address": scene.address} for scene in lesson.scenes
    ]
    return json.dumps(scenes, ensure_ascii=False).encode()


def build(lessons: Mapping[str, Lesson]) -> None:
    """The strip, at the top of whatever container is open. Its words are Gradio's, for formulas;
    they change without the server."""
    with gr.Column(elem_id="lesson-strip"):
        strip = Strip(lessons, constants={"parts": PARTS, "readings": READINGS}, elem_id="lessons")
        words = gr.Markdown("", elem_id="lesson-text", latex_delimiters=MATH)
    strip.words(None, None, words, js=WORDS, **QUIET)
