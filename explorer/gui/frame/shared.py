"""What tabs share on the page, and how they speak to people."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import gradio as gr
from gradio.blocks import Block

from explorer.failures import told
from explorer.gui.frame.device import DeviceBusy
from explorer.text import printable

if TYPE_CHECKING:
    from explorer.gui.frame.address import Address

MARKS = frozenset("""!"#$%&'()*+-./:;<=>?@[\\]^_`{|}~""")
"""What Markdown, HTML, LaTeX or a link could be made of."""


QUIET: dict[str, Any] = {
    "show_progress": "hidden",
    "show_progress_on": [],  # with every answer Gradio looks at all that ever showed any
    "queue": False,
    "api_visibility": "private",
    "trigger_mode": "always_last",
}
"""How events are wired that answer at once: nothing blinks, nobody queues. Of what is asked while
an answer is on its way the last counts: Gradio's own "once" would lose it."""
EACH = QUIET | {"trigger_mode": "multiple"}
"""The same for events with data of their own: the last is asked with the first's by Gradio."""
MATH: list[dict[str, str | bool]] = [{"left": "$", "right": "$", "display": False}]
"""What stands for LaTeX in our Markdown."""
OPENING = re.compile(r"\*\*What to look at\.\*\* .*?[.!?](?=\s+[A-Z*$]|\s*$)", re.S)
LOOK = ["look-at", "prose-note"]
Changes = dict[Block, Any]
"""A handler's answer: what is new, by the component that shows it; the others stay."""


class RunSettings(Protocol):
    """What others set in Train."""

    preset: gr.Dropdown
    told: gr.Markdown
    controls: dict[str, Any]

    @property
    def filled(self) -> Sequence[Any]:
        """The components that `fill` changes."""

    def fill(self, name: Any) -> Changes:
        """All settings as a preset has them."""


class TrainOffers(Protocol):
    """What Train gives to other tabs."""

    @property
    def settings(self) -> RunSettings: ...

    @property
    def trained(self) -> gr.State:
        """The name of the model trained last."""

    @property
    def race(self) -> gr.Button:
        """The way to Reverse."""


def _new_address() -> Address:
    from explorer.gui.frame.address import Address  # which imports this module

    return Address()


@dataclass(frozen=True)
class Shared:
    """Components that belong to the page rather than to one tab.

    They are created before the tabs, whose order is free, and rendered where they belong.
    """

    tabs: gr.Tabs
    model: gr.Dropdown
    """The model that Reverse races; rendered there, and set by Train too."""
    train: TrainOffers | None = None
    """What Train gives to others; None on a page without that tab."""
    address: Address = field(default_factory=_new_address)
    """What a link holds of the page."""


def opening(text: str) -> tuple[str, str]:
    """Its first sentence, "**What to look at.** …", and the rest; "" for a text without one."""
    found = OPENING.match(text)
    return (found[0].strip(), text[found.end() :]) if found else ("", text)


def what_to_look_at(module: str, name: str = "prose") -> None:
    """The opening of the text beside a module: it stands above the stage, `prose` below it."""
    gr.Markdown(opening(_text(module, name))[0], elem_classes=LOOK, latex_delimiters=MATH)


def prose(module: str, name: str = "prose") -> None:
    """The text beside a module without its opening: its first part, and the rest (after a line
    ---) behind "More"."""
    first, _, rest = opening(_text(module, name))[1].partition("\n---\n")
    if first.strip():
        gr.Markdown(first, elem_classes="prose-note", latex_delimiters=MATH)
    if rest:
        with gr.Accordion("More", open=False):
            gr.Markdown(rest, elem_classes="prose-note", latex_delimiters=MATH)


def _text(module: str, name: str) -> str:
    return Path(module).with_name(f"{name}.md").read_text(encoding="utf-8")


def message() -> gr.Markdown:
    """A place for one sentence of trouble beside what caused it, empty most of the time."""
    return gr.Markdown("", elem_classes=["message", "trouble-text"])


def seed_input(limits: Sequence[int], value: int = 7) -> gr.Number:
    """Every tab asks for its seed alike."""
    return gr.Number(value, label="Seed", precision=0, minimum=limits[0], maximum=limits[1])


def plain(text: str) -> str:
    """Text from anywhere, such as a file's name, as Markdown that shows just that text.

    In a line, without white space around it: four spaces before it would begin a block of code.
    Not to be put beside formulas of ours: where there is one, dollars of the text's own count too.
    """
    return "".join(f"&#{ord(c)};" if c in MARKS else c for c in printable(text).strip())


def sentence(error: Exception) -> str:
    """What a person is told of an error, as Markdown; the unforeseen is logged, with traceback."""
    known = str(error) if isinstance(error, DeviceBusy) else told(error)
    if known is not None:
        return plain(known)
    logging.getLogger(__name__).error("a handler failed", exc_info=error)
    return f"Something went wrong here ({type(error).__name__}). Please try again."


def guarded(trouble: gr.Markdown) -> Callable[[Callable[..., Changes]], Callable[..., Changes]]:
    """Decorates a handler: it answers an exception with a sentence, and else takes the last away.

    trouble : where the sentence stands; the handler may answer with another one there.
    """

    def decorate(handler: Callable[..., Changes]) -> Callable[..., Changes]:
        @wraps(handler)
        def answer(*values: Any) -> Changes:
            try:
                return {trouble: ""} | handler(*values)
            except Exception as error:
                return {trouble: sentence(error)}

        return answer

    return decorate
