"""Measure the common mistakes of the shipped models.

python -m tools.make_stored mistakes [MODEL …] [n=PICTURES] [steps=S]

A model whose file was made of the same weights, n and S already is left out.
DIFFUSION_EXPLORER_DATA names the folder of MNIST's and Fashion-MNIST's files.
"""

from __future__ import annotations

from pathlib import Path

from explorer.checkpoints import catalogue, load
from explorer.devices import best_device
from explorer.evaluation.weights import weights_of
from explorer.gui.reverse.mistakes.look import real_pictures
from explorer.gui.reverse.mistakes.records import read, write
from explorer.gui.reverse.mistakes.sentences import seen_facts
from explorer.gui.reverse.mistakes.work import measure

CHECKPOINTS = Path("checkpoints")


def make_mistakes(*arguments: str) -> None:
    """All shipped models, 500 images a lane and S = 50, unless the arguments say otherwise."""
    numbers = {"n": 500, "steps": 50}
    given = dict(word.split("=", 1) for word in arguments if "=" in word)
    if unknown := set(given) - set(numbers):
        raise ValueError(f"{', '.join(unknown)}: give {' or '.join(f'{k}=…' for k in numbers)}")
    numbers |= {name: int(value) for name, value in given.items()}
    names = [word for word in arguments if "=" not in word]
    for name in names or [path.stem for path in catalogue(CHECKPOINTS)]:
        make_model(CHECKPOINTS / f"{name}.safetensors", **numbers)


def make_model(path: Path, n: int, steps: int) -> None:
    """About 600 evaluations of the network a picture: 500 take 40 minutes of a core."""
    device = best_device()
    denoiser, spec = load(path, device)
    before = read(spec.name)
    wanted = (weights_of(denoiser, spec), n, min(steps, spec.T))
    if before and (before.weights, before.n, before.steps) == wanted:
        print(f"{spec.name}: there already")
        return
    *_, (measured, sheet) = measure(
        denoiser, spec, real_pictures(spec), n=n, steps=steps, device=device
    )
    write(measured, sheet)
    for outcome in measured.outcomes:
        if outcome.mistake:
            print(f"η = {outcome.eta:g}, {outcome.mistake}:", *seen_facts(measured, outcome))
