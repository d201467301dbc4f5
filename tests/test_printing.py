"""What a narrow encoding lacks is spelt, and nothing that is printed ends the work."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.printing import flush, make_printing_safe, say, spelt


def narrow(monkeypatch: pytest.MonkeyPatch, encoding: str) -> io.BytesIO:
    """stdout and stderr as files in an encoding."""
    raw = io.BytesIO()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(raw, encoding, write_through=True))
    make_printing_safe()
    return raw


@pytest.mark.parametrize(
    ("text", "ascii"),
    [
        ("σ² = β̃_t, x̂_0, ᾱ_t", "sigma2 = beta_tilde_t, x_hat_0, alpha_bar_t"),
        ("η ≥ 0.5 ± 3 × 4 …", "eta >= 0.5 +- 3 x 4 ..."),
        ("╭──┤é", "+--+e"),
        ("Σ 猫", "sum ?"),
    ],
)
def test_signs_are_spelt(text: str, ascii: str) -> None:
    assert spelt(text) == ascii


@given(st.text())
def test_any_text_is_ascii_then(text: str) -> None:
    assert spelt(text).isascii()
    if text.isascii():
        assert spelt(text) == text


def test_only_what_the_encoding_lacks_is_spelt(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = narrow(monkeypatch, "cp1252")
    print("σ² ± η …")
    print("猫 \ud800", file=sys.stderr)  # half a character, as in a file's name
    assert raw.getvalue().decode("cp1252").split() == ["sigma²", "±", "eta", "…", "?", "?"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "shift_jis", "koi8-r", "cp437", "ascii"])
@given(st.text())
def test_printing_never_fails(encoding: str, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        narrow(patch, encoding)
        print(text)


@pytest.mark.parametrize("error", [BrokenPipeError(32, "closed"), OSError(28, "full"), None])
def test_what_is_said_aside_ends_nothing(
    error: OSError | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing(io.StringIO):
        def write(self, text: str) -> int:
            assert error is not None
            raise error

    monkeypatch.setattr(sys, "stdout", Refusing() if error else None)
    make_printing_safe()
    say("trainings are saved")
    flush()


def test_without_streams_it_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """pythonw on Windows, `>&-` in a shell."""
    nothing: Any = None
    monkeypatch.setattr(sys, "stdout", nothing)
    monkeypatch.setattr(sys, "stderr", nothing)
    make_printing_safe()
    say("a"), say("b", error=True), flush()
