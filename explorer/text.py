"""Text that strangers may have written: names, titles, classes, what an error quotes.

It is checked where it is read (`check_name`) and made harmless where it is shown: `printable` on a
terminal and in files, `escaped` in HTML and in Plotly's labels, which know a few of HTML's tags;
`explorer.gui.frame.shared.plain` in Markdown.
"""

from __future__ import annotations

import html
import re
import unicodedata

LONGEST_NAME = 300
"""Characters: a model is called as its file, whose name may take 255 bytes, and its step."""
LONGEST = 4000
"""Characters of anything that is shown."""
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the direction of whatever stands after them, also of our own words."""
UNSEEN = ("Cc", "Cs", "Cn", "Zl", "Zp")
"""Categories of what is no text: control characters, halves of one, none at all, line ends."""

CODES = (
    (re.compile(r"<urlopen error (.*?)>"), r"\1"),
    (re.compile(r"\[(?:Errno|WinError) -?\d+\] ?", re.I), ""),
    (re.compile(r"\[SSL: [A-Z_0-9]+\] ?| ?\(_ssl\.c:\d+\)"), ""),
    (re.compile(r" ?\(os error -?\d+\)", re.I), ""),
)
"""What systems put around their words, and what is left of it."""


def shows(sign: str) -> bool:
    """Whether a character is text; letters of any script, and what joins emoji, are."""
    return sign not in TURNING and unicodedata.category(sign) not in UNSEEN


def is_text(text: str) -> bool:
    """Whether every character is one."""
    return all(map(shows, text))


def printable(text: str, longest: int = LONGEST) -> str:
    """The text in a line: white space is a space, what is no text is "�", its end is cut off.

    It can be encoded, and moves no terminal's cursor.
    """
    text = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return "".join(" " if c in "\t\n\r\f\v" else c if shows(c) else "�" for c in text)


def escaped(text: str) -> str:
    """As what stands in an element of HTML (no attribute) or in a label of Plotly's, and shows
    just that text. Plotly knows no entity for quotes, and puts values in place of %{y}.
    """
    return html.escape(printable(text), quote=False).replace("%{", "%&#123;")


def check_name(text: str) -> None:
    """ValueError if it is longer than a name or not all text."""
    if len(text) > LONGEST_NAME:
        raise ValueError(f"a name has {len(text):,} characters; at most {LONGEST_NAME} are read")
    if not is_text(text):
        raise ValueError(f"the name {ascii(text)[:60]} holds characters that are not text")


def without_codes(text: str) -> str:
    """The text of an error without what only programmers read: "[Errno -2] ", "<urlopen error …>",
    "(os error 13)", "[SSL: …] "; their words stay."""
    for pattern, kept in CODES:
        text = pattern.sub(kept, text)
    return text
