"""A race's settings -> a script that runs it once more."""

from __future__ import annotations

from typing import Any

from explorer.diffusion.samplers import DDIM, DDPM, SAMPLERS
from explorer.diffusion.times import BY_SCHEDULE
from explorer.export.check import check_settings

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


def _lane(lane: dict[str, Any]) -> str:
    """The call that makes the lane; what is as usual is left out."""
    if lane.get("breaks") or lane.get("clamp"):
        return f"lane_from(\n        {lane!r},\n        denoiser.schedule,\n    )"
    options = SAMPLERS[lane["sampler"]].options
    said = {k: v for k, v in lane.items() if k in options and v != options[k].default}
    if lane["sampler"] not in (DDPM.name, DDIM.name):  # these have functions of their own
        named = [repr(lane["sampler"]), "denoiser.schedule"]
        words = [*named, *(f"{name}={value!r}" for name, value in said.items())]
        return f"lane_of({', '.join(words)})"
    first = "denoiser.schedule" if lane.get("spacing") in BY_SCHEDULE else "spec.T"
    steps = [repr(lane["steps"])] if "steps" in options else []
    said.pop("steps", None)
    words = [first, *steps, *(f"{name}={value!r}" for name, value in said.items())]
    return f"{lane['sampler']}({', '.join(words)})"
