"""python -m explorer sample: pictures with a trained model."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.console import check_writable, complain
from explorer.devices import find_device
from explorer.diffusion.options import Option
from explorer.diffusion.samplers import DDIM, OPTIONS, SAMPLERS
from explorer.lectures import LECTURES

if TYPE_CHECKING:
    from explorer.checkpoints import Spec
    from explorer.diffusion import Denoiser, Schedule
    from explorer.race.lanes import Lane


def add_sample_arguments(sample: argparse.ArgumentParser) -> None:
    """The flags, and who runs them."""
    sample.set_defaults(run=run_sample)
    sample.add_argument("file", type=Path, metavar="FILE")
    sample.add_argument("--sampler", choices=SAMPLERS, help=f"how to walk ({DDIM.name})")
    for name, option in OPTIONS.items():
        kind = {"choices": option.choices} if option.choices else {"type": option.type}
        sample.add_argument(f"--{name}", **kind, help=of_samplers(name, option))
    sample.add_argument(
        "--guidance", type=float, default=1.0, help="weight of the class; 1 is plain sampling"
    )
    sample.add_argument(
        "--classifier-scale",
        type=float,
        default=0.0,
        metavar="S",
        help="of the push by a classifier of noisy pictures; 0 is none (--guidance 0 with it: "
        "only the classifier knows the class)",
    )
    sample.add_argument(
        "--classifier", type=Path, metavar="FILE", help="the shipped one that fits by default"
    )
    sample.add_argument(
        "--lecture",
        dest="as_lecture",
        choices=LECTURES,
        help="sample as this lecture does; a picture for each of its samplers",
    )
    sample.add_argument("--n", type=int, default=64, help="how many pictures")
    sample.add_argument("--seed", type=int, default=0)
    sample.add_argument("--label", help="a class for all; without it the classes take turns")
    sample.add_argument("--device", help="cpu, cuda or mps; the fastest there is by default")
    sample.add_argument("--out", type=Path, default=Path("grid.png"), metavar="PNG")


def run_sample(args: argparse.Namespace) -> None:
    """A picture of all samples; with --lecture one for each of the lecture's samplers."""
    from explorer.checkpoints import load
    from explorer.figures.pictures import grid
    from explorer.guides import guide
    from explorer.inference import prepare
    from explorer.race import choose_labels, pictures

    if args.n < 1:
        raise ValueError(f"--n {args.n}: at least one picture")
    if args.seed < 0:
        raise ValueError(f"--seed {args.seed}: a whole number, 0 or more")
    device = find_device(args.device)
    denoiser, spec = load(args.file, device)
    lanes = choose_lanes(args, denoiser.schedule)
    labels = choose_labels(spec.classes, args.n, args.label)
    if args.guidance != 1 and not spec.classes:
        raise ValueError(f"--guidance {args.guidance}: this model was trained without classes")
    if args.classifier and args.classifier_scale == 0:
        raise ValueError(f"--classifier {args.classifier}: give its --classifier-scale too")
    denoiser = guide(
        replace(denoiser, network=prepare(denoiser.network, device)),
        spec,
        guidance=args.guidance,
        classifier_scale=args.classifier_scale,
        path=args.classifier,
        device=device,
    )
    check_writable(args.out)
    if args.out.suffix.lower() not in (".png", ".webp", ".jpg", ".jpeg"):
        raise ValueError(f"--out {args.out}: pictures end in .png (.webp and .jpg work too)")
    if not lanes:
        return write_one_shots(args, denoiser, spec)
    shape = (spec.channels, spec.size, spec.size)
    for i, lane in enumerate(lanes, 1):
        out = args.out.with_stem(f"{args.out.stem}-{i}") if i > 1 else args.out
        x = pictures(denoiser, lane, shape, seed=args.seed, labels=labels, n=args.n, device=device)
        grid(x).save(out)
        called = lane.title if args.as_lecture else lane.name
        print(f"{out}: {args.n} pictures, {called}, {lane.evaluations} evaluations each")


def choose_lanes(args: argparse.Namespace, schedule: Schedule) -> list[Lane]:
    """What is asked for; nothing where a lecture only takes one-shot looks."""
    from explorer.race.lanes import lane_of

    given = {name: getattr(args, name) for name in OPTIONS}
    given = {name: value for name, value in given.items() if value is not None}
    if args.as_lecture:
        if args.sampler or given:
            complain("--lecture brings its samplers: --sampler and their settings are not used")
        return LECTURES[args.as_lecture].make_lanes(schedule)
    sampler = SAMPLERS[args.sampler or DDIM.name]
    for name in [name for name in given if name not in sampler.options]:
        if (name, given.pop(name)) == ("steps", schedule.T):
            continue  # which is what it takes
        those = ", ".join(s.title for s in SAMPLERS.values() if name in s.options)
        complain(
            f"{sampler.title} takes all {schedule.T} steps; --{name} is for {those}"
            if name == "steps"
            else f"{sampler.title} has no --{name}: it is for {those}",
            always=True,
        )
    return [lane_of(sampler.name, schedule, **given)]


def of_samplers(name: str, option: Option[Any]) -> str:
    """The help of a sampler's option: what it is, whose, and their defaults."""
    those = (
        f"{way.title} ({way.options[name].default})"
        for way in SAMPLERS.values()
        if name in way.options
    )
    return f"{option.called(name)}: {', '.join(those)}"


def write_one_shots(args: argparse.Namespace, denoiser: Denoiser, spec: Spec) -> None:
    """The lecture's one-shot looks at real pictures, x̂_0 below x_t."""
    from explorer.figures.pictures import grid
    from explorer.lectures.sampling import looks_of, real_pictures

    x0 = real_pictures(spec, args.n).to(denoiser.network.device)
    looks = looks_of([denoiser], x0, LECTURES[args.as_lecture].looks, seed=args.seed)
    grid(looks.tiles, columns=len(looks.times)).save(args.out)
    print(f"{args.out}: {looks.caption}")
