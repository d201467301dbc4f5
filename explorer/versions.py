"""Descriptions that earlier versions of this program wrote, brought up to this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Migration = Callable[[dict[str, Any]], dict[str, Any]]


def newest(migrations: Mapping[int, Migration]) -> int:
    """The version that all steps of a table lead to."""
    return max(migrations) + 1


def migrated(values: Mapping[str, Any], migrations: Mapping[int, Migration]) -> dict[str, Any]:
    """What a header says, as the newest version would say it.

    migrations : version -> the step from it to the next, from 1 on. ValueError if it tells no
    version, or one that is none of these.
    """
    version, last = values.get("version"), newest(migrations)
    if type(version) is not int or not 1 <= version <= last:
        later = type(version) is int and version > last
        advice = "; it was made by a later version: use that one" if later else ""
        raise ValueError(f"version {version!r}, this program reads versions 1 to {last}{advice}")
    found = dict(values)
    for step in range(version, last):
        found = migrations[step](found)
    return found | {"version": last}
