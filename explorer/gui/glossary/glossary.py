"""The glossary's part of the page: marks terms, explains them, lists them all."""

from __future__ import annotations

from typing import Any

from explorer.gui.glossary.terms import (
    SKIPPED,
    Term,
    longest_first,
    read_terms,
    tex_pattern,
    word_pattern,
)
from explorer.gui.parts.widget import Widget


class Glossary(Widget):
    """Marks the first occurrence of each term in each paragraph, label and formula of the page."""

    def postprocess(self, value: tuple[Term, ...] | None) -> dict[str, Any] | None:
        """As JSON, with the patterns of `tex_pattern` and `word_pattern`."""
        if value is None:
            return None
        tex = longest_first((sign, term.id) for term in value for sign in term.tex)
        words = longest_first((word, term.id) for term in value for word in term.words)
        return {
            "terms": [
                {
                    "id": term.id,
                    "name": term.name,
                    "symbol": term.symbol,
                    "means": term.means,
                    "formula": term.formula,
                    "see": term.see,
                    "source": term.source,
                }
                for term in value
            ],
            "tex": [[tex_pattern(sign), owner] for sign, owner in tex],
            "words": [[word_pattern(word), owner, word] for word, owner in words],
            "skipped": SKIPPED,
        }


def glossary() -> Glossary:
    """With all terms."""
    return Glossary(read_terms(), elem_id="glossary")
