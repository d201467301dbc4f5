"""Where `sample` writes its images: one grid, a file each, or an array."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.cli.console import check_writable
from explorer.data import from_tensor
from explorer.figures.pictures import grid
from explorer.files import written_whole

USUAL = Path("grid.png")
"""Is written over without being asked."""
FOLDER = Path("samples")
"""Of single files where --out does not say."""
PICTURES = (".png", ".webp", ".jpg", ".jpeg")
ARRAY = ".npz"


def outputs(out: Path, count: int, *, each: bool, overwrite: bool) -> list[Output]:
    """A place for each of `count` sheets; ValueError if something lies there or cannot."""
    if each and out == USUAL:
        out = FOLDER
    if each and out.suffix.lower() in (*PICTURES, ARRAY):
        raise ValueError(f"--out {out}: with --each it is a folder")
    if not each and out.suffix.lower() not in (*PICTURES, ARRAY):
        raise ValueError(
            f"--out {out}: images end in .png (.webp and .jpg work too), arrays in {ARRAY}; "
            "with --each it is a folder"
        )
    paths = [out.with_stem(f"{out.stem}-{i}") if i > 1 else out for i in range(1, count + 1)]
    for path in paths:
        check_writable(path / "picture" if each else path)
        if overwrite or out == USUAL or not path.exists():
            continue
        if not each or any(path.iterdir()):
            raise ValueError(
                f"{path} already exists: overwrite it (--overwrite) or choose another --out"
            )
    return [Output(path, each) for path in paths]


@dataclass(frozen=True)
class Output:
    """A place that was found fit."""

    path: Path
    each: bool

    @contextmanager
    def opened(
        self, labels: Sequence[int] | None, seed: int, settings: Mapping[str, Any]
    ) -> Iterator[Writer]:
        """Within, images can be added; at the end they are written, however many there are."""
        writer = Writer(self)
        yield writer
        if not writer.made:
            return
        if self.each:
            return self.drop_from(writer.made)
        x = torch.cat(writer.parts)
        if self.path.suffix.lower() != ARRAY:
            return self.write_sheet(grid(x))
        told = [-1] * len(x) if labels is None else labels[: len(x)]
        with written_whole(self.path) as part, part.open("wb") as file:
            np.savez_compressed(
                file,
                images=from_tensor(x).permute(0, 2, 3, 1).numpy(),  # (N, H, W, C)
                labels=np.array(told),
                seed=seed,
                settings=json.dumps(settings, ensure_ascii=False),
            )

    def drop_from(self, first: int) -> None:
        """Delete the images of an earlier time that nothing was written over."""
        for path in self.path.glob(f"{'[0-9]' * 5}.png"):
            if int(path.stem) >= first:
                path.unlink()

    def write_sheet(self, picture: Image.Image) -> None:
        """One image, as a file or, with --each, in the folder."""
        path = self.path / "00000.png" if self.each else self.path
        if path.suffix.lower() == ARRAY:
            raise ValueError(f"--out {path}: one-shot looks are an image, .png")
        picture.save(path)


class Writer:
    """Takes images as they are done."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self.made = 0
        self.parts: list[Tensor] = []

    def add(self, x: Tensor) -> None:
        """(n, C, H, W) in [−1, 1], the next ones."""
        x = x.cpu()
        if self.output.each:
            for i, picture in enumerate(from_tensor(x), start=self.made):
                array = picture.permute(1, 2, 0).squeeze(-1).numpy()
                self.output.path.mkdir(exist_ok=True)
                Image.fromarray(array).save(self.output.path / f"{i:05}.png")
        else:
            self.parts.append(x)
        self.made += len(x)
