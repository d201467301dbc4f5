"""Places where the app has long worked, and shall: ports, paths, locales, folders, proxies."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from pathlib import Path

import pytest

from benchmarks.load import DDIM
from benchmarks.served import OPENER, share_models
from benchmarks.visitors import Visitor
from explorer.gui.frame.context import HOME
from tests.asynchronous import finished
from tests.places.places import APART, needs, run, running

NAME = "Räume mit Leerzeichen 場所"
MOUNTED = 'mount --bind "$1" "$2" && mount -o remount,ro,bind "$2" && shift 2 && exec "$@"'
"""sh : the checkout, read-only, at another place that nobody else sees; there the words run."""
NARROW = {"LC_ALL": "C", "LANG": "C"}


async def race(address: str) -> bool:
    """Whether a race comes to its end."""
    view = None
    async with Visitor(address) as visitor:
        async for shown in visitor.press("reverse-run", DDIM):
            view = shown.changes.get("reverse-player", view)
    return bool(view and not view["running"] and view["lanes"][0]["times"][-1] == 0)


def test_elsewhere_read_only_behind_a_path_in_the_c_locale(tmp_path: Path) -> None:
    """A checkout in a folder with spaces and letters of two scripts, started from another one."""
    needs(APART)
    place = tmp_path / NAME
    place.mkdir()
    environment = os.environ | NARROW | {"GRADIO_ROOT_PATH": "/class", "GRADIO_SERVER_PORT": ""}
    environment["EXPLORER_CHECKPOINTS"] = str(share_models(tmp_path / "modèles 模型"))
    way = (*APART, "sh", "-c", MOUNTED, "sh", str(HOME), str(place))
    with running(
        tmp_path / "log", environment, way=way, app=place / "app.py", folder=tmp_path
    ) as app:
        with OPENER.open(f"{app.address}/config", timeout=60) as answer:
            assert json.load(answer)["root"].endswith("/class")
        assert finished(asyncio.wait_for(race(app.address), 240))
        assert "Traceback" not in app.text
    assert not list(place.iterdir())  # nobody else has seen it


def test_a_taken_port_is_passed_by_and_one_that_is_asked_for_is_this_one(tmp_path: Path) -> None:
    """Without GRADIO_SERVER_PORT the next free one from 7860 on; with it that one or a sentence
    (tests/gui/test_launch.py)."""
    environment = os.environ | {"GRADIO_TEMP_DIR": str(tmp_path / "gradio")}
    taken = None
    try:
        taken = socket.create_server(("127.0.0.1", 7860))
    except OSError:  # somebody else has it: as good
        pass
    with running(tmp_path / "log", environment | {"GRADIO_SERVER_PORT": ""}) as app:
        port = int(app.address.rstrip("/").rpartition(":")[2])
        assert 7860 < port < 7960
    if taken:
        taken.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        asked = free.getsockname()[1]
    with running(tmp_path / "log", environment | {"GRADIO_SERVER_PORT": str(asked)}) as app:
        assert app.address.rstrip("/").endswith(f":{asked}")


@pytest.mark.parametrize("locale", [{}, NARROW])
def test_commands_take_any_path(locale: dict[str, str], tmp_path: Path) -> None:
    """In, out and the data's, from another directory; what was said can be read back."""
    folder = tmp_path / NAME
    folder.mkdir()
    environment = os.environ | locale | {"PYTHONPATH": str(HOME)}
    model = f"{NAME}/mödell 1.safetensors"
    quick = ["--size", 8, "--T", 10, "--network", "tiny", "--steps", 1]
    for words in (
        ["train", *quick, "--out", model],
        ["sample", model, "--n", 1, "--sampler", "ddim", "--steps", 2, "--out", f"{NAME}/図.png"],
        ["describe", model],
    ):
        done = run(["-m", "explorer", *words], environment=environment, folder=tmp_path)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert {path.name for path in folder.iterdir()} >= {"mödell 1.safetensors", "図.png"}
    assert json.loads(done.stdout.decode("utf-8", "replace"))["name"]
