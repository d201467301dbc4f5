"""The variational bound of a model, as a script and as a command."""

from __future__ import annotations

from explorer.checkpoints import Spec
from explorer.cli.said import as_command
from explorer.data import DATASETS
from explorer.gui.parts.copy_text import COMMAND, PYTHON, Texts

SCRIPT = '''\
"""The variational bound of a model, term by term (Diffusion Explorer).

Save this in the Explorer's folder and run it there.
"""

from explorer.checkpoints import load
from explorer.evaluation.bound import measure_bound
from explorer.evaluation.held_out import choose_pictures

denoiser, spec = load("{path}")
pictures = choose_pictures(spec, {n}, bundled=True)
for result in measure_bound(denoiser, spec, pictures, count={times}, seed={seed}):
    pass  # a range of t after the other; the last result is the whole bound

print(f"{{result.model}}: {{result.pictures}}, bits/dim +- standard error")
print(f"prior matching L_T          {{result.prior.value:.3e}}")
for variance, line in result.lines.items():  # of a step back: σ² = β_t or β̃_t
    print(f"variance {{variance}}")
    matching, total = line.matching, line.total
    print(f"  denoising matching        {{matching.value:.4f}} +- {{matching.error:.4f}}")
    print(f"  reconstruction L_0        {{line.reconstruction.value:.4f}}")
    print(f"  total                     {{total.value:.4f}} +- {{total.error:.4f}}")
'''


def bound_texts(path: str, spec: Spec, n: int, times: int, seed: int) -> Texts:
    """Script, and the command where it takes the same pictures: it downloads what is not bundled.

    path : of the checkpoint, seen from the Explorer's folder.
    """
    texts = {PYTHON: SCRIPT.format(path=path, n=n, times=times, seed=seed)}
    if spec.data in DATASETS and DATASETS[spec.data].bundled:
        words = ["evaluate", path, "--bound", "--n", str(n), "--times", str(times)]
        texts[COMMAND] = as_command([*words, "--seed", str(seed)]) + "\n"
    return Texts(texts)
