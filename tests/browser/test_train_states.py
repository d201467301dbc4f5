"""Every state of a run on the Train tab: nothing of another run, nothing of the past."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import torch

from explorer.gui.app import create_app, launch
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED
from explorer.gui.train import watch
from explorer.training import Run, loop
from tests.browser.conftest import Visit, free_port
from tests.browser.test_train import NAME, open_fold, opened, seconds, steps_done, trace

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.browser

PASSING = ("s left", "images/s", "starting", "stopping", "reading", "continuing", "waiting")
"""What is said of a run only while it goes on."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app in this process, so that a test can make a run fail."""
    folder = tmp_path_factory.mktemp("app")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "gradio"))
        patch.setenv("FORWARDED_ALLOW_IPS", os.environ.get("FORWARDED_ALLOW_IPS", ""))
        (folder / "checkpoints").mkdir()
        context = Context(
            Device(torch.device("cpu")),
            HOSTED,
            checkpoints=folder / "checkpoints",
            datasets=("mnist-5k",),
        )
        demo = create_app(context)
        port = free_port()
        launch(demo, context, server_port=port, prevent_thread_lock=True, quiet=True)
        yield f"http://127.0.0.1:{port}"
        context.jobs.close(10)
        demo.close()


@pytest.fixture
def train(stranger: BrowserContext, address: str) -> Iterator[Visit]:
    visit = opened(Visit(stranger, address))
    yield visit
    visit.check()


def ready(train: Visit) -> None:
    """A run has ended, and all that the page gets of it is there."""
    train.page.wait_for_selector("#train-start:not([disabled])")
    train.page.wait_for_timeout(300)


def is_quiet(train: Visit) -> None:
    """Nothing on the page speaks of a run that still goes on."""
    said = train.text("#train-status")
    assert not [words for words in PASSING if words in said], said
    for part in ("#train-samples", "#train-neighbours", "#train-film", "#train-flat"):
        text = train.text(part)
        assert "Shown " not in text and "on its way" not in text, text
    assert train.page.is_disabled("#train-stop") and train.page.is_disabled("#train-pause")


def ends_at(train: Visit, step: int) -> None:
    """Curves, heat map and film reach this step, and none goes beyond it."""
    train.page.wait_for_function(
        "(n) => document.querySelector('#train-film .film').dataset.step === String(n)", arg=step
    )
    curves = [trace(train, "#train-loss", k, "x") for k in range(3)]
    assert [curve[-1] for curve in curves] == [step] * 3
    edges = trace(train, "#train-buckets", 0, "x")
    assert edges[-1] == max(step, 1)
    shown = train.page.evaluate(
        """() => { const axis = document.querySelector("#train-buckets .graph")._fullLayout.xaxis;
        return axis.range.map((x) => axis.type === "log" ? 10 ** x : x); }"""
    )
    assert shown == pytest.approx([edges[0], edges[-1]])


def rates(train: Visit) -> list[str]:
    """What is written at the marks of changed learning rates."""
    texts = train.page.locator("#train-loss .graph text").all_text_contents()
    return [text for text in texts if text.startswith("rate ")]


def start(train: Visit) -> None:
    train.page.click("#train-start")
    train.wait_for_text("#train-status", "images/s")


def test_every_state_of_a_run_shows_that_run_alone(train: Visit) -> None:
    is_quiet(train)  # a stored run
    stored = trace(train, "#train-loss", 1, "x")[-1]
    seconds(train, 100)
    start(train)
    first = trace(train, "#train-loss", 1, "x")
    assert first[0] == 1 and first[-1] < stored
    train.wait_for_text("#train-neighbours", "when the run has ended")
    train.wait_for_text("#train-film .steps", "0")
    assert not train.page.is_visible("#train-neighbours img")
    train.wait_for_text("#train-flat", "Floor")

    train.page.click("#train-pause")
    train.wait_for_text("#train-status", "paused and saved")
    ready(train)
    is_quiet(train)
    paused = steps_done(train)
    ends_at(train, paused)

    open_fold(train, "Network and optimiser")
    train.page.fill("#train-rate input", "0.0005")
    train.page.keyboard.press("Tab")
    train.page.click("#train-continue")
    train.wait_for_text("#train-status", "images/s")
    assert trace(train, "#train-loss", 1, "x")[0] == 1  # its own curve goes on
    train.page.wait_for_function(
        "() => document.querySelector('#train-loss').textContent.includes('rate 0.0005')"
    )
    train.page.click("#train-stop")
    train.wait_for_text("#train-status", f"{NAME} saved")
    ready(train)
    is_quiet(train)
    stopped = steps_done(train)
    ends_at(train, stopped)
    assert rates(train) == ["rate 0.0005"]
    assert trace(train, "#train-loss", 3, "x") == [paused, paused]

    train.page.reload()
    train.page.wait_for_selector("[data-loads] #forward-t", state="attached")
    opened(train)
    train.wait_for_text("#train-status", NAME)
    ready(train)
    is_quiet(train)
    ends_at(train, stopped)
    assert rates(train) == ["rate 0.0005"]

    seconds(train, 6)
    open_fold(train, "Network and optimiser")
    start(train)  # another one
    assert trace(train, "#train-loss", 1, "x")[-1] < stopped and rates(train) == []
    train.wait_for_text("#train-status", f"{NAME}-2 saved")
    ready(train)
    is_quiet(train)
    ends_at(train, steps_done(train))
    assert rates(train) == []
    assert train.page.is_visible("#train-neighbours img")


def test_a_failure_leaves_nothing_that_is_announced(
    train: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("these images do not fit")

    with monkeypatch.context() as patch:
        patch.setattr(watch, "Run", refuse)
        train.page.click("#train-start")
        train.wait_for_text("body", "these images do not fit")
    ready(train)
    assert train.text("#train-status") == "failed"
    is_quiet(train)
    assert trace(train, "#train-loss", 1) == [] and trace(train, "#train-buckets", 0) == []
    assert train.text("#train-film .title") == "No snapshots yet"
    assert not train.page.is_visible("#train-samples img")

    original = loop.train_step

    def explode(run: Run) -> torch.Tensor:
        return original(run) * (torch.nan if run.step == 6 else 1)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "train_step", explode)
        train.page.click("#train-start")
        train.wait_for_text("body", "the loss became nan at step 7")
    ready(train)
    assert "is kept at its last good step" in train.text("#train-status")
    is_quiet(train)
    assert trace(train, "#train-loss", 1, "x") == [1, 2, 3, 4, 5, 6]
    assert trace(train, "#train-buckets", 0, "x")[-1] == 6
