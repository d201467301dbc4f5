"""The optimisers a run can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

OPTIMISERS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "AdamW": MappingProxyType({}),
        "Adam": MappingProxyType(
            {"weight_decay": 0.0, "warmup": 0, "final_rate": 1.0, "clip_norm": 1e6}
        ),
    }
)
"""Name -> what differs from the defaults of `TrainConfig`; Adam as in lectures, nothing added."""
