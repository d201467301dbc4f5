"""What `python app.py` can be asked on the command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

LESSONS = "EXPLORER_LESSONS"
RUNS = "EXPLORER_RUNS"


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """`lessons`, paths, and `runs`, a path or None. SystemExit for what there is not.

    arguments : of the command line; None for this process's.
    """
    parser = argparse.ArgumentParser("app.py", description="Serve the Diffusion Explorer.")
    parser.add_argument(
        "--lessons",
        metavar="PATH",
        type=Path,
        action="append",
        default=[],
        help="a folder of lessons (.yaml), or one such file; may be given several times; also "
        f"{LESSONS}, where {os.pathsep!r} stands between paths (docs/lessons.md)",
    )
    parser.add_argument(
        "--runs",
        metavar="FOLDER",
        type=Path,
        help="where models and runs are kept that are trained here; by default checkpoints/runs "
        f"beside app.py, or a folder of yours where that cannot be written; also {RUNS}",
    )
    return parser.parse_args(arguments)
