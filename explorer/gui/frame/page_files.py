"""What the page is made of besides Gradio's own files: scripts and stored results.

Each has an address that names its content, `explorer/HASH/name`, relative to the page's own, so
that it holds behind any proxy and a browser asks for it once.
"""

from __future__ import annotations

import hashlib
import mimetypes
import threading
from functools import wraps
from pathlib import Path
from typing import Any

import anyio.to_thread
from gradio.routes import App
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

import explorer

PREFIX = "explorer/"
PACKAGE = Path(explorer.__file__).parent
TYPES = {".js": "text/javascript", ".json": "application/json", ".webp": "image/webp"}
"""As browsers want them, whatever this machine's tables say."""


class PageFiles:
    """Files by address, kept for as long as the process lives; ASGI, it answers with them."""

    def __init__(self) -> None:
        self._files: dict[str, bytes | Path] = {}
        self._addresses: dict[Path, str] = {}
        self._lock = threading.Lock()

    def add(self, data: bytes, name: str) -> str:
        """The address of these bytes; the same bytes of the same name have one."""
        address = self._address(data, name)
        with self._lock:
            self._files[address] = data
        return address

    def add_file(self, path: Path) -> str:
        """The address of a file that never changes; it stays where it is until it is asked for."""
        with self._lock:
            if path not in self._addresses:
                address = self._address(path.read_bytes(), path.name)
                self._files[address], self._addresses[path] = path, address
            return self._addresses[path]

    def read(self, address: str) -> bytes:
        """What lies there; KeyError if nothing does."""
        found = self._files[address]
        return found.read_bytes() if isinstance(found, Path) else found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = scope["path"].lstrip("/")
        if address not in self._files:
            answer: Response = JSONResponse({"detail": "Not Found"}, 404)
        else:
            data = await anyio.to_thread.run_sync(self.read, address)
            answer = Response(data, media_type=media_type(address))
        await answer(scope, receive, send)

    @staticmethod
    def _address(data: bytes, name: str) -> str:
        return f"{PREFIX}{hashlib.sha256(data).hexdigest()[:20]}/{name}"


page_files = PageFiles()
"""Of this process."""

_create_app = App.create_app


@wraps(_create_app)
def _create_app_with_files(*arguments: Any, **options: Any) -> App:
    """Gradio's web app with our files beside its own, however a page is launched."""
    app = _create_app(*arguments, **options)
    app.mount(f"/{PREFIX.rstrip('/')}", page_files)
    return app


App.create_app = staticmethod(_create_app_with_files)  # type: ignore[method-assign]


def address_of(path: str) -> str:
    """Where the browser finds what lies at `path`: what the package ships has an address of its
    own, all else is asked for by its path."""
    return page_files.add_file(Path(path)) if Path(path).is_relative_to(PACKAGE) else path


def media_type(name: str) -> str:
    """By a name's ending; bytes, if it says nothing."""
    known = TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
    return known or "application/octet-stream"
