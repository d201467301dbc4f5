"""What guidance buys and what it costs: class accuracy against diversity, over its strength."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.data import from_tensor, to_tensor
from explorer.data.bundled import EXAMPLES, read_npz
from explorer.data.images import resize
from explorer.diffusion import Denoiser
from explorer.diffusion.guidance import Classifier, classifier_guided
from explorer.evaluation.classifier import classify, load_classifier, logit_indices
from explorer.race import ddim, race
from explorer.race.fork import spread

STEPS = 20
"""Of DDIM."""


@dataclass(frozen=True)
class Point:
    """What came out at one strength."""

    strength: float
    n: int
    """Pictures of each class."""
    accuracy: float
    """Share that the bundled classifier reads as what was asked for."""
    pixels: float
    """Mean over the classes of `explorer.race.spread`: how far pictures asked for the same class
    differ, root mean square, in units of the pictures."""
    features: float
    """The same as Euclidean distance of the bundled classifier's features."""


@dataclass(frozen=True)
class Curve:
    """One way to guide one model, at some strengths."""

    model: str
    kind: str
    """ "w", classifier-free, or "s", by a classifier of noisy pictures."""
    points: tuple[Point, ...] = ()
    real: Point | None = None
    """As many real pictures, where some are bundled; its strength means nothing."""
    classes: int = 10

    def error(self, point: Point) -> float:
        """One standard error of its accuracy, as if two more of four more pictures were right, so
        that it is above 0 where all are (Agresti & Coull 1998)."""
        m = point.n * self.classes
        share = (point.accuracy * m + 2) / (m + 4)
        return math.sqrt(share * (1 - share) / (m + 4))


@dataclass(frozen=True)
class Progress:
    """How far a measurement is."""

    curve: Curve
    strength: float
    share: float
    """Of all that was asked for, 0…1."""


def cost(kind: str, strengths: Sequence[float], pictures: int, T: int) -> int:
    """Evaluations of the network, those of a classifier and its gradient counted as one more."""
    single = (0, 1) if kind == "w" else (0,)
    return sum(min(STEPS, T) * pictures * (1 if v in single else 2) for v in strengths)


def measure(
    denoiser: Denoiser,
    spec: Spec,
    kind: str,
    strengths: Sequence[float],
    *,
    n: int,
    seed: int = 0,
    classifier: Classifier | None = None,
    batch: int = 100,
    device: str | torch.device = "cpu",
) -> Iterator[Progress]:
    """n pictures of each class at each strength, all from the same noises, DDIM.

    Yields after every evaluation, so that it stops soon when it is no longer pulled. Kind "s" has
    w = 0: only the classifier knows the class. ValueError, at once, for another kind, "s" without
    a classifier, no strengths or one below 0, n < 2, batch < 1, or a model whose classes the
    bundled classifier does not know.
    """
    if kind not in ("w", "s") or (kind == "s" and classifier is None):
        raise ValueError(f'kind = {kind!r}: "w", or "s" with a classifier of noisy images')
    if not strengths or not all(0 <= strength < math.inf for strength in strengths):
        raise ValueError(f"strengths {list(strengths)}: give one or more numbers from 0")
    if batch < 1:
        raise ValueError(f"batch = {batch} is not allowed: at least one image at a time")
    own = logit_indices(spec.classes)
    if own is None:
        raise ValueError(
            f"the bundled classifier knows digits, garments and emoji; it cannot judge whether "
            f"{spec.name}'s images are what was asked for"
        )
    if n < 2:
        raise ValueError(f"n = {n} is not allowed: a distance needs two images of each class")
    return _measure(denoiser, spec, kind, list(strengths), n, seed, classifier, batch, device, own)


def _measure(
    denoiser: Denoiser,
    spec: Spec,
    kind: str,
    strengths: list[float],
    n: int,
    seed: int,
    classifier: Classifier | None,
    batch: int,
    device: str | torch.device,
    own: list[int],
) -> Iterator[Progress]:
    curve = Curve(spec.name, kind, real=real_point(spec, n), classes=len(spec.classes))
    labels = [i % len(spec.classes) for i in range(n * len(spec.classes))]
    lane, shape = ddim(spec.T, min(STEPS, spec.T)), (spec.channels, spec.size, spec.size)
    total, done = cost(kind, strengths, len(labels), spec.T), 0
    for strength in strengths:
        guided = replace(denoiser, guidance=strength if kind == "w" else 0.0)
        if kind == "s" and classifier is not None:
            guided = classifier_guided(guided, classifier, strength)
        each, parts = cost(kind, [strength], 1, spec.T) // lane.evaluations, []
        for first in range(0, len(labels), batch):
            asked = labels[first : first + batch]
            entries = race(
                guided, [lane], shape, seed=seed, labels=asked, first=first, device=device
            )
            for entry in entries:
                if entry.step:
                    done += each * len(asked)
                    yield Progress(curve, strength, min(done / total, 0.999))
            parts.append(entry.frame.x.cpu())
        x = to_tensor(from_tensor(torch.cat(parts)))  # as they would be saved
        point = judge(x, torch.tensor(labels), own, strength)
        curve = replace(curve, points=(*curve.points, point))
        yield Progress(curve, strength, done / total)


def judge(x: Tensor, labels: Tensor, own: list[int], strength: float) -> Point:
    """Accuracy and diversity of pictures (m, C, H, W) that were asked to be `labels`, (m,).

    own : the logit of each class, see `explorer.evaluation.classifier.logit_indices`.
    """
    seen = classify(load_classifier()[0], x)
    accuracy = (seen.logits[:, own].argmax(1) == labels).float().mean().item()
    groups = [labels == k for k in labels.unique()]
    pixels = sum(spread(x[group]) for group in groups) / len(groups)
    apart = [torch.pdist(seen.features[group].double()).mean().item() for group in groups]
    values = (accuracy, pixels, sum(apart) / len(apart))
    n = len(labels) // len(groups)
    return Point(strength, n, *(float(f"{value:.4g}") for value in values))


def real_point(spec: Spec, n: int, seed: int = 0) -> Point | None:
    """n real pictures of each class, read and compared alike; None where too few are bundled."""
    if spec.data not in EXAMPLES:
        return None
    images, labels, classes = read_npz(EXAMPLES[spec.data])
    own = logit_indices(classes)
    if own is None or classes != spec.classes or images.shape[1] != spec.channels:
        return None
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    chosen = torch.cat([order[labels[order] == k][:n] for k in range(len(classes))])
    if len(chosen) < n * len(classes):
        return None
    x = to_tensor(resize(images[chosen], spec.size))
    return judge(x, labels[chosen], own, 1.0)


def write(curves: Sequence[Curve], path: Path) -> None:
    """As JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([asdict(curve) for curve in curves], indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def read(path: Path) -> tuple[Curve, ...]:
    """What `write` wrote."""
    found = []
    for values in json.loads(path.read_text(encoding="utf-8")):
        points = tuple(Point(**point) for point in values["points"])
        real = Point(**values["real"]) if values["real"] else None
        classes = values.get("classes", Curve.classes)
        found.append(Curve(values["model"], values["kind"], points, real, classes))
    return tuple(found)
