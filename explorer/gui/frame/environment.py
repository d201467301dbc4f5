"""What the environment says to Gradio and to httpx, its client; put right before either is loaded.

Gradio asks its own server over HTTP whether it has started: through a proxy, if the environment
names one, and not at all if httpx does not understand what is named.
"""

from __future__ import annotations

import os
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from explorer.account import user_folder
from explorer.text import printable

FOLDER = "GRADIO_TEMP_DIR"
"""Names the folder of uploads and of what browsers fetch. Gradio's own default belongs to whoever
started the first such app on the machine."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
SERVER_NAME = "GRADIO_SERVER_NAME"
"""The host that the app listens at, where it is then asked whether it has started."""
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
"""What else httpx reads when it is set up, often set together with a proxy."""


def prepare() -> str:
    """Put the environment right, once; the port that GRADIO_SERVER_PORT asked for, or "".

    It is taken out, for Gradio takes another port where this one is taken, and ends where it is
    no number.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # it would ask two foreign hosts
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    for sentence in exempt_loopback():
        print(sentence, file=sys.stderr, flush=True)
    use_own_folder()
    return os.environ.pop("GRADIO_SERVER_PORT", "")


def use_own_folder() -> None:
    """Let Gradio use a folder below `user_folder`, unless the environment names one."""
    if not os.environ.get(FOLDER):
        os.environ[FOLDER] = str(user_folder() / "pages")


def exempt_loopback() -> list[str]:
    """Let no proxy stand between this process and its own server: NO_PROXY names the loopback.

    What else is said of proxies stays, for downloads, but what httpx cannot be set up with, which
    is taken out: a sentence for each.
    """
    if not urllib.request.getproxies_environment():  # on Windows and macOS the system's own, which
        for scheme, address in urllib.request.getproxies().items():  # NO_PROXY alone would hide
            os.environ[f"{scheme}_proxy"] = address
    said = [*_without_unusable(PROXIES), *_without_unusable(CERTIFICATES)]
    direct = urllib.request.getproxies_environment().get("no", "")
    entries = [entry.strip() for entry in direct.split(",") if entry.strip()]
    server = os.environ.get(SERVER_NAME, "").strip().strip("[]")
    named = [entry for entry in (*entries, server) if entry not in ("", "*", *LOOPBACK)]
    bad = [entry for entry in named if not _can_be_set_up({"no_proxy": entry})]
    said += [f"NO_PROXY: {_short(entry)} is ignored" for entry in bad if entry in entries]
    kept = [entry for entry in (*entries, *LOOPBACK, server) if entry and entry not in bad]
    kept = list(dict.fromkeys(kept))
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = ",".join(kept)  # the small one counts first
    return said


def _without_unusable(names: tuple[str, ...]) -> Iterator[str]:
    """Take such variables out of the environment; a sentence for each."""
    lower = [name.lower() for name in names]
    for name in [name for name in os.environ if name.lower() in lower]:
        value = os.environ.get(name)  # on Windows both spellings are one
        if value and not _can_be_set_up({name: value}):
            del os.environ[name]
            yield f"{name} is ignored: {_short(value)} cannot be used"


def _short(value: str) -> str:
    """For the terminal, without the password that it may hold."""
    return printable(repr(value.rpartition("@")[2]), 60)


def _can_be_set_up(settings: Mapping[str, str]) -> bool:
    """Whether an httpx client can be made when only this is said of proxies and certificates."""
    import httpx

    with _only(settings):
        try:
            httpx.Client().close()
        except Exception:  # of many kinds: ImportError for SOCKS, ValueError, InvalidURL, OSError
            return False
        return True


@contextmanager
def _only(settings: Mapping[str, str]) -> Iterator[None]:
    """Within, the environment has no other variables of that kind."""
    known = [name.lower() for name in (*PROXIES, *CERTIFICATES, "no_proxy")]
    hidden = {name: value for name, value in os.environ.items() if name.lower() in known}
    for name in hidden:
        os.environ.pop(name, None)
    os.environ.update(settings)
    try:
        yield
    finally:
        for name in settings:
            os.environ.pop(name, None)
        os.environ.update(hidden)


ASKED_PORT = prepare()
"""By GRADIO_SERVER_PORT."""
