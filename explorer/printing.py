"""Output that no terminal, file or pipe refuses: printing says things, and never ends the work."""

from __future__ import annotations

import codecs
import sys
import unicodedata
from contextlib import suppress

SIGNS = {
    "−": "-",
    "–": "-",
    "—": "-",
    "…": "...",
    "×": "x",
    "•": "*",
    "·": "*",
    "±": "+-",
    "→": "->",
    "√": "sqrt",
    "∞": "inf",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "∈": "in",
    "σ": "sigma",
    "τ": "tau",
    "ε": "eps",
    "Δ": "Delta",
    "Σ": "sum",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "_hat",
    "\N{COMBINING TILDE}": "_tilde",
    "\N{COMBINING MACRON}": "_bar",
    "\N{COMBINING OVERLINE}": "_bar",
}
"""Signs of our sentences -> what stands for them where only ASCII can be written."""
ERRORS = "explorer-spelt"
"""The name under which Python knows `spelt` as a way with what cannot be encoded."""


def spelt(text: str) -> str:
    """In ASCII: η is eta, x̂ is x_hat, é is e, a bar of a box is +, | or -; else "?"."""
    return "".join(map(_spelt, unicodedata.normalize("NFKD", text)))


def _spelt(sign: str) -> str:
    if sign.isascii():
        return sign
    if sign in SIGNS:
        return SIGNS[sign]
    name = unicodedata.name(sign, "")
    if name.startswith(("GREEK SMALL LETTER ", "GREEK CAPITAL LETTER ")):
        letter = name.split()[3]
        return letter.lower() if "SMALL" in name else letter.capitalize()
    if name.startswith("BOX DRAWINGS "):
        return {"HORIZONTAL": "-", "VERTICAL": "|"}.get(name.split()[-1], "+")
    return "" if unicodedata.combining(sign) else "?"


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return spelt(error.object[error.start : error.end]), error.end


def make_printing_safe() -> None:
    """From here on what the output's encoding lacks is spelt in ASCII, on stdout and on stderr."""
    codecs.register_error(ERRORS, _spell)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # there is none, or it is no file's
            stream.reconfigure(errors=ERRORS)  # type: ignore[union-attr]


def say(text: str, *, error: bool = False) -> None:
    """A line for whoever still reads: that nobody does, or that the disk is full, ends nothing."""
    stream = sys.stderr if error else sys.stdout
    if stream is None:  # print would take the other one
        return
    with suppress(OSError, ValueError):
        print(text, file=stream, flush=True)


def flush() -> None:
    """What is still to be printed; BrokenPipeError and OSError as any printing."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()
