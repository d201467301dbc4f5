"""A race's settings -> a script that runs it once more."""

from __future__ import annotations

from typing import Any

from explorer.checkpoints import MAX_T
from explorer.export.fields import choice, each, listed, real, table, text, whole
from explorer.race.lanes import BREAKS

KEYS = ("model", "seed", "labels", "pictures", "guidance", "lanes")
OPTIONAL = ("classifier_scale",)
"""What older races do not say: 0, no classifier."""
SAMPLERS = {"ddpm": ("variance",), "ddim": ("steps", "eta", "spacing", "variance")}
"""What can be said of a lane of each sampler; all but the steps have defaults."""
MAX_PICTURES, MAX_LANES = 16, 4

SCRIPT = '''\
"""A race of the Diffusion Explorer, once more: save this in the Explorer's folder and run it."""

{imports}

denoiser, spec = load({path!r})
{guidance}lanes = [
{lanes}
]
shape = (spec.channels, spec.size, spec.size)

ends = {{}}
for entry in race(denoiser, lanes, shape, seed={seed!r}, {pictures}):
    ends[entry.lane] = entry.frame.x  # (n, C, H, W); at t = 0 the pictures

for lane, pictures in ends.items():
    grid(pictures).save(f"lane-{{lane + 1}}.png")
    print(f"lane-{{lane + 1}}.png: {{lanes[lane].evaluations}} evaluations")
'''


def python_snippet(settings: dict[str, Any], path: str | None = None) -> str:
    """A script that repeats the race that `settings` (see `check_settings`) describe.

    It loads the checkpoint, runs the lanes and writes a PNG for each. On the same device with the
    same software its pictures are the race's, bit for bit. All that strangers may have written is
    checked and stands there as a literal. ValueError if the settings do not describe a race.

    path : where the checkpoint is, seen from the Explorer's folder; checkpoints/MODEL.safetensors
        unless it is given.
    """
    if not settings:
        raise ValueError("this race does not say how it was made; run it again to get its script")
    check_settings(settings)
    guided = {"guidance": settings["guidance"]} if settings["guidance"] != 1 else {}
    if scale := settings.get("classifier_scale", 0):
        guided["classifier_scale"] = scale
    said = ", ".join(f"{name}={value!r}" for name, value in guided.items())
    labels, lanes = settings["labels"], [_lane(lane) for lane in settings["lanes"]]
    names = sorted({call.split("(")[0] for call in lanes} | {"race"})
    imports = [
        "from explorer.checkpoints import load",
        "from explorer.figures.pictures import grid",
        *(["from explorer.guides import guide"] if guided else []),
        f"from explorer.race import {', '.join(names)}",
    ]
    return SCRIPT.format(
        imports="\n".join(imports),
        path=path or f"checkpoints/{settings['model']}.safetensors",
        guidance=f"denoiser = guide(denoiser, spec, {said})\n" if guided else "",
        lanes="\n".join(f"    {lane}," for lane in lanes),
        seed=settings["seed"],
        pictures=f"n={settings['pictures']!r}" if labels is None else f"labels={labels!r}",
    )


def check_settings(settings: Any, T: int = MAX_T) -> dict[str, Any]:
    """The settings of a race as they are; ValueError for anything else.

    {"model": a name, "seed": int, "labels": a class (−1 for none) for each picture or None,
    "pictures": 1…16, "guidance": float, "lanes": 1 to 4 of `explorer.race.lane_from`}, and maybe
    "classifier_scale": float, which is 0 without.
    T : the model's steps, which no lane may exceed.
    """
    table(settings, KEYS, "settings", OPTIONAL)
    text(settings["model"], 200, "model")
    whole(settings["seed"], 0, 2**63 - 1, "seed")
    n = whole(settings["pictures"], 1, MAX_PICTURES, "pictures")
    real(settings["guidance"], 0, 1000, "guidance")
    real(settings.get("classifier_scale", 0), 0, 1000, "classifier_scale")
    if settings["labels"] is not None:
        each(listed(settings["labels"], n, n, "labels"), whole, -1, 100_000, "label")
    for lane in listed(settings["lanes"], 1, MAX_LANES, "lanes of the settings"):
        _check_lane(lane, T)
    return settings


def _check_lane(lane: Any, T: int) -> None:
    known = [*dict.fromkeys(key for keys in SAMPLERS.values() for key in keys), "breaks"]
    table(lane, ("sampler",), "a lane's settings", known)
    sampler = choice(lane["sampler"], SAMPLERS, "sampler")
    needed = ("sampler", "steps") if sampler == "ddim" else ("sampler",)
    table(lane, needed, f"{sampler}'s settings", [*SAMPLERS[sampler], "breaks"])
    choice(lane.get("variance", "posterior"), ("posterior", "beta"), "variance")
    choice(lane.get("spacing", "uniform"), ("uniform", "quadratic"), "spacing")
    whole(lane.get("steps", 1), 1, T, "steps")
    real(lane.get("eta", 0), 0, 1, "eta")
    each(listed(lane.get("breaks", []), 0, len(BREAKS), "breaks"), choice, BREAKS, "break")


def _lane(lane: dict[str, Any]) -> str:
    """The call that makes the lane; what is as usual is left out."""
    if lane.get("breaks"):
        return f"lane_from(\n        {lane!r},\n        denoiser.schedule,\n    )"
    usual = {"variance": "posterior", "eta": 0, "spacing": "uniform"}
    said = [f"{key}={lane[key]!r}" for key in usual if key in lane and lane[key] != usual[key]]
    steps = [repr(lane["steps"])] if lane["sampler"] == "ddim" else []
    return f"{lane['sampler']}({', '.join(['spec.T', *steps, *said])})"
