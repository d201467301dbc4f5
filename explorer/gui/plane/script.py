"""What Plane shows, as a script."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.gui.parts.copy_text import PYTHON, Texts
from explorer.gui.plane.work import FRAMES, MIXTURE, PlaneSettings, T
from explorer.plane.points import OWN

SCRIPT = '''\
"""Plane: samples of two samplers (Diffusion Explorer).

Save this in the Explorer's folder and run it there.
"""

{imports}

seed, T = {seed}, {T}
schedule = make_schedule("cosine", T, s=0.0)
{points}
x_T = noise({samples}, seed)  # the same for both panels and all denoisers

denoisers = {{"ideal": GaussianMixture(x0, schedule)}}  # the exact E[x_0 | x_t] of these points
{more}
print("mean distance to the nearest training point")
for name, denoise in denoisers.items():
    for side, sampler in (("left", "{left}"), ("right", "{right}")):
        lane = lane_on(schedule, sampler, {steps})
        keep = thinned(lane.times, {frames})  # the frames that the page shows
        paths = sampled_paths(denoise, schedule, lane, x_T, seed=seed, role=side, keep=keep)
        samples = paths.x[-1]  # at t = 0; (n, 2)
        print(f"{{name}}, {{lane.name}}: {{nearest(samples, x0):.4f}}")
'''
EXACT = """\
law = GaussianMixture(gaussian_means(), schedule, std=SPREAD)
denoisers["exact"] = law  # of the distribution that they were drawn from"""
TRAINED = """\
learner = Learner(x0, schedule, seed=seed, target="v")
for step in fit(learner, steps={steps}):  # squared error of v, by AdamW
    pass
print(f"trained for {{step.step}} steps, loss {{step.loss:.3f}}")
denoisers["trained"] = learner.denoiser"""


def plane_texts(asked: PlaneSettings, losses: Sequence[Sequence[float]]) -> Texts:
    """The script for these settings; losses : (step, loss) of the network, if there is one.

    A network that was given seconds slowed its learning down by the clock: trained again for as
    many steps it comes close, no more.
    """
    plane = {"lane_on", "nearest", "noise", "sampled_paths", "thinned"}
    more, imports = [], ["from explorer.diffusion import GaussianMixture, make_schedule"]
    if asked.data == OWN:
        rows = ", ".join(f"({x:g}, {y:g})" for x, y in asked.own)
        points = f"x0 = torch.tensor([{rows}])"
        imports.insert(0, "import torch\n")
    else:
        points = f"x0 = make_points({asked.data!r}, {asked.points}, seed)  # (N, 2)"
        plane.add("make_points")
    if asked.data == MIXTURE:
        more.append(EXACT)
        plane.add("gaussian_means")
        imports.append("from explorer.plane.points import SPREAD")
    if losses:
        more.append(TRAINED.format(steps=int(losses[-1][0])))
        plane |= {"Learner", "fit"}
    imports.insert(-1 if asked.data == MIXTURE else len(imports),
                   f"from explorer.plane import {', '.join(sorted(plane))}")  # fmt: skip
    script = SCRIPT.format(
        imports="\n".join(imports),
        seed=asked.seed,
        T=T,
        points=points,
        samples=asked.samples,
        more="".join(f"{part}\n" for part in more),
        left=asked.left,
        right=asked.right,
        steps=asked.steps,
        frames=FRAMES,
    )
    return Texts({PYTHON: script})
