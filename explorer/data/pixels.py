"""Many pictures as one tensor that need not fit into memory."""

from __future__ import annotations

import math
import mmap
import tempfile
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np
import torch
from torch import Tensor

from explorer.data.progress import DataError

IN_MEMORY = 32 * 2**20
"""Bytes up to which they are gathered in memory, beyond in a temporary file."""
BLOCK = 4 * 2**20
"""Bytes that are handled at a time."""


class Pixels:
    """uint8 pictures of one shape (C, H, W), gathered one after the other.

    expected : how many there will be at most.
    folder : for the temporary file; the system's own if None or if it cannot be written.
    """

    def __init__(
        self, shape: tuple[int, int, int], expected: int, folder: Path | None = None
    ) -> None:
        self.shape, self.expected, self.folder = shape, expected, folder
        self.count = 0
        few = expected * math.prod(shape) <= IN_MEMORY
        self._file: IO[bytes] = BytesIO() if few else _temporary_file(folder)

    def add(self, pictures: np.ndarray) -> None:
        """Append (C, H, W) or (n, C, H, W); DataError if the disk is full."""
        try:
            self._file.write(np.ascontiguousarray(pictures).data)
        except OSError as error:
            needed = self.expected * math.prod(self.shape) / 2**20
            raise DataError(
                f"the images cannot be stored ({error.strerror or error}): about {needed:,.0f} MB "
                f"are needed in {self.folder or tempfile.gettempdir()}; free some space, or "
                "choose fewer "
                "or smaller images"
            ) from error
        self.count += pictures.size // math.prod(self.shape)

    def in_colour(self) -> Pixels:
        """The same grey pictures in three equal channels; these here are given up."""
        coloured = Pixels((3, *self.shape[1:]), self.expected, self.folder)
        size = math.prod(self.shape)
        self._file.seek(0)
        while block := self._file.read(max(1, BLOCK // size) * size):
            grey = np.frombuffer(block, np.uint8).reshape(-1, *self.shape)
            coloured.add(grey.repeat(3, axis=1))
        self._file.close()
        return coloured

    def tensor(self) -> Tensor:
        """(count, C, H, W): of this process alone, mapped from the file if there is one, which the
        system deletes with the last use. Nothing can be added afterwards."""
        if not self.count:
            return torch.empty((0, *self.shape), dtype=torch.uint8)
        buffer: mmap.mmap | memoryview
        if isinstance(self._file, BytesIO):
            buffer = self._file.getbuffer()
        else:
            with self._file as file:
                file.flush()
                buffer = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        return torch.frombuffer(buffer, dtype=torch.uint8).view(self.count, *self.shape)


def _temporary_file(folder: Path | None) -> IO[bytes]:
    """Nameless, in the folder or where the system keeps such; in memory if there is no disk."""
    for place in dict.fromkeys((folder, None)):
        try:
            return tempfile.TemporaryFile(dir=place)
        except OSError:
            continue
    return BytesIO()
