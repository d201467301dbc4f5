"""What is refused before it is written, and what makes room by itself."""

from __future__ import annotations

import os
import pickle
import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from explorer.gui.frame import room as module
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED, LOCAL, Limits
from explorer.gui.frame.room import (
    Room,
    amount,
    bytes_of,
    check_disk,
    check_temporary,
    files_below,
    filling,
    newest,
)

MB = 10**6
TIGHT = replace(HOSTED, visitor_bytes=10 * MB, runs_bytes=25 * MB, spare_bytes=0)


def make_run(folder: Path, name: str, size: int = 4 * MB, written: float = 1000) -> Path:
    """A model of a tenth of `size` and a state of the rest; the run's folder."""
    run = folder / f"{name}.run"
    (run / "snapshots").mkdir(parents=True)
    model, state = folder / f"{name}.safetensors", run / "state.safetensors"
    for path, part in ((model, size // 10), (state, size - size // 10)):
        path.write_bytes(bytes(part))
        os.utime(path, (written, written))
    return run


def room_of(folder: Path, limits: Limits = TIGHT, visitor: str = "one") -> Room:
    filling(folder / "runs").look_again()
    found = Context(Device(torch.device("cpu")), limits, checkpoints=folder).room(visitor)
    return pickle.loads(pickle.dumps(found))  # as a job takes it to its process


def test_a_visitor_has_so_much_and_is_told_how_much_is_left(tmp_path: Path) -> None:
    room = room_of(tmp_path)
    room.check(10 * MB, "this run")
    with pytest.raises(
        OSError, match="this run would take 11 MB more.*10 MB are left of the 10 MB"
    ):
        room.check(11 * MB, "this run")
    room.folder.mkdir(parents=True)
    (room.folder / "your-images.cache").write_bytes(bytes(6 * MB))
    with pytest.raises(OSError, match=r"take 5 MB more.*4 MB are left.*2 hours") as refused:
        room.check(5 * MB, "this run")
    assert str(tmp_path) not in str(refused.value)
    room.check(10 * MB, "your images", room.folder / "your-images.cache")  # in their place
    room_of(tmp_path, visitor="two").check(10 * MB, "this run")


def test_older_runs_states_make_room_after_the_new_one_is_written(tmp_path: Path) -> None:
    room = room_of(tmp_path)
    old, newer = (make_run(room.folder, f"r{i}", 4 * MB, 1000 + i) for i in (1, 2))
    own = room.folder / "mine.safetensors", room.folder / "mine.run"
    room.check(9 * MB, "this run", *own)  # 0.8 MB of models stay
    with pytest.raises(OSError, match="9 MB are left"):
        room.check(10 * MB, "this run", *own)
    assert (old / "state.safetensors").exists()  # nothing goes before the new one is there
    make_run(room.folder, "mine", 4 * MB, 2000)
    room.tidy(*own)
    assert not old.exists() and old.with_suffix(".safetensors").exists()
    assert newer.exists() and own[1].exists()  # 8.4 of 10 MB
    room.tidy(*own)
    assert newer.exists()


def test_the_newest_run_never_makes_room(tmp_path: Path) -> None:
    room = room_of(tmp_path)
    run = make_run(room.folder, "only", 8 * MB)
    with pytest.raises(OSError, match="2 MB are left"):
        room.check(3 * MB, "your images", room.folder / "your-images.cache")
    (room.folder / "more").write_bytes(bytes(5 * MB))
    room.tidy()
    assert run.exists()


def test_an_older_run_that_goes_on_takes_its_own_place(tmp_path: Path) -> None:
    room = room_of(tmp_path)
    old, newer = (make_run(room.folder, f"r{i}", 5 * MB, 1000 + i) for i in (1, 2))
    own = old.with_suffix(".safetensors"), old
    room.check(9 * MB, "this run", *own)
    os.truncate(old / "state.safetensors", 8 * MB)
    room.tidy(*own)
    assert old.exists() and not newer.exists()


def test_all_visitors_together_have_a_bound(tmp_path: Path) -> None:
    for i in range(3):
        make_run(room_of(tmp_path, visitor=f"v{i}").folder, "r", 8 * MB)
    with pytest.raises(OSError, match="1 MB are left of the 25 MB that all visitors"):
        room_of(tmp_path).check(2 * MB, "this run")
    room_of(tmp_path).check(MB, "this run")


def test_at_home_only_the_disk_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = room_of(tmp_path, LOCAL)
    room.folder.mkdir(parents=True)
    room.check(2 * MB, "this run")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1, 1, LOCAL.spare_bytes + MB))
    room.check(MB, "this run")
    with pytest.raises(OSError, match="take 2 MB, and the disk has 201 MB left, of which 200 MB"):
        room.check(2 * MB, "this run")
    check_disk(tmp_path / "not" / "there", MB, "it", 0)


def test_what_browsers_fetch_has_a_bound(tmp_path: Path) -> None:
    limits = replace(HOSTED, temporary_bytes=5 * MB)
    check_temporary(tmp_path, 3 * MB, limits)  # counted, though not yet written
    with pytest.raises(OSError, match="take 3 MB, and the 5 MB .* are in use"):
        check_temporary(tmp_path, 3 * MB, limits)
    filling(tmp_path).look_again()
    check_temporary(tmp_path, 3 * MB, limits)


def test_a_folder_is_counted_once_in_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    monkeypatch.setattr(module, "bytes_of", lambda paths: looks.append(1) or 7)
    mine = module.Filling(tmp_path)
    assert mine.bytes == 7
    mine.add(5)
    assert (mine.bytes, len(looks)) == (12, 1)
    mine.look_again()
    assert (mine.bytes, len(looks)) == (7, 2)


def test_links_are_not_followed_and_what_is_gone_is_nothing(tmp_path: Path) -> None:
    make_run(tmp_path / "real", "r", MB)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "real")
    assert [file.path.name for file in files_below(tmp_path / "in")] == ["link"]
    assert bytes_of([tmp_path / "real"]) == MB
    assert bytes_of([tmp_path / "gone"]) == newest(tmp_path / "gone") == 0
    assert newest(tmp_path / "real") == 1000


@pytest.mark.parametrize(
    ("size", "said"), [(1.6e9, "1.6 GB"), (4e7, "40 MB"), (2500, "2 kB"), (0, "0 kB")]
)
def test_amounts(size: float, said: str) -> None:
    assert amount(size) == said
