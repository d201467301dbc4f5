"""What is said of many pictures at many t_0: stored for shipped models, for the tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.data import photo
from explorer.data.bundled import examples
from explorer.diffusion import Denoiser
from explorer.evaluation.weights import weights_of
from explorer.gui.reverse.round_trip.company import Company, assemble, companies, company_from
from explorer.gui.reverse.round_trip.trip import STEPS
from explorer.gui.reverse.round_trip.work import like_data, samples
from explorer.race import race
from explorer.race.round_trip import as_seen, noised, ways_back

STORED = Path(__file__).with_name("stored") / "verdicts"
SHARES = (20, 40, 60, 80, 100)
"""t_0 in % of T."""
SEED = 7
OWN = 4
"""Real pictures of the model's kind that are judged, by others than these. Of Fashion-MNIST only
ten are bundled: there they are among those that they are judged by."""


@dataclass(frozen=True)
class Case:
    """One picture from one t_0."""

    name: str
    share: int
    company: Company


@dataclass(frozen=True)
class Verdicts:
    """All cases of one model."""

    model: str
    weights: str
    """Fingerprint, see `weights.fingerprint`."""
    seed: int
    made: str
    cases: tuple[Case, ...]


def pictures_to_judge(spec: Spec) -> dict[str, Tensor]:
    """Dark, flat, inverted, noisy, foreign and real ones as the model sees them, (C, H, W)."""
    found = samples()
    found |= {name: photo(name) for name in ("astronaut", "bricks")}
    for name in ("cat", "digit 3"):
        found[f"{name}, dark"] = darkened(found[name], 0.2)
    found |= {
        name: Image.new("RGB", (64, 64), colour)
        for name, colour in (("black", "black"), ("grey", "grey"), ("red", "red"))
    }
    rng = np.random.default_rng(SEED)
    noise = np.clip(127.5 + 127.5 * rng.standard_normal((spec.size, spec.size, 3)), 0, 255)
    found["noise"] = Image.fromarray(noise.astype("uint8"))
    stars = np.zeros((spec.size, spec.size, 3), "uint8")
    rows, columns = rng.integers(spec.size, size=(2, 12))
    stars[rows, columns] = rng.integers(90, 255, size=(12, 1))
    found["stars"] = Image.fromarray(stars)
    seen = {name: as_seen(picture, spec.channels, spec.size) for name, picture in found.items()}
    own = like_data(spec, SEED + 1)
    return seen if own is None else seen | {f"real {i}": x for i, x in enumerate(own[:OWN])}


def darkened(picture: Image.Image, factor: float) -> Image.Image:
    """Every value times the factor."""
    return Image.fromarray((np.asarray(picture) * factor).astype("uint8"))


def judge_all(denoiser: Denoiser, spec: Spec) -> Verdicts:
    """Every picture from every t_0 with one noise, among `like_data`'s."""
    pictures = pictures_to_judge(spec)
    x, real = torch.stack(list(pictures.values())), like_data(spec, SEED)
    assert real is not None and examples(spec.data) is not None, "the shipped models' are bundled"
    x0 = assemble(x, real, 1, SEED)
    cases = []
    for share in SHARES:
        t = spec.T * share // 100
        _, lane = ways_back(spec.T, t, STEPS)
        start = noised(denoiser, x0, t, SEED)
        *_, last = race(denoiser, [lane], tuple(x.shape[1:]), seed=SEED, n=len(x0), start=start)
        found = companies(x0, last.frame.x, len(x), len(real), 1)
        cases += [Case(n, share, c) for n, c in zip(pictures, found, strict=True)]
    weights = weights_of(denoiser, spec)
    today = datetime.now(UTC).date().isoformat()
    return Verdicts(spec.name, weights, SEED, today, tuple(cases))


def write(found: Verdicts, folder: Path = STORED) -> None:
    """As JSON, a file for each model, a line for each case; the real ones once for each t_0."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {k: v for k, v in vars(found).items() if k != "cases"}
    told["real"] = {case.share: asdict(case.company.real) for case in found.cases}
    told["cases"] = [
        {"name": case.name, "share": case.share}
        | {k: v for k, v in asdict(case.company).items() if k != "real"}
        for case in found.cases
    ]
    head = json.dumps(told | {"cases": []})[:-2]
    lines = ",\n".join(map(json.dumps, told["cases"]))
    (folder / f"{found.model}.json").write_text(f"{head}\n{lines}\n]}}\n", encoding="utf-8")


def read_verdicts(model: str, folder: Path = STORED) -> Verdicts | None:
    """What `write` stored; None if there is nothing."""
    path = folder / f"{model}.json"
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    return Verdicts(**told | {"cases": tuple(_cases(told.pop("real"), told["cases"]))})


def _cases(real: dict[str, Any], cases: list[dict[str, Any]]) -> Iterator[Case]:
    for case in cases:
        name, share = case.pop("name"), case.pop("share")
        yield Case(name, share, company_from(case | {"real": real[str(share)]}))
