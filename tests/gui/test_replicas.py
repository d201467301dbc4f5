"""Several processes that share one folder of runs, alone and behind the proxy's configuration."""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, aclosing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.load import PLAYER
from benchmarks.served import Served, free_port, serve, share_models
from benchmarks.visitors import Visitor
from explorer.checkpoints import describe
from explorer.gui.frame.visitors import COOKIE
from explorer.training import Record
from explorer.training.state import read_state
from tests.asynchronous import finished

ROOT = Path(__file__).parents[2]
PROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
SHORT = {"train-budget": 12, "Budget in": "steps", "train-size": 8, "train-network": "tiny"}
needs_proxy = pytest.mark.skipif(
    PROXY is None, reason="no HAProxy (Debian, Ubuntu: apt-get install haproxy)"
)


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Served]]:
    """Two hosted apps that share a folder; the first may be killed by the last test."""
    folder = tmp_path_factory.mktemp("replicas")
    shared = share_models(folder / "checkpoints")
    with ExitStack() as stack:
        started = []
        for name in ("one", "two"):
            (folder / name).mkdir()
            served = serve(folder / name, shared, EXPLORER_PROXIES="1")
            started.append(stack.enter_context(served))
        yield started


@contextmanager
def proxied(folder: Path, *replicas: str) -> Iterator[str]:
    """HAProxy with the configuration that is shipped, in front of these; its address."""
    address = f"127.0.0.1:{free_port()}"
    names = {f"REPLICA_{i}": where for i, where in enumerate(replicas, 1)}
    with open(folder / "proxy.log", "w") as log:
        process = subprocess.Popen(
            [str(PROXY), "-f", str(ROOT / "hosting" / "haproxy.cfg")],
            env=os.environ | names | {"PROXY_BIND": address},
            stdout=log,
            stderr=log,
        )
        try:
            until_it_answers(f"http://{address}", process, folder / "proxy.log")
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait()


def until_it_answers(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        with suppress(httpx.HTTPError):
            if ask(f"{address}/gradio_api/app_id").status_code == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"the proxy does not answer:\n{log.read_text()}")


def ask(
    url: str, cookies: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    with httpx.Client(trust_env=False, cookies=dict(cookies or {}), headers=headers) as client:
        return client.get(url)


@pytest.fixture(scope="module")
def proxy(replicas: list[Served], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    hosts = [served.address.removeprefix("http://") for served in replicas]
    with proxied(tmp_path_factory.mktemp("proxy"), *hosts) as address:
        yield address


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with the headers that came."""

    def do_GET(self) -> None:  # noqa: N802
        said = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *args: object) -> None:
        """Nothing."""


@contextmanager
def echo() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def visitor(address: str, cookies: dict[str, str] | None = None) -> Visitor:
    """One with a secret, which a browser would have got with an earlier page."""
    return Visitor(address, cookies={COOKIE: secrets.token_urlsafe(24)} | (cookies or {}))


async def trained(page: Visitor, **settings: Any) -> str:
    """Train for a few steps; the model's name."""
    said: dict[str, Any] = {}
    async for shown in page.press("train-start", SHORT | settings):
        said |= shown.changes
    assert "saved" in said["train-status"], said["train-status"]
    return said["train-earlier"]["value"]


async def earlier_runs(page: Visitor) -> list[str]:
    """What a page offers to continue."""
    offered = await page.ask("Earlier runs", {}, "expand")
    return [value for _, value in offered.get("train-earlier", {}).get("choices", [])]


FREE = """
import sys
from pathlib import Path
from explorer.gui.train.task import free_path
print(*(free_path(Path(sys.argv[1]), "mine").stem for _ in range(20)))
"""


def test_two_processes_never_choose_the_same_name(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FREE, str(tmp_path)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)]
    names = [name for process in both for name in process.communicate()[0].split()]
    assert len(names) == len(set(names)) == 40


def test_runs_of_two_processes_do_not_harm_each_other(replicas: list[Served]) -> None:
    """The same visitor trains with both at once; each run is whole, both see both."""

    async def both() -> tuple[tuple[str, str], list[list[str]]]:
        one = visitor(replicas[0].address)
        async with one, visitor(replicas[1].address, one.cookies) as two:
            names = await asyncio.gather(trained(one, Seed=1), trained(two, Seed=2))
            return names, [await earlier_runs(page) for page in (one, two)]

    names, seen = finished(both())
    assert len(set(names)) == 2
    assert set(seen[0]) >= set(names) and set(seen[1]) >= set(names)
    assert replicas[0].checkpoints is not None
    found = {path.stem: path for path in replicas[0].checkpoints.glob("runs/*/*.safetensors")}
    for name, seed in zip(names, (1, 2), strict=True):
        record = Record(found[name])
        assert describe(record.model).training["seed"] == seed
        assert read_state(record.state).step == SHORT["train-budget"]


def test_one_process_does_not_prune_what_another_shows(replicas: list[Served]) -> None:
    """More runs than are kept, by turns: the newest can still be continued, on either."""

    async def many() -> tuple[list[str], list[str]]:
        one = visitor(replicas[0].address)
        async with one, visitor(replicas[1].address, one.cookies) as two:
            names = [await trained(page, Seed=i) for i, page in enumerate((one, two) * 4)]
            return names, await earlier_runs(one)

    names, offered = finished(many())
    assert len(set(names)) == 8
    assert set(names[-5:]) <= set(offered)  # six are kept, and a new run makes place first


@needs_proxy
def test_visitors_stay_with_their_replica_and_both_are_used(proxy: str) -> None:
    def visit() -> set[str]:
        with httpx.Client(base_url=proxy, trust_env=False) as client:
            client.get("/gradio_api/app_id")
            return {client.get("/gradio_api/app_id").json()["app_id"] for _ in range(5)}

    seen = [visit() for _ in range(6)]
    assert all(len(replicas) == 1 for replicas in seen)
    assert len(set.union(*seen)) == 2


@needs_proxy
def test_the_proxy_tells_where_a_visitor_comes_from_whatever_the_visitor_says(
    tmp_path: Path,
) -> None:
    forged = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Host": "elsewhere.example",
        "Cookie": "explorer-visitor=mine; explorer-replica=one",
    }
    with echo() as replica, proxied(tmp_path, replica, replica) as address:
        seen = ask(f"{address}/anything", headers=forged).json()
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert "x-forwarded-host" not in seen
    assert seen["host"] == address.removeprefix("http://")
    assert seen["cookie"] == "explorer-visitor=mine"


@needs_proxy
def test_frames_come_through_the_proxy_while_the_race_runs(proxy: str) -> None:
    """A proxy that kept the stream to its end would let nobody stop a race by what is seen."""

    async def stopped_when_seen() -> dict[str, Any]:
        view: dict[str, Any] = {}
        async with visitor(proxy) as page:
            async with aclosing(page.press("reverse-run", {"Seed": 5})) as stream:  # type: ignore[type-var]
                async for shown in stream:
                    view = shown.changes.get(PLAYER, view)
                    if view and view["running"] and view["lanes"][0]["times"]:
                        await page.ask("reverse-stop", {}, "click")
            return view

    lane = finished(stopped_when_seen())["lanes"][0]
    assert 0 < lane["evaluated"][-1] < lane["evaluations"]


@needs_proxy
def test_pictures_come_through_the_proxy(proxy: str) -> None:
    picture = (ROOT / "docs" / "train.jpg").read_bytes()

    async def bring() -> dict[str, Any]:
        async with visitor(proxy) as page:
            sent = await page.upload(picture, "mine.jpg")
            return await page.ask("forward-image", {"forward-image": sent})

    assert "forward-stage" in finished(bring())


@needs_proxy
def test_visitors_of_a_killed_replica_find_their_runs_with_the_other(
    proxy: str, replicas: list[Served]
) -> None:
    """Last in this file: it kills a replica."""

    async def before() -> tuple[str, dict[str, str], str]:
        async with visitor(proxy) as page:
            name = await trained(page, Seed=9)
            where = ask(f"{proxy}/gradio_api/app_id", cookies=page.cookies).json()["app_id"]
            return name, page.cookies, where

    async def after(cookies: dict[str, str]) -> list[str]:
        async with Visitor(proxy, cookies=cookies) as page:
            return await earlier_runs(page)

    name, cookies, where = finished(before())
    own = {ask(f"{r.address}/gradio_api/app_id").json()["app_id"]: r for r in replicas}
    killed = own[where].process
    assert killed is not None
    killed.kill()
    killed.wait()
    answers = ask(f"{proxy}/gradio_api/app_id", cookies=cookies).json()["app_id"]
    assert answers in own and answers != where
    assert name in finished(after(cookies))
