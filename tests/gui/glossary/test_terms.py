"""The glossary explains every symbol that the app writes, and its links lead somewhere."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import yaml

import explorer
from explorer.gui.glossary.terms import read_terms, terms_in_tex, tex_pattern

PACKAGE = Path(explorer.__file__).parent
GUI = PACKAGE / "gui"
NOTATION = set(
    r"\sqrt \frac \tfrac \dfrac \mid \le \ge \times \ln \log \big \bigl \bigr \Big \sim \cdot "
    r"\lVert \rVert \left \right \cos \sin \prod \sum \to \approx \dots \in \pm \pi \exp \max "
    r"\int \infty \mapsto \mathbb \quad \propto \Vert \tanh".split()
)
"""What a formula is made of besides symbols: operations, relations, space, π and ℝ."""
SIGN = r"[\u0370-\u03ff\u2202-\u220a][\u0300-\u036f]*|[a-z][\u0302-\u0304]"
"""Greek letters and signs such as ∇, with what stands over them; Latin ones with a hat or so."""
LETTERLIKE = set("∞∫√∏π")
"""Signs of operations."""


def formulas() -> Iterator[tuple[str, str]]:
    """(where, LaTeX) of all prose and of the texts in the code that hold formulas."""
    for file in GUI.rglob("*.md"):
        for tex in re.findall(r"\$([^$\n]+)\$", file.read_text(encoding="utf-8")):
            yield file.name, tex
    for file in (PACKAGE / "lectures" / "notes.py",):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for tex in re.findall(r"\$([^$\n]+)\$", node.value):
                    yield file.name, tex


def test_every_symbol_of_a_formula_is_explained() -> None:
    terms = read_terms()
    lacking = {
        (where, sign)
        for where, tex in formulas()
        for sign in terms_in_tex(tex, terms)[1]
        if sign not in NOTATION
    }
    assert not lacking


def test_a_symbol_that_the_glossary_lacks_is_found() -> None:
    terms = tuple(term for term in read_terms() if term.id != "eta")
    assert terms_in_tex(r"\eta = 0", terms)[1] == [r"\eta"]
    assert terms_in_tex(r"\zeta + Q", read_terms())[1] == [r"\zeta", "Q"]


def test_every_symbol_of_prose_and_templates_is_explained() -> None:
    known = {unicodedata.normalize("NFD", word) for term in read_terms() for word in term.words}
    known |= {unicodedata.normalize("NFD", term.symbol) for term in read_terms()}
    lacking = set()
    for file in [*GUI.rglob("*.md"), *GUI.rglob("*.html")]:
        text = re.sub(r"\$[^$\n]+\$|`[^`]*`", "", file.read_text(encoding="utf-8"))
        text = unicodedata.normalize("NFD", text)
        for sign in re.findall(SIGN, text):
            if sign[0] not in LETTERLIKE and not any(sign in word for word in known):
                lacking.add((file.name, sign))
    assert not lacking


@pytest.mark.parametrize(
    ("tex", "ids"),
    [
        (r"\bar\alpha_t", ["abar"]),
        (r"\bar{\alpha}_{t-1}", ["abar"]),
        (r"x_t = \sqrt{\bar\alpha_t}\,x_0 + \sqrt{1-\bar\alpha_t}\,\varepsilon",
         ["xt", "abar", "x0", "eps"]),
        (r"\hat x_0", ["x0hat"]),
        (r"\hat{x}_{0}", ["x0hat"]),
        (r"\hat\varepsilon_\varnothing", ["epshat"]),
        (r"\text{total}", []),
        (r"\alpha_t", ["alpha"]),
        (r"\tilde\beta_t \ne \beta_t", ["betatilde", "beta"]),
        (r"L_\text{simple}", ["lsimple"]),
    ],
)  # fmt: skip
def test_symbols_of_a_formula(tex: str, ids: list[str]) -> None:
    assert terms_in_tex(tex, read_terms())[0] == ids


def test_patterns_are_the_same_in_browsers() -> None:
    for term in read_terms():
        for tex in term.tex:
            assert re.fullmatch(tex_pattern(tex), tex), tex
            assert "(?<" not in tex_pattern(tex) and "(?P" not in tex_pattern(tex)


def test_links_lead_to_tabs_panels_and_topics() -> None:
    from explorer.gui.app import TABS
    from explorer.gui.lectures.tab import TOPICS

    tabs, topics = {tab.ID for tab in TABS}, {topic.ID for topic in TOPICS}
    panels = {"look", "mistakes", "quality", "guidance", "trip", "spread", "export"}
    for term in read_terms():
        asked = parse_qs(term.see[1].removeprefix("#"), strict_parsing=True)
        assert set(asked) <= {"tab", "panel", "topic", "t"}, term.id
        assert asked["tab"][0] in tabs, term.id
        assert asked.get("topic", ["sde"])[0] in topics, term.id
        assert asked.get("panel", ["look"])[0] in panels, term.id


def test_a_text_is_one_or_two_plain_sentences() -> None:
    for term in read_terms():
        text = re.sub(r"\d\.\d", "", term.means.replace("2.718…", ""))
        assert 1 <= len(re.findall(r"[.](?: |$)", text)) <= 2, term.id
        assert term.means.endswith("."), term.id


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"a": {"name": "A", "means": "M.", "source": "S"}}, "a: see is missing"),
        ({"a": {"name": "A", "means": "M.", "see": "here", "source": "S"}}, "see should be"),
        ({"a": {"nam": "A"}}, "there is no 'nam'"),
        ({"a": "A"}, "an entry has name"),
        (["a"], "each term is NAME:"),
        (
            {
                key: {"name": key, "means": "M.", "see": ["x", "#tab=train"], "source": "S",
                      "tex": [r"\eta"]}
                for key in ("a", "b")
            },
            "a and b have",
        ),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused_with_file_and_term(
    tmp_path: Path, entry: object, said: str
) -> None:
    file = tmp_path / "terms.yaml"
    file.write_text(yaml.safe_dump(entry), encoding="utf-8")
    with pytest.raises(ValueError, match=said) as error:
        read_terms(file)
    assert "terms.yaml" in str(error.value)
