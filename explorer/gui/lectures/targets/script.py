"""Samples of three models that predict different things, as a script."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.gui.lectures.targets.work import SAMPLES, STEPS
from explorer.gui.parts.copy_text import PYTHON, Texts

SCRIPT = '''\
"""ε, x_0 or v: models that predict different things, from one noise (Diffusion Explorer).

Save this in the Explorer's folder and run it there.
"""

from explorer.checkpoints import load
from explorer.figures.pictures import grid
from explorer.race import ddim, race

for path in {paths}:
    denoiser, spec = load(path)
    shape, lane = (spec.channels, spec.size, spec.size), ddim(spec.T, min({steps}, spec.T))
    labels = [i % len(spec.classes) for i in range({n})] if spec.classes else None
    far = 0.0  # how far the network's x̂_0 goes beyond black and white, before it is clipped
    for entry in race(denoiser, [lane], shape, seed={seed}, labels=labels, n={n}):
        if entry.unclipped is not None:
            far = max(far, entry.unclipped.abs().max().item())
    grid(entry.frame.x, columns={n}).save(f"{{spec.name}}.png")
    print(f"{{spec.name}} predicts {{spec.target}}: max |x0_hat| before clipping {{far:.2f}}")
'''


def targets_texts(paths: Sequence[str], seed: int) -> Texts:
    """paths : of the models that are here, seen from the Explorer's folder."""
    return Texts({PYTHON: SCRIPT.format(paths=tuple(paths), seed=seed, steps=STEPS, n=SAMPLES)})
