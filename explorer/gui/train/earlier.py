"""Runs that a visitor made before: found again, and continued."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import gradio as gr

from explorer.checkpoints import CheckpointError
from explorer.gui.train.task import Job
from explorer.text import is_text
from explorer.training import Record, TrainConfig
from explorer.training.state import read_state


def records(folder: Path) -> list[Record]:
    """The runs in a folder that can be continued and compared, newest first."""
    states = sorted(
        folder.glob("*.run/state.safetensors"), key=lambda p: p.stat().st_mtime, reverse=True
    )
    found = [Record(state.parent.with_suffix(".safetensors")) for state in states]
    return [record for record in found if is_text(record.model.name)]  # a menu can offer them


def find_record(name: str | None, folder: Path) -> Record:
    """The run of this name; ValueError if it is not there."""
    for record in records(folder):
        if record.model.stem == name:
            return record
    raise ValueError(f"the run {name!r} is no longer here; train a new one")


def unfinished(folder: Path) -> Record | None:
    """The newest run, if it stopped before its budget was spent: it can go on."""
    record = next(iter(records(folder)), None)
    with suppress(CheckpointError):  # somebody is writing it, or it is damaged
        if record and share_done(record) < 1 and record.model.is_file():
            return record
    return None


def share_done(record: Record) -> float:
    """How much of its budget a run has spent; CheckpointError if its state cannot be read."""
    stored = read_state(record.state)
    budgets = ((stored.step, stored.config.steps), (stored.seconds, stored.config.seconds))
    return max(spent / budget for spent, budget in budgets if budget)


def how_far(record: Record) -> str:
    """What is said of a run that waits to be continued; {} is its name."""
    stored = read_state(record.state)
    done = min(share_done(record), 1.0)
    return f"Your run **{{}}** stopped at step {stored.step} ({done:.0%} of its budget): continue"


def runs_menu(folder: Path, chosen: str | None = None) -> gr.Dropdown:
    """The visitor's runs, newest first."""
    return gr.Dropdown([record.model.stem for record in records(folder)], value=chosen)


def continued(name: str | None, folder: Path, asked: TrainConfig, root: Path | None = None) -> Job:
    """Go on with a run to the end of its budget; if that is spent, for the budget asked for.

    Of the other settings only the learning rate is taken from what is asked for.
    """
    record = find_record(name, folder)
    stored = read_state(record.state)
    config, rate = stored.config, None
    if asked.learning_rate != stored.peak:
        rate = asked.learning_rate
        config = replace(config, learning_rate=rate)
    spent = config.steps and stored.step >= config.steps
    if spent or (config.seconds and stored.seconds >= config.seconds):
        config = replace(
            config,
            steps=stored.step + asked.steps if asked.steps else None,
            seconds=stored.seconds + asked.seconds if asked.seconds else None,
        )
    return Job(config, record.model, root, resume=True, rate=rate)
