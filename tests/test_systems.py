"""Other systems: what is POSIX's alone has a counterpart, text files name their encoding."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer import files
from explorer.files import once_closed, written_whole

ROOT = Path(__file__).parents[1]
FILES = [ROOT / "app.py", *(ROOT / "explorer").rglob("*.py")]
SCRIPTS = [*(ROOT / "tools").glob("*.py"), *(ROOT / "benchmarks").glob("*.py")]
MODULES = {
    "fcntl",
    "grp",
    "posix",
    "pty",
    "pwd",
    "readline",
    "resource",
    "syslog",
    "termios",
    "tty",
}
SHARED = {"SIGINT", "SIGTERM", "SIGABRT", "SIGFPE", "SIGILL", "SIGSEGV", "SIG_IGN", "SIG_DFL"}
"""Of `signal`'s names: those that Windows has."""
OS = {
    "chown",
    "fork",
    "forkpty",
    "getegid",
    "geteuid",
    "getgid",
    "getloadavg",
    "getpgid",
    "getuid",
}
OS |= {"kill", "killpg", "lchown", "mkfifo", "nice", "openpty", "pread", "preadv", "pwrite"}
OS |= {"sched_getaffinity", "sched_setaffinity", "setgid", "setpgid", "setsid", "setuid"}
OS |= {"statvfs", "sync", "uname", "wait", "waitid", "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW"}


def posix_only(path: Path) -> Iterator[str]:
    """What would fail elsewhere: not reached through getattr, not imported within a try."""
    tree = ast.parse(path.read_text("utf-8"))
    guarded = {
        id(node) for block in ast.walk(tree) if isinstance(block, ast.Try) for node in block.body
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in guarded:
            names = {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
            yield from sorted(names & MODULES)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            of, name = node.value.id, node.attr
            foreign = of == "os" and name in OS
            foreign |= of == "signal" and name.startswith("SIG") and name not in SHARED
            foreign |= of == "signal" and name in ("alarm", "pause", "setitimer", "sigwait")
            if foreign:
                yield f"{of}.{name}"


def test_nothing_is_posixs_alone() -> None:
    found = {f"{path.relative_to(ROOT)}: {name}" for path in FILES for name in posix_only(path)}
    assert not found


def test_what_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "import fcntl\nimport os, signal\nos.getuid()\nsignal.SIGHUP\ngetattr(os, 'getuid')\n"
        "try:\n    import pwd\nexcept ImportError:\n    pwd = None\n",
        encoding="utf-8",
    )
    assert sorted(posix_only(tmp_path / "a.py")) == ["fcntl", "os.getuid", "signal.SIGHUP"]


def unnamed_encodings(path: Path) -> Iterator[str]:
    """Calls that read or write text in whatever encoding the system has."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or any(k.arg == "encoding" for k in node.keywords):
            continue
        called = node.func
        text = ast.unparse(node)[:60]
        if isinstance(called, ast.Attribute) and called.attr in ("read_text", "write_text"):
            if len(node.args) < (1 if called.attr == "read_text" else 2):
                yield text
        if isinstance(called, ast.Name) and called.id == "open":
            modes = [each.value for each in node.args[1:] if isinstance(each, ast.Constant)]
            if not any("b" in str(mode) for mode in modes):
                yield text


def test_every_text_file_names_its_encoding() -> None:
    found = [f"{p.name}: {t}" for p in [*FILES, *SCRIPTS] for t in unnamed_encodings(p)]
    assert not found


def test_what_is_synced_may_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows refuses to sync a file that was opened to be read."""
    synced = []

    def fsync(number: int) -> None:
        os.write(number, b"")  # OSError for a file that was opened to be read
        synced.append(number)

    monkeypatch.setattr(os, "fsync", fsync)
    with written_whole(tmp_path / "a") as part:
        part.write_bytes(b"kept")
    assert synced and (tmp_path / "a").read_bytes() == b"kept"


def test_an_open_file_is_waited_for_where_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def refused() -> None:
        calls.append(1)
        if len(calls) < 4:
            raise PermissionError(13, "in use")

    with pytest.raises(PermissionError):
        once_closed(refused)
    assert len(calls) == 1
    monkeypatch.setattr(files, "OPEN_FILES_STAY", True)
    once_closed(refused)
    assert len(calls) == 4
    monkeypatch.setattr(files, "PATIENCE", 0.05)
    with pytest.raises(PermissionError):
        once_closed(lambda: (_ for _ in ()).throw(PermissionError(13, "in use")))
