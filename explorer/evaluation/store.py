"""Steps against quality as JSON beside the checkpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Protocol, TypeVar

import torch

from explorer.evaluation.records import MIGRATIONS, VERSION, Quality, Setting
from explorer.files import validated, written_whole
from explorer.precision import AUTO, PRECISIONS, choose_precision
from explorer.versions import Migration, migrated


class Versioned(Protocol):
    """A frozen record that says how it is laid out."""

    @property
    def version(self) -> int: ...


Record = TypeVar("Record", bound=Versioned)


def quality_path(checkpoint: str | Path) -> Path:
    """NAME.quality.json beside NAME.safetensors."""
    checkpoint = Path(checkpoint)
    return checkpoint.with_name(f"{checkpoint.stem}.quality.json")


def write(path: str | Path, quality: Quality) -> Path:
    """As JSON, a row a line, written beside its place and then moved there in one step."""
    path, values = Path(path), asdict(quality)
    rows = values.pop("rows")
    for row in rows:
        if row["setting"]["sampler"] == Setting.sampler:  # as before there were others
            del row["setting"]["sampler"]
    head = json.dumps(values, ensure_ascii=False, indent=1).removesuffix("\n}")
    lines = ",".join(f"\n  {json.dumps(row, ensure_ascii=False)}" for row in rows)
    with written_whole(path) as part:
        part.write_text(f'{head},\n "rows": [{lines}\n ]\n}}\n', encoding="utf-8")
    return path


def read(path: str | Path) -> Quality:
    """What `write` stored, in this version or an earlier one.

    OSError if there is no such file, ValueError if it is damaged.
    """
    path = Path(path)
    text = path.read_bytes()
    try:
        quality = parse(Quality, text, VERSION, MIGRATIONS)
        rows = tuple(sorted(quality.rows, key=lambda row: row.setting))
        if any(row.n != quality.n for row in rows):
            raise ValueError(f"its rows are not all of n = {quality.n} images")
        if len({row.setting for row in rows}) < len(rows):
            raise ValueError("a setting occurs twice")
        return replace(quality, rows=rows)
    except ValueError as error:
        raise ValueError(f"{path.name}: this table of quality cannot be used ({error})") from error


def table_precision(asked: str, device: torch.device, kept: Path) -> str:
    """What a table is computed in: what `asked` means on the device, see `choose_precision`.

    "auto" goes on with that of the rows in the file `kept`, where there are some: rows of two
    precisions do not stand in one table.
    """
    if asked == AUTO:
        try:
            before = read(kept).precision
            if before in PRECISIONS:
                return choose_precision(before, device)
        except (OSError, ValueError):  # none, or one that cannot be gone on with here
            pass
    return choose_precision(asked, device)


def parse(
    kind: type[Record],
    text: bytes,
    version: int,
    migrations: Mapping[int, Migration] | None = None,
) -> Record:
    """A record of this kind from JSON that anyone may have written; more than it has is no fault.

    migrations : that lead up to `version`, see `versions.migrated`; without them no other is read.

    ValueError, in one line, for what is none, or of another version.
    """
    record = validated(kind, text, "it")
    if record.version == version:
        return record
    if migrations is None:
        raise ValueError("it is of another version")
    old = migrated(json.loads(text), migrations)
    return validated(kind, json.dumps(old).encode(), "it")


def rounded(value: object) -> object:
    """The same values, numbers with six digits."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list | tuple) else value
