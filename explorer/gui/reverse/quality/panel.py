"""Steps against quality: what a model's samplers are worth, stored or measured here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import torch
from gradio.blocks import Block

from explorer import inference
from explorer.checkpoints import Spec
from explorer.data import DataError, ImageSet
from explorer.data import load as load_data
from explorer.evaluation import (
    NOISES,
    STRIDED,
    Column,
    Quality,
    Setting,
    begin,
    choose_columns,
    choose_settings,
    evaluate,
    load_reference,
    quality_path,
    read,
    write,
)
from explorer.evaluation.classifier import logit_indices
from explorer.evaluation.paper import TABLE_1
from explorer.gui.frame.bar import find_model, job_bar
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import whole
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    message,
    plain,
    prose,
)
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.reverse.quality.figure import QUANTITIES, paper_html
from explorer.gui.reverse.quality.forecast import duration, evaluations, expected_errors, seconds
from explorer.gui.reverse.quality.words import INVITATION, PAPER, quality_parts
from explorer.gui.train.own_pictures import OWN, read_stored
from explorer.precision import AUTO, choose_precision

TITLE = "Steps against quality"

STEPS = ("5", "10", "20", "50", "100", "1000")
NOISE_CHOICES = dict(zip(("η = 0", "0.2", "0.5", "1", "σ̂"), NOISES, strict=True))
NOISY = " and ".join(sampler.title for sampler in STRIDED.values() if "eta" in sampler.options)
"""Whose noise can be chosen."""
SMALL = (["5", "10", "20"], ["η = 0", "1"], 128)
"""What is measured here unless one asks for more: about 20 seconds on a CPU core."""
REFERENCE = 5000


@dataclass(frozen=True, eq=False)
class Measured:
    """A table so far."""

    quality: Quality
    share: float
    what: str
    running: bool


def measure(
    path: Path,
    settings: Sequence[Setting],
    n: int,
    folder: Path,
    offered: Sequence[str],
    root: Path | None,
    device: torch.device,
    stopped: Callable[[], bool],
) -> Iterator[Measured]:
    """Evaluate a model as `python -m explorer evaluate` does, with fewer pictures."""
    denoiser, spec = inference.shared(path, device)

    def pictures(name: str, size: int, root: str | Path | None) -> ImageSet:
        if name == OWN:
            return read_stored(folder).resized(size)
        if name not in offered:
            raise DataError(f"{name} is not offered here")
        return load_data(name, size=size, root=root)

    own = OWN if spec.data == OWN else None
    reference = load_reference(spec, n=n, most=REFERENCE, name=own, root=root, read=pictures)
    precision = choose_precision(AUTO, device)
    quality = begin(denoiser, spec, reference, n=n, precision=precision, device=device)
    yield Measured(quality, 0.0, "starting", True)
    for progress in evaluate(denoiser, spec, reference, quality, settings, device=device):
        quality = progress.quality
        yield Measured(quality, progress.share, progress.setting.name, True)
        if stopped():
            break
    yield Measured(quality, progress.share, "", False)


def chosen_settings(
    T: int, steps: Sequence[str], samplers: Sequence[str], noises: Sequence[str]
) -> tuple[Setting, ...]:
    """The cells that are ticked; ValueError if there are none."""
    asked = [int(S) for S in steps if S in STEPS]
    kinds = [NOISE_CHOICES[noise] for noise in noises if noise in NOISE_CHOICES]
    columns = choose_columns([name for name in samplers if name in STRIDED], kinds)
    if not asked or not columns:
        raise ValueError(f"Choose at least one S, one sampler and, for {NOISY}, one noise.")
    return choose_settings(T, asked, columns)


def stored_quality(path: Path) -> Quality | None:
    """What stands beside a checkpoint; None without."""
    try:
        return read(quality_path(path))
    except (OSError, ValueError):
        return None


def forecast_text(
    context: Context, path: Path, spec: Spec, settings: Sequence[Setting], n: int
) -> str:
    """How long a measurement takes, and the errors that it will have; before it starts."""
    own = stored_quality(path)
    shipped = [stored_quality(other) for other, _ in context.models("").values()]
    tables = [table for table in (own, *shipped) if table is not None]
    length = duration(seconds(context, spec, settings, n, REFERENCE))
    known = expected_errors(tables, n, logit_indices(spec.classes) is not None)
    cells = "1 cell" if len(settings) == 1 else f"{len(settings)} cells"
    return f"{cells} of {n:,} pictures: about {length} here. {known}"


def build(context: Context, shared: Shared) -> None:
    """Inside whatever container is open."""
    limits, models = context.limits, context.models("")
    first = next(iter(models.values()), None)
    most = min(SMALL[2], limits.samples)

    def foreseen(name: Any, steps: Any, samplers: Any, noises: Any, n: Any, visitor: str) -> str:
        path, spec = find_model(context, name, visitor)
        settings = chosen_settings(spec.T, steps or [], samplers or [], noises or [])
        n = whole("Pictures a cell", n, (2, limits.samples))
        return forecast_text(context, path, spec, settings, n)

    def invitation(path: Path, spec: Spec) -> str:
        settings = chosen_settings(spec.T, SMALL[0], [Column().sampler], SMALL[1])
        length = duration(seconds(context, spec, settings, most, REFERENCE))
        return (
            f"**{plain(spec.name)}** is not measured yet: open *Measure the chosen model here* "
            f"below and press *Measure*, about {length} for {len(settings)} cells."
        )

    stored = stored_quality(first[0]) if first else None
    current = gr.State(stored)
    invited = invitation(*first) if first else INVITATION
    words, figure, cells, said = quality_parts(stored, QUANTITIES[0], invited)
    facts = gr.Markdown(words, elem_classes="prose-note", elem_id="quality-facts")
    quantity = gr.Radio(list(QUANTITIES), value=QUANTITIES[0], show_label=False, label="Shown")
    plot = PlotView(figure, elem_id="quality-plot")
    table = gr.HTML(cells, elem_id="quality-table", elem_classes="quality-table")
    found = gr.Markdown(said, elem_id="quality-findings", elem_classes="prose-note")
    with gr.Accordion("Table 1 of the DDIM paper", open=True, elem_id="quality-paper"):
        gr.Markdown(PAPER, elem_classes="prose-note")
        with gr.Row():
            for data in TABLE_1:
                with gr.Column(min_width=320):
                    gr.Markdown(f"**{data}**")
                    gr.HTML(paper_html(data), elem_classes="quality-table")
    prose(__file__)
    with gr.Accordion("Measure the chosen model here", open=False):
        steps = gr.CheckboxGroup(list(STEPS), value=SMALL[0], label="Steps S (T for more than T)")
        samplers = gr.CheckboxGroup(
            [(sampler.title, name) for name, sampler in STRIDED.items()],
            value=[Column().sampler],
            label="Samplers",
            elem_id="quality-samplers",
        )
        noises = gr.CheckboxGroup(list(NOISE_CHOICES), value=SMALL[1], label=f"Noise of {NOISY}")
        n = gr.Slider(64, limits.samples, value=most, step=64, label="Pictures a cell")
        begun = (SMALL[0], [Column().sampler], SMALL[1], most)
        told = foreseen(first[0].stem, *begun, "") if first else ""
        forecast = gr.Markdown(told, elem_id="quality-forecast", elem_classes="prose-note")
        run, stop, state = job_bar("quality", "Measure", "")
        trouble = message()
    parts: list[Block] = [facts, plot, table, found]

    def begin_here(
        call: Call, name: Any, steps: Any, samplers: Any, noises: Any, n: Any, quantity: Any
    ) -> Steps:
        path, spec = find_model(context, name, call.visitor)
        settings = chosen_settings(spec.T, steps or [], samplers or [], noises or [])
        n = whole("Pictures a cell", n, (2, limits.samples))
        cost = evaluations(spec, settings, n)
        if cost > limits.evaluations:
            raise ValueError(
                f"{cost:,} evaluations of the network are more than {limits.evaluations:,} "
                "and too many here: choose fewer pictures, smaller S, fewer samplers or less noise"
            )
        yield {}
        rows, folder = -1, context.runs(call.visitor)
        arguments = (path, settings, n, folder, context.datasets, context.root)
        for news in call.run(measure, *arguments, seconds=limits.slice or 600):
            changes: Changes = {state: f"{news.share:.0%} {news.what}"}
            if len(news.quality.rows) != rows:
                rows = len(news.quality.rows)
                fresh = quality_parts(news.quality, quantity)
                changes |= dict(zip(parts, fresh, strict=True)) | {current: news.quality}
            if not news.running:
                changes[state] = f"{rows} cells measured"
            yield changes
        if rows and path.parent != context.checkpoints:  # the shipped tables stay
            write(quality_path(path), news.quality)

    def show_stored(request: gr.Request, name: Any, quantity: str) -> Changes:
        try:
            path, spec = find_model(context, name, context.visitor(request))
            quality, invited = stored_quality(path), invitation(path, spec)
        except ValueError:
            quality, invited = None, INVITATION
        fresh = quality_parts(quality, quantity, invited)
        return dict(zip(parts, fresh, strict=True)) | {current: quality}

    def show_quantity(request: gr.Request, name: Any, quality: Any, quantity: str) -> Changes:
        if quality is None:
            return show_stored(request, name, quantity)
        return dict(zip(parts, quality_parts(quality, quantity), strict=True))

    def show_forecast(
        request: gr.Request, name: Any, steps: Any, samplers: Any, noises: Any, n: Any
    ) -> Changes:
        try:
            said = foreseen(name, steps, samplers, noises, n, context.visitor(request))
        except ValueError as error:
            said = plain(str(error))
        return {forecast: said}

    jobs = Jobs(context, "quality", state=state, trouble=trouble, idle=[run], stop=stop)
    wanted = [shared.model, steps, samplers, noises, n, quantity]
    jobs.wire(run.click, begin_here, wanted, [*parts, current])
    shared.model.change(show_stored, [shared.model, quantity], [*parts, current], **QUIET)
    quantity.input(show_quantity, [shared.model, current, quantity], [*parts, current], **QUIET)
    asked = [steps, samplers, noises, n]
    events = [block.change for block in (shared.model, steps, samplers, noises, n)]
    gr.on(events, show_forecast, [shared.model, *asked], forecast, **QUIET)
