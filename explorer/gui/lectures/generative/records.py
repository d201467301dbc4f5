"""What is stored of generative models: numbers with their errors, and what they are of."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from explorer.evaluation.errors import Estimate
from explorer.files import written_whole

MANY = 50_000
"""Images for whose seconds the lectures give numbers."""


@dataclass(frozen=True)
class Measured:
    """What n images of one way to make them are worth."""

    title: str
    weights: int
    """Numbers that were learnt of what makes the images; 0 of real ones."""
    evaluations: int
    """Of a network for each image."""
    trained: float | None
    """Seconds of one core; None of what was not trained for this."""
    seconds: float | None
    """Of one core, for `timed` images; None of real ones."""
    timed: int
    frechet: Estimate
    classes: Estimate
    """See `effective_classes`."""
    spread: Estimate
    """The mean distance within a class, see `within_classes`."""
    greys: Estimate
    """The share of pixels that are neither dark nor light."""
    cores: int = 1
    """On which it was trained."""

    @property
    def for_many(self) -> float | None:
        """Seconds for 50,000 images, scaled from those that were timed."""
        return None if self.seconds is None else self.seconds / self.timed * MANY


@dataclass(frozen=True)
class Comparison:
    """Some ways, measured alike."""

    n: int
    """Images of each."""
    reference: int
    """Training images that the Fréchet distance is to."""
    real: Measured
    """As many test images."""
    ways: dict[str, Measured]
    hardware: str
    classifier: str
    weights: str
    """Fingerprint of the shipped diffusion model."""
    date: str

    def diversity(self, name: str) -> Estimate:
        """The distance within a class over that of real images; both have their errors."""
        own, real = self.ways[name].spread, self.real.spread
        ratio = own.value / real.value
        error = ratio * ((own.error / own.value) ** 2 + (real.error / real.value) ** 2) ** 0.5
        return Estimate(ratio, error)


def write(comparison: Comparison, path: Path) -> None:
    """As JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as part:
        text = json.dumps(asdict(comparison), ensure_ascii=False, indent=1)
        part.write_text(text + "\n", encoding="utf-8")


def read(path: Path) -> Comparison:
    """What `write` stored."""
    found = json.loads(path.read_text(encoding="utf-8"))
    found["real"] = _measured(found["real"])
    found["ways"] = {name: _measured(way) for name, way in found["ways"].items()}
    return Comparison(**found)


def _measured(found: dict[str, Any]) -> Measured:
    pairs = ("frechet", "classes", "spread", "greys")
    return Measured(**found | {name: Estimate(*found[name]) for name in pairs})
