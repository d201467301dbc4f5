"""What the browser-side parts share: their files, and how bytes reach the browser."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache


class Widget(gr.HTML):
    """A gr.HTML whose template, script and style stand in files beside the subclass's module.

    The template is constant: whatever changes is written by the script, which sees what Python
    returned (after `postprocess`) as `props.value` and is told of news by `watch`.
    """

    def __init__(self, value: Any = None, **props: Any) -> None:
        module = Path(inspect.getfile(type(self)))
        common = Path(__file__).with_name("common.js").read_text(encoding="utf-8")
        super().__init__(
            value=value,
            html_template=module.with_suffix(".html").read_text(encoding="utf-8"),
            css_template=module.with_suffix(".css").read_text(encoding="utf-8"),
            js_on_load=common + module.with_suffix(".js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **props,
        )

    def publish(self, data: bytes, name: str, *, keep: bool = False) -> str:
        """Put bytes where the browser can fetch them, once; the path that the script is given.

        Files of visitors are deleted with Gradio's cache; `keep` is for what every visitor gets.
        """
        path = save_bytes_to_cache(data, name, self.GRADIO_CACHE)
        (self.keep_in_cache if keep else self.temp_files).add(path)
        return path

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}

    def preprocess(self, payload: Any) -> Any:
        return payload
