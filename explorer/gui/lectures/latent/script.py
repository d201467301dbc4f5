"""Latent diffusion as the topic runs it, as a script."""

from __future__ import annotations

from explorer.gui.lectures.latent.work import SHOWN
from explorer.gui.parts.copy_text import PYTHON, Texts

SCRIPT = '''\
"""Latent diffusion: DDIM among an autoencoder's codes, then one decoding (Diffusion Explorer).

Save this in the Explorer's folder and run it there.
"""

import time

from explorer.checkpoints import load
from explorer.figures.pictures import grid
from explorer.gui.lectures.latent.work import DIFFUSION, decode
from explorer.race import ddim, pictures

seed, steps, n = {seed}, {steps}, {n}
denoiser, spec = load(DIFFUSION)  # a U-Net of codes, 3 × 8 × 8
shape = (spec.channels, spec.size, spec.size)
begun = time.perf_counter()
codes = pictures(denoiser, ddim(spec.T, steps), shape, seed=seed, n=n)
print(f"{{n}} codes: {{time.perf_counter() - begun:.2f}} s")
grid(codes).save("codes.png")
grid(decode(codes)).save("images.png")
'''


def latent_texts(seed: int, steps: int) -> Texts:
    """The script that draws with this seed and so many steps."""
    return Texts({PYTHON: SCRIPT.format(seed=seed, steps=steps, n=SHOWN)})
