"""Take a race away: pictures that move, a strip, numbers, a script, a capsule that replays."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.cli.said import as_command, sample_words
from explorer.export.capsule import SUFFIX, pack, unpack
from explorer.export.numbers import animation, filmstrip, frames_npz, python_snippet
from explorer.gui.frame.context import Context, place_of
from explorer.gui.frame.follow import session_of
from explorer.gui.frame.memory import heavy
from explorer.gui.frame.shared import QUIET, Changes, Shared, guarded, message
from explorer.gui.parts.copy_text import COMMAND, PYTHON, CopyText, Texts
from explorer.gui.reverse.player import Player
from explorer.gui.reverse.racing import Going, lane_summary
from explorer.gui.reverse.stored import stored_race
from explorer.race.view import RaceView

TITLE = "Export"
SUMMARY = "This race as GIF, image, numbers, script or capsule"

SHOWN = {"x_t": "x", "x̂₀": "x0", "ε̂": "eps"}
APPEAR = '() => ({ __type__: "update", visible: true })'
"""Gradio's editor is 110 kB of script, which a page fetches as soon as it holds a visible one."""
CLICK = "() => setTimeout(() => document.querySelector('#reverse-file')?.click(), 50)"
"""The browser fetches what was made."""
NO_SCRIPT = "# This is a fork: a script can only repeat a race. Go back to the race first."


def _mapping(show: str) -> float:
    """±3σ for noise, ±1 for pictures."""
    return 3.0 if show == "eps" else 1.0


def _png(view: RaceView, show: str) -> bytes:
    buffer = io.BytesIO()
    filmstrip(view, show=show, mapping=_mapping(show)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


FILES: Mapping[str, tuple[str, Callable[[RaceView, str], bytes]]] = {
    "GIF": (".gif", lambda view, show: animation(view, "gif", show, _mapping(show))),
    "WebP": (".webp", lambda view, show: animation(view, "webp", show, _mapping(show))),
    "Filmstrip PNG": ("-strip.png", _png),
    "Frames .npz": (".npz", lambda view, _: frames_npz(view)),
    "Capsule": (SUFFIX, lambda view, _: pack(view)),
}
"""Button -> how the file's name ends, and its bytes."""


def view_on_page(going: Going | None) -> RaceView:
    """The race on the page; before any was run it is the stored one."""
    return going.view if going else stored_race()


def make_file(kind: str, going: Going | None, show: Any) -> tuple[str, bytes]:
    """Name and bytes of one of `FILES`; ValueError if it cannot be made."""
    view = view_on_page(going)
    if show not in SHOWN:
        raise ValueError(f"There is no {show!r} to show; choose x_t, x̂₀ or ε̂.")
    ending, make = FILES[kind]
    try:
        data = make(view, SHOWN[show])
    except FileNotFoundError as error:
        raise ValueError(
            "The frames of this race are no longer available; run it again."
        ) from error
    seed = view.settings.get("seed")
    model = view.settings.get("model") or "race"
    stem = model[:60].encode()[:200].decode(errors="ignore")  # no file's name may take 256 bytes
    name = f"{stem}-seed-{seed}" if seed is not None else f"{stem}-fork"
    return re.sub(r"[^\w.-]", "-", name) + ending, data


def script(going: Going | None, models: Mapping[str, tuple[Path, Any]]) -> str:
    """The race on the page as Python; `models` are those that `Context.models` found."""
    settings = view_on_page(going).settings
    if not settings:
        return NO_SCRIPT
    return python_snippet(settings, _place(settings["model"], models))


def _place(name: str, models: Mapping[str, tuple[Path, Any]]) -> str:
    """A checkpoint, seen from the Explorer's folder."""
    path, _ = models.get(name, (Path(f"{name}.safetensors"), None))
    return place_of(path)


def race_texts(going: Going | None, models: Mapping[str, tuple[Path, Any]]) -> Texts:
    """The race on the page as Python, and a command for each of its lanes that has one."""
    settings = view_on_page(going).settings
    texts = {PYTHON: script(going, models)}
    if settings:
        texts[COMMAND] = _commands(settings, models)
    return Texts(texts)


def _commands(settings: Mapping[str, Any], models: Mapping[str, tuple[Path, Any]]) -> str:
    place = _place(settings["model"], models)
    _, spec = models.get(settings["model"], (None, None))
    lines = []
    for i, lane in enumerate(settings["lanes"], 1):
        words = sample_words(settings, lane, place, spec.classes if spec else ())
        if words is None:
            lines.append(f"# lane {i}: only the script can do it")
        else:
            lines.append(as_command([*words, "--out", f"lane-{i}.png"]))
    return "".join(f"{line}\n" for line in lines)


def open_capsule(path: str) -> Going:
    """A race from a file that a visitor brought; ValueError if it is none."""
    with tempfile.TemporaryDirectory() as folder:
        view = unpack(path, Path(folder))
        for lane in view.lanes:
            for sheet in lane.sheets:
                sheet.data, sheet.path = sheet.data or Path(sheet.path or "").read_bytes(), None
    return Going(view)


def build(
    context: Context,
    shared: Shared,
    player: Player,
    state: gr.Markdown,
    going: gr.State,
    opened: gr.Tab,
    copies: CopyText,
) -> None:
    """Inside whatever container is open: the buttons for the race on the page.

    opened : the tab that all of it is in.
    copies : offers its script and commands, elsewhere on the page.
    """
    show = gr.Radio(
        list(SHOWN), value="x_t", label="What the GIF, WebP and PNG show", elem_id="take-show"
    )
    shared.address.field("reverse.export.show", show)
    with gr.Row(elem_classes="train-bar"):
        buttons = {
            kind: gr.Button(kind, size="sm", scale=0, elem_id=f"take-{i}")
            for i, kind in enumerate(FILES)
        }
        capsule = gr.UploadButton(
            "Open a capsule …",
            size="sm",
            scale=0,
            file_types=[".zip"],
            type="filepath",
            elem_id="take-open",
        )
    trouble = message()
    file = gr.DownloadButton("file", visible="hidden", elem_id="reverse-file")
    gr.Markdown(
        "A **capsule** is one file with settings, seed and all frames: open it here to replay the "
        "race without the model. The script repeats the race with the `explorer` package.",
        elem_classes="prose-note",
    )
    first = script(None, context.models(""))
    code = gr.Code(
        first,
        language="python",
        label="Copy as Python",
        show_line_numbers=False,
        elem_id="take-python",
        visible=False,
    )
    opened.select(None, None, code, js=APPEAR)

    @guarded(trouble)
    def offer(kind: str, now: Going | None, show: Any) -> Changes:
        with heavy():
            name, data = make_file(kind, now, show)
        return {file: gr.DownloadButton(value=player.publish(data, name))}

    @guarded(trouble)
    @heavy()
    def reopen(path: Any, request: gr.Request) -> Changes:
        now = open_capsule(path)
        context.jobs.replaced(context.visitor(request), "race", session_of(request))
        return {player: now.view, state: "From a capsule: " + lane_summary(now.view), going: now}

    def write_script(request: gr.Request, now: Going | None) -> Changes:
        models = context.models(context.visitor(request))
        return {code: script(now, models), copies: race_texts(now, models)}

    for kind, button in buttons.items():
        made = button.click(
            partial(offer, kind),
            [going, show],
            [file, trouble],
            concurrency_limit=2,
            concurrency_id="files",
            show_progress="minimal",
            show_progress_on=trouble,
            api_visibility="private",
        )
        made.success(None, None, None, js=CLICK)
    heard = QUIET | {"queue": True}  # else nobody is told that `going` has changed
    capsule.upload(reopen, capsule, [player, state, going, trouble], **heard)
    going.change(write_script, going, [code, copies], **QUIET)
    going.change(lambda: "", None, trouble, **QUIET)  # it was about another race
