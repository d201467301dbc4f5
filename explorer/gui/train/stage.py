"""What the Train tab shows of a run: losses, samples, heat map, film, neighbours."""

from __future__ import annotations

from contextlib import suppress

import gradio as gr
import plotly.graph_objects as go

from explorer.figures.learning import bucket_figure, loss_figure
from explorer.gui.frame.shared import Changes, plain
from explorer.gui.parts.gallery import Gallery
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.train import growth
from explorer.gui.train.film import Film
from explorer.gui.train.look import read_sheet
from explorer.gui.train.stored import stored_run
from explorer.gui.train.watch import Progress
from explorer.training import History, Record
from explorer.training.state import read_state


class Stage:
    """Builds the pictures of a stored run where it is made; `state` is the line above them."""

    def __init__(self, state: gr.Markdown) -> None:
        self.state, before = state, stored_run()
        with gr.Row(elem_classes="train-stage"):
            with gr.Column(scale=3, min_width=280):
                self.plot = PlotView(losses_of(before.history), elem_id="train-loss")
            with gr.Column(scale=2, min_width=240):
                self.samples = Gallery(before.samples, elem_id="train-samples")
        _title("Which noise levels are learnt when")
        self.heat = PlotView(heat_of(before.history, before.T), elem_id="train-buckets")
        _title("One noise, denoised as training proceeds")
        self.film = Film(before.film, elem_id="train-film")
        _title("Memorised or new?")
        self.neighbours = Gallery(before.neighbours, elem_id="train-neighbours")

    @property
    def outputs(self) -> list[gr.Component]:
        return [self.state, self.plot, self.heat, self.samples, self.film, self.neighbours]

    def cleared(self) -> Changes:
        """A run begins: what only its end can tell is taken away."""
        return {self.neighbours: (None, "To be seen when the run has ended.")}

    def news(self, progress: Progress, T: int) -> Changes:
        """What has changed since the last look."""
        changes: Changes = {self.state: progress.status} if progress.status else {}
        if progress.history.probes:
            changes[self.plot] = losses_of(progress.history)
        if progress.probed:
            changes[self.heat] = heat_of(progress.history, T)
        parts = {
            self.samples: progress.samples,
            self.film: progress.film,
            self.neighbours: progress.neighbours,
        }
        return changes | {part: value for part, value in parts.items() if value is not None}

    def of_record(self, record: Record) -> Changes:
        """A run as it was left; CheckpointError if it cannot be read."""
        stored = read_state(record.state)
        name, nothing = record.model.stem, (None, "Not kept: the run was interrupted.")
        changes: Changes = {
            self.state: f"**{plain(name)}**, as it was left after {stored.step} steps",
            self.plot: losses_of(stored.history),
            self.heat: heat_of(stored.history, stored.config.T),
            self.samples: read_sheet(record, "samples") or nothing,
            self.neighbours: read_sheet(record, "neighbours") or nothing,
        }
        with suppress(ValueError):
            changes[self.film] = growth.read(record.folder / "film")
        return changes


def _title(text: str) -> None:
    gr.Markdown(f"### {text}", elem_classes="stage-title")


def losses_of(history: History) -> go.Figure:
    """Batches, their average and the probe."""
    probe = [(point.step, point.loss) for point in history.probes]
    return loss_figure(history.steps, history.losses, history.smooth, probe)


def heat_of(history: History, T: int) -> go.Figure:
    """The probe by noise level."""
    probes = history.probes
    return bucket_figure([p.step for p in probes], [p.buckets for p in probes], T)
