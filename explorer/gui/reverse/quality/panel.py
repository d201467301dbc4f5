"""Steps against quality: what a model's samplers are worth, stored or measured here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import torch
from gradio.blocks import Block

from explorer import inference
from explorer.checkpoints import Spec
from explorer.cli.said import as_command, evaluate_words
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
from explorer.gui.answers.answer import Answer
from explorer.gui.answers.questions import few_steps_answer
from explorer.gui.frame.agree import Agreement
from explorer.gui.frame.bar import find_model, job_bar
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context, place_of
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import whole
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    message,
    plain,
    prose,
    what_to_look_at,
)
from explorer.gui.frame.spoken import about, counted
from explorer.gui.parts.copy_text import COMMAND, CopyText, Texts
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.plane.order.work import read as read_order
from explorer.gui.reverse.quality.figure import QUANTITIES, paper_html
from explorer.gui.reverse.quality.forecast import evaluations, expected_errors, seconds
from explorer.gui.reverse.quality.words import INVITATION, PAPER, quality_parts
from explorer.gui.train.own_pictures import OWN, read_stored
from explorer.precision import AUTO, choose_precision

TITLE = "Steps against quality"
SUMMARY = "How close to real images a few evaluations come"

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
            raise DataError(f"{name} is not available here")
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


def quality_texts(
    path: Path,
    T: int,
    steps: Sequence[str],
    samplers: Sequence[str],
    noises: Sequence[str],
    n: int,
) -> Texts:
    """The command that measures these cells, with as many training pictures to compare with."""
    settings = chosen_settings(T, steps, samplers, noises)
    columns = [NOISE_CHOICES[noise] for noise in noises if noise in NOISE_CHOICES]
    etas = ["hat" if column.variance == "beta" else f"{column.eta:g}" for column in columns]
    chosen = [name for name in STRIDED if name in samplers]
    noisy = any("eta" in STRIDED[name].options for name in chosen)
    asked = sorted({setting.steps for setting in settings})
    words = evaluate_words(place_of(path), asked, chosen, etas if noisy else [], n)
    return Texts({COMMAND: as_command([*words, "--reference", str(REFERENCE)]) + "\n"})


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
    length = about(seconds(context, spec, settings, n, REFERENCE))
    known = expected_errors(tables, n, logit_indices(spec.classes) is not None)
    cells = counted(len(settings), "cell")
    return f"{cells} of {n:,} images: {length} here. {known}"


def build(context: Context, shared: Shared) -> None:
    """Inside whatever container is open."""
    limits, models = context.limits, context.models("")
    first = next(iter(models.values()), None)
    most = min(SMALL[2], limits.samples)

    def foreseen(name: Any, steps: Any, samplers: Any, noises: Any, n: Any, visitor: str) -> str:
        path, spec = find_model(context, name, visitor)
        settings = chosen_settings(spec.T, steps or [], samplers or [], noises or [])
        n = whole("Images per cell", n, (2, limits.samples))
        return forecast_text(context, path, spec, settings, n)

    def invitation(path: Path, spec: Spec) -> str:
        settings = chosen_settings(spec.T, SMALL[0], [Column().sampler], SMALL[1])
        length = about(seconds(context, spec, settings, most, REFERENCE))
        return (
            f"**{plain(spec.name)}** has not been measured yet: open *Measure the chosen model "
            "here* "
            f"below and press *Measure*, {length} for {counted(len(settings), 'cell')}."
        )

    stored = stored_quality(first[0]) if first else None
    current = gr.State(stored)
    invited = invitation(*first) if first else INVITATION
    words, figure, cells, said = quality_parts(stored, QUANTITIES[0], invited)
    what_to_look_at(__file__)
    facts = gr.Markdown(words, elem_classes="prose-note", elem_id="quality-facts")
    quantity = gr.Radio(list(QUANTITIES), value=QUANTITIES[0], show_label=False, label="Shown")
    plot = PlotView(figure, elem_id="quality-plot")
    order = read_order()
    why = Answer(few_steps_answer(order, stored), elem_id="quality-why")
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
        steps = gr.CheckboxGroup(
            list(STEPS), value=SMALL[0], label="Steps S (any above T means T)"
        )
        samplers = gr.CheckboxGroup(
            [(sampler.title, name) for name, sampler in STRIDED.items()],
            value=[Column().sampler],
            label="Samplers",
            elem_id="quality-samplers",
        )
        noises = gr.CheckboxGroup(list(NOISE_CHOICES), value=SMALL[1], label=f"Noise of {NOISY}")
        n = gr.Slider(64, limits.samples, value=most, step=64, label="Images per cell")
        begun = (SMALL[0], [Column().sampler], SMALL[1], most)
        told = foreseen(first[0].stem, *begun, "") if first else ""
        forecast = gr.Markdown(told, elem_id="quality-forecast", elem_classes="prose-note")
        run, stop, state = job_bar("quality", "Measure", "")
        copied = quality_texts(first[0], first[1].T, *begun) if first else None
        command = CopyText(copied, elem_id="quality-copy")
        trouble = message()
    parts: list[Block] = [facts, plot, table, found]

    def asked(
        visitor: str, name: Any, steps: Any, samplers: Any, noises: Any, n: Any
    ) -> tuple[str, tuple[Setting, ...], int]:
        """Model, cells and pictures of each."""
        _, spec = find_model(context, name, visitor)
        settings = chosen_settings(spec.T, steps or [], samplers or [], noises or [])
        n = whole("Images per cell", n, (2, limits.samples))
        cost = evaluations(spec, settings, n)
        if cost > limits.evaluations:
            raise ValueError(
                f"{cost:,} evaluations of the network are too many: {limits.evaluations:,} "
                "are allowed here; choose fewer images, smaller S, fewer samplers or fewer noise "
                "settings"
            )
        return name, settings, n

    def begin_here(call: Call, *values: Any) -> Steps:
        *wanted, quantity = values
        name, settings, n = asked(call.visitor, *wanted)
        path, _ = find_model(context, name, call.visitor)
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
                changes[state] = f"{counted(rows, 'cell')} measured"
                changes[why] = few_steps_answer(order, news.quality)
            yield changes
        if rows and path.parent != context.checkpoints:  # the shipped tables stay
            write(quality_path(path), news.quality)

    def table_of(request: gr.Request, name: Any, quantity: str) -> Changes:
        """What is stored of a model, or an invitation."""
        try:
            path, spec = find_model(context, name, context.visitor(request))
            quality, invited = stored_quality(path), invitation(path, spec)
        except ValueError:
            quality, invited = None, INVITATION
        fresh = quality_parts(quality, quantity, invited)
        changes: Changes = dict(zip(parts, fresh, strict=True))
        return changes | {current: quality, why: few_steps_answer(order, quality)}

    def show_stored(request: gr.Request, quantity: str, *values: Any) -> Changes:
        """Another model's stored table, which stands for any cells."""
        changes = table_of(request, values[0], quantity) | {state: ""}
        with suppress(ValueError):  # a wrong field has its sentence
            changes |= agreement.made_with(asked(context.visitor(request), *values))
        return changes

    def show_quantity(request: gr.Request, name: Any, quality: Any, quantity: str) -> Changes:
        if quality is None:
            return table_of(request, name, quantity)
        return dict(zip(parts, quality_parts(quality, quantity), strict=True))

    def show_forecast(
        request: gr.Request, name: Any, steps: Any, samplers: Any, noises: Any, n: Any
    ) -> Changes:
        try:
            visitor = context.visitor(request)
            said = foreseen(name, steps, samplers, noises, n, visitor)
            path, spec = find_model(context, name, visitor)
            text = quality_texts(path, spec.T, steps, samplers, noises, int(n))
        except ValueError as error:
            return {forecast: plain(str(error))}
        return {forecast: said, command: text}

    agreement = Agreement(
        context,
        shared.address,
        fields=[shared.model, steps, samplers, noises, n],
        read=asked,
        state=state,
        trouble=trouble,
        result=plot,
    )
    jobs = Jobs(
        context,
        "quality",
        state=state,
        trouble=trouble,
        idle=[run],
        stop=stop,
        agreement=agreement,
    )
    drawn = [*parts, current, why]
    jobs.wire(run.click, begin_here, [*agreement.fields, quantity], drawn)
    shown = [*drawn, state, agreement.line]
    shared.model.change(show_stored, [quantity, *agreement.fields], shown, **QUIET)
    quantity.input(show_quantity, [shared.model, current, quantity], drawn, **QUIET)
    events = [block.change for block in (shared.model, steps, samplers, noises, n)]
    gr.on(events, show_forecast, agreement.fields, [forecast, command], **QUIET)
    address, group = shared.address, "reverse.quality"
    address.field(f"{group}.quantity", quantity)
    kept = {"steps": steps, "samplers": samplers, "noise": noises, "pictures": n}
    for key, field in kept.items():
        address.field(f"{group}.{key}", field)
    address.restored(group)(show_quantity, [shared.model, current, quantity], drawn, **QUIET)
