"""Every visitor sees the shipped models and their own."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED, LOCAL, Limits
from explorer.gui.frame.visitors import visitor_of

SHIPPED = HOME / "checkpoints" / "mnist.safetensors"


def context(folder: Path, limits: Limits) -> Context:
    shutil.copy(SHIPPED, folder / "mnist.safetensors")
    return Context(Device(torch.device("cpu")), limits, checkpoints=folder)


def train(context: Context, visitor: str, name: str) -> Path:
    path = context.runs(visitor) / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(SHIPPED, path)
    return path


def test_hosted_visitors_see_only_their_own_until_it_is_old(tmp_path: Path) -> None:
    hosted = context(tmp_path, HOSTED)
    one, two = train(hosted, "one", "digits"), train(hosted, "two", "clothes")
    assert list(hosted.models("one")) == ["mnist", "digits"]
    assert list(hosted.models("two")) == ["mnist", "clothes"]
    assert list(hosted.models("")) == ["mnist"]
    hosted.prune()
    assert one.exists() and two.exists()
    old = time.time() - HOSTED.keep - 60
    os.utime(one, (old, old))
    hosted.prune()
    assert not one.exists() and two.exists()
    assert (tmp_path / "mnist.safetensors").exists()
    with pytest.raises(ValueError, match="reload"):
        hosted.runs("")


def test_at_home_runs_stay_and_are_seen_again(tmp_path: Path) -> None:
    home = context(tmp_path, LOCAL)
    path = train(home, "one", "digits")
    os.utime(path, (0, 0))
    home.prune()
    assert path.exists()
    assert list(home.models("two")) == ["mnist", "digits"]


@pytest.mark.parametrize("session", ["../../etc", "/root", "a" * 5000, "x\0y", "ünïcode"])
def test_a_session_name_from_the_browser_cannot_leave_its_folder(session: str) -> None:
    visitor = visitor_of(SimpleNamespace(session_hash=session))
    assert len(visitor) == 16 and all(c in "0123456789abcdef" for c in visitor)


def test_no_session_is_no_visitor() -> None:
    assert visitor_of(None) == visitor_of(SimpleNamespace(session_hash=None)) == ""
