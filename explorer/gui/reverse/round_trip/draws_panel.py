"""A draw against the mean: stored for shipped models, measured here for any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from explorer.checkpoints import Spec
from explorer.gui.frame.agree import Agreement
from explorer.gui.frame.bar import find_model, job_bar
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS, Limits, whole
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    plain,
    prose,
    what_to_look_at,
)
from explorer.gui.frame.spoken import counted
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.reverse.round_trip.draws import Draws, overview, read, run_draws, summary
from explorer.gui.reverse.round_trip.draws_figure import draws_figure

Asked = tuple[str, int, int, int]
N, MOST = 16, 64
"""Pictures of a measurement on the page."""


def stored_draws(context: Context, path: Path, spec: Spec) -> Draws | None:
    """What the package holds of a shipped model; a visitor's own may have the same name."""
    return read(spec.name) if path.parent == context.checkpoints else None


def caption(stored: Draws | None) -> str:
    """What is stored, in numbers; or what to do."""
    if stored is None:
        return "Nothing is stored for this model: measure it from t₀."
    return f"Stored: {plain(overview(stored))} {stored.made}, seed {stored.seed}."


def check_cost(n: int, t: int, limits: Limits) -> None:
    """ValueError for more work than this place allows."""
    if n * t > limits.evaluations:
        raise ValueError(
            f"{n} images from t₀ = {t} are {n * t:,} evaluations of the network; here "
            f"{limits.evaluations:,.0f} are allowed: choose fewer images or a smaller t₀."
        )


def progress(found: Draws) -> str:
    """How far a measurement is; what it says stands beside it."""
    if found.share >= 1:
        return f"{plain(found.model)}: {found.what}"
    arrived = found.moments[-1].n if found.moments else 0
    going = "running" if found.running else "stopped"
    return f"{going}: {found.share:4.0%}, {counted(arrived, 'image')} finished"


def build_draws(context: Context, shared: Shared, share: gr.Slider, seed: gr.Number) -> None:
    """Layout and wiring; t_0 and the seed are the round trip's."""
    first = next(iter(context.models("").values()), None)
    stored = first and stored_draws(context, *first)
    gr.Markdown("### A draw against the mean", elem_classes="stage-title")
    what_to_look_at(__file__, "draws")
    facts = gr.Markdown(caption(stored), elem_id="draws-facts", elem_classes="prose-note")
    plot = PlotView(draws_figure(stored), elem_id="draws-plot")
    n = gr.Slider(2, MOST, value=N, step=1, label="Real images", elem_id="draws-n")
    run, stop, state = job_bar("draws", "Measure from t₀", "")
    said = gr.Markdown("", elem_id="draws-said", elem_classes="prose-note")
    trouble = message()
    prose(__file__, "draws")

    def asked(visitor: str, name: Any, share: Any, seed: Any, n: Any) -> Asked:
        """Model, t_0, images and seed."""
        _, spec = find_model(context, name, visitor)
        part = whole("t₀, % of T", share, (1, 100))
        t, n = max(1, round(part * spec.T / 100)), whole("Real images", n, (2, MOST))
        check_cost(n, t, context.limits)
        return name, t, n, whole("Seed", seed, SEEDS)

    def measure(call: Call, *values: Any) -> Steps:
        name, t, n, seed = asked(call.visitor, *values)
        path, spec = find_model(context, name, call.visitor)
        known, stored = 0, stored_draws(context, path, spec)
        yield {said: ""}
        for found in call.run(run_draws, path, t, n, seed):
            news: Changes = {state: progress(found)}
            arrived = found.moments[-1].n if found.moments else 0
            if arrived != known:
                known = arrived
                news |= {said: plain(summary(found)), plot: draws_figure(stored, found)}
            yield news

    @guarded(trouble)
    def show_draws(request: gr.Request, *values: Any) -> Changes:
        """Another model's stored measurement, which stands for any t_0."""
        path, spec = find_model(context, values[0], context.visitor(request))
        if jobs.running(request):
            return {}
        found = stored_draws(context, path, spec)
        made = agreement.made_with(asked(context.visitor(request), *values))
        return {facts: caption(found), plot: draws_figure(found), said: "", state: ""} | made

    shared.address.field("reverse.draws.pictures", n)
    agreement = Agreement(
        context,
        shared.address,
        fields=[shared.model, share, seed, n],
        read=asked,
        state=state,
        trouble=trouble,
        result=plot,
    )
    jobs = Jobs(
        context,
        "draws",
        state=state,
        trouble=trouble,
        idle=[run],
        stop=stop,
        agreement=agreement,
    )
    jobs.wire(run.click, measure, agreement.fields, [said, plot])
    shown = [facts, plot, said, state, trouble, agreement.line]
    shared.model.change(show_draws, agreement.fields, shown, **QUIET)
