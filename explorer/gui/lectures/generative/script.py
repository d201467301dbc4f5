"""What the topic on generative models draws live, as a script."""

from __future__ import annotations

from explorer.gui.lectures.generative.work import SHOWN, STEPS
from explorer.gui.parts.copy_text import PYTHON, Texts

SCRIPT = '''\
"""A VAE, a GAN and diffusion, asked for images of one seed (Diffusion Explorer).

Save this in the Explorer's folder and run it there.
"""

import time

from explorer.checkpoints import load
from explorer.figures.pictures import grid
from explorer.gui.lectures.generative.work import draw
from explorer.race import ddim, pictures

seed, n = {seed}, {n}
for name in ("vae", "gan"):  # z ~ N(0, I), one pass
    begun = time.perf_counter()
    images = draw(name, seed, 0, n)
    print(f"{{name}}: {{time.perf_counter() - begun:.3f}} s")
    grid(images).save(f"{{name}}.png")

denoiser, spec = load("checkpoints/{model}.safetensors")
begun = time.perf_counter()
shape = (spec.channels, spec.size, spec.size)
images = pictures(denoiser, ddim(spec.T, {steps}), shape, seed=seed, n=n)  # told no class
print(f"ddim: {{time.perf_counter() - begun:.3f}} s")
grid(images).save("ddim.png")
'''


def generative_texts(seed: int, model: str = "mnist") -> Texts:
    """The script that draws with this seed."""
    return Texts({PYTHON: SCRIPT.format(seed=seed, n=SHOWN, steps=STEPS, model=model)})
