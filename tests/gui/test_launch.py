"""What `launch` says of settings with which it cannot serve."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import gradio as gr
import pytest
import torch

from explorer.gui.app import asked_port, launch
from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED


def test_a_port_that_is_one() -> None:
    assert (asked_port(""), asked_port("1"), asked_port("65535")) == (None, 1, 65535)


@pytest.mark.parametrize("text", ["abc", "0", "65536", "-1", "78.6", " 7860", "٧", "9" * 5000])
def test_a_port_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="GRADIO_SERVER_PORT is .{2,50}; give .* 1 to 65535"):
        asked_port(text)


@pytest.mark.parametrize("text", ["taken", "abc"])
def test_a_port_that_cannot_be_had_ends_the_app_with_a_sentence(text: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1]) if text == "taken" else text
        environment = os.environ | {"GRADIO_SERVER_PORT": port}
        ended = subprocess.run(
            [sys.executable, "app.py"],
            cwd=HOME,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert port in line and "GRADIO_SERVER_PORT" in line


def test_a_number_of_proxies_that_is_none_ends_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_PROXIES", "many")
    with pytest.raises(SystemExit, match="EXPLORER_PROXIES is 'many'"):
        launch(gr.Blocks(), Context(Device(torch.device("cpu")), HOSTED))
