"""Checkpoints and run states: headers that lie, weights that do not fit, foreign formats."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import torch
from safetensors.torch import save

from explorer.checkpoints import KEY, Spec
from tests.hostile.case import Case, Fate
from tests.hostile.texts import NAMES, NO_NAMES

SPEC = Spec(
    name="small",
    data="toys",
    licence="free",
    size=8,
    channels=1,
    classes=("cat", "dog"),
    network="unet",
    network_config={
        **{"channels": 1, "classes": 2, "T": 20, "width": 8},
        **{"multipliers": [1], "attention": []},
    },
    schedule="linear",
    T=20,
)
Parts = Iterator[tuple[Fate, str, bytes]]


def weights(value: float | None = None) -> dict[str, torch.Tensor]:
    """Of the network that `SPEC` describes: drawn from a seed, or all of one value."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        found = SPEC.make_network().state_dict()
    return {k: v if value is None else torch.full_like(v, value) for k, v in found.items()}


def checkpoint(tensors: dict[str, torch.Tensor] | None = None, **changes: Any) -> bytes:
    """A whole file whose description has some entries changed."""
    text = json.dumps(asdict(SPEC) | changes)
    return save(weights() if tensors is None else tensors, {KEY: text})


def described(text: str) -> bytes:
    return save(weights(), {KEY: text})


def raw(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    """A file from its header, JSON or bytes, whose stated length may lie."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def checkpoints() -> Iterator[Case]:
    """All of them."""
    for parts in (_headers(), _weights(), _descriptions(), _names(), _foreign()):
        for fate, name, data in parts:
            yield Case("checkpoints", fate, f"{name}.safetensors", data)
    for fate, name, data in _states():
        yield Case("states", fate, f"{name}.safetensors", data)


def _headers() -> Parts:
    whole = checkpoint()
    size = struct.unpack("<Q", whole[:8])[0]
    for name, length in {"0": 0, "one-more": size + 1, "2-to-63": 2**63, "all": 2**64 - 1}.items():
        yield "refused", f"length-{name}", struct.pack("<Q", length) + whole[8:]
    yield "refused", "cut-short", whole[:-10]
    yield "refused", "cut-in-header", whole[:100]
    yield "refused", "longer", whole + bytes(100)
    one = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    yield "refused", "overlapping", raw({"a": one, "b": one}, bytes(16))
    yield "refused", "outside", raw({"a": one | {"data_offsets": [0, 2**40]}}, bytes(16))
    yield "refused", "backwards", raw({"a": one | {"data_offsets": [16, 0]}}, bytes(16))
    yield "refused", "gap", raw({"a": one | {"data_offsets": [8, 24]}}, bytes(24))
    yield "refused", "shape-lies", raw({"a": one | {"shape": [5]}}, bytes(16))
    yield "refused", "shape-overflows", raw({"a": one | {"shape": [2**62, 2**62]}}, bytes(16))
    yield "refused", "negative", raw({"a": one | {"shape": [-4]}}, bytes(16))
    yield "refused", "dtype", raw({"a": one | {"dtype": "OBJECT"}}, bytes(16))
    yield "refused", "no-json", raw(b"{" * 200)
    yield "refused", "deep-json", raw(b'{"__metadata__":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    yield "refused", "not-utf-8", raw(b'{"\xff\xfe": 1}')
    yield "refused", "list", raw([])
    yield "refused", "giant-header", raw(b'{"a":1}' + b" " * (40 * 2**20))
    many = {f"t{k}": one | {"data_offsets": [16 * k, 16 * k + 16]} for k in range(30_000)}
    yield "refused", "many-tensors", raw(many, bytes(16 * 30_000))
    yield "refused", "metadata-of-numbers", raw({"__metadata__": {KEY: 7}})


def _weights() -> Parts:
    good = weights()
    first = next(iter(good))
    for name, value in {"nan": float("nan"), "infinite": float("inf")}.items():
        yield "refused", name, checkpoint(weights(value))
    yield "refused", "without-one", checkpoint({k: v for k, v in good.items() if k != first})
    yield "refused", "one-more", checkpoint(good | {"os.system": torch.zeros(2)})
    yield "refused", "other-shape", checkpoint(good | {first: torch.zeros(3, 3)})
    yield "refused", "empty", checkpoint(good | {first: torch.zeros(0)})
    yield "refused", "none", checkpoint({})
    yield "taken", "doubles", checkpoint({k: v.double() for k, v in good.items()})
    yield "taken", "halves", checkpoint({k: v.half() for k, v in good.items()})
    wide = dict(SPEC.network_config) | {"width": 4096}
    yield "refused", "says-wide", checkpoint(network_config=wide)


def _descriptions() -> Parts:
    config = dict(SPEC.network_config)
    changes: dict[str, dict[str, Any]] = {
        "T-0": {"T": 0},
        "T-huge": {"T": 10**18},
        "T-text": {"T": "20"},
        "size-huge": {"size": 10**9},
        "channels": {"channels": 10**6},
        "network": {"network": "__class__"},
        "network-list": {"network": ["unet"]},
        "target": {"target": "os"},
        "class": {"target": "class"},
        "schedule": {"schedule": "{0.__class__}"},
        "options": {"schedule_options": {"beta_end": 1e300}},
        "nan-option": {"schedule_options": {"beta_end": float("nan")}},
        "unknown-option": {"schedule_options": {"__init__": 1}},
        "classes": {"classes": [str(k) for k in range(10_000)]},
        "classes-none": {"classes": None},
        "config-list": {"network_config": [1]},
        "config-unknown": {"network_config": config | {"__class__": 1}},
        "config-levels": {"network_config": config | {"multipliers": [1] * 10**5}},
        "config-blocks": {"network_config": config | {"blocks": 10**9}},
        "config-nan": {"network_config": config | {"width": float("nan")}},
        "version": {"version": 2},
        "version-none": {"version": None},
    }
    for name, changed in changes.items():
        yield "refused", f"says-{name}", checkpoint(**changed)
    yield "taken", "says-more", checkpoint(colour="green", training={"x": [[[[1]]]]})
    for name, text in {
        "nothing": "",
        "list": "[]",
        "null": "null",
        "deep": "[" * 200_000,
        "long-number": "9" * 10_000,
        "pickle": "cposix\nsystem\n",
        "padded": "{}" + " " * (30 * 2**20),
        "twenty-million": "[" + "0," * 10_000_000 + "0]",
    }.items():
        yield "refused", f"json-{name}", described(text)
    yield "refused", "nobody", save(weights())
    yield "refused", "someone-else", save(weights(), {"format": "pt"})


def _names() -> Parts:
    for name, text in NAMES.items():
        yield "taken", f"called-{name}", checkpoint(name=text, data=text, classes=[text, "b"])
    for name, text in NO_NAMES.items():
        yield "refused", f"no-name-{name}", checkpoint(name=text)
        yield "refused", f"no-class-{name}", checkpoint(classes=["a", text])


def _foreign() -> Parts:
    yield "refused", "pickle", pickle.dumps({"a": 1})
    yield "refused", "zip", b"PK\x03\x04" + bytes(500)
    yield "refused", "zeros", bytes(1000)
    yield "refused", "gguf", b"GGUF" + bytes(500)
    yield "refused", "no-bytes", b""


def _states() -> Parts:
    key = "diffusion-explorer-run"
    for name, header in {
        "no-settings": {},
        "list": [],
        "unknown": {"config": {"os": 1}, "progress": {}, "history": {}},
        "deep": "deep",
        "numbers": {"config": {}, "progress": {"step": "x"}, "history": 7},
    }.items():
        text = "[" * 100_000 if header == "deep" else json.dumps(header)
        yield "refused", f"state-{name}", save({"a": torch.zeros(1)}, {key: text})
    yield "refused", "state-none", checkpoint()
