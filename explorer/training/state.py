"""The whole state of a run on disk, so that it goes on as if nothing had happened."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from explorer.checkpoints import CheckpointError, first_not_finite, read_header, write_tensors
from explorer.devices import cores
from explorer.precision import AUTO, PRECISIONS
from explorer.settings.training import TrainConfig
from explorer.training.history import History
from explorer.training.learnt_from import OtherImages, compare_images
from explorer.training.run import Run
from explorer.training.state_versions import MIGRATIONS
from explorer.versions import migrated, newest

KEY = "diffusion-explorer-run"
FREE = frozenset(("steps", "seconds", "learning_rate", "precision", "accumulate", "data"))
"""Settings that may change when a run goes on; the batch may become smaller. Of the images not the
name is compared but what is in them, see `learnt_from`."""


def save_state(run: Run, path: str | Path) -> None:
    """Write all that `load_state` needs, at once or not at all."""
    tensors = {f"network.{k}": v for k, v in run.network.state_dict().items()}
    tensors |= {f"ema.{k}": v for k, v in run.ema.state_dict().items()}
    for i, state in run.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{i}.{k}": v for k, v in state.items()}
    tensors["generator"] = run.generator.get_state()
    header = {
        "version": newest(MIGRATIONS),
        "begun": run.begun,
        "config": asdict(run.config),
        "images": run.learnt_from.to_json(),
        "progress": {
            "step": run.step,
            "seconds": run.seconds,
            "smooth_loss": run.smooth_loss,
            "peak": run.peak,
            "batches": run.batches,
            "halved": run.halved,
            "changes": run.changes,
            "device": run.device.type,
            "precision": run.precision,
            "suited": run.suited,
            "scale": run.scaler.state_dict(),
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
        raise CheckpointError(f"{Path(path).name} is damaged: it contains no settings") from error


def load_state(run: Run, path: str | Path) -> list[str]:
    """Continue where `save_state` stood; CheckpointError if it was another kind of run, or if its
    images had other classes or channels.

    The budget may differ, so that a finished run can be continued, and the learning rate, which
    then takes the place of the stored one. A smaller batch takes its place too; the batch that it
    was begun with, which memory did not suffice for, means the one that it has now. On the CPU it
    goes on with as many threads as before, where there are so many cores and OMP_NUM_THREADS says
    nothing else: they decide the last digit of a sum. It goes on in the precision it was begun in.

    With other images of the same classes, on another kind of device, or in another precision that
    is asked for, it goes on all the same, no longer as if nothing had happened: a sentence for
    each such thing is what comes back.
    """
    path = Path(path)
    header = _header(path)
    mine = json.loads(json.dumps(asdict(run.config)))
    begun, progress = header["config"], header["progress"]
    differ = sorted(name for name in mine if mine[name] != begun.get(name))
    try:
        earlier = [(int(step), int(batch)) for step, batch in progress["batches"]]
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path.name} is damaged: it contains no settings") from error
    batch = begun["batch"] if type(begun["batch"]) is int else 0
    free = FREE | ({"batch"} if _fits(mine["batch"], batch, earlier) else set())
    if not free.issuperset(differ):
        was = ", ".join(f"{name} = {begun.get(name)!r}" for name in differ if name not in free)
        raise CheckpointError(
            f"{path.name} was started with {was}: continue it with the same settings, or "
            "start over without --resume"
        )
    if header["images"] is None and "data" in differ:
        raise CheckpointError(
            f"{path.name} was saved by an earlier version, which kept only where its images lay, "
            f"data = {begun.get('data')!r}: continue it with these, or start over without --resume"
        )
    changed = _compare_images(run, header, path.name)
    try:
        tensors = load_file(path)
        if wrong := first_not_finite(tensors):
            raise ValueError(f"not all of {wrong} are finite numbers")
        _restore(run, tensors, header)
        _take_batch(run, batch, earlier, progress["halved"])
        changed += [*_take_precision(run, progress), *_take_generator(run, tensors["generator"])]
        run.changes = [*map(str, progress["changes"]), *changed]
    except (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError) as error:
        why = " ".join(str(error).split())
        raise CheckpointError(
            f"{path.name} does not contain such a run's state ({why})"
        ) from error
    if "learning_rate" in differ:
        run.peak = run.config.learning_rate
        run.history.add_rate(run.step, run.peak)
    return changed


def _compare_images(run: Run, header: dict[str, Any], name: str) -> list[str]:
    """What is said of other images than it had; CheckpointError for those it cannot learn."""
    try:
        return compare_images(header["images"], run.learnt_from, int(header["progress"]["step"]))
    except OtherImages as error:
        raise CheckpointError(
            f"{name} cannot be continued with these images ({error}): continue it with its own, "
            "or train a new model"
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{name} is damaged: it contains no settings") from error


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
        run.take(stored)
    if asked < stored:
        run.shrink(asked)
        run.halved = False  # this one was asked for


def _header(path: Path) -> dict[str, Any]:
    text = read_header(path).get(KEY)
    if text is None:
        raise CheckpointError(f"{path.name} does not hold the state of a run")
    try:
        header = json.loads(text)
        parts = [header.get(name) for name in ("config", "progress")]
        if not all(isinstance(part, dict) for part in parts):
            raise ValueError
    except (AttributeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path.name} is damaged: it contains no settings") from error
    try:
        return migrated({"version": 1} | header, MIGRATIONS)  # the first told none
    except ValueError as error:
        raise CheckpointError(f"{path.name} cannot be continued ({error})") from error


def _restore(run: Run, tensors: dict[str, Tensor], header: dict[str, Any]) -> None:
    def part(prefix: str) -> dict[str, Tensor]:
        return {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}

    history = History.from_json(header["history"])
    progress = header["progress"]
    try:
        run.network.load_state_dict(part("network."))
        run.ema.load_state_dict(part("ema."))
    except RuntimeError as error:  # a list of tensors, which says nothing to anybody
        raise ValueError(
            "its network has other weights than one for these images and settings: were the "
            "classes others, or the images grey or in colour?"
        ) from error
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
    run.step, run.seconds = int(progress["step"]), float(progress["seconds"])
    run.smooth_loss, run.peak = progress["smooth_loss"], float(progress["peak"])
    run.history = history
    run.begun = str(header.get("begun", ""))
    threads = int(progress.get("threads", 0))
    if run.device.type == "cpu" and "OMP_NUM_THREADS" not in os.environ:
        if 1 <= threads <= cores():
            torch.set_num_threads(threads)


def _take_precision(run: Run, progress: dict[str, Any]) -> Iterator[str]:
    """That of the earlier sessions, unless another is asked for or this device has a better."""
    before = str(progress["precision"])
    elsewhere = progress.get("device", run.device.type) != run.device.type
    if run.device.type != "cpu":  # two GPUs of one kind may suit other numbers
        elsewhere |= progress.get("suited", run.suited) != run.suited
    if before not in PRECISIONS:
        raise ValueError(f"no precision {before!r}")
    if run.config.precision == AUTO and not elsewhere:
        run.reckon_in(before)
    if run.precision != before:
        yield f"from step {run.step} on it is trained in {run.precision}, before in {before}"
    elif progress["scale"] and run.precision == "float16":
        run.scaler.load_state_dict(progress["scale"])


def _take_generator(run: Run, state: Tensor) -> Iterator[str]:
    """The stored random state; a new one from seed and step where it is another kind's."""
    if state.shape == run.generator.get_state().shape:
        run.generator.set_state(state)
        return
    run.generator.manual_seed(
        np.random.SeedSequence((run.config.seed, run.step)).generate_state(1, np.uint64).item()
        >> 1
    )
    yield (
        f"from step {run.step} on it is trained on another kind of device, {run.device.type}, "
        "which draws other images and other noise than the first would have"
    )
