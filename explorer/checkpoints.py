"""Trained networks on disk: safetensors files that describe themselves.

A file holds the (EMA) weights of one network; its header holds a `Spec` as JSON. Reading never
unpickles anything, and a file that does not fit gives one sentence, as a `CheckpointError`.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from explorer.devices import memory_format
from explorer.diffusion import Denoiser, Schedule, make_schedule
from explorer.diffusion.denoiser import check_target
from explorer.diffusion.names import CLASS
from explorer.files import written_whole
from explorer.networks import NETWORKS
from explorer.networks.layers import Placed
from explorer.settings.networks import refuse_former
from explorer.text import check_name, is_text
from explorer.versions import Migration, migrated, newest


def _tell_precision(values: dict[str, Any]) -> dict[str, Any]:
    """1 -> 2: how it was trained tells in what; before, float32 was all that a CPU was given."""
    training = values.get("training")
    if isinstance(training, dict) and str(training.get("hardware", "")).startswith("CPU"):
        values["training"] = {"precision": "float32"} | training
    return values


def _refuse_former(values: dict[str, Any]) -> dict[str, Any]:
    """2 -> 3: the lectures' networks are others; ValueError for one of the former."""
    refuse_former(values.get("network"))
    return values


MIGRATIONS: Mapping[int, Migration] = MappingProxyType({1: _tell_precision, 2: _refuse_former})
"""Version of a header -> what brings it to the next."""
VERSION = newest(MIGRATIONS)
KEY = "diffusion-explorer"
"""The header's entry that holds the JSON."""
MAX_T = 100_000


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Spec:
    """Everything about a trained network but its weights."""

    name: str
    data: str
    """The data set's name."""
    licence: str
    """Of the data."""
    size: int
    """Side of the pictures in pixels."""
    channels: int
    classes: tuple[str, ...]
    """Names of the classes it was trained with; empty for an unconditional network."""
    network: str
    """One of `NETWORKS`."""
    network_config: Mapping[str, Any]
    schedule: str
    """One of `SCHEDULES`."""
    T: int
    schedule_options: Mapping[str, float] = field(default_factory=dict)
    target: str = "eps"
    training: Mapping[str, Any] = field(default_factory=dict)
    """How it was trained: command, hardware, steps, seconds, batch, …"""
    metrics: Mapping[str, float] = field(default_factory=dict)
    version: int = VERSION

    @property
    def classifies(self) -> bool:
        """Whether it is a classifier of noisy pictures rather than a model."""
        return self.target == CLASS

    def make_schedule(self) -> Schedule:
        """The schedule it was trained with."""
        return make_schedule(self.schedule, self.T, **self.schedule_options)

    def make_network(self) -> Placed:
        """The network, with fresh weights."""
        config, network = NETWORKS[self.network]
        return network(config(**self.network_config))


def save(path: str | Path, weights: Mapping[str, Tensor], spec: Spec) -> Path:
    """Write a checkpoint at once or not at all: a file that appears is whole."""
    return write_tensors(path, weights, {KEY: json.dumps(asdict(spec), ensure_ascii=False)})


def describe(path: str | Path) -> Spec:
    """The checkpoint's `Spec`, from the header alone; CheckpointError if it has none."""
    return _parse(Path(path), read_header(path).get(KEY))


def load(path: str | Path, device: str | torch.device = "cpu") -> tuple[Denoiser, Spec]:
    """The trained denoiser, ready to be called, and its `Spec`.

    CheckpointError, before any tensor is read, if the weights are not those of the network, or if
    it is a classifier.
    """
    spec = describe(path)
    if spec.classifies:
        raise CheckpointError(
            f"{Path(path).name} is a classifier of noisy images: it guides a model (sample "
            "--classifier-scale) and makes no images itself; choose a model"
        )
    return Denoiser(_network(Path(path), spec, device), spec.make_schedule(), spec.target), spec


def load_classifier(
    path: str | Path, device: str | torch.device = "cpu"
) -> tuple[torch.nn.Module, Spec]:
    """A trained classifier of noisy pictures, called as (x_t, t), and its `Spec`.

    CheckpointError as in `load`, or if it is a model.
    """
    spec = describe(path)
    if not spec.classifies:
        raise CheckpointError(
            f"{Path(path).name} is a model, not a classifier of noisy images; train one with "
            f"--target {CLASS}"
        )
    return _network(Path(path), spec, device), spec


def _network(path: Path, spec: Spec, device: str | torch.device) -> Placed:
    """With the file's weights, ready to be called."""
    with torch.device("meta"):
        network = spec.make_network()
    empty = network.state_dict()
    expected = {name: tuple(tensor.shape) for name, tensor in empty.items()}
    with _open(path) as file:
        found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}
        if found != expected:
            wrong = sorted(
                name for name in expected | found if expected.get(name) != found.get(name)
            )
            raise CheckpointError(
                f"{path.name}: its weights do not fit the network it describes "
                f"({len(wrong)} differ, the first is '{wrong[0]}'); the file is damaged or not "
                "from this app"
            )
        weights = {name: file.get_tensor(name).to(empty[name].dtype) for name in expected}
    if (bad := first_not_finite(weights)) is not None:
        raise CheckpointError(
            f"{path.name}: its weights are not all finite numbers (the first that are not are "
            f"in '{bad}'), so it cannot generate anything; train it again, or choose another model"
        )
    network.load_state_dict(weights, assign=True)
    network.to(device).to(memory_format=memory_format(device))
    return network.eval().requires_grad_(False)


def catalogue(*folders: str | Path, classifiers: bool = False) -> dict[Path, Spec]:
    """The usable models in these folders by path, sorted by name; others are left out.

    Classifiers of noisy pictures make no pictures and are no models: they are found instead with
    `classifiers`.
    """
    found = {}
    for folder in folders:
        for path in sorted(Path(folder).glob("*.safetensors")):
            try:
                spec = describe(path)
            except CheckpointError:
                continue
            if not is_text(path.name):  # no page could offer it
                continue
            if spec.classifies == classifiers:
                found[path] = spec
    return found


def write_tensors(
    path: str | Path, tensors: Mapping[str, Tensor], header: Mapping[str, str]
) -> Path:
    """A safetensors file, written beside its place and then moved there in one step."""
    path = Path(path)
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with written_whole(path) as part:
        save_file(whole, part, metadata=dict(header))
    return path


def read_header(path: str | Path) -> dict[str, str]:
    """The text entries of a safetensors header; CheckpointError if it is no such file."""
    with _open(Path(path)) as file:
        return file.metadata() or {}


def first_not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """The name of the first tensor that holds a NaN or an infinity; None if all are numbers."""
    for name, value in tensors.items():
        # a sum is quicker than a look at each; where it overflows the look decides
        if value.is_floating_point() and not value.sum().isfinite():
            if not value.isfinite().all():
                return name
    return None


def _open(path: Path) -> safe_open:
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}")
    try:
        try:
            return safe_open(path, "pt")
        except RuntimeError:  # it was replaced while it was opened: the new one is whole
            return safe_open(path, "pt")
    except (SafetensorError, OSError, RuntimeError) as error:
        raise CheckpointError(
            f"{path.name} is not a complete safetensors file ({error}); it may be truncated or "
            "another kind "
            "of file"
        ) from error


def _parse(path: Path, text: str | None) -> Spec:
    """A Spec from JSON that anyone may have written."""
    if text is None:
        raise CheckpointError(
            f"{path.name} is a safetensors file but not one of Diffusion Explorer: its "
            "header does not describe the weights"
        )
    try:
        values = json.loads(text)
        values = migrated(values if isinstance(values, dict) else {}, MIGRATIONS)
        known = {f.name for f in fields(Spec)}
        spec = Spec(**{name: value for name, value in values.items() if name in known})
        return _checked(spec)
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        reason = textwrap.shorten(str(error), 300, placeholder=" …")  # on one line
        raise CheckpointError(f"{path.name}: its description cannot be used ({reason})") from error


def _checked(spec: Spec) -> Spec:
    """The Spec with lists as tuples; ValueError if a field cannot be meant."""
    texts = (spec.name, spec.data, spec.licence, spec.network, spec.schedule, spec.target)
    tables = (spec.network_config, spec.schedule_options, spec.training, spec.metrics)
    if not all(isinstance(text, str) for text in texts + tuple(spec.classes)):
        raise ValueError("a name is not text")
    if not all(isinstance(table, dict) for table in tables):
        raise ValueError("a settings table is not a table")
    if spec.network not in NETWORKS:
        raise ValueError(f"no network '{spec.network}'; there are: {', '.join(NETWORKS)}")
    for text in texts + tuple(spec.classes):
        check_name(text)
    if type(spec.T) is not int or not 1 <= spec.T <= MAX_T:
        raise ValueError(f"T = {spec.T!r} is not a number of steps")
    if type(spec.size) is not int or not 1 <= spec.size <= 1024:
        raise ValueError(f"size = {spec.size!r} is not a number of pixels")
    if type(spec.channels) is not int:
        raise ValueError(f"channels = {spec.channels!r} is not a number of channels")
    config = NETWORKS[spec.network][0](**spec.network_config)
    config.check_size(spec.size, spec.size)
    if (config.channels, config.classes, config.T) != (spec.channels, len(spec.classes), spec.T):
        raise ValueError("its network and its description differ in channels, classes or T")
    if spec.classifies != (spec.network == "classifier"):
        raise ValueError(f"a network '{spec.network}' does not predict '{spec.target}'")
    if not spec.classifies:
        check_target(spec.target)
        spec.make_schedule()
    values = {f.name: getattr(spec, f.name) for f in fields(Spec)}
    return Spec(**values | {"classes": tuple(spec.classes)})
