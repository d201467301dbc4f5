"""The rungs drawn from one x_T as a script, and a rung's training as a command."""

from __future__ import annotations

from explorer.cli.said import as_command, train_words
from explorer.gui.lectures.ladder.rungs import SEEDS, Rung, settings
from explorer.gui.lectures.ladder.work import SHOWN, STEPS
from explorer.gui.parts.copy_text import COMMAND, PYTHON, Texts

SCRIPT = '''\
"""From a lecture's network to ours in single changes: samples of one x_T (Diffusion Explorer).

Save this in the Explorer's folder and run it there.
"""

from dataclasses import replace

from explorer.figures.pictures import grid
from explorer.gui.lectures.ladder.rungs import RUNGS
from explorer.gui.lectures.ladder.work import loaded
from explorer.race import ddim, pictures

for rung in RUNGS:
    model = loaded(rung)
    lane = replace(ddim(model.schedule.T, {steps}), clip=rung.clip)
    grid(pictures(model, lane, (1, 28, 28), seed={seed}, n={n})).save(f"{{rung.name}}.png")
    print(rung.title, sum(p.numel() for p in model.network.parameters()), "weights")
'''


def ladder_texts(rung: Rung, seed: int) -> Texts:
    """rung : the one whose training the command is."""
    words = train_words(settings(rung.run, SEEDS[0]), f"checkpoints/runs/{rung.run}.safetensors")
    return Texts(
        {
            PYTHON: SCRIPT.format(seed=seed, n=SHOWN, steps=STEPS),
            COMMAND: as_command(words) + "\n",
        }
    )
