"""python -m explorer describe: what a checkpoint says of itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from explorer.text import printable

File = Annotated[Path, arg(metavar="FILE")]


@dataclass(frozen=True)
class Describe:
    """Print what a checkpoint says of itself."""

    file: Positional[File]
    """A model, .safetensors."""


def run_describe(args: Describe) -> None:
    from explorer.checkpoints import describe

    text = json.dumps(asdict(describe(args.file)), indent=2, ensure_ascii=False)
    print(*(printable(line, len(line)) for line in text.split("\n")), sep="\n")
