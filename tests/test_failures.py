"""Whatever fails, a person reads one sentence: plain, on one line, without the server's paths."""

from __future__ import annotations

import errno
import os
import tempfile
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
import torch
from PIL import UnidentifiedImageError
from safetensors import SafetensorError

from explorer.cli.main import main
from explorer.failures import NO_MEMORY, OutOfMemory, out_of_memory, told
from explorer.gui.frame.shared import plain, sentence

SECRET = "/srv/space data/runs/3f9c/state.safetensors"


def system(number: int, name: str | None = SECRET) -> OSError:
    return OSError(number, os.strerror(number), name)


MEMORY = [
    MemoryError(),
    MemoryError("Unable to allocate 74.5 GiB for an array with shape (100000, 100000)"),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.\nGPU 0 has …"),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be …"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("MPS backend out of memory (MPS allocated: 9.06 GB, other allocations: 1 KB)"),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate "
        "memory: you tried to allocate 4000000000000 bytes. Error code 12 (Cannot allocate memory)"
    ),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
    system(errno.ENOMEM, None),
]
FAILURES = [
    *[(error, "not enough memory") for error in MEMORY],
    (OutOfMemory("memory does not suffice for 64 images"), "for 64 images"),
    (system(errno.ENOSPC), "the disk is full: free some space"),
    (system(errno.ENOSPC, None), "the disk is full: free some space"),
    (system(errno.EDQUOT), "disk quota here is full"),
    (system(errno.ENOSPC, f"{tempfile.gettempdir()}/x/a.png"), "the temporary folder is full"),
    (SafetensorError("I/O error: No space left on device (os error 28)"), "the disk is full"),
    (
        SafetensorError("Error while serializing: I/O error: Read-only file system (os error 30)"),
        "read-only",
    ),
    (
        FileNotFoundError(
            errno.ENOENT, f"No usable temporary directory found in ['{SECRET}', '/tmp']"
        ),
        "no temporary folder that can be written",
    ),
    (system(errno.EROFS), "'state.safetensors' is in a read-only place: choose another"),
    (system(errno.EACCES), "'state.safetensors' cannot be read or written"),
    (system(errno.EPERM), "cannot be read or written by this program"),
    (system(errno.EMFILE, None), "too many files are open"),
    (system(errno.ENFILE, None), "too many files are open"),
    (system(errno.ENOENT), "'state.safetensors' does not exist, or no longer does"),
    (system(errno.ENOENT, None), "a file or folder that is needed does not exist"),
    (system(errno.EIO), "the system refused something: Input/output error ('state.safetensors')"),
    (BrokenProcessPool("A process in the pool was terminated abruptly"), "worker process died"),
    (
        RuntimeError("DataLoader worker (pid(s) 1234) exited unexpectedly"),
        "worker process died before it finished",
    ),
    (ValueError("steps = 0 is not allowed: at least 1"), "steps = 0 is not allowed"),
    (ValueError(f"{SECRET} is not an image"), "is not an image"),
    (ValueError("a sentence\n  over two lines"), "a sentence over two lines"),
    (ValueError(), "without giving a reason (ValueError)"),
    (FloatingPointError("the loss became nan at step 3"), "became nan at step 3"),
    (OSError("the state of a could not be written"), "the state of a could not"),
    (OSError("<urlopen error [Errno -3] Temporary failure>; try again"), "Temporary failure; try"),
    (ValueError("x is not there ([Errno 13] Permission denied: 'y')"), "(Permission denied: 'y')"),
    (ValueError("no model (I/O error: File exists (os error 17))"), "(I/O error: File exists)"),
    (OSError("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1000)"), "wrong version"),
    (UnidentifiedImageError(f"cannot identify image file '{SECRET}'"), "file 'state.safetensors'"),
]


@pytest.mark.parametrize(("error", "says"), FAILURES, ids=lambda value: type(value).__name__)
def test_a_failure_is_one_sentence_without_a_path(error: BaseException, says: str) -> None:
    said = told(error)
    assert said is not None and says in said and "\n" not in said
    assert "rrno" not in said and "urlopen" not in said and "os error" not in said
    assert "/srv" not in said and tempfile.gettempdir() not in said


@pytest.mark.parametrize(
    "error", [KeyError("x"), RuntimeError("shapes differ"), TypeError(SECRET)]
)
def test_what_nobody_foresaw_is_none(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    assert told(error) is None
    shown = sentence(error)
    assert type(error).__name__ in shown and SECRET not in shown
    assert caplog.records[-1].exc_info is not None  # whoever runs the app can read all of it


def test_the_page_shows_it_as_plain_text() -> None:
    said = sentence(ValueError("![a](http://there/x.png) <b>/srv/a/b.png</b>"))
    assert said == plain("![a](http://there/x.png) <b>b.png</b>") and "<" not in said


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("426 images/s and 1/2 or x / y", "426 images/s and 1/2 or x / y"),
        ("see https://example.org/a/b.html", "see https://example.org/a/b.html"),
        ("'../../etc/passwd' is not a name", "'../../etc/passwd' is not a name"),
        ("a </script> tag", "a </script> tag"),
        ("/srv/app/x.png: no image", "x.png: no image"),
        ("in '/srv/my app/x y.png', too", "in 'x y.png', too"),
        ("it is /srv/app/x.png.", "it is x.png."),
        (r"C:\Users\me\x.png is gone", "x.png is gone"),
        ("~/.cache/explorer is full", "explorer is full"),
        ("(/srv/app/a.zip)", "(a.zip)"),
    ],
)
def test_of_paths_only_the_names_are_left(text: str, left: str) -> None:
    assert told(ValueError(text)) == left
    assert told(ValueError(text), paths=True) == text


def test_real_failures_are_recognised(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as memory:
        torch.empty(2**60, dtype=torch.uint8)
    assert out_of_memory(memory.value) and told(memory.value) == NO_MEMORY
    with pytest.raises(FileNotFoundError) as gone:
        (tmp_path / "absent").read_bytes()
    assert "'absent' does not exist" in str(told(gone.value))
    assert f"'{tmp_path / 'absent'}' does not exist" in str(told(gone.value, paths=True))


def test_the_command_line_shows_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["describe", str(tmp_path / "a.safetensors")]
    for error, says in [
        (KeyError("weights"), "something went wrong (KeyError: 'weights'); python -X dev"),
        (MemoryError(), NO_MEMORY),
        (system(errno.EACCES), f"'{SECRET}' cannot be read"),  # the user gave it
    ]:

        def fail(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr("explorer.checkpoints.describe", fail)
        assert main(words) == 1
        said = capsys.readouterr()
        assert said.out == "" and said.err.startswith(f"explorer: {says}")
        assert said.err.count("\n") == 1
