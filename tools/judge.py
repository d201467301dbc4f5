"""How good a model's pictures are: the share that shows what was asked for, and their distance.

    python -m tools.judge checkpoints/mnist.safetensors --n 2000 --write

A classifier of the model's data (`tools/readers.py`, made once) reads DDIM-50 samples, the classes
as often as in the data. Their Fréchet distance to training pictures stands beside that of as many
test pictures, both in the bundled classifier's features. Every number has its standard error, see
`explorer/evaluation/errors.py`: of a share the binomial one, of a distance the jackknife's.
`--write` puts all into the file's header, for `tools/make_cards.py`, and the probe's error too.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from explorer import checkpoints
from explorer.checkpoints import Spec
from explorer.cli.console import check_writable
from explorer.data import from_tensor, load, to_tensor
from explorer.data.sources import default_root
from explorer.devices import choose_threads, find_device
from explorer.diffusion import Denoiser, loss_weights
from explorer.diffusion.samplers import DDIM, SAMPLERS
from explorer.evaluation.classifier import classify, load_classifier
from explorer.evaluation.errors import (
    BLOCKS,
    Estimate,
    average_of,
    distance_of,
    mean_of,
    ratio_of,
    share_of,
)
from explorer.evaluation.frechet import Frechet
from explorer.evaluation.held_out import held_out
from explorer.evaluation.reference import MOST, Reference, choose_labels, load_reference
from explorer.inference import prepare
from explorer.precision import AUTO, PRECISIONS, choose_precision
from explorer.race import lane_of, pictures
from explorer.training.probe import Probe
from tools.readers import Reader, read, reader_for

ENDS = (slice(2), slice(-2, None))
CORNERS = [(rows, columns) for rows in ENDS for columns in ENDS]


@dataclass(frozen=True)
class Sampling:
    """How the pictures are made."""

    seed: int = 0
    sampler: str = DDIM.name
    steps: int = 50
    """Of a sampler that can be given them; the others visit all times."""
    guidance: float = 1.0
    precision: str = "float32"

    def name(self, T: int) -> str:
        """What headers call it, before the number's own name: "ddim_50", "ddim_50_w1.5"."""
        steps = self.steps if SAMPLERS[self.sampler].strided else T
        return f"{self.sampler}_{steps}" + (f"_w{self.guidance:g}" if self.guidance != 1 else "")


@dataclass(frozen=True)
class Judgement:
    """What n pictures of a model are worth."""

    n: int
    share: Estimate
    """Of them shows what was asked for."""
    by_class: dict[str, Estimate]
    reader: Reader
    distance: Estimate
    """The Fréchet distance of the first `compared` of them."""
    real: Estimate
    """The same of as many test pictures, what a perfect model would reach: the mean over as many
    draws of them as there are."""
    compared: int
    corners: Estimate
    """The standard deviation within the 2 × 2 pixels of a corner, in [−1, 1]: a network that folds
    so many pixels into channels leaves a grid on white."""
    real_corners: Estimate
    """The same of the test pictures."""

    def metrics(self, name: str) -> dict[str, float]:
        """For a header, the sampling being called `name`."""
        found = {
            f"{name}_accuracy": self.share,
            f"{name}_frechet": self.distance,
            f"{name}_frechet_real": self.real,
            f"{name}_corners": self.corners,
            f"{name}_corners_real": self.real_corners,
            "judge_accuracy": self.reader.accuracy,
        }
        errors = {f"{key}_error": round(value.error, 4) for key, value in found.items()}
        values = {key: round(value.value, 4) for key, value in found.items()}
        return values | errors | {f"{name}_samples": self.n, f"{name}_compared": self.compared}


def judge(
    file: Path, n: int, root: Path, how: Sampling, *, device: torch.device | str = "cpu"
) -> Judgement:
    """n samples of a checkpoint, read and compared.

    ValueError for a model whose pictures no classifier is made for, and for fewer than 40.
    """
    check_count(n)
    denoiser, spec = checkpoints.load(file, device)
    reader = reader_for(spec, root)
    reference = load_reference(replace(spec, data=reader.data), n=max(n, MOST), root=root)
    labels = choose_labels(reference.shares, n)
    assert labels is not None  # a reader's model has classes
    x = samples(denoiser, spec, labels, how, torch.device(device))
    asked = torch.tensor(labels)
    right = read(reader.network, x) == asked
    distance, real = distances(x, reference)
    by_class = {
        name: share_of(right[asked == i])
        for i, name in enumerate(spec.classes)
        if (asked == i).any()
    }
    test = load(reader.data, size=spec.size, root=root, split="test")
    return Judgement(
        n,
        share_of(right),
        by_class,
        reader,
        distance,
        real,
        min(n, len(reference.others)),
        unevenness(x),
        unevenness(to_tensor(test.images)),
    )


def check_count(n: int) -> None:
    """ValueError unless so many images are enough for an error."""
    if n < 2 * BLOCKS:
        raise ValueError(f"--n {n}: at least {2 * BLOCKS} images are needed for an error")


def samples(
    denoiser: Denoiser, spec: Spec, labels: list[int], how: Sampling, device: torch.device
) -> Tensor:
    """Pictures as they would be saved, in 256 steps; (n, C, H, W) in [−1, 1] on the CPU."""
    network = prepare(denoiser.network, device, how.precision)
    denoiser = replace(denoiser, network=network, guidance=how.guidance)
    strided = {"steps": min(how.steps, spec.T)} if SAMPLERS[how.sampler].strided else {}
    lane = lane_of(how.sampler, denoiser.schedule, **strided)
    shape = (spec.channels, spec.size, spec.size)
    x = pictures(denoiser, lane, shape, seed=how.seed, labels=labels, device=device)
    return to_tensor(from_tensor(x.cpu()))


def distances(x: Tensor, reference: Reference) -> tuple[Estimate, Estimate]:
    """The samples' Fréchet distance to training pictures, and that of as many test pictures."""
    others = reference.others
    count = min(len(x), len(others))
    frechet = Frechet(reference.features)
    seen = classify(load_classifier()[0], x[:count]).features
    draws = others[: len(others) // count * count].split(count)
    return distance_of(frechet, seen), mean_of([distance_of(frechet, draw) for draw in draws])


def unevenness(x: Tensor) -> Estimate:
    """The standard deviation within 2 × 2 pixels of each corner: the pictures' mean."""
    corners = torch.stack([x[:, :, i, j] for i, j in CORNERS], dim=1)  # (n, 4, C, 2, 2)
    return average_of(corners.flatten(2).std(2).mean(1))


def probe_loss(denoiser: Denoiser, spec: Spec, root: Path) -> Estimate:
    """The loss on the probe of the model's own run, with its error over the probe's pictures."""
    train, how = load(spec.data, size=spec.size, root=root), spec.training
    kept = held_out(len(train), how["seed"])
    labels = train.labels[kept] if train.labels is not None and spec.classes else None
    schedule = spec.make_schedule()
    weights = loss_weights(schedule, spec.target, how["weighting"], gamma=how["gamma"])
    probe = Probe(to_tensor(train.images[kept]), labels, schedule, weights, spec.target)
    assert isinstance(denoiser.network, torch.nn.Module)
    found = probe.measure(denoiser.network)
    return Estimate(found.loss, found.error)


def report(found: Judgement) -> str:
    """All that was found, as text."""
    reader = found.reader
    lines = [f"the judge reads {percent(reader.accuracy)} of {reader.data}'s test images rightly"]
    lines += [f"  asked for {name}: {percent(share)}" for name, share in found.by_class.items()]
    ratio = ratio_of(found.distance, found.real)
    lines += [
        f"{percent(found.share)} of {found.n} images are what was asked for",
        f"Fréchet distance of {found.compared}: {found.distance.value:.4f} "
        f"± {found.distance.error:.4f}; of as many test images {found.real.value:.4f} "
        f"± {found.real.error:.4f}: {ratio.value:.2f} ± {ratio.error:.2f} times as far",
        f"within a corner's 2 × 2 pixels: {found.corners.value:.4f} ± {found.corners.error:.4f}; "
        f"in test images {found.real_corners.value:.4f} ± {found.real_corners.error:.4f}",
    ]
    return "\n".join(lines)


def percent(share: Estimate) -> str:
    """96.50 ± 0.41 %"""
    return f"{100 * share.value:.2f} ± {100 * share.error:.2f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--sampler", choices=SAMPLERS, default=DDIM.name)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--guidance", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=(AUTO, *PRECISIONS), default=AUTO)
    parser.add_argument("--device", help="cpu, cuda or mps; the fastest there is by default")
    parser.add_argument("--root", type=Path, default=default_root())
    parser.add_argument("--write", action="store_true", help="into the checkpoint's header")
    args = parser.parse_args()

    device = find_device(args.device)
    if device.type == "cpu":
        choose_threads()
    precision = choose_precision(args.precision, device)
    how = Sampling(args.seed, args.sampler, args.steps, args.guidance, precision)
    if args.write:
        check_writable(args.file)
    found = judge(args.file, args.n, args.root, how, device=device)
    if args.write:
        write(args.file, found, how, args.root)
    print(f"{args.file}, {precision}\n{report(found)}")


def write(file: Path, found: Judgement, how: Sampling, root: Path) -> None:
    """Into the checkpoint's header; the weights stay as they lie in the file."""
    denoiser, spec = checkpoints.load(file)
    probe = probe_loss(denoiser, spec, root)
    metrics = {**spec.metrics, **found.metrics(how.name(spec.T))}
    metrics |= {"probe_loss": probe.value, "probe_loss_error": probe.error}
    checkpoints.save(file, load_file(file), replace(spec, metrics=metrics))


if __name__ == "__main__":
    main()
