"""A draw from p(x_0 | x_t) errs twice as much as the mean E[x_0 | x_t]; and the network's?"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.diffusion import Denoiser
from explorer.evaluation.errors import Estimate, average_of
from explorer.evaluation.held_out import Pictures, choose_pictures
from explorer.evaluation.weights import weights_of
from explorer.gui.reverse.round_trip.trip import BACK, STEPS
from explorer.inference import shared
from explorer.race.round_trip import difference, round_trip

STORED = Path(__file__).with_name("stored") / "draws"
BATCH = 4
"""Pictures that go there and back together: a stop keeps those that have arrived."""
SEED = 11


@dataclass(frozen=True)
class Moment:
    """Squared errors of n pictures noised to one t, mean over their values, and their ratios."""

    t: int
    n: int
    shot: Estimate
    """Of x̂_0(x_t)."""
    errors: Mapping[str, Estimate]
    """Sampler -> of where its way back ends."""
    ratios: Mapping[str, Estimate]
    """Sampler -> its error ÷ that of the one shot."""


@dataclass(frozen=True)
class Draws:
    """One model's moments."""

    model: str
    weights: str
    """Fingerprint, see `weights.fingerprint`."""
    T: int
    what: str
    """ "64 test pictures of mnist"."""
    seed: int
    moments: tuple[Moment, ...] = ()
    share: float = 0.0
    """Of the work, 0…1."""
    running: bool = False
    made: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())


def ratio_of_means(a: Tensor, b: Tensor) -> Estimate:
    """Σa/Σb of pairs (a_i, b_i), and the standard error of its linearisation, for n ≥ 2.

    The delta method: R's error is that of the mean of (a_i − R b_i)/b̄.
    """
    a, b = a.double(), b.double()
    ratio = a.mean() / b.mean()
    error = ((a - ratio * b) / b.mean()).std() / math.sqrt(len(a))
    return Estimate(ratio.item(), error.item())


def summarised(t: int, errors: Mapping[str, Tensor]) -> Moment:
    """From each picture's squared errors, "shot" and one for each sampler; at least two."""
    shot = errors["shot"]
    samplers = {name: of for name, of in errors.items() if name != "shot"}
    return Moment(
        t,
        len(shot),
        average_of(shot),
        {name: average_of(of) for name, of in samplers.items()},
        {name: ratio_of_means(of, shot) for name, of in samplers.items()},
    )


def errors_back(
    denoiser: Denoiser,
    x0: Tensor,
    t: int,
    *,
    seed: int,
    batch: int = BATCH,
    device: str | torch.device = "cpu",
) -> Iterator[tuple[float, dict[str, Tensor]]]:
    """Each picture's squared errors by one shot and both ways back, some pictures at a time.

    x0 : (n, C, H, W) in [−1, 1]. Yields, at every t, the share that is done and the errors, (k,)
    each, of the k pictures that have arrived.
    """
    found: list[dict[str, Tensor]] = []
    total: dict[str, Tensor] = {}
    for first in range(0, len(x0), batch):
        part = x0[first : first + batch]
        lanes, _, entries = round_trip(
            denoiser, part, t, seed=seed, steps=STEPS, first=first, device=device
        )
        todo, done = sum(lane.evaluations for lane in lanes), [0] * len(lanes)
        back: dict[str, Tensor] = {}
        for entry in entries:
            done[entry.lane] = entry.evaluations
            if "shot" not in back:
                back["shot"] = entry.frame.x0
            back[lanes[entry.lane].sampler] = entry.frame.x0
            share = (first + len(part) * sum(done) / todo) / len(x0)
            if entry.step:
                yield share, total
        found.append({name: difference(x.cpu(), part) ** 2 for name, x in back.items()})
        total = {name: torch.cat([each[name] for each in found]) for name in back}
        yield (first + len(part)) / len(x0), total


def measure_draws(
    denoiser: Denoiser,
    spec: Spec,
    pictures: Pictures,
    times: Sequence[int],
    *,
    seed: int = SEED,
    device: str | torch.device = "cpu",
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Draws]:
    """The moments of these pictures, from the smallest t; yields as often as the network is asked.

    To stop keeps the pictures that have arrived.
    """
    weights = weights_of(denoiser, spec)
    found = Draws(spec.name, weights, spec.T, pictures.what, seed, running=True)
    done, todo = 0, sum(times)
    for t in sorted(times):
        kept = found.moments
        for share, errors in errors_back(denoiser, pictures.x0, t, seed=seed, device=device):
            if errors and len(errors["shot"]) > 1:
                found = replace(found, moments=(*kept, summarised(t, errors)))
            found = replace(found, share=(done + share * t) / todo)
            if stopped():
                yield replace(found, running=False)
                return
            yield found
        done += t
    yield replace(found, share=1.0, running=False)


def run_draws(
    path: Path, t: int, n: int, seed: int, device: torch.device, stopped: Callable[[], bool]
) -> Iterator[Draws]:
    """Load the model and send n pictures of its kind, held out where there are such, to t."""
    denoiser, spec = shared(path, device)
    pictures = choose_pictures(spec, n, bundled=True)
    yield from measure_draws(
        denoiser, spec, pictures, [t], seed=seed, device=device, stopped=stopped
    )


def summary(found: Draws) -> str:
    """What the moment that was measured last says, from its numbers."""
    if not found.moments:
        return ""
    moment = found.moments[-1]
    return f"{found.model}, seed {found.seed}, {moment_text(moment)}"


def moment_text(moment: Moment) -> str:
    """One moment in words."""
    ddpm, ddim = (moment.ratios[sampler.name] for sampler in BACK)
    draw = moment.errors[BACK[0].name]
    return (
        f"{moment.n} images from t = {moment.t}: the squared error of one shot is "
        f"{amount(moment.shot)}, of DDPM's draw {amount(draw)}: {ddpm.value:.2f} ± "
        f"{ddpm.error:.2f} times as large, {gap(ddpm)}. DDIM's end has "
        f"{ddim.value:.2f} ± {ddim.error:.2f} times the error of one shot."
    )


def gap(ratio: Estimate) -> str:
    """How far from an exact network's 2, in words."""
    off = ratio.value - 2
    if abs(off) <= 2 * ratio.error:
        return "which agrees with an exact network's 2"
    return f"{abs(off):.2f} {'above' if off > 0 else 'below'} an exact network's 2"


def amount(found: Estimate) -> str:
    """With its error, to two digits of the error."""
    places = 2 if found.error <= 0 else max(0, 1 - math.floor(math.log10(found.error)))
    return f"{found.value:.{places}f} ± {found.error:.{places}f}"


def overview(found: Draws) -> str:
    """All moments of one model: where its ratio is nearest to 2, and where farthest."""
    if not found.moments:
        return ""
    ordered = sorted(found.moments, key=lambda m: abs(m.ratios[BACK[0].name].value - 2))
    said = [f"{found.model}, {found.what}."]
    for moment, word in ((ordered[0], "nearest to"), (ordered[-1], "farthest from")):
        ratio = moment.ratios[BACK[0].name]
        said.append(
            f"At t = {moment.t} the ratio is {word} 2: {ratio.value:.2f} ± {ratio.error:.2f}, "
            f"{gap(ratio)}."
        )
    return " ".join(said if len(ordered) > 1 else said[:2])


def write(found: Draws, folder: Path = STORED) -> None:
    """As JSON, a file for each model."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(found), indent=1)
    (folder / f"{found.model}.json").write_text(text + "\n", encoding="utf-8")


def read(model: str, folder: Path = STORED) -> Draws | None:
    """What `write` stored of a shipped model; None if there is nothing."""
    path = folder / f"{model}.json"
    if path.parent != folder or not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    moments = tuple(
        Moment(
            each["t"],
            each["n"],
            Estimate(*each["shot"]),
            {name: Estimate(*of) for name, of in each["errors"].items()},
            {name: Estimate(*of) for name, of in each["ratios"].items()},
        )
        for each in told["moments"]
    )
    return Draws(**told | {"moments": moments})
