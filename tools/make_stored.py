"""Make what the page shows before anything is computed, each by its feature's own `make.py`.

python -m tools.make_stored NAME [ARGUMENTS]    without a name: the names there are
"""

from __future__ import annotations

import sys
from importlib import import_module

from explorer.devices import choose_threads

MAKERS = {
    "runs": "train",
    "race": "reverse",
    "quality": "reverse.quality",
    "trip": "reverse.round_trip",
    "verdicts": "reverse.round_trip",
    "draws": "reverse.round_trip",
    "spread": "reverse.spread",
    "guidance": "reverse.guidance",
    "mistakes": "reverse.mistakes",
    "plane": "plane",
    "order": "plane.order",
    "autoencoder": "lectures.autoencoder",
    "bound": "lectures.bound",
    "targets": "lectures.targets",
    "sde": "lectures.sde",
    "inside": "lectures.inside",
    "lectures": "lectures.pages",
}
"""Name -> the folder in explorer/gui, whose `make.py` has `make_NAME(*arguments)`."""


def main(words: list[str]) -> int:
    """The exit code."""
    if not words or words[0] not in MAKERS:
        print(f"choose one of: {', '.join(MAKERS)}", file=sys.stderr)
        return 2
    name, *arguments = words
    choose_threads()
    module = import_module(f"explorer.gui.{MAKERS[name]}.make")
    getattr(module, f"make_{name}")(*arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
