"""python -m explorer evaluate: steps against quality from the command line."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, arg
from tyro.extras import literal_type_from_choices

from explorer.cli.bound import TIMES, run_bound
from explorer.cli.console import Stopped, check_writable, complain, progress_bar, signals_noted
from explorer.cli.describe import File
from explorer.cli.words import unset
from explorer.diffusion.samplers import SAMPLERS
from explorer.settings.names import AUTO, PRECISIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from explorer.evaluation import Progress, Quality
    from explorer.evaluation.records import Column, Setting

    Precision = str
else:
    Precision = literal_type_from_choices([AUTO, *PRECISIONS])

N = 512


@dataclass(frozen=True)
class Evaluate:
    """Measure steps against quality, as a table; or with --bound the variational bound."""

    file: Positional[File]
    """A model, .safetensors."""
    n: Annotated[int | None, unset("INT")] = None
    """Images for each cell (512), or for the bound (64)."""
    steps: Annotated[str | None, unset("S,S,...")] = None
    """S, separated by commas (5,10,20,50,100,1000); any S above T means T. With all T steps,
    unless steps, sampler or eta is given, only η = 0, 1 and hat are measured."""
    sampler: Annotated[
        str | None,
        arg(
            metavar="NAME,NAME,...",
            help_behavior_hint="",
            help="Separated by commas; all by default, or those with an η if --eta is given: "
            + ",".join(name for name, sampler in SAMPLERS.items() if sampler.strided),
        ),
    ] = None
    eta: Annotated[str | None, unset("η,η,...")] = None
    """η, separated by commas (0,0.2,0.5,1,hat); hat is σ̂, the larger variance."""
    seed: int = 0
    """Of the noise."""
    guidance: float = 1.0
    """Weight of the class; 1 is plain sampling."""
    data: Annotated[str | None, unset("DATA")] = None
    """What to compare with, name or path; by default what it was trained on."""
    root: Annotated[Path | None, unset("FOLDER")] = None
    """Folder of the downloaded data sets."""
    reference: int = 10_000
    """Training images to compare with."""
    batch: int = 64
    """Images at a time."""
    device: Annotated[str | None, unset("NAME")] = None
    """cpu, cuda, cuda:1 or mps; the fastest there is by default."""
    precision: Precision = AUTO
    """Precision of the network; auto: as in the table that exists, otherwise what suits
    the device."""
    out: Annotated[Path | None, unset("JSON")] = None
    """FILE's name with .quality.json by default. What the table contains already is not measured
    again."""
    bound: bool = False
    """The variational bound: bits per dimension, term by term, and no table."""
    times: int = TIMES
    """For the bound: how many ranges of t to evaluate."""
    all: bool = False
    """For the bound: evaluate every t."""
    variance: Literal["beta", "posterior", "both"] = "both"
    """For the bound: σ² of a step."""


def run_evaluate(args: Evaluate) -> None:
    if args.bound:
        if args.guidance != 1:
            complain("--bound: the model is given no class, so --guidance is not used")
        unused = ("sampler", "eta", "steps")
        if given := [f"--{name}" for name in unused if getattr(args, name) is not None]:
            complain(f"--bound chooses its own times: {' and '.join(given)} not used")
        return run_bound(args)
    from explorer.checkpoints import load
    from explorer.cli.train import read as read_pictures
    from explorer.devices import choose_threads, find_device
    from explorer.evaluation import (
        begin,
        check,
        evaluate,
        load_reference,
        quality_path,
        table_precision,
    )
    from explorer.evaluation.held_out import fit_of

    choose = parse_settings(args.steps, args.sampler, args.eta)
    device = find_device(args.device)
    denoiser, spec = load(args.file, device)
    n = N if args.n is None else args.n
    asked: dict[str, Any] = {"n": n, "seed": args.seed, "guidance": args.guidance}
    check(denoiser, spec, **asked, batch=args.batch)
    out = args.out or quality_path(args.file)
    if out.suffix != ".json":
        raise ValueError(f"--out {out}: tables of quality end in .json")
    check_writable(out)
    precision = table_precision(args.precision, device, out)
    settings = choose(spec.T)
    reference = load_reference(
        spec,
        n=n,
        most=args.reference,
        name=args.data,
        root=args.root,
        read=partial(read_pictures, fit=fit_of(spec)),
    )
    if reference.note:
        complain(reference.note)
    if device.type == "cpu":
        choose_threads()
    quality = begin(denoiser, spec, reference, **asked, precision=precision, device=device)
    quality = with_kept_rows(out, quality)
    found = evaluate(denoiser, spec, reference, quality, settings, batch=args.batch, device=device)
    quality, stopped = write_rows(found, quality, out)
    if quality.rows:
        print(report(quality))
    if stopped:
        raise Stopped(f"{len(quality.rows)} rows are saved in {out}; the same command continues")


def with_kept_rows(out: Path, quality: Quality) -> Quality:
    """With the rows that an evaluation like this one left in `out`; else the file moves aside."""
    from explorer.evaluation import differences, read

    if not out.exists():
        return quality
    try:
        before = read(out)
        why = differences(before, quality)
    except ValueError as error:
        before, why = quality, str(error)
    if why:
        aside = out.with_suffix(".json.old")
        out.replace(aside)
        complain(f"starting over; the earlier table is now {aside.name}: {why}")
        return quality
    if before.hardware != quality.hardware and quality.hardware not in before.hardware:
        quality = replace(quality, hardware=f"{before.hardware}; {quality.hardware}")
    rows = tuple(row for row in before.rows if row.has_errors)
    if len(rows) < len(before.rows):
        complain(
            f"{len(before.rows) - len(rows)} rows of an earlier version have no errors; the "
            "requested ones are measured again, the others are removed"
        )
    return replace(quality, rows=rows, date=before.date)


def write_rows(found: Iterator[Progress], quality: Quality, out: Path) -> tuple[Quality, bool]:
    """The table, written after every row, with a progress bar; and whether a signal came."""
    from explorer.evaluation import write

    begun = time.monotonic()
    with signals_noted() as asked, progress_bar() as show:
        for state in found:
            if state.finished:
                quality = state.quality
                write(out, quality)
            left = (time.monotonic() - begun) * (1 / state.share - 1)
            show(state.share, progress_text(state, left))
            if asked:
                break
    return quality, bool(asked)


def progress_text(state: Progress, left: float) -> str:
    """What the progress bar says."""
    row = state.row
    measured = f", distance {row.frechet:.3g} of {row.n}" if row else ""
    return f"{state.setting.name}{measured}, {left:.0f} s left"


def report(quality: Quality) -> str:
    """All that was measured, as text; * marks the best of a row and what nothing tells from it."""
    from explorer.evaluation import (
        QUANTITIES,
        evaluation_notes,
        findings,
        floor_notes,
        missing_cells,
        table,
    )

    lines = [
        f"{quality.model}: {quality.n} images per cell against {quality.reference:,} of "
        f"{quality.data}; {quality.precision} on {quality.hardware}",
        *floor_notes(quality),
        *evaluation_notes(quality),
        *filter(None, [missing_cells(quality)]),
    ]
    for quantity in QUANTITIES:
        columns, rows = table(quality, quantity)
        if not rows:
            continue
        cells = [[S, *(cell.text or "–" for cell in row)] for S, row in rows]
        widths = [max(10, *map(len, column)) for column in zip(columns, *cells, strict=True)]
        titles = zip(columns, widths, strict=True)
        lines += ["", quantity, "".join(f"{name:>{width}} " for name, width in titles).rstrip()]
        for texts, (_, row) in zip(cells, rows, strict=True):
            marks = ["", *("*" if cell.best else " " for cell in row)]
            sized = zip(texts, widths, marks, strict=True)
            line = "".join(f"{text:>{width}}{mark or ' '}" for text, width, mark in sized)
            lines.append(line.rstrip())
    return "\n".join([*lines, "", *findings(quality)])


def parse_settings(
    steps: str | None, samplers: str | None, etas: str | None
) -> Callable[[int], Sequence[Setting]]:
    """--steps, --sampler and --eta, for a model of T steps; without any the stored tables' cells.

    ValueError if these do not go together.
    """
    from explorer.evaluation import STEPS, choose_settings, stored_settings

    if steps is samplers is etas is None:
        return stored_settings
    chosen = STEPS if steps is None else [parse_steps(text) for text in steps.split(",")]
    columns = parse_columns(samplers, etas)
    return lambda T: choose_settings(T, chosen, columns)


def parse_steps(text: str) -> int:
    """One of --steps."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise ValueError(f"--steps {text}: whole numbers, 1 or more, separated by commas")
    return int(text)


def parse_columns(samplers: str | None, etas: str | None) -> list[Column]:
    """--sampler and --eta; ValueError if these do not go together."""
    from explorer.evaluation import NOISES, STRIDED, Column, choose_columns

    if samplers is not None:
        names = [name.strip() for name in samplers.split(",")]
    else:  # all, or those that take the η that was asked for
        names = [name for name in STRIDED if etas is None or Column(sampler=name).noise]
    for name in names:
        if name not in STRIDED:
            raise ValueError(f"--sampler {name}: samplers that take S steps: {', '.join(STRIDED)}")
    noises = NOISES if etas is None else [parse_noise(text) for text in etas.split(",")]
    columns = choose_columns(names, noises)
    if etas is not None and not any(column.noise for column in columns):
        titles = " and ".join(dict.fromkeys(STRIDED[name].title for name in names))
        raise ValueError(f"--eta {etas}: {titles} have no η; leave out --eta")
    return columns


def parse_noise(text: str) -> Column:
    """One of --eta."""
    from explorer.evaluation import HAT, Column

    if text.strip() == "hat":
        return HAT
    try:
        eta = float(text)
    except ValueError:
        eta = math.nan
    if not 0 <= eta <= 1:
        raise ValueError(f"--eta {text}: numbers from 0 to 1, or hat, separated by commas")
    return Column(eta)
