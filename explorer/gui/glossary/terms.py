"""The terms of `terms.yaml`, checked, and how they are found in text and in formulas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("terms.yaml")
INDEX = r"(?:\s*_\s*(?:\{[^{}]*\}|\\[A-Za-z]+|[^{}\s\\]))?"
"""What may follow a symbol that is written without an index."""
ACCENTS = {r"\bar", r"\hat", r"\tilde", "_", "^"}
"""What takes the next sign with it, in braces or without."""


@dataclass(frozen=True)
class Term:
    """One entry: see the head of `terms.yaml`."""

    id: str
    name: str
    means: str
    see: tuple[str, str]
    source: str
    symbol: str = ""
    formula: str = ""
    tex: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@cache
def read_terms(file: Path = FILE) -> tuple[Term, ...]:
    """All terms, in the order of the file; ValueError with file and term for a wrong entry."""
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{file.name}: {' '.join(str(error).split())}") from error
    if not isinstance(entries, dict):
        raise ValueError(f"{file.name}: each term is NAME:, with its entries indented below")
    terms = tuple(_read_term(file.name, str(key), entry) for key, entry in entries.items())
    for kind in ("tex", "words"):
        owners: dict[str, str] = {}
        for term in terms:
            for sign in getattr(term, kind):
                if sign in owners:
                    raise ValueError(f"{file.name}: {owners[sign]} and {term.id} have {sign!r}")
                owners[sign] = term.id
    return terms


def _read_term(file: str, key: str, entry: Any) -> Term:
    known = {each.name for each in fields(Term)} - {"id"}
    if not isinstance(entry, dict):
        raise ValueError(f"{file}, {key}: an entry has name, means, see and source")
    if wrong := [name for name in entry if name not in known]:
        raise ValueError(f"{file}, {key}: there is no {wrong[0]!r}; there are {sorted(known)}")
    if missing := [n for n in ("name", "means", "see", "source") if not entry.get(n)]:
        raise ValueError(f"{file}, {key}: {missing[0]} is missing")
    see = entry["see"]
    if not (isinstance(see, list) and len(see) == 2 and str(see[1]).startswith("#")):
        raise ValueError(f"{file}, {key}: see should be [label, '#address'], not {see!r}")
    lists: dict[str, Any] = {
        name: tuple(map(str, entry.get(name, ()))) for name in ("tex", "words")
    }
    own = [name for name in entry if name not in ("see", *lists)]
    texts: dict[str, Any] = {name: str(entry[name]) for name in own}
    return Term(id=key, see=(str(see[0]), str(see[1])), **lists, **texts)


def tex_pattern(tex: str) -> str:
    r"""A regular expression for a symbol as formulas write it: also \bar{\alpha}_{t}.

    The same for Python and for browsers.
    """
    tokens = re.findall(r"\\[A-Za-z]+|\S", tex)
    parts, last = [], ""
    for token in tokens:
        sign = _literal(token) + (r"(?![A-Za-z])" if token.startswith("\\") else "")
        loose = last in ACCENTS and token not in "{}"
        parts.append(rf"(?:\{{\s*{sign}\s*\}}|{sign})" if loose else sign)
        last = token
    return r"\s*".join(parts) + ("" if "_" in tex else INDEX)


def word_pattern(word: str) -> str:
    """A regular expression, as browsers have them, for a word of text, not within another;
    a small first letter may be a capital one."""
    ends = word[-1].isalpha() or ord(word[-1]) > 0x2FF
    after = r"(?![\p{L}\p{M}\d_₀-₉]|-\p{L})" if ends else ""
    first, rest = word[0], _literal(word[1:])
    begins = (
        f"[{first.upper()}{first}]" if first.isascii() and first.islower() else _literal(first)
    )
    return rf"(?<![\p{{L}}\p{{M}}\d\\]){begins}{rest}{after}"


def _literal(text: str) -> str:
    """Escaped as both kinds of regular expression understand it."""
    return re.sub(r"[\\^$.|?*+()\[\]{}/]", lambda found: "\\" + found[0], text)


def longest_first(pairs: Iterator[tuple[str, str]]) -> list[tuple[str, str]]:
    """(sign, id): so that ᾱ_t is found before ᾱ."""
    return sorted(pairs, key=lambda pair: (-len(pair[0]), pair[0]))


SKIPPED = r"\\(?:text|mathrm|operatorname)\s*\{[^{}]*\}|\\[A-Za-z]+|\\.|[^\\]"
"""What stands in a formula besides symbols: upright words, commands, signs."""


def terms_in_tex(tex: str, terms: Sequence[Term]) -> tuple[list[str], list[str]]:
    """The ids of the terms in a formula, each once, and the letters that no term explains."""
    signs = longest_first((sign, term.id) for term in terms for sign in term.tex)
    pattern = "|".join([*(f"({tex_pattern(sign)})" for sign, _ in signs), f"(?:{SKIPPED})"])
    found: dict[str, None] = {}
    unknown = []
    for match in re.finditer(pattern, tex, re.S):
        if match.lastindex:
            found[signs[match.lastindex - 1][1]] = None
        elif re.fullmatch(r"[A-Za-z]|\\[A-Za-z]+", match[0]):
            unknown.append(match[0])
    return list(found), unknown
