"""The whole state of a run on disk, so that it goes on as if nothing had happened."""

from __future__ import annotations

import json
import os
from dataclasses import MISSING, asdict, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor

from explorer.checkpoints import CheckpointError, first_not_finite, read_header, write_tensors
from explorer.devices import cores
from explorer.precision import AUTO, choose_precision
from explorer.settings.training import TrainConfig
from explorer.training.history import History
from explorer.training.run import Run

KEY = "diffusion-explorer-run"
FREE = frozenset(("steps", "seconds", "learning_rate", "precision"))
"""Settings that may change when a run goes on; the batch may become smaller."""
DEFAULTS = {f.name: f.default for f in fields(TrainConfig) if f.default is not MISSING}


def save_state(run: Run, path: str | Path) -> None:
    """Write all that `load_state` needs, at once or not at all."""
    tensors = {f"network.{k}": v for k, v in run.network.state_dict().items()}
    tensors |= {f"ema.{k}": v for k, v in run.ema.state_dict().items()}
    for i, state in run.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{i}.{k}": v for k, v in state.items()}
    tensors["generator"] = run.generator.get_state()
    header = {
        "begun": run.begun,
        "config": asdict(run.config),
        "progress": {
            "step": run.step,
            "seconds": run.seconds,
            "smooth_loss": run.smooth_loss,
            "peak": run.peak,
            "batches": run.batches,
            "halved": run.halved,
            "device": run.device.type,
            "precision": run.precision,
            "threads": torch.get_num_threads(),
        },
        "history": run.history.to_json(),
    }
    write_tensors(path, tensors, {KEY: json.dumps(header)})


class StoredRun(NamedTuple):
    """What is known of a run without reading its weights."""

    config: TrainConfig
    history: History
    step: int
    seconds: float
    peak: float
    """The learning rate that its schedule scales."""


def read_state(path: str | Path) -> StoredRun:
    """The settings, the losses and how far it came, from the header; CheckpointError if absent."""
    header = _header(Path(path))
    try:
        progress = header["progress"]
        config, history = TrainConfig(**header["config"]), History.from_json(header["history"])
        step, seconds = int(progress["step"]), float(progress["seconds"])
        return StoredRun(config, history, step, seconds, float(progress["peak"]))
    except (ArithmeticError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{Path(path).name} is damaged: no settings in it") from error


def load_state(run: Run, path: str | Path) -> None:
    """Continue where `save_state` stood; CheckpointError if it was another kind of run.

    The budget may differ, so that a finished run can be continued, and the learning rate, which
    then takes the place of the stored one. A smaller batch takes its place too; the batch that it
    was begun with, which memory did not suffice for, means the one that it has now. On the CPU it
    goes on with as many threads as before, where there are so many cores and OMP_NUM_THREADS says
    nothing else: they decide the last digit of a sum.
    """
    path = Path(path)
    header = _header(path)
    mine = json.loads(json.dumps(asdict(run.config)))
    begun = header.get("config")
    if not isinstance(begun, dict):
        raise CheckpointError(f"{path.name} is damaged: no settings in it")
    begun = DEFAULTS | begun  # what was not yet a setting then
    differ = sorted(name for name in mine if mine[name] != begun.get(name))
    try:
        earlier = [(int(step), int(batch)) for step, batch in header["progress"]["batches"]]
    except (KeyError, TypeError, ValueError):  # before there was such an entry
        earlier = []
    batch = begun["batch"] if type(begun["batch"]) is int else 0
    free = FREE | ({"batch"} if _fits(mine["batch"], batch, earlier) else set())
    if not free.issuperset(differ):
        was = ", ".join(f"{name} = {begun.get(name)!r}" for name in differ if name not in free)
        raise CheckpointError(
            f"{path.name} was begun with {was}: continue it with the same settings, or "
            "start afresh without --resume"
        )
    try:
        tensors = load_file(path)
        if wrong := first_not_finite(tensors):
            raise ValueError(f"not all of {wrong} are finite numbers")
        _restore(run, tensors, header)
        _take_batch(run, batch, earlier, header["progress"].get("halved"))
    except (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError) as error:
        why = " ".join(str(error).split())
        raise CheckpointError(f"{path.name} holds no such run's state ({why})") from error
    if "learning_rate" in differ:
        run.peak = run.config.learning_rate


def begun_as(path: str | Path) -> str | None:
    """Which run's state lies here, as `Run.begun` names it; None if none can be read."""
    try:
        return str(_header(Path(path)).get("begun", ""))
    except CheckpointError:
        return None


def _fits(asked: int, stored: int, earlier: list[tuple[int, int]]) -> bool:
    """Whether a run of the batch `stored` may go on where the batch `asked` is asked for."""
    return asked <= stored or asked in (batch for _, batch in earlier)


def _take_batch(run: Run, stored: int, earlier: list[tuple[int, int]], halved: object) -> None:
    asked = run.config.batch
    run.batches = list(earlier)
    run.halved = bool(halved)
    if asked != stored:
        run.config = replace(run.config, batch=stored)
    if asked < stored:
        run.shrink(asked)
        run.halved = False  # this one was asked for


def _header(path: Path) -> dict[str, Any]:
    text = read_header(path).get(KEY)
    if text is None:
        raise CheckpointError(f"{path.name} does not hold the state of a run")
    try:
        header = json.loads(text)
        return dict(header)
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path.name} is damaged: no settings in it") from error


def _restore(run: Run, tensors: dict[str, Tensor], header: dict[str, Any]) -> None:
    def part(prefix: str) -> dict[str, Tensor]:
        return {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}

    history = History.from_json(header["history"])
    progress = header["progress"]
    run.network.load_state_dict(part("network."))
    run.ema.load_state_dict(part("ema."))
    parameters = list(run.network.parameters())
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in part("optimizer.").items():
        i, name = key.split(".", 1)
        if value.dim():  # a fused AdamW needs its moments in their parameter's memory format
            value = torch.empty_like(parameters[int(i)]).copy_(value)
        state.setdefault(int(i), {})[name] = value
    groups = run.optimizer.state_dict()["param_groups"]
    run.optimizer.load_state_dict({"state": state, "param_groups": groups})
    run.rate = run.optimizer.param_groups[0]["lr"]  # loading made a copy
    run.generator.set_state(tensors["generator"])
    run.step, run.seconds = int(progress["step"]), float(progress["seconds"])
    run.smooth_loss, run.peak = progress["smooth_loss"], float(progress["peak"])
    run.history = history
    run.begun = str(header.get("begun", ""))
    if run.config.precision == AUTO and progress.get("device", run.device.type) == run.device.type:
        run.precision = choose_precision(progress.get("precision", "float32"), run.device)
    threads = int(progress.get("threads", 0))
    if run.device.type == "cpu" and "OMP_NUM_THREADS" not in os.environ:
        if 1 <= threads <= cores():
            torch.set_num_threads(threads)
