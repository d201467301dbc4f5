"""`python -m tests.hostile`: the whole corpus through its doors, in a process of bounded memory.

--sample N takes N files of each door, drawn from a seed; --app starts the app and tries its gates
instead (see `gates`).
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import sys
import tempfile
import traceback
from pathlib import Path

import torch

from tests.export.capsules import PACKED
from tests.hostile.case import Case
from tests.hostile.doors import DOORS, lead_through
from tests.hostile.gates import came_through, running_app
from tests.hostile.make import make
from tests.hostile.pictures import saved, sketch
from tests.hostile.tensors import checkpoint
from tests.hostile.zips import zipped

ROOM = 400
"""MB of memory that all files together may add to the process at its fullest."""


def fullest() -> float:
    """MB that the process has had at most."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> int:
    """0 if every file was taken rightly or refused with a sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="so many files of each door")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--app", action="store_true", help="try the gates of the app instead")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.app:
        with running_app() as address:
            through = came_through(address)
        print(*through, f"{len(through)} requests came through the app's gates", sep="\n")
        return bool(through)
    wrong, counts = 0, {"taken": 0, "refused": 0}
    with tempfile.TemporaryDirectory() as name:
        paths = made(Path(name))
        if args.sample:
            paths = drawn(paths, args.sample, args.seed)
        warm_up()
        begun, most, hungry = fullest(), 0.0, ""
        for path in paths:
            before, called = fullest(), str(path.relative_to(name))
            try:
                counts[lead_through(path)] += 1
            except Exception as error:  # whatever a door lets through is told of, all the same
                wrong += 1
                print(f"{called}: {error!r}"[:600])
                if not isinstance(error, AssertionError):
                    traceback.print_exc(limit=-4)
            if (grown := fullest() - before) > most:
                most, hungry = grown, called
        added = fullest() - begun
    print(
        f"{len(paths)} files: {counts}, {wrong} wrong; {added:.0f} MB more at the fullest, "
        f"{most:.0f} of them for {hungry}"
    )
    if added > ROOM:
        print(f"{ROOM} MB are allowed")
    return bool(wrong) or added > ROOM


def warm_up() -> None:
    """A good file through each door that loads libraries: they are no file's memory."""
    with tempfile.TemporaryDirectory() as name:
        for door, called, data in (
            ("pictures", "a.jpg", saved(sketch(), "JPEG")),
            ("zips", "a.zip", zipped()),
            ("checkpoints", "a.safetensors", checkpoint()),
            ("capsules", "a.race.zip", PACKED),
        ):
            lead_through(Case(door, "taken", called, data).write(Path(name)))


def made(folder: Path) -> list[Path]:
    """The corpus, written by a process of its own, whose memory is not counted."""
    process = multiprocessing.get_context("fork").Process(target=make, args=(folder,))
    process.start()
    process.join()
    assert process.exitcode == 0
    return sorted(path for path in folder.rglob("*") if path.is_file())


def drawn(paths: list[Path], n: int, seed: int) -> list[Path]:
    """n of each door, in their order."""
    chance, kept = random.Random(seed), []
    for door in DOORS:
        own = [path for path in paths if path.parts[-3] == door]
        chosen = set(chance.sample(own, min(n, len(own))))
        kept += [path for path in own if path in chosen]
    return kept


if __name__ == "__main__":
    raise SystemExit(main())
