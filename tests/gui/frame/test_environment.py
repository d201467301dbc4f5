"""What the environment says of proxies: the app reaches itself, whatever that is."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from unittest import mock

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.gui.frame.environment import exempt_loopback

VARIABLES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
ADDRESSES = (
    "http://127.0.0.1:1",
    "proxy:3128",
    "https://u:secret@proxy.example:3128/",
    "socks5://proxy:1080",
    "socks5h://u:secret@proxy:1080",
    "socks4://proxy:1080",
    "ftp://proxy",
    "direct://",
    " http://proxy:3128 ",
    "http://proxy:port",
    "http://proxy:99999",
    "http://[::1",
    "http://",
    "not a proxy",
    "\udcff",
    "",
)
DIRECT = (
    "[::1]",
    "fd00::/8",
    "10.0.0.0/8",
    ".example.org",
    "*.example.org",
    "localhost:3000",
    "<local>",
    "*",
    "fe80::1%eth0",
    "http://[bad",
    "a b",
    "localhost;127.0.0.1",
    "",
)


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """Nothing is said of proxies yet, and nothing stays said."""
    known = (*VARIABLES, "no_proxy", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
    others = {name: value for name, value in os.environ.items() if name not in known}
    with mock.patch.dict(os.environ, others, clear=True):
        yield


def reaches_itself() -> bool:
    """Whether httpx, set up by the environment, asks its own machine without a proxy."""
    with httpx.Client() as client:
        places = ("http://127.0.0.1:7860/", "http://localhost:7860/", "http://[::1]:7860/")
        direct = client._transport
        return all(client._transport_for_url(httpx.URL(place)) is direct for place in places)


def test_what_is_tested_fails_without_it() -> None:
    os.environ["http_proxy"] = "http://127.0.0.1:1"
    assert not reaches_itself()
    exempt_loopback()
    assert reaches_itself()


@settings(max_examples=40)
@given(
    st.dictionaries(st.sampled_from(VARIABLES), st.sampled_from(ADDRESSES)),
    st.dictionaries(
        st.sampled_from(("no_proxy", "NO_PROXY")), st.lists(st.sampled_from(DIRECT), max_size=4)
    ),
)
def test_whatever_is_said_of_proxies(said: dict[str, str], direct: dict[str, list[str]]) -> None:
    with mock.patch.dict(os.environ, said | {k: ",".join(v) for k, v in direct.items()}):
        sentences = exempt_loopback()
        assert reaches_itself()
        assert not any("secret" in sentence for sentence in sentences)
        again = dict(os.environ)
        assert exempt_loopback() == [] and dict(os.environ) == again


def test_a_proxy_that_can_be_used_is_kept_for_downloads() -> None:
    os.environ |= {"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "intranet, .example.org"}
    assert exempt_loopback() == []
    assert urllib.request.getproxies()["https"] == "http://proxy:3128"
    assert urllib.request.proxy_bypass("intranet") and urllib.request.proxy_bypass("localhost")
    assert not urllib.request.proxy_bypass("example.com")


@pytest.mark.parametrize(
    ("name", "value"), [("https_proxy", "ftp://u:secret@proxy"), ("ALL_PROXY", "socks5://p:1")]
)
def test_one_that_cannot_is_named_and_taken_out(name: str, value: str) -> None:
    os.environ[name] = value
    (sentence,) = exempt_loopback()
    assert name in sentence and value.rpartition("@")[2] in sentence and "secret" not in sentence
    assert name not in os.environ


def test_the_name_that_the_app_listens_at_is_exempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_SERVER_NAME", "lab7.campus.example")
    os.environ["http_proxy"] = "http://proxy:3128"
    exempt_loopback()
    with httpx.Client() as client:
        address = httpx.URL("http://lab7.campus.example:7860/")
        assert client._transport_for_url(address) is client._transport


def test_certificates_that_are_not_there_do_not_end_it(tmp_path: os.PathLike[str]) -> None:
    os.environ |= {"SSL_CERT_FILE": str(tmp_path), "SSLKEYLOGFILE": f"{tmp_path}/none/keys"}
    assert len(exempt_loopback()) == 2 and reaches_itself()


def test_the_systems_own_proxies_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of Windows and macOS, which Python reads only while the environment says nothing."""
    of_system = {"http": "http://proxy:3128", "https": "http://proxy:3128"}
    environment = urllib.request.getproxies_environment
    monkeypatch.setattr(urllib.request, "getproxies", lambda: environment() or of_system)
    exempt_loopback()
    found = urllib.request.getproxies()
    assert {name: found[name] for name in of_system} == of_system and "no" in found
