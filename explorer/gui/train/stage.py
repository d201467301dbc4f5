"""What the Train tab shows of a run: losses, samples, heat map, film, neighbours."""

from __future__ import annotations

from contextlib import suppress

import gradio as gr
import plotly.graph_objects as go

from explorer.checkpoints import CheckpointError
from explorer.figures.learning import bucket_figure, loss_figure
from explorer.gui.answers.answer import Answer
from explorer.gui.answers.questions import flat_answer
from explorer.gui.frame.panels import panel_tab, panels
from explorer.gui.frame.shared import Changes, plain
from explorer.gui.frame.spoken import after_steps
from explorer.gui.parts.gallery import Gallery
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.train import flat, growth
from explorer.gui.train.film import Film
from explorer.gui.train.look import new_film, no_film, read_sheet
from explorer.gui.train.stored import RUNS, stored_run
from explorer.gui.train.task import Job
from explorer.gui.train.watch import Progress
from explorer.training import History, Record
from explorer.training.state import read_state

PLACES = {"flat": flat.TITLE, "levels": "Learnt when?", "neighbours": "Memorised or new?"}
"""The titles of a run's panels, by their names in links."""


def _place(name: str, summary: str) -> gr.Tab:
    """A panel that a link can open."""
    return panel_tab(PLACES[name], summary, id=name, elem_id=f"panel-{name}")


class Stage:
    """Builds the pictures of a stored run where it is made; `state` is the line above them.

    First what runs now: losses, samples, and the film with its cursors; then `panels`, which take
    others too.
    """

    def __init__(self, state: gr.Markdown) -> None:
        self.state, before = state, stored_run()
        with gr.Row(elem_classes="train-stage train-now"):
            with gr.Column(scale=3, min_width=280):
                losses = losses_of(before.history, RUNS[0])
                self.plot = PlotView(losses, elem_id="train-loss", beside=380)
            with gr.Column(scale=2, min_width=240):
                self.samples = Gallery(before.samples, elem_id="train-samples")
        self.film = Film(before.film, elem_id="train-film")
        self.answer = Answer(flat_answer(before.history), elem_id="train-why-flat")
        with panels() as self.panels:
            with (
                _place("flat", "The loss at each noise level, and the least it can be"),
                gr.Row(elem_classes="train-stage"),
            ):
                with gr.Column(scale=3, min_width=280):
                    levels = flat.levels_of(before.history, before.T, RUNS[0])
                    self.levels = PlotView(levels, elem_id="train-levels")
                with gr.Column(scale=2, min_width=240):
                    words = flat.why_flat(before.history, before.T)
                    self.flat = gr.Markdown(words, elem_id="train-flat", elem_classes="prose-note")
            with _place("levels", "Which noise levels: a heat map of the fixed probe"):
                heat = heat_of(before.history, before.T, RUNS[0])
                self.heat = PlotView(heat, elem_id="train-buckets")
            with _place("neighbours", "Samples above their nearest training images"):
                self.neighbours = Gallery(before.neighbours, elem_id="train-neighbours")

    @property
    def outputs(self) -> list[gr.Component]:
        return [
            *(self.state, self.plot, self.heat, self.samples, self.film, self.neighbours),
            *(self.levels, self.flat, self.answer),
        ]

    def cleared(self, job: Job) -> Changes:
        """A run begins: nothing of another one stays; one that goes on is shown as it was left."""
        nothing: Changes = {
            self.samples: (None, "Shown after the first step."),
            self.film: new_film(job.config),
        }
        curves = self._curves(History(), job.config.T, job.model.stem)
        with suppress(CheckpointError):  # it has not been written yet, or will be said below
            if job.resume:
                nothing = {}
                curves = self._pictures(job.record)
        return curves | nothing | {self.neighbours: (None, "Shown when the run has ended.")}

    def emptied(self, job: Job) -> Changes:
        """A run ended before its first step: nothing is announced any more."""
        blank = (None, "")
        parts = {self.samples: blank, self.neighbours: blank, self.film: no_film(job.config)}
        return self._curves(History(), job.config.T, job.model.stem) | parts

    def news(self, progress: Progress, job: Job) -> Changes:
        """What has changed since the last look."""
        T, name = job.config.T, job.model.stem
        changes: Changes = {self.state: progress.status} if progress.status else {}
        if progress.history.probes:
            changes[self.plot] = losses_of(progress.history, name)
        if progress.probed:
            changes |= self._curves(progress.history, T, name)
        parts = {
            self.samples: progress.samples,
            self.film: progress.film,
            self.neighbours: progress.neighbours,
        }
        return changes | {part: value for part, value in parts.items() if value is not None}

    def of_record(self, record: Record) -> Changes:
        """A run as it was left; CheckpointError if it cannot be read."""
        step, name = read_state(record.state).step, record.model.stem
        said = f"**{plain(name)}**, {after_steps(step)}"
        return {self.state: said} | self._pictures(record)

    def _pictures(self, record: Record) -> Changes:
        """Curves, samples, film and neighbours as a run left them."""
        stored = read_state(record.state)
        nothing = (None, "Not kept: the run was interrupted.")
        try:
            film = growth.read(record.folder / "film")
        except ValueError:
            film = no_film(stored.config)
        return self._curves(stored.history, stored.config.T, record.model.stem) | {
            self.samples: read_sheet(record, "samples") or nothing,
            self.neighbours: read_sheet(record, "neighbours") or nothing,
            self.film: film,
        }

    def _curves(self, history: History, T: int, name: str) -> Changes:
        """The plots of a run and what is said of them."""
        return {
            self.plot: losses_of(history, name),
            self.heat: heat_of(history, T, name),
            self.levels: flat.levels_of(history, T, name),
            self.flat: flat.why_flat(history, T),
            self.answer: flat_answer(history),
        }


def losses_of(history: History, run: str) -> go.Figure:
    """Batches, their average, the probe, and where the learning rate was changed."""
    probe = [(point.step, point.loss) for point in history.probes]
    rates, curves = history.rates, (history.steps, history.losses, history.smooth)
    return loss_figure(*curves, probe, rates, run=run)


def heat_of(history: History, T: int, run: str) -> go.Figure:
    """The probe by noise level, up to the run's last step."""
    steps, buckets = ([getattr(p, n) for p in history.probes] for n in ("step", "buckets"))
    return bucket_figure(steps, buckets, T, end=history.end, run=run)
