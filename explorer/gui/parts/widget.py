"""What the browser-side parts share: their files, how these are joined, how bytes get there.

A part's script is modules: NAME.js beside its Python class, and what that imports. Gradio runs
one function body for each part of the page, with `element`, `props`, `watch`, `trigger`, `server`
and `upload` of its own (tools/web/gradio.d.ts), so that `joined` makes one script of them:

* From NAME.js on, relative imports are followed depth first, each file once, so that a file comes
  after all that it imports. Nothing imports in a circle.
* `import { a, b } from "./file.js";` is left out, and `export` before a declaration, and what is
  only a comment. There is no other form of either, and no name is changed on the way.
* All files share one scope: no two of a part declare the same name at their top level, where one
  declaration declares one name or takes one object or list apart.

The page itself holds neither these scripts nor the values that its parts begin with: both are
files (frame/page_files.py), which mount.js fetches once a part is there. A part of a tab that
nobody opens costs nothing.

What two files change, they keep in an object that both import. Files of mathematics, which touch
neither the page nor `element`, are imported by tests as they are.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.routes import ORJSONResponse

from explorer.files import written_whole
from explorer.gui.frame.limits import detect
from explorer.gui.frame.page_files import page_files
from explorer.gui.frame.room import SHOWN, check_temporary

COMMENT = re.compile(r"^ *(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)\n", re.M | re.S)
IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]*)";\n', re.M)
EXPORT = re.compile(r"^export (?=(?:async )?function\b|class\b|const\b|let\b)", re.M)
DECLARATION = re.compile(
    r"^(export )?(?:(?:async )?function\*? |class |const |let |var )"
    r"(?:([\w$]+)|[{[]([^=]*)[}\] ]+=)",
    re.M,
)
TRIGGER = re.compile(r'\btrigger\("(\w+)"')
OTHER_FORM = re.compile(r"^(?:import|export)\b.*|.*\bimport(?:\(|\.meta).*", re.M)


def joined(main: Path) -> str:
    """A part's files as one script; ValueError if they do not keep the rule above."""
    files: dict[Path, str] = {}
    _follow_imports(main.resolve(), (), files)
    owners: dict[str, Path] = {}
    for file, text in files.items():
        for name in _declared(text):
            if name in owners:
                raise ValueError(f"{owners[name].name} and {file.name} both declare {name}")
            owners[name] = file
    bodies = [EXPORT.sub("", IMPORT.sub("", text)).strip() for text in files.values()]
    return "\n".join(['"use strict";', *bodies]) + "\n"


@cache
def script_address(main: Path) -> str:
    """Where the browser finds a part's script: a module that exports `run`."""
    strict, body = joined(main).split("\n", 1)
    head = "export function run({ element, props, constants, server, trigger, upload, watch }) {"
    return page_files.add(f"{strict}\n{head}\n{body}}}\n".encode(), main.name)


MOUNT = Path(__file__).with_name("mount.js")
CALL = """\
const first = props.value, room = element.closest(".tabitem, .gr-accordion");
room?.toggleAttribute("data-waiting", !room.shown);
import(new URL("{mount}", document.baseURI)).then(({{ mount }}) =>
  mount({{ element, props, server, trigger, upload, watch }}, first, room, "{script}",
    {constants}));
// tells of {events}"""
"""What Gradio runs in each part's node; it listens to the events that are named here in quotes."""


def _follow_imports(file: Path, importers: tuple[Path, ...], files: dict[Path, str]) -> None:
    """Add what `file` imports, then itself, without comments."""
    if file in importers:
        raise ValueError(f"{file.name} imports itself, by way of {importers[-1].name}")
    text = COMMENT.sub("", file.read_text(encoding="utf-8"))
    for names, path in IMPORT.findall(text):
        target = (file.parent / path).resolve()
        if target not in files:
            _follow_imports(target, (*importers, file), files)
        known = _declared(files[target], exported=True)
        for name in re.split(r",\s*", names.strip(", \n")):
            if name not in known:
                raise ValueError(f"{file.name}: {target.name} exports no {name!r}")
    if other := OTHER_FORM.search(EXPORT.sub("", IMPORT.sub("", text))):
        raise ValueError(f"{file.name}: the rule does not know {other[0].strip()!r}")
    files[file] = text


def _declared(text: str, *, exported: bool = False) -> list[str]:
    """Names that a file declares at its top level, all or only those that it exports."""
    names = []
    for export, name, several in DECLARATION.findall(text):
        if export or not exported:
            parts = [name] if name else several.split(",")  # of { a, b: c, ...d }
            names += [found for part in parts for found in re.findall(r"[\w$]+", part)[-1:]]
    return names


@dataclass(frozen=True)
class Prepared:
    """What a widget's `postprocess` made already."""

    payload: Any


class Widget(gr.HTML):
    """A gr.HTML whose template, script and style stand in files beside the subclass's module.

    The script is what `joined` makes of it. The template is constant: whatever changes is written
    by the script, which sees what Python returned (after `postprocess`) as `props.value` and is
    told of news by `watch`.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if own := cls.__dict__.get("postprocess"):

            @wraps(own)
            def postprocess(self: Widget, value: Any) -> Any:
                return value.payload if isinstance(value, Prepared) else own(self, value)

            cls.postprocess = postprocess  # type: ignore[method-assign]

    def __init__(
        self, value: Any = None, constants: Mapping[str, Any] | None = None, **props: Any
    ) -> None:
        """constants : what the script knows as `constants`, written into it: Gradio forgets props
        of a part that is updated before it has been mounted.
        """
        module = Path(inspect.getfile(type(self)))
        self.constants = dict(constants or {})  # (gr.HTML takes what it lacks for an event)
        address = script_address(module.with_suffix(".js"))
        self.files = [address]
        script = CALL.format(
            mount=page_files.add_file(MOUNT),
            script=address,
            constants=json.dumps(self.constants),
            events=json.dumps(sorted({*TRIGGER.findall(page_files.read(address).decode())})),
        )
        self.building = True  # what is published now belongs to the page, not to a visitor
        super().__init__(
            value=value,
            html_template=module.with_suffix(".html").read_text(encoding="utf-8"),
            css_template=module.with_suffix(".css").read_text(encoding="utf-8"),
            js_on_load=script,
            apply_default_css=False,
            **props,
        )
        self.building = False
        self.begin_with(self.value)

    def begin_with(self, payload: Any) -> None:
        """What the script sees first: a file of the page, which the configuration only names.

        `files` has then the addresses of the part's script and of this value.
        """
        if payload is not None:
            name = f"{Path(inspect.getfile(type(self))).stem}.json"
            payload = {"stored": page_files.add(bytes(ORJSONResponse(payload).body), name)}
            self.files[1:] = payload.values()
        self.value = payload

    def publish(self, data: bytes, name: str) -> str:
        """Put bytes where the browser can fetch them; the path that the script is given.

        What the page begins with is a file of the page. A visitor's is written once and whole,
        since somebody may be fetching it, and swept away once no page shows it any more. OSError,
        a sentence, if there is no room.
        """
        if self.building:
            return page_files.add(data, name)
        path = Path(self.GRADIO_CACHE) / SHOWN / hashlib.sha256(data).hexdigest() / name
        try:
            os.utime(path)  # young again
        except FileNotFoundError:
            check_temporary(Path(self.GRADIO_CACHE), len(data), detect())
            with written_whole(path, lasting=False) as part:
                part.write_bytes(data)
        self.temp_files.add(str(path))
        return str(path)

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}

    def preprocess(self, payload: Any) -> Any:
        return payload

    def postprocess(self, value: Any) -> Any:
        return value.payload if isinstance(value, Prepared) else value
