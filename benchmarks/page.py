"""The app's page as its config describes it: components, events and what they are given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Changes = dict[str, Any]
"""What a page shows anew, by `name_of`."""
TROUBLE = "trouble"
"""Names every place for one sentence of what went wrong."""


def name_of(component: dict[str, Any]) -> str:
    """Its element id, else its label, else its kind."""
    props = component["props"]
    if "trouble-text" in (props.get("elem_classes") or ()):
        return TROUBLE
    return props.get("elem_id") or props.get("label") or component["type"]


def changed(value: Any) -> bool:
    """Whether an output is something new: an update without a property is none."""
    if not (isinstance(value, dict) and value.get("__type__") == "update"):
        return True
    return any(name not in ("__type__", "props") for name in value)


class Config:
    """The page's components and events, which are the same for everybody."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.prefix = config["api_prefix"]
        self.heartbeat = bool(config.get("connect_heartbeat"))
        self.components = {each["id"]: each for each in config["components"]}
        self.events = config["dependencies"]

    def find(self, name: str, event: str = "click") -> dict[str, Any]:
        """What the server is asked first at this event of a component; LookupError if nothing."""
        for dependency in self.events:
            for target, kind in dependency["targets"]:
                of = self.components.get(target)
                if of and kind == event and name_of(of) == name and dependency["backend_fn"]:
                    return dependency
        raise LookupError(f"the page has no {event} of {name!r}")

    def at_load(self) -> list[dict[str, Any]]:
        """What a page asks as soon as it is there."""
        kinds = ([kind for _, kind in each["targets"]] for each in self.events)
        return [
            e for e, k in zip(self.events, kinds, strict=True) if "load" in k and e["backend_fn"]
        ]

    def values(self, dependency: dict[str, Any], set_: Changes) -> list[Any]:
        """Of its inputs in their order, as the page opens with them but for those that are set.

        KeyError if it has no input of such a name; of two with one name the first is set.
        """
        left, values = dict(set_), []
        for number in dependency["inputs"]:
            component = self.components[number]
            first = None if component["type"] == "state" else component["props"].get("value")
            values.append(left.pop(name_of(component), first))
        if left:
            raise KeyError(f"{dependency['api_name']} has no input {', '.join(left)}")
        return values

    def named(self, dependency: dict[str, Any], outputs: Iterable[Any]) -> Changes:
        """What of its outputs is new."""
        names = [name_of(self.components[number]) for number in dependency["outputs"]]
        pairs = zip(names, outputs, strict=True)
        return {name: value for name, value in pairs if changed(value)}
