"""Three models that differ in what they predict: errors over t, and samples from one noise."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from explorer.checkpoints import Spec, load
from explorer.data import from_tensor
from explorer.devices import hardware
from explorer.diffusion import Denoiser, Mean, Schedule, make_schedule, picture_generators, randn
from explorer.diffusion.process import forward
from explorer.evaluation.held_out import Pictures, choose_pictures
from explorer.evaluation.weights import weights_of
from explorer.files import written_whole
from explorer.gui.frame.context import Context
from explorer.inference import prepare, shared
from explorer.race import ddim, race

STORED = Path(__file__).with_name("stored") / "targets.npz"
MODELS: Mapping[str, str] = {"eps": "mnist-eps", "x0": "mnist-x0", "v": "mnist-v"}
"""What is predicted -> the shipped model that predicts it."""
SYMBOLS = {"eps": "ε", "x0": "x₀", "v": "v"}
TIMES = (1, 2, 4, 8, 16, 32, 64, *range(100, 901, 100), 950, 970, 980, 990, 995, 998, 1000)
N, SEED, STEPS, SAMPLES = 256, 7, 50, 10
SAME = ("data", "size", "network", "network_config", "schedule", "T", "schedule_options")
SAME_TRAINING = (
    "steps", "batch", "accumulate", "learning_rate", "warmup", "final_rate", "weight_decay",
    "clip_norm", "ema", "weighting", "conditional", "label_dropout", "flips", "fit", "seed",
    "precision",
)  # fmt: skip
"""What must be equal for the target to be the only difference."""


@dataclass(frozen=True)
class Model:
    """One of the three, as it was when it was measured."""

    name: str
    target: str
    weights: str
    """Fingerprint, see `weights.fingerprint`."""
    trained: Mapping[str, Any]
    """What of its description decides how it was trained, see `SAME` and `SAME_TRAINING`."""


@dataclass(frozen=True, eq=False)
class Errors:
    """‖x̂_0 − x_0‖² / D of every picture, x̂_0 as it came and clipped to [−1, 1]."""

    times: tuple[int, ...]
    raw: Tensor
    """(models, times, n), float32."""
    clipped: Tensor
    pictures: str
    """What they are."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """Samples so far, of the models there are, from one x_T and of the same classes."""

    seed: int
    steps: int
    names: tuple[str, ...]
    times: tuple[tuple[int, ...], ...]
    """Of each model, the t whose x̂_0 is known."""
    reach: tuple[tuple[float, ...], ...]
    """max |x̂_0| before clipping over all pictures, at these t."""
    pictures: Tensor
    """(models, samples, C, H, W), uint8: what is there of x."""
    classes: tuple[str, ...] = ()
    running: bool = False


@dataclass(frozen=True, eq=False)
class Stored:
    """What the topic opens with."""

    models: tuple[Model, ...]
    schedule: tuple[str, int, Mapping[str, float]]
    errors: Errors
    drawn: Drawn
    seed: int
    hardware: str = ""
    date: str = ""
    script: str = field(default="python -m tools.make_stored targets")

    def make_schedule(self) -> Schedule:
        """The models'."""
        name, T, options = self.schedule
        return make_schedule(name, T, **options)


def find_models(context: Context) -> tuple[dict[str, tuple[Path, Spec]], list[str]]:
    """Those of `MODELS` that are here, and a sentence for each that is not."""
    found, lacking = {}, []
    models = context.models("")
    for target, name in MODELS.items():
        if name in models and models[name][1].target == target:
            found[target] = models[name]
        else:
            lacking.append(
                f"{name}, which predicts {SYMBOLS[target]}, is not here: python -m explorer train "
                f"--data mnist --size 28 --steps 5000 --ema 0.999 --target {target} --out "
                f"checkpoints/{name}.safetensors makes it"
            )
    return found, lacking


def model_of(name: str, spec: Spec, weights: str) -> Model:
    """With all that must be the same of the three."""
    trained = {name: getattr(spec, name) for name in SAME}
    trained |= {name: spec.training.get(name) for name in SAME_TRAINING}
    trained["weighting"] = trained["weighting"] or "simple"  # older headers do not say it
    return Model(name, spec.target, weights, json.loads(json.dumps(trained)))


def differences(models: Sequence[Model]) -> list[str]:
    """What else than the target they differ in: "steps: 768, 5000"."""
    found = []
    for name in (*SAME, *SAME_TRAINING):
        values = [model.trained.get(name) for model in models]
        if any(value != values[0] for value in values):
            found.append(f"{name}: {', '.join(str(value) for value in values)}")
    return found


@torch.no_grad()
def measure_errors(
    denoiser: Denoiser,
    pictures: Pictures,
    times: Sequence[int],
    *,
    seed: int,
    device: torch.device,
    batch: int = 64,
) -> tuple[Tensor, Tensor]:
    """‖x̂_0 − x_0‖² / D at each t, before clipping and after; (times, n) each, float32.

    Picture i draws the same noise for every model of a seed. No class is told.
    """
    network = prepare(denoiser.network, device, exact=True)
    free = replace(denoiser, network=network, clip=False)
    x0, generators = pictures.x0.to(device), picture_generators(seed, len(pictures.x0))
    raw: list[Tensor] = []
    clipped: list[Tensor] = []
    for t in times:
        q = forward(denoiser.schedule, x0, t)
        x_t = q.mean + q.std * randn(x0, generators)
        guess = torch.cat([free(part, t) for part in x_t.split(batch)])
        for kept, x in ((raw, guess), (clipped, guess.clamp(-1, 1))):
            kept.append((x.double() - x0.double()).square().flatten(1).mean(1).float().cpu())
    return torch.stack(raw), torch.stack(clipped)


def run_draw(
    paths: Mapping[str, Path],
    seed: int,
    device: torch.device,
    stopped: Callable[[], bool],
    steps: int = STEPS,
) -> Iterator[Drawn]:
    """DDIM from the same x_T and of the same classes, a model after the other."""
    drawn: Drawn | None = None
    for path in paths.values():
        denoiser, spec = shared(path, device)
        n = SAMPLES
        labels = [i % len(spec.classes) for i in range(n)] if spec.classes else None
        shape = (spec.channels, spec.size, spec.size)
        lane = ddim(spec.T, min(steps, spec.T))
        ready = replace(denoiser, network=prepare(denoiser.network, device))
        entries = race(ready, [lane], shape, seed=seed, labels=labels, n=n, device=device)
        if drawn is None:
            classes = tuple(spec.classes[k] for k in labels or ())
            nothing = torch.empty(0, n, *shape, dtype=torch.uint8)
            drawn = Drawn(seed, steps, (), (), (), nothing, classes, running=True)
        before, times, reach = drawn, [], []
        for entry in entries:
            if entry.unclipped is not None:
                times.append(entry.frame.t)
                reach.append(entry.unclipped.abs().max())
            if entry.frame.t and stopped():
                yield replace(drawn, running=False)
                return
        drawn = replace(
            before,
            names=(*before.names, path.stem),
            times=(*before.times, tuple(times)),
            reach=(*before.reach, tuple(value.item() for value in reach)),
            pictures=torch.cat([before.pictures, from_tensor(entry.frame.x.cpu())[None]]),
        )
        yield drawn
    if drawn is not None:
        yield replace(drawn, running=False)


def make(n: int = N, seed: int = SEED, folder: Path = Path("checkpoints")) -> Stored:
    """What the topic opens with, of the models that are in the folder."""
    cpu, models = torch.device("cpu"), []
    raw: list[Tensor] = []
    clipped: list[Tensor] = []
    paths = {
        target: path
        for target, name in MODELS.items()
        if (path := folder / f"{name}.safetensors").exists()
    }
    for path in paths.values():
        denoiser, spec = load(path)
        pictures = choose_pictures(spec, n)
        times = tuple(t for t in TIMES if t <= spec.T)
        models.append(model_of(path.stem, spec, weights_of(denoiser, spec)))
        one = measure_errors(denoiser, pictures, times, seed=seed, device=cpu)
        raw.append(one[0])
        clipped.append(one[1])
    *_, drawn = run_draw(paths, seed, cpu, lambda: False)
    errors = Errors(times, torch.stack(raw), torch.stack(clipped), pictures.what)
    schedule = (spec.schedule, spec.T, dict(spec.schedule_options))
    today = date.today().isoformat()
    return Stored(tuple(models), schedule, errors, drawn, seed, hardware(cpu), today)


def write(stored: Stored, path: Path = STORED) -> None:
    """As one compressed file of arrays, the rest as JSON."""
    arrays: dict[str, Any] = {
        "raw": stored.errors.raw.numpy(),
        "clipped": stored.errors.clipped.numpy(),
        "pictures": stored.drawn.pictures.numpy(),
    }
    told = {
        "models": [asdict(model) for model in stored.models],
        "schedule": stored.schedule,
        "times": stored.errors.times,
        "of": stored.errors.pictures,
        "drawn": {k: v for k, v in vars(stored.drawn).items() if k != "pictures"},
        **{name: getattr(stored, name) for name in ("seed", "hardware", "date", "script")},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as part, part.open("wb") as file:
        np.savez_compressed(file, told=np.array(json.dumps(told)), **arrays)


def read(path: Path = STORED) -> Stored | None:
    """What `write` stored; None if there is nothing."""
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: torch.from_numpy(file[name]) for name in ("raw", "clipped", "pictures")}
        told = json.loads(str(file["told"]))
    drawn = told.pop("drawn")
    for name in ("times", "reach"):
        drawn[name] = tuple(tuple(row) for row in drawn[name])
    drawn |= {name: tuple(drawn[name]) for name in ("names", "classes")}
    errors = Errors(tuple(told.pop("times")), arrays["raw"], arrays["clipped"], told.pop("of"))
    models = tuple(Model(**model) for model in told.pop("models"))
    return Stored(
        models,
        tuple(told.pop("schedule")),
        errors,
        Drawn(**drawn, pictures=arrays["pictures"]),
        **told,
    )


def rms(squares: Tensor, factor: float = 1.0) -> Mean:
    """√(factor · mean) over pictures and its standard error, s/(2√n · √mean); (n,)."""
    values = factor * squares.double()
    root = math.sqrt(values.mean().item())
    spread = values.std().item() / math.sqrt(len(values))
    return Mean(root, spread / (2 * root) if root else 0.0)


def factors(schedule: Schedule, of: str) -> dict[str, Tensor]:
    """What the root mean square error of each target is multiplied by over t = 1…T; float64.

    of "x0": √(1 − ᾱ_t)/√ᾱ_t for ε, 1 for x_0, √(1 − ᾱ_t) for v.
    of "eps": 1 for ε, √ᾱ_t/√(1 − ᾱ_t) for x_0, √ᾱ_t for v.
    """
    ab = schedule.alpha_bar[1:]
    signal, sigma = ab.sqrt(), (1 - ab).sqrt()
    if of == "x0":
        return {"eps": sigma / signal, "x0": torch.ones_like(ab), "v": sigma}
    return {"eps": torch.ones_like(ab), "x0": signal / sigma, "v": signal}
