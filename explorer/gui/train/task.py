"""What a run of the Train tab is to do, and where it may leave what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from explorer.gui.frame.room import Room
from explorer.gui.frame.runs_folder import why_not
from explorer.training import Record, Run, TrainConfig
from explorer.training.record import prune


@dataclass(frozen=True)
class RecordInRoom(Record):
    """A record that is written only if there is room for it, in the place of older runs."""

    room: Room
    bytes: int

    def check(self) -> None:
        """OSError, a sentence with the numbers, if the whole run does not fit."""
        self.room.check(self.bytes, "this run", self.model, self.folder)

    def keep(self, run: Run, command: str) -> None:
        self.check()
        super().keep(run, command)
        prune(self.model.parent, self.room.limits.runs)
        self.room.tidy(self.model, self.folder)


@dataclass(frozen=True)
class Job:
    """A run to begin, or to go on with."""

    config: TrainConfig
    model: Path
    """Where the model is written."""
    root: Path | None = None
    """Of downloaded data sets."""
    resume: bool = False
    """Whether to go on from where the run's record stands."""

    expected: float = 3600
    """Seconds that it will probably take, where that is known."""

    rate: float | None = None
    """The learning rate to go on with, if it is another one."""

    room: Room | None = None
    """What its visitor may write; None is all that the disk takes."""
    bytes: int = 0
    """That it will leave on the disk."""

    @property
    def record(self) -> Record:
        if self.room is None:
            return Record(self.model)
        return RecordInRoom(self.model, self.room, self.bytes)


def free_path(folder: Path, name: str) -> Path:
    """name.safetensors in the folder, or name-2, name-3, … if it is taken.

    It is taken from now on, by the run's folder: another run may start before this one is saved.
    """
    number, path = 1, folder / f"{name}.safetensors"
    while path.exists() or not _made(Record(path).folder):
        number += 1
        path = folder / f"{name}-{number}.safetensors"
    return path


def _made(folder: Path) -> bool:
    """Make a folder; False if it is there already. OSError, a sentence, if none can be made."""
    try:
        folder.mkdir(parents=True)
        return True
    except OSError as error:
        if isinstance(error, FileExistsError) and folder.parent.is_dir():
            return False
        why = why_not(folder.parent) or "it cannot be written"
        raise OSError(
            f"no run can be saved in the folder of runs: {why}; start the app with --runs FOLDER "
            "to keep runs elsewhere"
        ) from error
