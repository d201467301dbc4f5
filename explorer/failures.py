"""What a person is told of a failure: one sentence with what was wrong and what to do."""

from __future__ import annotations

import errno
import os
import re
import sys
import tempfile
from concurrent.futures import BrokenExecutor
from pathlib import Path, PurePath

from explorer.text import without_codes

MEMORY = (
    "can't allocate memory",  # PyTorch's allocator on CPUs
    "cannot allocate memory",
    "not enough memory",
    "out of memory",  # CUDA, MPS, XPU
    "_STATUS_ALLOC_FAILED",  # cuBLAS, cuDNN
    "_ALLOCATION_FAILED",  # cuDNN since 9
    "Invalid buffer size",  # MPS
    "CallbackErrorOutOfMemory",  # Metal
    "UR_RESULT_ERROR_OUT_OF_",  # XPU: device memory, host memory, resources
    "std::bad_alloc",
    "bad allocation",
)
"""How PyTorch and what it calls say that memory ran out, in a RuntimeError."""
UNMAPPED = ("failed to map segment", "cannot allocate memory", "cannot map", "out of memory")
"""How the system says that it has no address space for a library."""
NO_MEMORY = (
    "there is not enough memory for this: choose something smaller (a smaller batch, fewer or "
    "smaller images, a smaller network), or close other programs"
)
DIED = (
    "a worker process died before it finished, perhaps because memory ran out: try again, with "
    "less "
    "at a time if it dies again"
)
FULL = "free some space on it, then try again; what was saved before is intact"
PERMISSION = (
    "{place} cannot be read or written by this program: choose another, or grant permission"
)
OS_FAILURES = {
    errno.ENOSPC: f"the disk is full: {FULL}",
    errno.EDQUOT: f"the disk quota here is full: {FULL}",
    errno.EFBIG: "{place} would become larger than this system allows: choose another place",
    errno.EROFS: "{place} is in a read-only place: choose another place to write to",
    errno.EACCES: PERMISSION,
    errno.EPERM: PERMISSION,
    errno.EMFILE: "too many files are open at once: try again in a moment, or allow more of them",
    errno.ENFILE: "too many files are open at once: try again in a moment, or allow more of them",
    errno.ENOENT: "{place} does not exist, or no longer does: choose another, or start again",
    errno.ENOMEM: NO_MEMORY,
}
"""errno -> what is said of it; {place} is the file that it was about."""
QUOTED = re.compile(r"""(["'“‘])((?:~|[A-Za-z]:)?[/\\][^"'”’]*)(?=["'”’])""")
BARE = re.compile(r"(?<![\w.:/\\<~&])(?:~|[A-Za-z]:)?[/\\][^\s\"'”’,;:()<>]+")


class OutOfMemory(MemoryError):
    """Memory did not suffice; the text is a sentence for people, with what to choose instead."""


def out_of_memory(error: BaseException) -> bool:
    """Whether it says that memory ran out, the computer's or an accelerator's."""
    torch = sys.modules.get("torch")  # this must be loadable where PyTorch is not
    if isinstance(error, (MemoryError, getattr(torch, "OutOfMemoryError", MemoryError))):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(word.lower() in text for word in MEMORY)


def told(error: BaseException, *, paths: bool = False) -> str | None:
    """A failure as one sentence of plain text on one line; None for what nobody foresaw.

    paths : whether places on this machine may be named, as on the command line, whose user gave
        them; else of every path only the file's name is left.
    """
    text = _sentence(error)
    if text is None:
        return None
    line = without_codes(" ".join(text.split()))
    return line if paths else without_paths(line)


def without_paths(text: str) -> str:
    """The text with every absolute path cut to its last part; addresses on the web stay."""
    text = QUOTED.sub(lambda found: found[1] + _last(found[2]), text)
    return BARE.sub(lambda found: _last(found[0]), text)


def full_disk(error: BaseException) -> bool:
    """Whether there was no room to write."""
    return _number(error) in (errno.ENOSPC, errno.EDQUOT)


def _sentence(error: BaseException) -> str | None:
    if isinstance(error, OutOfMemory):
        return str(error)
    if out_of_memory(error):
        return NO_MEMORY
    if isinstance(error, ImportError):
        return _unloadable(error)
    if isinstance(error, BrokenExecutor) or _worker_died(error):
        return DIED
    number = _number(error)
    if number is not None:
        return _of_system(error, number)
    if isinstance(error, (ValueError, FloatingPointError, OSError)):  # sentences of our own
        return str(error) or f"something failed without giving a reason ({type(error).__name__})"
    return None


def _number(error: BaseException) -> int | None:
    """The system's number for it. safetensors has an exception of its own that only writes it."""
    if isinstance(error, OSError):
        return error.errno
    if type(error).__name__ == "SafetensorError":
        if found := re.search(r"\(os error (\d+)\)", str(error)):
            return int(found[1])
        return errno.ENOSPC if "No space left" in str(error) else None
    return None


def _of_system(error: BaseException, number: int) -> str:
    named = getattr(error, "filename", None)
    name = os.fsdecode(named) if isinstance(named, (str, bytes, os.PathLike)) else ""
    reason = getattr(error, "strerror", None) or ""
    if number == errno.ENOENT and "temporary" in reason:  # Python's tempfile found no place
        return (
            "there is no temporary folder that can be written: free some space in it, or set "
            "TMPDIR"
        )
    if number in (errno.ENOSPC, errno.EDQUOT) and name and _temporary(name):
        return "the temporary folder is full: free some space in it, then try again"
    place = f"'{name}'" if name else "a file or folder that is needed"
    known = OS_FAILURES.get(number)
    if known:
        return known.format(place=place) if "{place}" in known else known
    about = f" ({place})" if name else ""
    return f"the system refused something: {reason or os.strerror(number)}{about}; try again"


def _temporary(name: str) -> bool:
    try:
        return Path(tempfile.gettempdir()) in Path(name).absolute().parents
    except OSError:  # not even that is there
        return False


def _unloadable(error: ImportError) -> str:
    """What is said of a library that is not there, or that the system did not load."""
    package = (error.name or "").split(".")[0]
    if isinstance(error, ModuleNotFoundError) and package not in ("", "explorer"):
        return (
            f"the package {package} is not installed for this Python ({sys.executable}): install "
            "what requirements.txt lists, or start it with the Python that has it"
        )
    said = str(error).lower()
    if any(word in said for word in UNMAPPED):
        return (
            "there is not enough memory to load a library that is needed "
            f"({Path(str(error).split(':')[0]).name}): allow this program at least 4 GB of "
            "address space (ulimit -v), or close other programs"
        )
    return f"a library that is needed cannot be loaded ({error}): install the requirements anew"


def unforeseen(error: BaseException) -> str:
    """What is said of an error that nobody foresaw."""
    said = without_codes(" ".join(f"{type(error).__name__}: {error}".split()))
    return f"something went wrong ({said}); python -X dev shows where"


def _worker_died(error: BaseException) -> bool:
    """PyTorch's loaders and processes say it in words."""
    if type(error).__name__ == "ProcessExitedException":
        return True
    said = str(error)
    return isinstance(error, RuntimeError) and "DataLoader worker" in said and "exited" in said


def _last(path: str) -> str:
    """The name at the end of a path; the dot that ends a sentence stays."""
    dot = "." if path.endswith(".") else ""
    return (PurePath(path.replace("\\", "/")).name or "a folder").rstrip(".") + dot
