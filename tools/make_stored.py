"""Make what the page shows before anything is computed, each by its feature's own `make.py`.

python -m tools.make_stored NAME [ARGUMENTS]    without a name: the names there are
python -m tools.make_stored all                 everything, as it is in the repository

made.json keeps of each the command, the day, the machine, and the fingerprints of the models that
it was made with, by which a test notices what is older than they are; seeds are in what is stored
or in the feature's modules. Makers of slow measurements leave what is up to date as it is, so that
`all` goes on where it was stopped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from explorer.checkpoints import load
from explorer.devices import choose_threads, hardware
from explorer.evaluation.weights import weights_of
from explorer.files import written_whole
from tools import make_cards

MNIST = ("mnist",)
MODELS = ("mnist", "mnist-linear", "fashion-mnist", "emoji")
"""Those that are for looking at pictures."""
TARGETS = ("mnist-eps", "mnist-x0", "mnist-v")
"""Those that differ in their target alone, trained more briefly, for comparing them."""


@dataclass(frozen=True)
class Maker:
    """One thing that is stored."""

    folder: str
    """In explorer/gui; its `make.py` has `make_NAME(*arguments)`."""
    models: tuple[str, ...] = ()
    """The shipped models that are asked."""
    arguments: tuple[str, ...] = ()
    """With which what is in the repository is made."""


MAKERS = {
    "quality": Maker("reverse.quality", MODELS, (*MODELS, "--n", "512")),
    "mistakes": Maker("reverse.mistakes", (*MODELS, *TARGETS), ("n=200", "steps=20")),
    "verdicts": Maker("reverse.round_trip", MODELS, MODELS),
    "draws": Maker("reverse.round_trip", MNIST, ("64", *MNIST)),
    "trip": Maker("reverse.round_trip", MNIST),
    "spread": Maker("reverse.spread", MNIST, ("16",)),
    "race": Maker("reverse", MNIST),
    "guidance": Maker("reverse.guidance", MNIST),
    "bound": Maker("lectures.bound", (*MODELS, *TARGETS)),
    "forms": Maker("lectures.bound.forms"),
    "targets": Maker("lectures.targets", TARGETS),
    "inside": Maker("lectures.inside", MNIST),
    "autoencoder": Maker("lectures.autoencoder", MNIST),
    "sde": Maker("lectures.sde"),
    "generative": Maker("lectures.generative", MNIST),
    "latent": Maker("lectures.latent", MNIST),
    "ladder": Maker("lectures.ladder"),
    "plane": Maker("plane"),
    "order": Maker("plane.order"),
    "runs": Maker("train", arguments=("400",)),
    "lectures": Maker("lectures.pages"),
    "home": Maker("lectures.home"),  # from what the others stored
}
"""Name -> what makes it."""
ALL = "all"
RECORDS = Path(__file__).with_name("made.json")


def module_of(name: str) -> ModuleType:
    """The `make.py` of one of `MAKERS`."""
    return import_module(f"explorer.gui.{MAKERS[name].folder}.make")


def records() -> dict[str, dict[str, Any]]:
    """How each of `MAKERS` was made last, by its name."""
    found: dict[str, dict[str, Any]] = (
        json.loads(RECORDS.read_text("utf-8")) if RECORDS.exists() else {}
    )
    return found


def fingerprint_of(model: str) -> str:
    """Of the weights of a shipped model."""
    denoiser, spec = load(Path(f"checkpoints/{model}.safetensors"))
    return weights_of(denoiser, spec)


def make(name: str, arguments: Sequence[str]) -> None:
    """Make it, and write down how."""
    maker = MAKERS[name]
    getattr(module_of(name), f"make_{name}")(*arguments)
    known = records()  # only now: another one may have been made meanwhile
    asked = [model for model in maker.models if model in arguments] or maker.models
    before = known.get(name, {}).get("models", {})
    known[name] = {
        "command": " ".join(["python -m tools.make_stored", name, *arguments]),
        "date": date.today().isoformat(),
        "hardware": hardware(torch.device("cpu")),
        "torch": torch.__version__,
        "models": before | {model: fingerprint_of(model) for model in asked},
    }
    with written_whole(RECORDS) as part:
        part.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def main(words: list[str]) -> int:
    """The exit code."""
    if not words or words[0] not in (ALL, *MAKERS) or (words[0] == ALL and words[1:]):
        print(f"choose one of: {', '.join([ALL, *MAKERS])}", file=sys.stderr)
        return 2
    choose_threads()
    if words[0] != ALL:
        make(words[0], words[1:])
        return 0
    for name, maker in MAKERS.items():
        print(f"== {name}", flush=True)
        make(name, maker.arguments)
    make_cards.main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
