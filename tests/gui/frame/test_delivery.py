"""How answers travel: what is compressed, what is kept, and what browsers are told to keep."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import Message, Scope

from explorer.gui.frame import delivery
from explorer.gui.frame.delivery import FOREVER, best_encoding, delivered
from explorer.gui.frame.page_files import PACKAGE, PageFiles, address_of, page_files
from tests.asynchronous import finished

TEXT = "const x = 1;\n" * 500
NOISE = random.Random(7).randbytes(5000)


class Site:
    """Stands for Gradio: pages, scripts, files and a stream; it counts what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.asked: Counter[str] = Counter()
        self.seen: list[str] = []
        self.files = PageFiles()
        self.model = folder / "model.bin"
        self.model.write_bytes(NOISE)
        routes = [
            Mount("/explorer", self.files),
            Route("/{path:path}", self.answer, methods=["GET", "POST"]),
        ]
        self.app = delivered(Starlette(routes=routes))

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        self.asked[path] += 1
        self.seen.append(request.headers.get("accept-encoding", ""))
        if path.endswith("absent.js"):
            return PlainTextResponse("none" * 1000, 404)
        if path.endswith(".js"):
            return Response(TEXT, media_type="application/javascript")
        if path.endswith(".woff2"):
            return Response(TEXT, media_type="font/woff2")
        if path.startswith("/gradio_api/file="):
            return FileResponse(self.model, headers={"Accept-Ranges": "bytes"})
        return Response(TEXT[: int(request.query_params.get("n", 10**6))], media_type="text/html")

    def ask(self, path: str, accept: str = "gzip, br", method: str = "GET", **headers: str) -> Any:
        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
                told = {"accept-encoding": accept, **headers}
                return await client.request(method, path, headers=told)

        return finished(answer())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


# ---- while they are written -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("identity", None)],
)
def test_pages_are_compressed_as_the_browser_likes(site: Site, accept: str, encoding: Any) -> None:
    for method in ("GET", "POST"):
        page = site.ask("/", accept, method)
        assert page.headers.get("content-encoding") == encoding and page.text == TEXT
        assert page.headers["vary"] == "Accept-Encoding"
        assert (int(page.headers["content-length"]) < 500) == (encoding is not None)


def test_what_is_small_or_dense_travels_as_it_is(site: Site) -> None:
    assert "content-encoding" not in site.ask("/?n=900").headers
    file = site.ask("/gradio_api/file=/tmp/model.bin")
    assert "content-encoding" not in file.headers and file.content == NOISE


def test_a_part_of_a_file_is_that_part(site: Site) -> None:
    part = site.ask("/gradio_api/file=/tmp/model.bin", range="bytes=100-199")
    assert part.status_code == 206 and part.content == NOISE[100:200]
    assert "content-encoding" not in part.headers


@pytest.mark.parametrize("accept", ["br", "gzip"])
def test_a_stream_is_not_held_back(accept: str) -> None:
    first_came = asyncio.Event()

    async def events() -> Any:
        yield "data: " + "a" * 5000 + "\n\n"
        await asyncio.wait_for(first_came.wait(), 5)  # the second only once the first has come
        yield "data: b\n\n"

    async def stream(scope: Scope, receive: Any, send: Any) -> None:
        await StreamingResponse(events(), media_type="text/event-stream")(scope, receive, send)

    heard: list[Message] = []

    async def hear(message: Message) -> None:
        heard.append(message)
        if message.get("body"):
            first_came.set()

    async def receive() -> Message:
        await asyncio.sleep(10)
        return {"type": "http.disconnect"}

    path = "/gradio_api/queue/data"
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "query_string": b""}
    scope |= {"headers": [(b"accept-encoding", accept.encode())], "asgi": {"spec_version": "2.4"}}

    async def ask() -> None:
        await delivered(stream)(scope, receive, hear)

    finished(ask())
    start, *rest = heard
    assert b"content-encoding" not in dict(start["headers"])
    bodies = [message["body"] for message in rest if message["body"]]
    assert bodies == [b"data: " + b"a" * 5000 + b"\n\n", b"data: b\n\n"]


def test_an_answer_in_pieces_arrives_whole() -> None:
    async def pieces(scope: Scope, receive: Any, send: Any) -> None:
        async def body() -> Any:
            for i in range(20):
                yield f"<p>{i}</p>" * 100

        await StreamingResponse(body(), media_type="text/html")(scope, receive, send)

    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(app=delivered(pieces))
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            return await client.get("/", headers={"accept-encoding": "br"})

    page = finished(answer())
    assert page.headers["content-encoding"] == "br"
    assert page.text == "".join(f"<p>{i}</p>" * 100 for i in range(20))


@pytest.mark.parametrize(
    ("accepted", "best"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP;q=0.5 , deflate", "gzip"),
        ("br; q=0, gzip;q=0", ""),
        ("abracadabra", ""),
        ("", ""),
    ],
)
def test_the_best_encoding(accepted: str, best: str) -> None:
    scope = {"type": "http", "headers": [(b"accept-encoding", accepted.encode())]}
    assert best_encoding(scope) == best


# ---- files whose address names their content --------------------------------------------------


def test_a_script_is_asked_for_once_and_kept_by_browsers(site: Site) -> None:
    for accept, encoding in (("br", "br"), ("br, gzip", "br"), ("gzip", "gzip"), ("", None)):
        script = site.ask("/assets/index-abc.js", accept)
        assert script.text == TEXT and script.headers.get("content-encoding") == encoding
        assert script.headers["cache-control"] == FOREVER
        assert script.headers["vary"] == "Accept-Encoding"
        assert script.headers["content-type"] == "application/javascript"
    assert site.asked["/assets/index-abc.js"] == 3  # br, gzip and neither
    assert set(site.seen) == {""}  # each time as it is


def test_fonts_are_kept_as_they_are_and_heads_have_no_body(site: Site) -> None:
    font = site.ask("/assets/font.woff2")
    assert "content-encoding" not in font.headers and font.text == TEXT
    head = site.ask("/assets/index-abc.js", method="HEAD")
    assert head.content == b"" and head.headers["content-encoding"] == "br"
    assert (
        head.headers["content-length"]
        == site.ask("/assets/index-abc.js").headers["content-length"]
    )


def test_what_is_not_there_is_not_kept(site: Site) -> None:
    for n in (1, 2):
        absent = site.ask("/assets/absent.js")
        assert absent.status_code == 404 and site.asked["/assets/absent.js"] == n
        assert "immutable" not in absent.headers.get("cache-control", "")


def test_only_so_much_is_kept(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "MOST", len(TEXT))
    for n in (1, 2):  # as it is it fits once
        assert site.ask("/assets/a.js", "").text == site.ask("/assets/b.js", "").text == TEXT
        assert (site.asked["/assets/a.js"], site.asked["/assets/b.js"]) == (1, n)


def test_what_a_part_published_is_kept_by_its_visitor_alone(site: Site) -> None:
    kept = site.ask("/gradio_api/file=/tmp/shown/0123abcd/x0.webp")
    assert kept.headers["cache-control"] == FOREVER.replace("public", "private")
    assert site.ask("/theme.css?v=abc").headers["cache-control"].endswith("immutable")
    for path in ("/gradio_api/file=/tmp/model.bin", "/theme.css", "/"):
        assert "cache-control" not in site.ask(path).headers


def test_the_page_has_files_of_its_own(site: Site, tmp_path: Path) -> None:
    address = site.files.add(TEXT.encode(), "part.js")
    assert address == site.files.add(TEXT.encode(), "part.js")
    assert address != site.files.add(TEXT.encode() + b" ", "part.js")
    assert address != site.files.add(TEXT.encode(), "other.js")
    script = site.ask(f"/{address}")
    assert script.text == TEXT and script.headers["content-type"].startswith("text/javascript")
    assert script.headers["content-encoding"] == "br"
    assert script.headers["cache-control"] == FOREVER
    file = site.files.add_file(site.model)
    assert site.files.read(file) == NOISE == site.ask(f"/{file}").content
    for absent in ("/explorer/", "/explorer/0/part.js", f"/{address}/"):
        assert site.ask(absent).status_code == 404


def test_only_what_the_package_ships_has_an_address(tmp_path: Path) -> None:
    path = PACKAGE / "gui" / "theme.css"
    assert page_files.read(address_of(str(path))) == path.read_bytes()
    for other in (str(tmp_path / "x.bin"), "explorer/0/x.bin", "/etc/passwd"):
        assert address_of(other) == other
