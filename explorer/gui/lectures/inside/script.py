"""One noisy picture and a network that is told different times, as a script."""

from __future__ import annotations

from explorer.checkpoints import Spec
from explorer.data.bundled import examples
from explorer.gui.lectures.inside.work import PICTURES
from explorer.gui.parts.copy_text import PYTHON, Texts

SCRIPT = '''\
"""Inside the network: one x_t, told different times (Diffusion Explorer).

Save this in the Explorer's folder and run it there.
"""

import torch
from PIL import Image

from explorer.checkpoints import load
from explorer.data.bundled import examples
from explorer.diffusion import forward, picture_generators, randn
from explorer.race.round_trip import as_seen, difference

denoiser, spec = load("{path}")
t, picture, seed = {t}, {picture}, {seed}
images = examples(spec.data)  # (N, C, H, W), 0…255
stride = len(images) // {pictures}
pixels = images[(picture - 1) * stride + stride // 3].permute(1, 2, 0).squeeze(-1)
image = Image.fromarray(pixels.numpy()).convert("RGB")
x0 = as_seen(image, spec.channels, spec.size)[None]  # (1, C, H, W) in [−1, 1]
q = forward(denoiser.schedule, x0, t)
x_t = q.mean + q.std * randn(x0, picture_generators(seed, 1))
print(f"x_t itself: RMS {{difference(x_t, x0).item():.3f}}")

for told in (t, t // 2, min(2 * t, spec.T)):
    with torch.inference_mode():
        output = denoiser.network(x_t, torch.tensor([told]))
    believed = denoiser.read(x_t, t, output)  # x̂_0, computed with the true t
    print(f"told t = {{told}}: RMS {{difference(believed, x0).item():.3f}}")
'''
NONE = "# The images of this model do not come with the Explorer: choose another model.\n"


def inside_texts(path: str, spec: Spec, picture: int, t: int, seed: int) -> Texts:
    """path : of the checkpoint, seen from the Explorer's folder."""
    known = examples(spec.data)
    if known is None or known.shape[1] != spec.channels:
        return Texts({PYTHON: NONE})
    values = {"path": path, "t": t, "picture": picture, "seed": seed, "pictures": PICTURES}
    return Texts({PYTHON: SCRIPT.format(**values)})
