"""Which images and classes a run learns from, and what is said where they have changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from explorer.data import ImageSet
from explorer.data.pixels import BLOCK
from explorer.data.skipped import clean

SHOWN = 4
"""Classes that are named of many."""
KINDS = {1: "grey", 3: "in colour"}
"""Channels -> what is said of images."""


@dataclass(frozen=True)
class LearntFrom:
    """What tells one set from another, however its folder's path is spelt."""

    count: int
    channels: int
    classes: tuple[str, ...]
    """Whose numbers the network is told; () if it is told none."""
    fingerprint: str
    """SHA-256 of all pixels at the run's size, and of the labels that it is told."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def learnt_from(data: ImageSet, classes: Sequence[str]) -> LearntFrom:
    """Of a set at the size that it is trained at; `classes` are those that the network is told."""
    images, digest = data.images, hashlib.sha256()
    for part in images.split(max(1, BLOCK // max(1, images[0].nbytes))):
        digest.update(part.contiguous().numpy().data)
    if classes and data.labels is not None:
        digest.update(data.labels.contiguous().numpy().data)
    return LearntFrom(len(data), data.channels, tuple(classes), digest.hexdigest())


def compare_images(kept: Mapping[str, Any] | None, now: LearntFrom, step: int) -> list[str]:
    """What is said where a run goes on with other images than it had; nothing with the same.

    kept : `LearntFrom.to_json` of the run that goes on; None where an earlier version kept none.

    ValueError, a clause, where its network is not for these images: for other classes, of which it
    would take one for another, or for another number of channels. KeyError, TypeError and
    ValueError for what is no such record.
    """
    if kept is None:
        return []
    before = LearntFrom(
        int(kept["count"]),
        int(kept["channels"]),
        tuple(map(str, kept["classes"])),
        str(kept["fingerprint"]),
    )
    if before.channels != now.channels:
        raise OtherImages(
            f"its images are {_kind(before.channels)}, and these are {_kind(now.channels)}"
        )
    if before.classes != now.classes:
        raise OtherImages(_other_classes(before.classes, now.classes))
    if before.fingerprint == now.fingerprint:
        return []
    return [
        f"from step {step} on it learns from other images or other labels than before "
        f"({before.count:,} images before, {now.count:,} now): those held out for the probe are "
        "drawn anew, so that its loss cannot be compared with the one before"
    ]


class OtherImages(ValueError):
    """A network cannot go on with these images; the text is a clause."""


def _other_classes(before: Sequence[str], now: Sequence[str]) -> str:
    if not now:
        return f"it learns the classes {_listed(before)}, and these images have no classes"
    if not before:
        return f"it learns without classes, and these images have the classes {_listed(now)}"
    new = [name for name in now if name not in before]
    gone = [name for name in before if name not in now]
    changes = [f"{_listed(new)} new"] if new else []
    changes += [f"{_listed(gone)} missing"] if gone else []
    return (
        f"it learns the classes {_listed(before)}, and these images have {_listed(now)} "
        f"({', '.join(changes) or 'the same in another order'})"
    )


def _kind(channels: int) -> str:
    return KINDS.get(channels, f"of {channels} channels")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(clean(name) for name in names[:SHOWN])
    return f"{shown} and {len(names) - SHOWN:,} more" if len(names) > SHOWN else shown
