"""A menu of presets that names what its fields say: after a change it shows "custom", and the
preset again once the values are the preset's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from explorer.gui.frame.shared import QUIET, Changes

CUSTOM = "custom"
"""What a menu shows where its fields are as no preset has them."""
Fitting = Callable[..., Sequence[str]]
"""fitting(request, *values): the presets whose values these are."""


def name_preset(
    menu: gr.Dropdown,
    fields: Sequence[Any],
    fitting: Fitting,
    *,
    given: Sequence[Any] = (),
    none: str = CUSTOM,
    only_last: bool = False,
    also: Callable[[str], Changes] = lambda name: {},
    outputs: Sequence[Any] = (),
) -> None:
    """Let the menu follow its fields; `none` is one of its choices.

    given : what `fitting` gets before the fields' values.
    only_last : whether only the preset that was shown last can come again, not any that fits.
    also : what else changes with the name; outputs : in these.
    """
    last = gr.State(menu.value)

    def follow(request: gr.Request, shown: Any, before: Any, *values: Any) -> Changes:
        found = fitting(request, *values)
        wanted = [name for name in (shown, before) if name in found]
        if not only_last:
            wanted += found
        name = wanted[0] if wanted else none
        if name == shown:
            return {last: before if shown == none else shown}
        kept = before if shown in (none, None) else shown
        return {menu: name, last: kept if name == none else name} | also(name)

    def choose(request: gr.Request, shown: Any, before: Any, *values: Any) -> Changes:
        """By hand: a preset's values come by themselves, `none` has none."""
        return follow(request, shown, before, *values) if shown == none else {last: shown}

    inputs, changed = [menu, last, *given, *fields], [menu, last, *outputs]
    gr.on([field.change for field in fields], follow, inputs, changed, **QUIET)
    menu.input(choose, inputs, changed, **QUIET)
