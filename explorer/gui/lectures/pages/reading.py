"""What a lecture names for further reading, as its page shows it."""

from __future__ import annotations

import gradio as gr

from explorer.lectures.reading import reading_list

YEARS = "Years are those of the first version on arXiv. Nothing is fetched before you click."


def build_reading(name: str) -> None:
    """A closed list of what the lecture names, each with its link."""
    with gr.Accordion("Reading that the lecture names", open=False, elem_id=f"{name}-reading"):
        gr.Markdown(f"{reading_list(name)}\n\n{YEARS}", elem_classes="prose-note")
