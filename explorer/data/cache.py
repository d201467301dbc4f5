"""Decoded sets are kept in one file, so that they are decoded once."""

from __future__ import annotations

import json
import zlib
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from explorer.data.progress import Parts
from explorer.files import written_whole

VERSION = "1"


def read_cache(path: Path) -> Parts | None:
    """What `write_cache` kept; None if it is not there, damaged or of another version."""
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            images = file.get_tensor("images")
            labels = file.get_tensor("labels") if "labels" in file.keys() else None
        if about["version"] != VERSION or int(about["check"]) != _check(images, labels):
            return None
        return Parts(images, labels, tuple(json.loads(about["classes"])), about["note"])
    except (SafetensorError, OSError, KeyError, ValueError, TypeError):
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
    except (SafetensorError, OSError, KeyError, ValueError, TypeError):
        return None


def write_cache(path: Path, parts: Parts) -> bool:
    """Keep the parts, whole or not at all; whether a disk that may be full has taken them."""
    about = {
        "version": VERSION,
        "check": str(_check(parts.images, parts.labels)),
        "classes": json.dumps(parts.classes),
        "note": parts.note,
    }
    kept = {"images": parts.images}
    if parts.labels is not None:
        kept["labels"] = parts.labels
    written = False
    with suppress(OSError, SafetensorError), written_whole(path, lasting=False) as part:
        save_file(kept, part, metadata=about)
        written = True
    return written


def _check(images: Tensor, labels: Tensor | None) -> int:
    """CRC-32 of the pixels and the labels."""
    pixels = zlib.crc32(images.numpy().data)
    return pixels if labels is None else zlib.crc32(labels.numpy().data, pixels)
