"""Decoded sets are kept in one file, so that they are decoded once, and mapped into memory."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from explorer.data.pixels import BLOCK, IN_MEMORY
from explorer.data.progress import Parts
from explorer.files import written_whole

VERSION = "1"
UNREADABLE = (SafetensorError, OSError, KeyError, ValueError, TypeError)


def read_cache(path: Path) -> Parts | None:
    """What `write_cache` kept; None if it is not there, damaged or of another version.

    Many pictures are mapped: the system reads those that are used, and forgets them when memory
    is needed. Whoever writes to the tensor changes a copy of his own. Few are copied, and whoever
    has them keeps no file from being replaced.
    """
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            images = file.get_tensor("images")
            labels = file.get_tensor("labels") if "labels" in file.keys() else None
        few = torch.empty_like(images) if images.nbytes <= IN_MEMORY else None
        if about["version"] != VERSION or int(about["check"]) != _check(path, few):
            return None
        images = images if few is None else few
        return Parts(images, labels, tuple(json.loads(about["classes"])), about["note"])
    except UNREADABLE:
        return None


def read_cache_size(path: Path) -> tuple[int, int, int] | None:
    """How many pictures, channels and classes a cache holds, from its header; None as above."""
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            count, channels, *_ = file.get_slice("images").get_shape()
        if about["version"] != VERSION:
            return None
        return count, channels, len(json.loads(about["classes"]))
    except UNREADABLE:
        return None


def write_cache(path: Path, parts: Parts) -> bool:
    """Keep the parts, whole or not at all; whether a disk that may be full has taken them."""
    try:
        with written_whole(path, lasting=False) as part, part.open("wb") as file:
            _write(file, parts)
        return True
    except OSError:
        return False


def _write(file: IO[bytes], parts: Parts) -> None:
    """A safetensors file, in blocks: its own writer would take all of it into memory.

    The labels come first, so that they are aligned; the check is known last.
    """
    images, labels = parts.images, parts.labels
    size = 0 if labels is None else labels.nbytes
    tensors: dict[str, Any] = {
        "images": {
            "dtype": "U8",
            "shape": list(images.shape),
            "data_offsets": [size, size + images.nbytes],
        }
    }
    if labels is not None:
        tensors["labels"] = {
            "dtype": "I64",
            "shape": list(labels.shape),
            "data_offsets": [0, size],
        }

    def header(check: int) -> bytes:
        about = {
            "version": VERSION,
            "check": f"{check:010}",
            "classes": json.dumps(parts.classes),
            "note": parts.note,
        }
        text = json.dumps({"__metadata__": about} | tensors).encode()
        text += b" " * (-len(text) % 8)
        return len(text).to_bytes(8, "little") + text

    file.write(header(0))
    if labels is not None:
        file.write(labels.numpy().data)
    check = 0
    for block in _blocks(images):
        file.write(block)
        check = zlib.crc32(block, check)
    if labels is not None:
        check = zlib.crc32(labels.numpy().data, check)
    file.seek(0)
    file.write(header(check))


def _blocks(images: Tensor) -> Any:
    """The pictures' bytes, about `BLOCK` at a time."""
    each = max(1, images[0].nbytes)
    for part in images.split(max(1, BLOCK // each)):
        yield part.contiguous().numpy().data


def _check(path: Path, place: Tensor | None) -> int:
    """CRC-32 of the pixels, which are also copied to `place`, and the labels.

    Read in blocks, so that what is mapped stays out of memory.
    """
    check = 0
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        tensors = json.loads(file.read(length))
        for name in ("images", "labels"):
            if name in tensors:
                start, end = tensors[name]["data_offsets"]
                file.seek(8 + length + start)
                for at in range(start, end, BLOCK):
                    block = file.read(min(BLOCK, end - at))
                    check = zlib.crc32(block, check)
                    if name == "images" and place is not None:
                        pixels = np.frombuffer(block, np.uint8)
                        place.numpy().reshape(-1)[at - start :][: len(pixels)] = pixels
    return check
