"""Accounts: one without a name or a home, and a second one on the same machine."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load import DDIM
from benchmarks.served import share_models
from benchmarks.visitors import Visitor
from explorer.gui.frame.context import HOME
from tests.asynchronous import finished
from tests.places.places import APART, NAMELESS, NUMBER, App, bare, needs, run, running

TRAINING = {"train-size": 8, "train-T": 10, "train-network": "tiny", "train-budget": 20}
TRAINING |= {"Budget in": "steps", "Batch size, images": 4}


async def train_and_race(address: str) -> dict[str, Any]:
    """What the page said last of a short training and of a race. Refused if it says why not."""
    seen: dict[str, Any] = {}
    async with Visitor(address) as visitor:
        for press, settings in (("train-start", TRAINING), ("reverse-run", DDIM)):
            async for shown in visitor.press(press, settings):
                seen |= shown.changes
    return seen


def has_trained_and_raced(app: App) -> bool:
    """Whether both come to their ends, and nothing goes wrong on the way."""
    seen = finished(asyncio.wait_for(train_and_race(app.address), 240))
    race = seen["reverse-player"]
    assert "saved" in seen["train-status"], seen["train-status"]
    assert not race["running"] and race["lanes"][0]["times"][-1] == 0
    assert "Traceback" not in app.text, app.text
    return True


def test_without_a_name_or_a_home_the_page_trains_and_races(tmp_path: Path) -> None:
    needs(NAMELESS)
    environment = bare(
        TMPDIR=str(tmp_path), EXPLORER_CHECKPOINTS=str(share_models(tmp_path / "checkpoints"))
    )
    with running(tmp_path / "log", environment, way=NAMELESS) as app:
        assert has_trained_and_raced(app)
    assert (tmp_path / f"diffusion-explorer-{NUMBER}").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("home", [None, "relative", "{tmp}/closed", "{tmp}/closed/none"])
def test_without_a_home_bundled_data_are_read_and_own_ones_kept(
    tmp_path: Path, home: str | None
) -> None:
    """And where nothing can be written there: `HOME=/` in containers, Debian's /nonexistent."""
    needs(NAMELESS)
    (tmp_path / "closed").mkdir(mode=0o555)
    environment = bare(TMPDIR=str(tmp_path), PYTHONPATH=str(HOME))
    environment |= {} if home is None else {"HOME": home.format(tmp=tmp_path)}
    script = (
        "from explorer.data import load; from explorer.data.sources import default_root; "
        "from PIL import Image; import pathlib, os; "
        "print(len(load('mnist-5k'))); "
        "folder = pathlib.Path('own'); folder.mkdir(); "
        "[Image.new('L', (8, 8), 9 * k).save(folder / f'{k}.png') for k in range(9)]; "
        "print(len(load('own', size=8))); print(default_root())"
    )
    done = run(
        ["-c", script],
        environment=environment,
        way=NAMELESS,
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr.decode()
    small, own, root = done.stdout.decode().split()
    assert (small, own) == ("5000", "9")
    assert Path(root) == tmp_path / f"diffusion-explorer-{NUMBER}" / "data"
    assert list(Path(root).glob("decoded/*.safetensors"))


def test_a_home_that_is_not_known_is_not_guessed(tmp_path: Path) -> None:
    needs(NAMELESS)
    words = [
        "-m",
        "explorer",
        "train",
        "--steps",
        1,
        "--root",
        "~/x",
        "--out",
        tmp_path / "a.safetensors",
    ]
    done = run(words, environment=bare(TMPDIR=str(tmp_path)), way=NAMELESS)
    (line,) = done.stderr.decode().splitlines()
    assert done.returncode == 1 and "~/x" in line and "whole path" in line
    assert not list(tmp_path.glob("~*"))


def test_a_second_account_starts_the_app_beside_the_first(tmp_path: Path) -> None:
    """Everything in the temporary folder that could bear our name belongs to the first."""
    needs(NAMELESS)
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o1777)
    for name in ("gradio", f"diffusion-explorer-{NUMBER}", "diffusion-explorer", "first"):
        (shared / name).mkdir()
        (shared / name).chmod(0o555)
        if os.getuid() == 0:
            os.chown(shared / name, 1234, 1234)
    shared.chmod(0o1777)
    environment = bare(TMPDIR=str(shared), USER="first", LOGNAME="first", HOME=str(tmp_path))
    environment["EXPLORER_CHECKPOINTS"] = str(share_models(tmp_path / "checkpoints"))
    with running(tmp_path / "log", environment, way=NAMELESS) as app:
        assert has_trained_and_raced(app)
    own = [path for path in shared.iterdir() if path.stat().st_mode & 0o777 == 0o700]
    assert own and not list((shared / "gradio").iterdir())


def test_in_namespaces_a_folder_can_be_mounted(tmp_path: Path) -> None:
    """What other tests of places do is done: they do not pass by not doing it."""
    needs(APART)
    said = "mount -t tmpfs none $0 && touch $0/inside && ls $0"
    done = subprocess.run(
        [*APART, "sh", "-c", said, str(tmp_path)], capture_output=True, text=True
    )
    assert done.stdout.split() == ["inside"] and not list(tmp_path.iterdir())
    assert sys.platform == "linux"
