"""What a run leaves on disk: its model, and beside it what is needed to go on and to look back."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError

from explorer.checkpoints import save
from explorer.training.run import Run
from explorer.training.state import save_state


@dataclass(frozen=True)
class Record:
    """NAME.safetensors, the model, and NAME.run/, the rest. Everything is written atomically.

    OSError, in one sentence, if the disk does not take it; what was there before is still whole.
    """

    model: Path

    @property
    def folder(self) -> Path:
        return self.model.with_suffix(".run")

    @property
    def state(self) -> Path:
        """Weights, optimiser, average, random state and losses: what it takes to go on."""
        return self.folder / "state.safetensors"

    def keep(self, run: Run, command: str) -> None:
        """Write the state, then the model, as they are now."""
        with plain_write_errors(self.model):
            save_state(run, self.state)
            run.save(self.model, command=command)

    def keep_snapshot(self, run: Run) -> Path:
        """Write the averaged weights of this moment in half precision, as a checkpoint."""
        self.drop_after(run.step)
        path = self.folder / "snapshots" / f"step-{run.step:08d}.safetensors"
        weights = {
            name: value.half() if value.is_floating_point() else value
            for name, value in run.ema.state_dict().items()
        }
        with plain_write_errors(path):
            save(path, weights, run.spec(f"{self.model.stem} after {run.step} steps"))
        return path

    def drop_after(self, step: int) -> None:
        """Delete snapshots of later steps, which a run that starts over makes anew."""
        for later, path in self.snapshots():
            if later > step:
                path.unlink(missing_ok=True)

    def snapshots(self) -> list[tuple[int, Path]]:
        """(step, checkpoint) of every snapshot, earliest first."""
        files = sorted((self.folder / "snapshots").glob("step-*.safetensors"))
        return [(int(path.stem.removeprefix("step-")), path) for path in files]

    def remove(self) -> None:
        """Delete the model and all that belongs to it."""
        self.model.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def plain_write_errors(path: Path) -> Iterator[None]:
    """A failed write as one OSError: safetensors has an exception of its own for a full disk."""
    try:
        yield
    except (SafetensorError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OSError(
            f"{path} could not be written ({reason}); what was kept before is still whole"
        ) from error


def prune(folder: Path, keep: int) -> None:
    """Of all but the `keep` newest runs in a folder only the model is kept.

    What a killed process left half written is deleted after an hour. The folder may be anybody's:
    what does not look like ours stays.
    """

    def age(path: Path) -> float:
        try:
            return path.stat().st_mtime
        except OSError:  # somebody else pruned it
            return 0.0

    runs = [
        path
        for path in folder.glob("*.run")
        if (path / "state.safetensors").is_file() or (path / "snapshots").is_dir()
    ]
    runs.sort(key=age, reverse=True)
    for old in runs[keep:]:
        shutil.rmtree(old, ignore_errors=True)
    ours = ".*.safetensors.*.part"
    for part in [*folder.glob(ours), *folder.glob(f"*.run/**/{ours}")]:
        if time.time() - age(part) > 3600:
            part.unlink(missing_ok=True)
