"""Downloads: told while they go, ended when nothing comes, one at a time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from torchvision import datasets

from explorer.data import DataError, load, loading
from explorer.data import downloads as module
from explorer.data.downloads import obtain
from explorer.data.progress import Loading
from explorer.data.published import DOWNLOAD_BYTES

DOWNLOADED = list(DOWNLOAD_BYTES)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.02)
    monkeypatch.setenv("no_proxy", "*")


@pytest.mark.parametrize("name", DOWNLOADED)
@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "Name or service not known"), TimeoutError("timed out")]
)
def test_without_a_network_it_fails_at_once_and_names_the_bundled_sets(
    name: str, error: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_address(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", no_address)
    started = time.monotonic()
    with pytest.raises(DataError, match="data set: mnist-5k, emoji, emoji-four$") as failure:
        load(name, root=tmp_path)
    assert time.monotonic() - started < 2
    text = str(failure.value)
    assert str(error.args[-1]) in text and name in text and "\n" not in text
    assert "rrno" not in text and "urlopen" not in text and "<" not in text


def test_a_name_that_is_never_found_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    def hang(*arguments: object, **options: object) -> None:
        ended.wait(10)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(module, "FIRST_BYTE", 0.2)
    try:
        with pytest.raises(DataError, match="nothing arrived for .* mnist-5k, emoji"):
            load("cifar10", root=tmp_path)
    finally:
        ended.set()
    settle()


def test_a_server_that_says_nothing_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x.tar.gz"
        monkeypatch.setattr(datasets.CIFAR10, "url", url)
        monkeypatch.setattr(module, "SOCKET_TIMEOUT", 0.2)
        with pytest.raises(DataError, match="timed out.*mnist-5k, emoji"):
            load("cifar10", root=tmp_path)
    assert socket.getdefaulttimeout() is None


def settle() -> None:
    """Wait until no download is left over."""
    with module._one_at_a_time:
        pass


def opened_by(
    job: threading.Event, root: Path, content: bytes = b"12345"
) -> Callable[[bool], str]:
    def opened(download: bool) -> str:
        if not download:
            raise RuntimeError("not there")
        (root / "a.gz").write_bytes(content)
        job.wait(10)
        return "opened"

    return opened


def test_bytes_are_told_as_they_come(tmp_path: Path) -> None:
    go = threading.Event()
    reading = obtain("made", opened_by(go, tmp_path), tmp_path, "made", "*.gz", 20)
    seen: list[Loading] = []
    for step in reading:
        seen.append(step)
        if step.done:
            go.set()
    assert (seen[0].what, seen[0].done, seen[0].total) == ("downloading made", 0, 20)
    assert seen[-1].done == 5


def test_when_all_bytes_are_there_it_is_unpacking_and_may_take_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALLED", 0.05)
    go = threading.Event()
    reading = obtain("made", opened_by(go, tmp_path), tmp_path, "made", "*.gz", 5)
    last = [next(reading) for _ in range(15)][-1]
    assert (last.what, last.done) == ("unpacking made", 5)
    go.set()
    settle()


def test_a_download_that_stalls_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALLED", 0.1)
    go = threading.Event()
    with pytest.raises(DataError, match="nothing arrived"):
        list(obtain("made", opened_by(go, tmp_path), tmp_path, "made", "*.gz", 20))
    go.set()
    settle()


def test_a_second_download_waits_and_a_closed_page_lets_the_first_go_on(tmp_path: Path) -> None:
    go = threading.Event()
    first = obtain("first", opened_by(go, tmp_path), tmp_path, "first", "*.gz", 20)
    next(first)
    second = obtain("second", opened_by(go, tmp_path), tmp_path, "second", "*.gz", 20)
    assert next(second).what == "waiting for another download"
    first.close()
    go.set()
    assert [step.what for step in second][-1] == "downloading second"
    settle()


def test_a_module_that_is_missing_is_named(tmp_path: Path) -> None:
    def opened(download: bool) -> None:
        import no_such_module  # noqa: F401

    with pytest.raises(DataError, match="pip install no_such_module.*mnist-5k"):
        list(obtain("made", opened, tmp_path, "made", "*.gz", 20))


def test_sizes_and_splits_are_checked_before_anything_is_downloaded(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="8 to 128"):
        list(loading("cifar10", root=tmp_path / "absent", size=7))
    with pytest.raises(DataError, match="no split 'validation'"):
        list(loading("cifar10", root=tmp_path / "absent", split="validation"))
    assert not (tmp_path / "absent").exists()
