"""What the topic on the autoencoder shows, as a script."""

from __future__ import annotations

from explorer.gui.parts.copy_text import PYTHON, Texts

SCRIPT = '''\
"""Denoising before diffusion: an autoencoder for one noise level (Diffusion Explorer).

Save this in the Explorer's folder and run it there.
"""

import torch

from explorer.data.bundled import read_npz
from explorer.diffusion import picture_generators
from explorer.networks.autoencoder import add_noise, fresh, train

steps, seed = {steps}, {seed}
images, _, classes = read_npz("mnist-5k")  # sorted by class, 500 of each
digits = images.flatten(1).float() / 255  # (5000, 784) in [0, 1]
each = torch.arange(10)
unseen = (500 * each[:, None] + 37 * each + 11).flatten()  # ten of each class, never trained on
seen = torch.ones(len(digits), dtype=torch.bool)
seen[unseen] = False

network = fresh(seed)  # 784 -> 400 -> 400 -> 784
for loss in train(network, digits[seen], steps, seed=seed):  # noise factor 0.5, squared error
    pass
network.load_state_dict({{k: v.half() for k, v in network.state_dict().items()}})

eps = torch.stack([torch.randn(784, generator=g) for g in picture_generators(0, len(unseen))])
eps = (32 * eps).round().clamp(-127, 127) / 32  # as the page sends it
clean = digits[unseen]
for factor in (0.2, 0.5, 0.8):
    noisy = add_noise(clean, eps, factor)
    with torch.inference_mode():
        denoised = network(noisy)
    before, after = ((x - clean).square().mean().item() for x in (noisy, denoised))
    print(f"noise {{factor}}: MSE {{before:.4f}} -> {{after:.4f}}")
'''


def autoencoder_texts(steps: int, seed: int) -> Texts:
    """The script that trains it anew and measures it."""
    return Texts({PYTHON: SCRIPT.format(steps=steps, seed=seed)})
