"""The app in a process of its own, as it is hosted; its memory and disk over time."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import urlsplit

import psutil

from benchmarks.dragging import needed_chromium

T = TypeVar("T")
ROOT = Path(__file__).parents[1]
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def loopback(address: str) -> str:
    """`http://HOST:PORT` of a server on this machine; ValueError for any other host.

    A load is for one's own server: no name is looked up.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    with suppress(ValueError):
        if parts.scheme == "http" and ipaddress.ip_address(host).is_loopback:
            return f"http://{parts.netloc}"
    if parts.scheme == "http" and host == "localhost":
        return f"http://127.0.0.1:{parts.port or 80}"
    raise ValueError(f"{address!r} is not on this machine; give http://127.0.0.1:PORT")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@dataclass(frozen=True)
class Served:
    """A running app."""

    address: str
    process: psutil.Process | None = None
    """None if somebody else has started it: then nothing is known of its memory."""
    checkpoints: Path | None = None
    temporary: Path | None = None
    log: Path | None = None


def share_models(folder: Path, checkpoints: Path = ROOT / "checkpoints") -> Path:
    """A folder of checkpoints that has the shipped models and no runs."""
    folder.mkdir(parents=True)
    for path in checkpoints.iterdir():
        if path.name != "runs":
            (folder / path.name).symlink_to(path)
    return folder


@contextmanager
def serve(
    folder: Path, checkpoints: Path | None = None, root: Path = ROOT, **environment: str
) -> Iterator[Served]:
    """`python app.py`, hosted, on a free port of loopback; ended when the block is left.

    folder : for its log, its temporary files and, unless `checkpoints` is given, its runs.
    root : the repository that is served.
    environment : more variables.

    RuntimeError with the end of its log if it does not start.
    """
    checkpoints = checkpoints or share_models(folder / "checkpoints", root / "checkpoints")
    address = f"http://127.0.0.1:{(port := free_port())}"
    settings = {
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(folder / "temporary"),
        "EXPLORER_HOSTED": "1",
        "EXPLORER_CHECKPOINTS": str(checkpoints),
        "OMP_NUM_THREADS": "1",
    }
    log = folder / "log"
    with open(log, "w", encoding="utf-8") as out:
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=root,
            env=os.environ | settings | environment,
            stdout=out,
            stderr=out,
        )
        try:
            wait_for(address, process, log)
            yield Served(
                address, psutil.Process(process.pid), checkpoints, folder / "temporary", log
            )
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def check_commit(commit: str) -> None:
    """ValueError unless the repository has it."""
    git = ["git", "-C", str(ROOT), "rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}"]
    if subprocess.run(git, capture_output=True).returncode:
        raise ValueError(f"--against {commit}: this repository has no such commit")


@contextmanager
def checked_out(commit: str, folder: Path) -> Iterator[Path]:
    """The repository as it was then."""
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(folder), commit], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


@contextmanager
def contestants(against: str | None) -> Iterator[dict[str, str]]:
    """Addresses of the app as it is, "now", and, by its name, as it was at a commit."""
    if against:
        check_commit(against)
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder, addresses = Path(name), dict[str, str]()
        for each in filter(None, ["now", against]):
            root = ROOT
            if each != "now":
                root = stack.enter_context(checked_out(each, folder / "repository"))
            (here := folder / f"served-{len(addresses)}").mkdir()
            addresses[each] = stack.enter_context(serve(here, root=root)).address
        yield addresses


def compare(
    name: str,
    description: str | None,
    measure: Callable[[dict[str, str], int], Coroutine[Any, Any, T]],
    table: Callable[[T], str],
) -> None:
    """The command line of a benchmark of the page: `measure` gets addresses and rounds."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", metavar="COMMIT", help="the app as it was then, too")
    args = parser.parse_args()
    needed_chromium()
    with contestants(args.against) as addresses:
        print(table(asyncio.run(measure(addresses, args.rounds))))


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it answers."""
    end = time.monotonic() + 180
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with suppress(OSError):
            OPENER.open(f"{address}/gradio_api/app_id", timeout=5).read()
            return
        time.sleep(0.3)
    raise RuntimeError(f"the app did not start:\n{log.read_text('utf-8', 'replace')[-2000:]}")


def folder_bytes(folder: Path) -> int:
    """Of all files in it; links are not followed."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # deleted meanwhile
                total += os.lstat(os.path.join(where, name)).st_blocks * 512
    return total


@dataclass
class Watch:
    """Memory and disk of a served app, over time."""

    served: Served
    samples: list[dict[str, float]] = field(default_factory=list)
    """seconds; resident, runs and temporary in bytes; files and threads."""
    begun: float = field(default_factory=time.monotonic)

    def look(self) -> dict[str, float]:
        """How it is now; {} for an app that somebody else has started."""
        served = self.served
        if served.process is None or served.checkpoints is None or served.temporary is None:
            return {}
        family = [served.process, *served.process.children(recursive=True)]
        resident = files = threads = 0
        for process in family:
            with suppress(psutil.NoSuchProcess):
                resident += process.memory_info().rss
                files, threads = files + process.num_fds(), threads + process.num_threads()
        sample = {
            "seconds": round(time.monotonic() - self.begun, 1),
            "resident": resident,
            "runs": folder_bytes(served.checkpoints / "runs"),
            "temporary": folder_bytes(served.temporary),
            "files": files,
            "threads": threads,
        }
        self.samples.append(sample)
        return sample

    async def every(self, seconds: float) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(seconds)
