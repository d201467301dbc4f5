"""The gates of the running app: what a stranger sends over HTTP, and what must not come back.

Of the app's own files only those that a page was given are handed out, whatever the path says;
nothing is fetched for anybody; nobody gets what another session brought.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx

ROOT = Path(__file__).parents[2]
SECRET = "app.py"
"""A file that is there, and that no path may lead to."""
DOORS = ("/gradio_api/file=", "/file=", "/gradio_api/file/", "/static/", "/assets/")
INSIDE = (ROOT / SECRET).read_bytes()[:40]


def ways_to(path: Path) -> list[str]:
    """A file as a path in an address, honest and bent."""
    up, absolute = "../" * 12, str(path)
    relative = absolute.lstrip("/")
    return [
        absolute,
        relative,
        up + relative,
        quote(up, safe="") + relative,
        quote(quote(up, safe=""), safe="") + relative,
        "..%5c" * 12 + relative.replace("/", "%5c"),
        "....//" * 12 + relative,
        f"file://{absolute}",
        f"/{absolute}",
        f"{absolute}%00.png",
        f"{absolute}?x=.png",
        f"{absolute}/.",
        f"/proc/self/cwd/{SECRET}",
        f"/proc/self/root{absolute}",
        absolute.replace("/", "//"),
    ]


def opened_by_path(client: httpx.Client, address: str) -> Iterator[str]:
    """What of the app's folder or of the system comes back; nothing should."""
    own = Path(__file__).parents[2] / SECRET
    targets = [own, Path("/etc/passwd"), ROOT / "checkpoints" / "mnist.safetensors"]
    for target in targets:
        start = target.read_bytes()[:40]
        for way in ways_to(target):
            for door in (
                "/gradio_api/file=",
                "/file=",
                "/gradio_api/file/",
                "/static/",
                "/assets/",
            ):
                if start in _get(client, address, f"{door}{way}"):
                    yield f"{door}{way}"


def fetched_for_strangers(client: httpx.Client, address: str) -> Iterator[str]:
    """Requests of the app's to a server of ours that a stranger named; none should come."""
    with listening() as (port, heard):
        for host in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433", "0x7f.1"):
            url = f"http://{host}:{port}/{host}"
            for path in (url, f"file={url}", quote(url, safe="")):
                _get(client, address, f"/gradio_api/file={path}")
                _get(client, address, f"/gradio_api/proxy={path}")
        url = f"http://localhost:{port}/event"
        for data in ({"path": url, "url": url}, {"path": "x", "url": url}):
            send_to_all(client, address, data | {"meta": {"_type": "gradio.FileData"}})
        yield from heard


def read_for_strangers(client: httpx.Client, address: str) -> Iterator[str]:
    """What events give back of a file that they were told to take as an upload; nothing."""
    for path in (str(ROOT / SECRET), "/etc/passwd", f"/proc/self/cwd/{SECRET}"):
        data = {"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": "a.png"}
        for answer in send_to_all(client, address, data):
            if INSIDE.decode() in answer or "root:x:" in answer:
                yield f"{path}: {answer[:100]}"


def send_to_all(client: httpx.Client, address: str, file: dict[str, object]) -> list[str]:
    """Every event that takes a file is begun with this one; what its stream says."""
    config = client.get(f"{address}/config").json()
    kinds = {part["id"]: part["type"] for part in config["components"]}
    takes = {"image", "file", "uploadbutton"}
    answers = []
    for event in config["dependencies"]:
        if not takes & {kinds[each] for each in event["inputs"]} or not event["backend_fn"]:
            continue
        session = uuid.uuid4().hex[:11]
        values = [
            ([file] if kinds[each] == "file" else file) if kinds[each] in takes else None
            for each in event["inputs"]
        ]
        body = {"data": values, "fn_index": event["id"], "session_hash": session}
        joined = client.post(f"{address}/gradio_api/queue/join", json=body)
        if joined.status_code == 200:
            answers.append(_stream(client, f"{address}/gradio_api/queue/data", session))
        answers.append(joined.text)
    assert answers, "no event of the app takes a file"
    return answers


def others_files(client: httpx.Client, address: str) -> Iterator[str]:
    """Ways to what another session has uploaded, for one that does not know its address."""
    secret = uuid.uuid4().hex.encode()
    sent = client.post(
        f"{address}/gradio_api/upload", files={"files": ("../../../up.png", secret)}
    )
    if sent.status_code != 200:
        return
    (path,) = sent.json()
    folder = Path(path).parent
    assert Path(path).name == "up.png" and ".." not in path
    for guess in (folder, folder.parent, folder.parent / "up.png", folder / "*", folder / ".."):
        if secret in _get(client, address, f"/gradio_api/file={guess}"):
            yield str(guess)
    listed = json.dumps(client.get(f"{address}/config").json())
    if path in listed:
        yield "/config names it"


@contextmanager
def running_app() -> Iterator[str]:
    """`python app.py` as it is hosted, on a free port; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "GRADIO_SERVER_PORT": str(port),
            "GRADIO_TEMP_DIR": folder,
            "EXPLORER_HOSTED": "1",
            "OMP_NUM_THREADS": "1",
        }
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        command = [sys.executable, "app.py"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, **quiet)
        try:
            while True:
                assert process.poll() is None, "the app did not start"
                with suppress(httpx.HTTPError):
                    httpx.get(f"http://127.0.0.1:{port}/config", trust_env=False)
                    break
                time.sleep(0.5)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


GATES = (opened_by_path, fetched_for_strangers, read_for_strangers, others_files)


def came_through(address: str) -> list[str]:
    """All that should not have come through the gates of the app at this address."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        assert client.get(f"{address}/").status_code == 200
        return [f"{gate.__name__}: {found}" for gate in GATES for found in gate(client, address)]


def _get(client: httpx.Client, address: str, path: str) -> bytes:
    """What is answered to the path as it stands: httpx would take ".." and "//" out of it."""
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        connection.settimeout(10)
        found = b""
        while len(found) < 2**20 and (part := connection.recv(2**16)):
            found += part
    return found


def _stream(client: httpx.Client, url: str, session: str) -> str:
    """An event's stream to its end."""
    with client.stream("GET", url, params={"session_hash": session}) as stream:
        lines = []
        for line in stream.iter_lines():
            lines.append(line)
            if "process_completed" in line or "close_stream" in line:
                break
    return "\n".join(lines)


@contextmanager
def listening() -> Iterator[tuple[int, list[str]]]:
    """A server on the loopback that hears who comes: its port, and what was asked for."""
    heard: list[str] = []
    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        port = server.getsockname()[1]

        def hear() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:  # closed
                    return
                with connection:
                    heard.append(connection.recv(1000).decode(errors="replace").split("\r\n")[0])
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=hear, daemon=True)
        thread.start()
        yield port, heard
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)
