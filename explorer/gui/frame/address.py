"""The state in the address: what stands after the # of a link restores the same view.

Each tab declares its fields, a line each: `address.field("train.size", size, bounds=…)`. How a
value is written and read follows from the component. The browser's part (address.js) writes what
differs from the defaults, and asks here when a link names fields: every one is checked, what is
wrong falls back to its default, and a sentence says so.

A key is TAB.NAME or TAB.PANEL.NAME; on its own tab the address leaves out "TAB.". All keys but the
last word are a group: a link to a tab, or with a key of a group, sets all fields of that group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.blocks import Block
from gradio.events import EventListener

from explorer.gui.frame.address_field import Check, Choices, Field, Follows, Values, word
from explorer.gui.frame.shared import EACH, QUIET, Changes
from explorer.gui.parts.widget import Widget

if TYPE_CHECKING:
    from explorer.gui.frame.agree import Agreement

LONGEST = 500
"""Characters of a value."""
MOST = 400
"""Fields that a link can name."""

Addition = Callable[[Values, frozenset[str], str], Changes]
"""addition(values, changed, visitor): what else follows from a group's values; `changed` are the
keys that a link sets anew."""


class Address(Widget):
    """The page's state as text; its value says what the browser has to know, and answers it."""

    def __init__(self, **props: Any) -> None:
        self.fields: dict[str, Field] = {}
        self._additions: dict[str, list[tuple[Addition, tuple[Block, ...]]]] = {}
        self.agreements: list[Agreement] = []
        """The stages whose results are compared with the fields."""
        super().__init__(None, **props)

    def field(
        self,
        key: str,
        component: Any,
        *,
        title: str = "",
        choices: Choices | None = None,
        bounds: tuple[float, float] | Callable[[Values], tuple[float, float]] | None = None,
        check: Check | None = None,
        lacks: str = "",
        shipped: Sequence[Any] | None = None,
        former: Mapping[str, str] | None = None,
        follows: Follows | None = None,
    ) -> None:
        """Keep a component's value in the address.

        choices : of a menu whose entries change; else they are the component's own.
        bounds : of a number, where the component itself has none.
        lacks : what a link cannot hold, where the value is none of `shipped`.
        former : what choices were called in older links.
        follows : another field and the defaults that go with its values: a preset's.
        """
        if key in self.fields:
            raise ValueError(f"two fields are called {key}")
        own = tuple(value for _, value in getattr(component, "choices", None) or ())
        fixed = () if choices else own
        words = [word(value) for value in fixed]
        if len(set(words)) < len(words):
            raise ValueError(f"{key}: two choices are written alike: {', '.join(words)}")
        kinds = choices or ((lambda values, visitor: fixed) if fixed else None)
        name = title or getattr(component, "label", None) or key.rpartition(".")[2]
        self.fields[key] = Field(
            key,
            component,
            name,
            kinds,
            fixed,
            bounds,
            check,
            lacks,
            tuple(shipped or own),
            former or {},
            follows,
        )

    def also(self, group: str, addition: Addition, outputs: Sequence[Block]) -> None:
        """What else a link changes when it sets fields of this group."""
        self._additions.setdefault(group, []).append((addition, tuple(outputs)))

    def restored(self, group: str) -> Callable[..., gr.events.Dependency]:
        """An event, as `button.click`: a link has set fields of this group."""
        listener = EventListener(event_name=f"restored {group}").listener
        return partial(listener, self, trigger_mode="always_last")

    def key_of(self, component: Any) -> str:
        """A field's key; KeyError for a component that is none."""
        for key, field in self.fields.items():
            if field.component is component:
                return key
        raise KeyError(f"{component} is no field of the address")

    def components(self, keys: Any) -> set[Any]:
        """Of the fields of these keys; a stranger's list, so that what is no key is left out."""
        return {self.fields[key].component for key in _texts(keys) if key in self.fields}

    def describe(
        self,
        tabs: Mapping[str, str],
        panels: Mapping[str, Mapping[str, str]],
        topics: Sequence[str],
    ) -> None:
        """Tell the browser of all places, by names, with their titles, and of all fields.

        panels : by the name of their tab; the first of a tab is open when nobody says otherwise.
        """
        fields = {key: field.described() for key, field in self.fields.items()}
        stages = {agreement.stage: agreement.keys() for agreement in self.agreements}
        places = {"tabs": tabs, "panels": panels, "topics": topics}
        self.begin_with(places | {"fields": fields, "stages": stages})

    def wire(self, demo: gr.Blocks, visitor_of: Callable[[gr.Request], str]) -> None:
        """Once all fields are declared."""

        def ask(request: gr.Request, event: gr.EventData) -> Changes:
            turn = getattr(event, "turn", 0)
            asked, changed = getattr(event, "asked", {}), getattr(event, "changed", [])
            groups = getattr(event, "groups", [])
            values, changes, wrong = self.restore(asked, changed, groups, visitor_of(request))
            return {self: {"answer": {"turn": turn, "set": values, "wrong": wrong}}} | changes

        outputs = {field.component: None for field in self.fields.values()}
        for additions in self._additions.values():
            for _, blocks in additions:
                outputs |= dict.fromkeys(blocks)
        self.ask(ask, None, [self, *outputs], **EACH)
        demo.load(None, None, None, js=READY)
        for group in dict.fromkeys(field.group for field in self.fields.values()):
            mine = [field for field in self.fields.values() if field.group == group]
            components = [field.component for field in mine]
            keys = ", ".join(f"'{field.key}'" for field in mine)
            note = f"(...values) => {{ window.explorer?.note([{keys}], values); return []; }}"
            gr.on([c.change for c in components], None, components, None, js=note, **QUIET)

    def restore(
        self, asked: Any, changed: Any, groups: Any, visitor: str
    ) -> tuple[dict[str, Any], Changes, list[str]]:
        """The fields' new values, the updates, and sentences about what was wrong in a link.

        asked : texts by whole keys; changed : the keys that are not yet as the link has them;
        groups : those that are restored. All are a stranger's: what is not known is left out.
        """
        texts = dict(list(asked.items())[:MOST]) if isinstance(asked, dict) else {}
        wanted, open_groups = frozenset(_texts(changed)), set(_texts(groups))
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for key, field in self.fields.items():
            if field.group not in open_groups:
                continue
            text = texts.get(key)
            if not isinstance(text, str):
                values[key] = field.fallback(values, visitor)
                continue
            try:
                if len(text) > LONGEST:
                    raise ValueError("this is too long")
                values[key] = field.read(text, values, visitor)
            except ValueError as error:
                values[key] = field.fallback(values, visitor)
                if key in wanted:
                    wrong.append(f"{field.title}: {error}. Instead: {_stands(values[key])}.")
        changes: Changes = {
            self.fields[key].component: self.fields[key].update(value, values, visitor)
            for key, value in values.items()
            if key in wanted
        }
        for group in open_groups:
            for addition, _ in self._additions.get(group, ()):
                changes |= addition(values, wanted, visitor)
        return {key: value for key, value in values.items() if key in wanted}, changes, wrong


def _texts(found: Any) -> list[str]:
    """Those of a list that are texts; none of anything else."""
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _stands(value: Any) -> str:
    """A value in a sentence."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value is None else str(value)


READY = """() => {
  window.explorerReady = true;
  dispatchEvent(new Event("explorer-ready"));
  return [];
}"""
"""Once Gradio hears of events."""
