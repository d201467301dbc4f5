"""What a run leaves on disk: its model, and beside it what is needed to go on and to look back."""

from __future__ import annotations

import glob
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import SafetensorError

from explorer.checkpoints import CheckpointError, describe, save
from explorer.failures import full_disk
from explorer.training.lock import LOCK, RunTaken, held
from explorer.training.run import Run
from explorer.training.state import begun_as, read_state, save_state

PAUSE = 1.0
"""Seconds before a failed write is tried again."""
RUN = "run"
"""A snapshot's entry in `Spec.training` that says which run it is of, as `Run.begun`."""
OF_THE_PAGE = ("film", "samples.png", "neighbours.png")
"""What the Train tab keeps in a run's folder to show it again."""
FAILURES = (SafetensorError, OSError)
"""Of writing: safetensors has an exception of its own for a full disk."""


@dataclass(frozen=True)
class Record:
    """NAME.safetensors, the model, and NAME.run/, the rest. Everything is written atomically.

    A write that fails is tried again after a moment. OSError, in one sentence that says what is
    kept, if it fails again; what was there before is still whole.

    The state is the first that a run writes, and decides whose the folder is: until then all that
    an earlier run left there stays, and from then on that run's snapshots are none.
    """

    model: Path

    @property
    def folder(self) -> Path:
        return self.model.with_suffix(".run")

    @property
    def state(self) -> Path:
        """Weights, optimiser, average, random state and losses: what it takes to go on."""
        return self.folder / "state.safetensors"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within, nobody else trains into this place; RunTaken, a sentence, if somebody does.

        Every job that writes holds it, from before it reads the state. OSError, a sentence, if
        the folder cannot be made.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(held(self.folder))
            except OSError as error:
                raise OSError(
                    f"there can be no folder {self.folder.name} here ({_reason(error)}): choose "
                    "another place for the run"
                ) from error
            yield

    def keep(self, run: Run, command: str) -> None:
        """Write the state, then the model, as they are now."""
        earlier = not self.belongs_to(run)
        self._write("state", run, lambda: save_state(run, self.state))
        if earlier:
            self.drop_others(run)
            self._drop_shown()
        self._write("model", run, lambda: run.save(self.model, command=command))

    def keep_snapshot(self, run: Run, command: str = "") -> Path:
        """Write the averaged weights of this moment in half precision, as a checkpoint.

        If nothing of the run was written yet, its state is first.
        """
        if not self.belongs_to(run):
            self.keep(run, command)
        self.drop_others(run)
        path = self.folder / "snapshots" / f"step-{run.step:08d}.safetensors"
        weights = {
            name: value.half() if value.is_floating_point() else value
            for name, value in run.ema.state_dict().items()
        }
        spec = run.spec(f"{self.model.stem} after {run.step} steps")
        spec = replace(spec, training={**spec.training, RUN: run.begun})
        self._write("snapshot", run, lambda: save(path, weights, spec))
        return path

    def belongs_to(self, run: Run) -> bool:
        """Whether the state that lies here is this run's."""
        return begun_as(self.state) == run.begun

    def drop_others(self, run: Run) -> None:
        """Delete snapshots of other runs, and of later steps, which it makes anew.

        Nothing while the state that lies here is another run's.
        """
        if not self.belongs_to(run):
            return
        for step, path in self._files():
            if step > run.step or _run_of(path) != run.begun:
                path.unlink(missing_ok=True)

    def snapshots(self) -> list[tuple[int, Path]]:
        """(step, checkpoint) of every snapshot of the run whose state lies here, earliest first.

        Without a state, of all that lie here.
        """
        begun = begun_as(self.state)
        return [
            (step, path) for step, path in self._files() if begun is None or _run_of(path) == begun
        ]

    def _files(self) -> list[tuple[int, Path]]:
        files = sorted((self.folder / "snapshots").glob("step-*.safetensors"))
        return [(int(path.stem.removeprefix("step-")), path) for path in files]

    def _drop_shown(self) -> None:
        """Delete what the page has shown of an earlier run."""
        for name in OF_THE_PAGE:
            _delete(self.folder / name)

    def remove(self) -> None:
        """Delete the model and all that belongs to it."""
        self.model.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, what: str, run: Run, write: Callable[[], object]) -> None:
        """Do it, and once more if it fails; OSError, in a sentence, if it fails again."""
        try:
            write()
        except FAILURES:
            drop_halves(self.model.parent)
            drop_halves(self.model.parent, glob.escape(self.model.stem), older=0.0)
            time.sleep(PAUSE)
            try:
                write()
            except FAILURES as error:
                todo = "free some disk space" if full_disk(error) else "fix that"
                raise OSError(
                    f"the {what} of {self.model.stem} could not be written ({_reason(error)}), "
                    f"twice; {self._kept(run)}: {todo}, then continue"
                ) from error

    def _kept(self, run: Run) -> str:
        """What is kept of the run and what is not."""
        try:
            stored = read_state(self.state)
        except CheckpointError:
            return "nothing of this run is saved"
        if not self.belongs_to(run):
            return "the earlier run of this name is intact, nothing of this one is saved"
        lost = f", what it learnt up to step {run.step} is not" if run.step > stored.step else ""
        return f"the run is kept up to step {stored.step}{lost}"


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or " ".join(str(error).split())


def _run_of(snapshot: Path) -> str | None:
    """Which run made it, as `Run.begun`; None if it cannot be read."""
    try:
        return str(describe(snapshot).training.get(RUN, ""))
    except CheckpointError:
        return None


def drop_halves(folder: Path, name: str = "*", *, older: float = 3600.0) -> None:
    """Delete what killed processes left half written of the runs of this name, a pattern.

    older : seconds since it was written to last.
    """
    patterns = (f".{name}.safetensors.*.part", f"{name}.run/**/.*.safetensors.*.part")
    for part in [path for pattern in patterns for path in folder.glob(pattern)]:
        if time.time() - _written(part) > older:
            _delete(part)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def prune(folder: Path, keep: int) -> list[str]:
    """Of all finished runs in a folder but the `keep` newest only the model is kept; their names.

    A run whose budget is not spent stays, for somebody may go on with it, and so does one that
    goes on just now. What a killed process left half written is deleted after an hour. The folder
    may be anybody's: what does not look like ours stays.
    """
    runs = sorted(folder.glob("*.run"), key=_written, reverse=True)
    runs = [path for path in runs if (path / "state.safetensors").is_file()]
    pruned = []
    for old in runs[keep:]:
        if not _finished(old / "state.safetensors"):
            continue
        with suppress(RunTaken, OSError), held(old):
            for path in old.iterdir():
                if path.name != LOCK:
                    _delete(path)
            pruned.append(old.stem)
    drop_halves(folder)
    return pruned


def _finished(state: Path) -> bool:
    """Whether the run's budget is spent; of a state that cannot be read nobody knows."""
    try:
        stored = read_state(state)
    except CheckpointError:
        return False
    config = stored.config
    return bool(
        (config.steps and stored.step >= config.steps)
        or (config.seconds and stored.seconds >= config.seconds)
    )


def _written(path: Path) -> float:
    """When it was written to last; 0 if somebody else has deleted it."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
