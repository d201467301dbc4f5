"""What the browser-side parts share: their files, and how bytes reach the browser."""

from __future__ import annotations

import hashlib
import inspect
import os
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.files import written_whole


class Widget(gr.HTML):
    """A gr.HTML whose template, script and style stand in files beside the subclass's module.

    The template is constant: whatever changes is written by the script, which sees what Python
    returned (after `postprocess`) as `props.value` and is told of news by `watch`.
    """

    def __init__(self, value: Any = None, **props: Any) -> None:
        module = Path(inspect.getfile(type(self)))
        common = Path(__file__).with_name("common.js").read_text(encoding="utf-8")
        self._building = True  # what is published now belongs to the page, not to a visitor
        super().__init__(
            value=value,
            html_template=module.with_suffix(".html").read_text(encoding="utf-8"),
            css_template=module.with_suffix(".css").read_text(encoding="utf-8"),
            js_on_load=common + module.with_suffix(".js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **props,
        )
        self._building = False

    def publish(self, data: bytes, name: str) -> str:
        """Put bytes where the browser can fetch them; the path that the script is given.

        The same bytes are the same file, written once and whole, since somebody may be fetching
        it. Files of the first page stay; those of visitors are deleted with Gradio's cache, by
        age, and are young again when they are published again.
        """
        path = Path(self.GRADIO_CACHE) / hashlib.sha256(data).hexdigest() / name
        if path.exists():
            os.utime(path)
        else:
            with written_whole(path, lasting=False) as part:
                part.write_bytes(data)
        (self.keep_in_cache if self._building else self.temp_files).add(str(path))
        return str(path)

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}

    def preprocess(self, payload: Any) -> Any:
        return payload
