"""The app starts, and answers, whatever the environment says of proxies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.served import OPENER
from tests.places.places import run, running

SAID = {
    "a proxy that is not there": {"http_proxy": "http://127.0.0.1:1"},
    "all that is wrong": {
        "HTTP_PROXY": "ftp://proxy",
        "https_proxy": "http://proxy:port",
        "ALL_PROXY": "socks5://127.0.0.1:1",
        "no_proxy": "[::1],fd00::/8",
        "SSL_CERT_FILE": "/nonexistent",
    },
}


@pytest.mark.parametrize("name", SAID)
def test_it_starts_and_answers(name: str, tmp_path: Path) -> None:
    said = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    said |= SAID[name] | {"TMPDIR": str(tmp_path), "GRADIO_SERVER_PORT": ""}
    with running(tmp_path / "log", said) as app:
        with OPENER.open(app.address, timeout=60) as page:
            assert b"Diffusion Explorer" in page.read()
        ignored = [line for line in app.text.splitlines() if "is ignored" in line]
        assert len(ignored) == (0 if "not there" in name else 6), app.text


def test_commands_need_no_proxy(tmp_path: Path) -> None:
    words = ["-m", "explorer", "train", "--steps", 1, "--size", 8, "--T", 10, "--network", "tiny"]
    environment = os.environ | SAID["all that is wrong"]
    done = run([*words, "--out", tmp_path / "a.safetensors"], environment=environment)
    assert done.returncode == 0, done.stderr.decode()
