"""Steps against quality as JSON beside the checkpoint."""

from __future__ import annotations

import json
import math
import textwrap
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from explorer.evaluation.records import VERSION, Quality, Row, Setting
from explorer.files import written_whole


def quality_path(checkpoint: str | Path) -> Path:
    """NAME.quality.json beside NAME.safetensors."""
    checkpoint = Path(checkpoint)
    return checkpoint.with_name(f"{checkpoint.stem}.quality.json")


def write(path: str | Path, quality: Quality) -> Path:
    """As JSON, written beside its place and then moved there in one step."""
    path = Path(path)
    text = json.dumps(asdict(quality), ensure_ascii=False, indent=1) + "\n"
    with written_whole(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def read(path: str | Path) -> Quality:
    """What `write` stored; OSError if there is no such file, ValueError if it is damaged."""
    path = Path(path)
    text = path.read_bytes()
    try:
        return _parse(json.loads(text))
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        reason = textwrap.shorten(str(error), 200, placeholder=" …")
        raise ValueError(
            f"{path.name}: this table of quality cannot be used ({reason})"
        ) from error


def _parse(values: Any) -> Quality:
    """From JSON that anyone may have written."""
    if not isinstance(values, dict) or values.get("version") != VERSION:
        raise ValueError("it is of another kind or version")
    known = {field.name for field in fields(Quality)}
    kept = {name: value for name, value in values.items() if name in known}
    rows = [Row(**{**row, "setting": Setting(**row["setting"])}) for row in kept.pop("rows")]
    quality = Quality(**kept, rows=tuple(sorted(rows, key=lambda row: row.setting)))
    for name in ("model", "data", "hardware", "precision", "date", "weights", "classifier"):
        if not isinstance(getattr(quality, name), str):
            raise ValueError(f"{name} is not text")
    _check("n", quality.n, 2, whole=True)
    _check("reference", quality.reference, 2, whole=True)
    _check("floor", quality.floor)
    _check("floor_n", quality.floor_n, 2, whole=True)
    _check("floor_accuracy", quality.floor_accuracy or 0, 0, 1)
    _check("seed", quality.seed, whole=True)
    _check("guidance", quality.guidance)
    for row in quality.rows:
        if row.setting.variance not in ("posterior", "beta"):
            raise ValueError(f"no variance {row.setting.variance!r}")
        _check("steps", row.setting.steps, 1, whole=True)
        _check("eta", row.setting.eta, 0, 1)
        _check("n", row.n, quality.n, quality.n, whole=True)
        _check("frechet", row.frechet)
        _check("accuracy", row.accuracy or 0, 0, 1)
        _check("seconds", row.seconds)
        _check("evaluations", row.evaluations, 1, whole=True)
    if len({row.setting for row in quality.rows}) < len(quality.rows):
        raise ValueError("a setting occurs twice")
    return quality


def _check(
    name: str, value: Any, low: float = 0, high: float = math.inf, whole: bool = False
) -> None:
    """ValueError unless it is a finite number from low to high."""
    kinds = (int,) if whole else (int, float)
    fits = isinstance(value, kinds) and not isinstance(value, bool)
    if not fits or not low <= value <= high or value == math.inf:
        raise ValueError(f"{name} = {value!r}")
