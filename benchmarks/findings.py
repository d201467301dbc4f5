"""What many visitors have met: times, errors, refusals, and whatever was not theirs."""

from __future__ import annotations

import json
import math
import os
import platform
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.visitors import Failed, Refused


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of them does not exceed (nearest rank).

    ValueError if there is none.
    """
    if not values:
        raise ValueError("no values, so no percentile")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def summary(values: Sequence[float]) -> dict[str, float]:
    """Count, p50, p95 and the largest."""
    return {
        "n": len(values),
        "p50": round(percentile(values, 0.5), 4),
        "p95": round(percentile(values, 0.95), 4),
        "max": round(max(values), 4),
    }


def frame_rate(gaps: Sequence[float]) -> dict[str, float]:
    """Of the gaps between drawn frames, ms: frames a second, p95, and the share of late ones.

    Late is what took more than one and a half frames at 60 Hz.
    """
    return {
        "fps": round(1000 * len(gaps) / sum(gaps), 1),
        "p95_ms": round(percentile(gaps, 0.95), 1),
        "late": round(sum(gap > 25 for gap in gaps) / len(gaps), 4),
    }


@dataclass
class Findings:
    """Grows while the visitors are there."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds, by what was waited for."""
    errors: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    foreign: list[str] = field(default_factory=list)
    """Results that were not the asker's own."""
    checked: Counter[str] = field(default_factory=Counter)
    """How many results were checked, by how."""
    gaps: list[float] = field(default_factory=list)
    """Between frames of a dragged slider in a real browser, ms."""

    def took(self, what: str, seconds: float) -> None:
        self.times[what].append(seconds)

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """What goes wrong within is counted and does not end the visit."""
        try:
            yield
        except Refused as refusal:
            self.refusals[f"{what}: {refusal}"] += 1
        except Exception as error:
            known = isinstance(error, Failed)
            self.errors[f"{what}: {error if known else repr(error)}"] += 1

    def check(self, how: str, trouble: str | None) -> None:
        """Count a result that was checked; `trouble` says what is foreign about it."""
        self.checked[how] += 1
        if trouble:
            self.foreign.append(f"{how}: {trouble}")

    def report(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "machine": machine(),
            "errors": dict(self.errors),
            "refusals": dict(self.refusals),
            "foreign": self.foreign,
            "checked": dict(self.checked),
            "seconds": {what: summary(values) for what, values in sorted(self.times.items())},
            "slider": frame_rate(self.gaps) if self.gaps else None,
        }


def machine() -> str:
    """Cores and processor: numbers mean nothing without."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def table(report: dict[str, Any]) -> str:
    """For the terminal, and as Markdown for the README."""
    lines = [
        f"{report['machine']}; {report['settings']}",
        "",
        "| seconds | n | p50 | p95 | longest |",
        "|---|---|---|---|---|",
        *(
            f"| {what} | {s['n']} | {s['p50']:.2f} | {s['p95']:.2f} | {s['max']:.2f} |"
            for what, s in report["seconds"].items()
        ),
        "",
    ]
    if slider := report["slider"]:
        lines.append(
            f"slider in Chromium: {slider['fps']} frames/s, p95 {slider['p95_ms']} ms, "
            f"{slider['late']:.1%} late"
        )
    if server := report.get("server"):
        lines.append(f"server: {memory_and_disk(server)}")
    counts = {name: sum(report[name].values()) for name in ("errors", "refusals")}
    lines.append(
        f"{counts['errors']} errors, {counts['refusals']} refusals, {len(report['foreign'])} "
        f"foreign results of {sum(report['checked'].values())} checks"
    )
    for name in ("errors", "refusals"):
        lines += [f"  {name[:-1]}, {count} ×: {what}" for what, count in report[name].items()]
    lines += [f"  foreign: {what}" for what in report["foreign"]]
    return "\n".join(lines)


def memory_and_disk(server: Sequence[dict[str, float]]) -> str:
    """Of the samples of `served.Watch`: first, last and largest; bytes in MB."""
    parts = []
    for name in ("resident", "runs", "temporary"):
        values = [sample[name] / 1e6 for sample in server]
        parts.append(f"{name} {values[0]:.0f} → {values[-1]:.0f} MB, at most {max(values):.0f}")
    for name, title in (("files", "open files"), ("threads", "threads")):
        values = [sample[name] for sample in server]
        parts.append(f"{title} {values[0]:.0f} → {values[-1]:.0f}, at most {max(values):.0f}")
    return "; ".join(parts)


def write_json(report: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
