"""States of earlier versions, brought up to this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import MappingProxyType
from typing import Any

from explorer.settings.networks import refuse_former
from explorer.settings.training import TrainConfig
from explorer.versions import Migration

UNTOLD = {"batches": [], "halved": False, "changes": [], "scale": {}, "precision": "float32"}
"""What the first version left out, as it was then."""


def _name_all(values: dict[str, Any]) -> dict[str, Any]:
    """1 -> 2: all settings are named, and what the step was computed in, and on what."""
    config, progress = values["config"], values["progress"]
    unnamed = {f.name: f.default for f in fields(TrainConfig) if f.default is not MISSING}
    return values | {
        "config": unnamed | config,
        "progress": UNTOLD | progress,
    }


def _refuse_former(values: dict[str, Any]) -> dict[str, Any]:
    """2 -> 3: the lectures' networks are others; ValueError for a run of one of the former."""
    refuse_former(values["config"].get("network"))
    return values


def _without_images(values: dict[str, Any]) -> dict[str, Any]:
    """3 -> 4: nothing was kept of the images but their name."""
    return {"images": None} | values


MIGRATIONS: Mapping[int, Migration] = MappingProxyType(
    {1: _name_all, 2: _refuse_former, 3: _without_images}
)
"""Version of a state -> what brings it to the next."""
