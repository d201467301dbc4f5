"""Who asks: the secret a browser keeps, and the address that a request comes from."""

from __future__ import annotations

import base64
import pickle
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from starlette.requests import Request

from explorer.gui.frame.visitors import (
    COOKIE,
    WITHOUT_COOKIE,
    address_of,
    cookie_notice,
    new_secret,
    proxies,
    secret_of,
    visitor_of,
)


def with_cookie(value: Any, session: str | None = "s1") -> Any:
    return SimpleNamespace(cookies={COOKIE: value}, session_hash=session)


def asking(peer: str | None, *forwarded: str) -> Request:
    """A connection from `peer` with these X-Forwarded-For lines."""
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    client = None if peer is None else (peer, 1234)
    return Request({"type": "http", "headers": headers, "client": client})


def test_a_secret_has_enough_bits_and_no_other_has_it() -> None:
    made = {new_secret() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(base64.urlsafe_b64decode(secret)) * 8 for secret in made} == {192}
    assert all(secret_of(with_cookie(secret)) == secret for secret in made)


def test_a_secret_and_not_the_page_is_the_visitor() -> None:
    one, other = new_secret(), new_secret()
    assert visitor_of(with_cookie(one, "s1")) == visitor_of(with_cookie(one, "s2"))
    assert visitor_of(with_cookie(one)) != visitor_of(with_cookie(other))
    assert visitor_of(with_cookie(one, None)) == visitor_of(with_cookie(one))
    assert one not in visitor_of(with_cookie(one))


@pytest.mark.parametrize(
    "value",
    ["", "a", "a" * 31, "a" * 33, "a" * 31 + "\n", "ü" * 32, "a" * 31 + "/", "٣" * 32, None, 7],
)
def test_only_what_looks_like_a_secret_is_believed(value: Any) -> None:
    assert secret_of(with_cookie(value)) == ""
    assert visitor_of(with_cookie(value)) == visitor_of(SimpleNamespace(session_hash="s1"))
    assert visitor_of(with_cookie(value, None)) == ""


def test_a_page_without_the_cookie_says_what_becomes_of_its_models() -> None:
    assert cookie_notice(with_cookie(new_secret())) == ""
    assert cookie_notice(with_cookie("made up")) == WITHOUT_COOKIE
    assert "lost when you reload it" in WITHOUT_COOKIE


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "address"),
    [
        ("", "9.9.9.9", [], "9.9.9.9"),
        ("0", "9.9.9.9", ["1.1.1.1"], "9.9.9.9"),
        ("0", "127.0.0.1", ["1.1.1.1"], "127.0.0.1"),
        ("1", "10.0.0.1", ["1.1.1.1"], "1.1.1.1"),
        ("1", "10.0.0.1", ["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
        ("1", "10.0.0.1", ["6.6.6.6", "1.1.1.1"], "1.1.1.1"),
        ("2", "10.0.0.1", ["6.6.6.6, 1.1.1.1,10.0.0.2"], "1.1.1.1"),
        ("2", "10.0.0.1", ["1.1.1.1"], "10.0.0.1"),
        ("1", "10.0.0.1", [], "10.0.0.1"),
        ("1", "10.0.0.1", ["1.1.1.1:5555"], "1.1.1.1"),
        ("1", "10.0.0.1", ["[2001:db8:1:2::7]:55"], "2001:db8:1:2::/64"),
        ("1", "10.0.0.1", ["what is this" * 20], ("what is this" * 20)[:64]),
        ("", "2001:db8:1:2:3::4", [], "2001:db8:1:2::/64"),
        ("", "2001:db8:1:2:ffff::5", [], "2001:db8:1:2::/64"),
        ("", "::ffff:9.9.9.9", [], "9.9.9.9"),
        ("", None, [], ""),
    ],
)
def test_whose_address_it_is(
    proxies: str,
    peer: str | None,
    forwarded: list[str],
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.setenv("EXPLORER_PROXIES", proxies)
    request = asking(peer, *forwarded)
    assert address_of(request) == address
    assert address_of(gr.Request(request)) == address


def test_a_request_that_was_sent_to_another_process_has_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EXPLORER_PROXIES", "1")
    sent = gr.Request(
        client={"host": "10.0.0.1", "port": 1}, headers={"x-forwarded-for": "6.6.6.6, 1.1.1.1"}
    )
    assert address_of(sent) == address_of(pickle.loads(pickle.dumps(sent))) == "1.1.1.1"


@pytest.mark.parametrize("nobody", [None, SimpleNamespace(), SimpleNamespace(client=None)])
def test_no_address_is_none(nobody: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in ("0", "1"):
        monkeypatch.setenv("EXPLORER_PROXIES", number)
        assert address_of(nobody) == ""


def test_how_many_proxies_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXPLORER_PROXIES", raising=False)
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert proxies() == 0
    monkeypatch.setenv("SPACE_ID", "somebody/something")
    assert proxies() == 1
    monkeypatch.setenv("EXPLORER_PROXIES", "3")
    assert proxies() == 3
    for wrong in ("-1", "two", "10", "1.0", "٣"):
        monkeypatch.setenv("EXPLORER_PROXIES", wrong)
        with pytest.raises(ValueError, match="EXPLORER_PROXIES.*0 to 9"):
            proxies()
