"""python -m explorer sample: images with a trained model."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, make_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from tyro.conf import Positional, arg
from tyro.extras import literal_type_from_choices

from explorer.cli.console import Stopped, complain, progress_bar, signals_noted
from explorer.cli.describe import File
from explorer.cli.words import suggestion, unset
from explorer.diffusion.options import Option
from explorer.diffusion.samplers import DDIM, OPTIONS, SAMPLERS
from explorer.lectures import LECTURES
from explorer.settings.names import AUTO, PRECISIONS

if TYPE_CHECKING:
    import torch

    from explorer.checkpoints import Spec
    from explorer.cli.pictures import Output
    from explorer.diffusion import Denoiser, Schedule
    from explorer.race.lanes import Lane

    Precision: TypeAlias = str
    LectureName: TypeAlias = str
    SamplerName: TypeAlias = str
else:
    Precision = literal_type_from_choices([AUTO, *PRECISIONS])
    LectureName = literal_type_from_choices(list(LECTURES))
    SamplerName = literal_type_from_choices(list(SAMPLERS))

BATCH = {"cpu": 16}
"""Images at a time, by kind of device; those that are done are kept if one stops."""
MOST = 64


def _option(name: str, option: Option[Any]) -> tuple[str, Any, None]:
    """A sampler's option as a flag: what it is, whose, and their defaults."""
    those = (
        f"{way.title} ({way.options[name].default})"
        for way in SAMPLERS.values()
        if name in way.options
    )
    kind = literal_type_from_choices(list(option.choices)) if option.choices else option.type
    metavar = "{" + ",".join(option.choices) + "}" if option.choices else kind.__name__.upper()
    told = f"{option.called(name)}: {', '.join(those)}."
    how = arg(help=told, metavar=metavar, help_behavior_hint="")
    return name, Annotated[kind | None, how], None


Options = make_dataclass("Options", [_option(*each) for each in OPTIONS.items()], frozen=True)
"""What the samplers may be told."""


@dataclass(frozen=True)
class Sample:
    """Make images with a trained model: one grid, single files (--each), or an array (.npz)."""

    file: Positional[File]
    """A model, .safetensors."""
    sampler: Annotated[SamplerName | None, unset("{" + ",".join(SAMPLERS) + "}")] = None
    """How to get from noise to an image; DDIM by default."""
    options: Annotated[Any, arg(name="", constructor=Options)] = field(default_factory=Options)
    guidance: float = 1.0
    """Weight of the class; 1 is plain sampling."""
    classifier_scale: float = 0.0
    """Strength of guidance by a classifier of noisy images; with --guidance 0 it alone knows
    the class."""
    classifier: Annotated[Path | None, unset("FILE")] = None
    """By default the shipped one that fits."""
    lecture: Annotated[LectureName | None, unset("{" + ",".join(LECTURES) + "}")] = None
    """Sample as this lecture does; an image for each of its samplers."""
    repair: bool = False
    """With --lecture: without the slips of its code."""
    breaks: Annotated[tuple[str, ...], arg(metavar="NAME ...", help_behavior_hint="")] = ()
    """What the sampler does wrong on purpose, such as no-clipping or alpha-ahead: common mistakes
    and slips of the lectures; a name that is none lists them all."""
    n: int = 64
    """How many images."""
    seed: int = 0
    """Image i of a seed is the same, however many there are."""
    label: Annotated[str | None, unset("CLASS")] = None
    """One class for all images; without it the classes take turns."""
    device: Annotated[str | None, unset("NAME")] = None
    """cpu, cuda, cuda:1 or mps; the fastest there is by default."""
    precision: Precision = "float32"
    """Precision of the network; below float32 one seed gives other images on other machines."""
    batch: Annotated[int | None, unset("INT")] = None
    """Images at a time: 16 on a CPU, else 64."""
    out: Annotated[Path, arg(metavar="FILE")] = Path("grid.png")
    """An image (.png, .webp, .jpg), or an array (.npz: images, labels, seed and settings)."""
    each: bool = False
    """Each image in its own file, 00000.png, …, in the folder --out (samples)."""
    overwrite: bool = False
    """Overwrite existing files; grid.png, the default, is always overwritten."""


def run_sample(args: Sample) -> None:
    """An image of all samples; with --lecture one for each of the lecture's samplers."""
    from explorer.checkpoints import load
    from explorer.cli.pictures import outputs
    from explorer.devices import find_device
    from explorer.guides import guide
    from explorer.inference import prepare
    from explorer.precision import choose_precision
    from explorer.race import choose_labels

    if args.n < 1:
        raise ValueError(f"--n {args.n}: at least one image")
    if args.seed < 0:
        raise ValueError(f"--seed {args.seed}: a whole number, 0 or more")
    if args.batch is not None and args.batch < 1:
        raise ValueError(f"--batch {args.batch}: at least one image at a time")
    device = find_device(args.device)
    args = replace(args, precision=choose_precision(args.precision, device))
    denoiser, spec = load(args.file, device)
    lanes = choose_lanes(args, denoiser.schedule)
    labels = choose_labels(spec.classes, args.n, args.label)
    if args.guidance != 1 and not spec.classes:
        raise ValueError(f"--guidance {args.guidance}: this model was trained without classes")
    if args.classifier and args.classifier_scale == 0:
        raise ValueError(f"--classifier {args.classifier}: also give --classifier-scale")
    denoiser = guide(
        replace(denoiser, network=prepare(denoiser.network, device, args.precision)),
        spec,
        guidance=args.guidance,
        classifier_scale=args.classifier_scale,
        path=args.classifier,
        device=device,
    )
    places = outputs(args.out, len(lanes) or 2, each=args.each, overwrite=args.overwrite)
    if not lanes:
        write_one_shots(args, denoiser, spec, places[0])
        return write_walks(args, denoiser, spec, places[1])
    for lane, place in zip(lanes, places, strict=True):
        made = write_lane(args, denoiser, spec, lane, labels, place, device)
        called = lane.title if args.lecture or args.breaks else lane.name
        if made < args.n:
            kept = f"{made} of {args.n} images are saved in {place.path}"
            raise Stopped(kept if made else "no image was finished, nothing is saved")
        print(f"{place.path}: {made} images, {called}, {lane.evaluations} evaluations each")


def write_lane(
    args: Sample,
    denoiser: Denoiser,
    spec: Spec,
    lane: Lane,
    labels: list[int] | None,
    place: Output,
    device: torch.device,
) -> int:
    """Make the images of one sampler in parts, and write them; how many, fewer if stopped."""
    from explorer.race import race

    shape = (spec.channels, spec.size, spec.size)
    batch = args.batch or BATCH.get(device.type, MOST)
    settings = {
        "model": spec.name,
        "sampler": lane.name,
        "options": dict(lane.options),
        **({"breaks": list(args.breaks)} if args.breaks else {}),
        "evaluations": lane.evaluations,
        "guidance": args.guidance,
        "classifier_scale": args.classifier_scale,
        "precision": args.precision,
        "classes": list(spec.classes),
    }
    with (
        signals_noted() as asked,
        progress_bar(delay=1.0) as show,
        place.opened(labels, args.seed, settings) as writer,
    ):
        while writer.made < args.n and not asked:
            first = writer.made
            count = min(batch, args.n - first)
            told = None if labels is None else labels[first : first + count]
            entries = race(
                denoiser,
                [lane],
                shape,
                seed=args.seed,
                labels=told,
                n=count,
                first=first,
                device=device,
            )
            for i, entry in enumerate(entries):
                share = min(1.0, i / max(1, len(lane.times) - 1))
                done = (first + count * share) / args.n
                show(done, f"{first} of {args.n} images, {lane.name}, t = {entry.frame.t}")
                if asked:
                    break
            else:
                writer.add(entry.frame.x)
    return writer.made


def choose_lanes(args: Sample, schedule: Schedule) -> list[Lane]:
    """What is asked for; nothing where a lecture only takes one-shot looks."""
    from explorer.race.breaks import broken
    from explorer.race.lanes import lane_of

    given = {each.name: getattr(args.options, each.name) for each in fields(args.options)}
    given = {name: value for name, value in given.items() if value is not None}
    if args.lecture:
        if args.sampler or given or args.breaks:
            complain(
                "--lecture chooses the samplers: --sampler, its settings and --breaks are not used"
            )
        return LECTURES[args.lecture].make_lanes(schedule, repair=args.repair)
    if args.repair:
        raise ValueError("--repair: also give --lecture, whose slips it leaves out")
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
    lane = lane_of(sampler.name, schedule, **given)
    found = broken(lane, schedule, *map(break_of, args.breaks))
    if args.breaks and found == lane:
        complain(f"--breaks {' '.join(args.breaks)} changes nothing in {lane.title}", always=True)
    return [found]


def break_of(word: str) -> str:
    """The entry of `BREAKS` that --breaks names; ValueError, with the choices, for another."""
    from explorer.race.breaks import BREAK_WORDS

    if word not in BREAK_WORDS:
        known = ", ".join(BREAK_WORDS)
        raise ValueError(f"--breaks {word}: there are: {known}{suggestion(word, BREAK_WORDS)}")
    return BREAK_WORDS[word]


def write_one_shots(args: Sample, denoiser: Denoiser, spec: Spec, place: Output) -> None:
    """The lecture's one-shot looks at real images, x̂_0 below x_t."""
    from explorer.figures.pictures import grid
    from explorer.lectures.sampling import looks_of, real_pictures

    assert args.lecture is not None  # only a lecture has no sampler
    x0 = real_pictures(spec, args.n).to(denoiser.network.device)
    looks = looks_of([denoiser], x0, LECTURES[args.lecture].looks, seed=args.seed)
    place.write_sheet(grid(looks.tiles, columns=len(looks.times)))
    print(f"{place.path}: {looks.caption}")


def write_walks(args: Sample, denoiser: Denoiser, spec: Spec, place: Output) -> None:
    """The lecture's progressive denoising from pure noise, a row each."""
    import torch

    from explorer.diffusion import picture_generators, randn
    from explorer.figures.pictures import grid
    from explorer.lectures.sampling import progressive

    assert args.lecture is not None
    room = torch.empty(args.n, spec.channels, spec.size, spec.size)
    noise = randn(room, picture_generators(args.seed, args.n))
    start = noise.to(denoiser.network.device)
    looks = LECTURES[args.lecture].looks
    walk = progressive(denoiser, start, looks, repair=args.repair)
    place.write_sheet(grid(walk.x.transpose(0, 1).flatten(0, 1).clamp(-1, 1), columns=len(walk.x)))
    how = "DDIM's steps" if args.repair else "x̂₀ fed back"
    times = ", ".join(map(str, walk.times))
    print(f"{place.path}: {args.n} rows from pure noise, {how}, after t = {times}")
