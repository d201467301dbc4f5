"""From words to settings: tyro reads them, errors are one sentence, with a suggestion."""

from __future__ import annotations

import ast
import inspect
import io
import re
from collections.abc import Collection, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import MISSING, Field, field, fields
from difflib import get_close_matches
from itertools import dropwhile, takewhile
from textwrap import dedent
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import tyro
from tyro.conf import arg

Settings = TypeVar("Settings")
FLAG = re.compile(r"--[A-Za-z][\w.-]*")
CHOICE = re.compile(r"invalid choice '(.*)' for argument '(.*)'\. Expected one of \((.*)\)\.")
VALUE = re.compile(r"Error parsing (\S+): (.*)")
MISSED = re.compile(r"Missing value for argument '(.*)'\.")
REQUIRED = re.compile(r"Missing from [^:]*: (\S+)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
RULE = re.compile(r"[─╭╮╰╯+-]+$")
"""Of a box, which is drawn as the terminal can."""
KINDS = {"int": "a whole number", "float": "a number"}
"""How tyro calls them, in small or capital letters -> what they are."""


def unset(metavar: str) -> Any:
    """How a flag is shown whose default, None, its help explains."""
    return arg(metavar=metavar, help_behavior_hint="")


class UsageError(Exception):
    """The words do not say what to do; a sentence."""


def read_words(
    kind: type[Settings], words: Sequence[str], *, prog: str, default: Settings | None = None
) -> Settings:
    """The settings that the words say; what they do not say is as in `default`.

    UsageError for words that are not understood. SystemExit once help was printed.
    """
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            if default is None:
                return tyro.cli(kind, args=list(words), prog=prog)
            return tyro.cli(kind, args=list(words), prog=prog, default=default)
    except SystemExit as end:
        if not end.code:
            raise
        problem = explain(said.getvalue(), words, flags_of(kind))
    raise UsageError(f"{problem} (see {prog} --help)")


def flags_of(kind: type) -> list[str]:
    """All that can be said, as its help lists it: "--learning-rate" and so on."""
    text = io.StringIO()
    try:
        with redirect_stdout(text):
            tyro.cli(kind, args=["--help"])
    except SystemExit:
        pass
    return list(dict.fromkeys(FLAG.findall(text.getvalue())))


def explain(said: str, words: Sequence[str], flags: Collection[str]) -> str:
    """What tyro draws in a box, as a sentence."""
    lines = [line.strip("│| ") for line in COLOUR.sub("", said).splitlines()][1:]  # its title
    lines = list(dropwhile(RULE.match, lines))
    first = takewhile(lambda line: not RULE.match(line), lines)  # then comes help
    text = " ".join(" ".join(first).split())
    if "Unrecognized" in text:
        given = [word.split("=")[0] for word in words if FLAG.match(word)]
        for word in given:
            if word not in flags:
                return f"there is no {word}{suggestion(word, flags)}"
        return f"not understood: {text.removeprefix('Unrecognized options: ')}"
    if found := CHOICE.search(text):
        choices = re.findall(r"'([^']*)'", found[3])
        if "None" in choices:  # tyro's way of "or nothing", which loses the order
            choices = sorted(set(choices) - {"None"})
        flag = found[2].split(", ")[-1]
        return f"{flag} {found[1]}: there are: {', '.join(choices)}{suggestion(found[1], choices)}"
    if found := VALUE.search(text):
        value = re.search(r"'([^']*)'\W*$", found[2])
        wanted = next((kind for name, kind in KINDS.items() if name in found[2].lower()), "")
        if value and wanted:
            return f"{found[1]} {value[1]}: it must be {wanted}"
        return f"{found[1]}: {found[2]}"
    if found := MISSED.search(text):
        return f"{found[1]}: its value is missing"
    if found := REQUIRED.search(text):
        return f"{found[1]} is missing"
    return text


def suggestion(word: str, choices: Collection[str]) -> str:
    """ "; did you mean …?", or nothing where nothing is like it; what begins so goes first."""
    begun = [choice for choice in choices if word and choice.startswith(word)]
    near = begun or get_close_matches(word, choices, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def docstrings(kind: type) -> dict[str, str]:
    """What stands below each field of a dataclass, its bases' too, as one line."""
    found: dict[str, str] = {}
    for each in reversed([base for base in kind.__mro__ if base is not object]):
        body = ast.parse(dedent(inspect.getsource(each))).body[0].body  # type: ignore[attr-defined]
        for entry, below in zip(body, body[1:], strict=False):
            if isinstance(entry, ast.AnnAssign) and isinstance(entry.target, ast.Name):
                if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                    text = str(below.value.value).replace("`", "")
                    found[entry.target.id] = " ".join(text.split())
    return found


def fields_as_flags(
    kind: type,
    *,
    without: Collection[str] = (),
    choices: dict[str, Sequence[str]] | None = None,
    optional: bool = False,
) -> list[tuple[str, Any, Any]]:
    """Name, type with its help, and default of each field of a dataclass, for `make_dataclass`.

    choices : names of fields whose values are some words only.
    optional : whether every default is None: "as it would be otherwise".
    """
    told, hints = docstrings(kind), get_type_hints(kind)
    found = []
    for each in fields(kind):
        if each.name in without:
            continue
        hint = hints[each.name]
        if words := (choices or {}).get(each.name):
            hint = tyro.extras.literal_type_from_choices(list(words))
        hint = hint | None if optional else hint
        how: dict[str, Any] = {"help": told.get(each.name, "")}
        if type(None) in get_args(hint):
            how["metavar"] = _metavar(get_args(hint)[0])
        if optional:
            how["help_behavior_hint"] = "(as the one chosen by name has it)"
        marked = Annotated[hint, arg(**how)]  # type: ignore[valid-type]
        found.append((each.name, marked, None if optional else _default(each)))
    return found


def _metavar(hint: Any) -> str:
    """INT for int, INT ... for a tuple of them."""
    several = get_args(hint)
    return f"{_metavar(several[0])} ..." if several else str(hint.__name__).upper()


def _default(each: Field[Any]) -> Any:
    if each.default_factory is not MISSING:
        return field(default_factory=each.default_factory)
    return each.default
