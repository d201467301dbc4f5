"""What stands above a stage and what below it."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.gui.app import TABS
from explorer.gui.frame.shared import opening


def text_of(module: object) -> str:
    return Path(str(module.__file__)).with_name("prose.md").read_text(encoding="utf-8")  # type: ignore[attr-defined]


def test_the_opening_is_one_sentence_and_nothing_is_lost() -> None:
    text = "**What to look at.** At $t = 0.5$ it is 4.5 % *clean*, not more. *Then* it is not.\n"
    first, rest = opening(text)
    assert first == "**What to look at.** At $t = 0.5$ it is 4.5 % *clean*, not more."
    assert rest == " *Then* it is not.\n"
    assert opening("Only this.\n---\nMore.") == ("", "Only this.\n---\nMore.")
    assert opening("**What to look at.** All of it.\n") == (
        "**What to look at.** All of it.",
        "\n",
    )


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.ID)
def test_every_tab_begins_with_a_short_sentence(tab: object) -> None:
    first, rest = opening(text_of(tab))
    assert 50 < len(first) < 230 and first + rest == text_of(tab)
