"""What Forward shows, as a script."""

from __future__ import annotations

from explorer.data import PHOTOS
from explorer.gui.parts.copy_text import PYTHON, Texts

SCRIPT = '''\
"""Forward: one image and one noise under two schedules (Diffusion Explorer).

Save this in the Explorer's folder and run it there.
"""

import numpy as np
import torch
from PIL import Image

from explorer.data import {imports}
from explorer.diffusion import forward, make_schedule
from explorer.figures.pictures import grid

T, size, seed = {T}, {size}, {seed}
{image}
pixels = np.array(square(image, size))  # (size, size, 3), 0…255
x0 = to_tensor(torch.from_numpy(pixels).permute(2, 0, 1)[None])  # (1, 3, size, size), −1…1
eps = torch.randn(3, size, size, generator=torch.Generator().manual_seed(seed))

for name, t in (("{left}", {{{{left}}}}), ("{right}", {{{{right}}}})):
    schedule = make_schedule(name, T)
    q = forward(schedule, x0, t)  # N(√ᾱ_t x_0, (1 − ᾱ_t) I): Ho et al. 2020, eq. 4
    x_t = q.mean + q.std * eps
    grid(x_t, gap=0).save(f"forward-{{name}}.png")
    print(f"forward-{{name}}.png: t = {{t}}, alpha_bar = {{schedule.alpha_bar[t].item():.6g}}")
'''
OWN = 'image = Image.open("my-image.jpg").convert("RGB")  # your image: it is not in this script'
SMALL = """\
image = Image.fromarray(load("{data}").images[{index}].permute(1, 2, 0).squeeze(-1).numpy())
image = image.convert("RGB").resize((256, 256), Image.Resampling.NEAREST)"""
START = 0.3
"""Where the slider stands at first, of T."""


def forward_texts(
    name: str,
    index: int | None,
    *,
    resolution: int,
    T: int,
    seed: int,
    schedules: tuple[str, str],
) -> Texts:
    """The script for an image under two schedules; the browser knows both t.

    name : a bundled photo, or with `index` a data set; "" is an image of the visitor's own.
    """
    if name in PHOTOS:
        needed, image = ["photo"], f"image = photo({name!r})"
    elif index is not None:
        needed, image = ["load"], SMALL.format(data=name, index=index)
    else:
        needed, image = [], OWN
    left, right = schedules
    script = SCRIPT.format(
        imports=", ".join([*needed, "square", "to_tensor"]),
        image=image,
        T=T,
        size=resolution,
        seed=seed,
        left=left,
        right=right,
    )
    if "Image." not in image:
        script = script.replace("from PIL import Image\n", "")
    t = round(START * T)
    return Texts({PYTHON: script}, {"left": t, "right": t})
