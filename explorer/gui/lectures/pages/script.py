"""A lecture's step as a script, and its run as commands."""

from __future__ import annotations

from explorer.cli.said import as_command, train_words
from explorer.data import BUNDLED
from explorer.gui.lectures.pages.work import SEED
from explorer.gui.parts.copy_text import COMMAND, PYTHON, Texts
from explorer.lectures import Lecture, adapt, run_settings
from explorer.settings.training import TrainConfig

STEP = '''\
"""{title}: a step of its samplers (Diffusion Explorer).

Save this in the Explorer's folder and run it there.
"""

from explorer.lectures import LECTURES

lecture = LECTURES["{name}"]
schedule, t = lecture.make_schedule(), {t}
beta = schedule.betas[t - 1].item()
print(f"t = {{t}}: alpha_bar_t = {{schedule.values[t]:.5g}}, beta_t = {{beta:.3g}}")
'''
LANES = """\
for lane in lecture.make_lanes(schedule):
    if t > lane.times[0]:
        print(f"{lane.title}: begins at t = {lane.times[0]}")
        continue
    s = max(0, t - schedule.T // lane.evaluations)  # the time that the step goes to
    _, _, of_x0, of_eps, of_z, *_ = lane.coefficients(schedule, (t, s))
    print(f"{lane.name}: x_{s} = {of_x0:.4g} x0_hat + {of_eps:.4g} eps_hat + {of_z:.4g} z")
"""
LOOK = """\
signal = schedule.values[t] ** 0.5
noise = (1 - schedule.values[t]) ** 0.5
print(f"x0_hat = {1 / signal:.4g} x_t - {noise / signal:.4g} eps_hat")
"""
STEPS = 300
"""Of the runs that the page stores."""


def lecture_texts(name: str, lecture: Lecture, t: int) -> Texts:
    """The step from t; what trains the lecture's network as the stored run was, and samples it."""
    step = STEP.format(title=lecture.title, name=name, t=t)
    model = f"checkpoints/runs/{name}.safetensors"
    asked = run_settings(lecture, adapt(lecture, BUNDLED, shared=True))
    train = train_words(TrainConfig(**asked, steps=STEPS, seed=SEED), model)
    sample = ["sample", model, "--lecture", name, "--seed", str(SEED), "--out", f"{name}.png"]
    commands = "".join(as_command(words) + "\n" for words in (train, sample))
    return Texts({PYTHON: step + (LOOK if lecture.looks else LANES), COMMAND: commands})
