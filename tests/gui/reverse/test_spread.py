"""The handlers of "When is it decided?", without a browser."""

from __future__ import annotations

import html
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer.checkpoints import describe, load
from explorer.evaluation.weights import fingerprint
from explorer.gui.frame.call import Patience
from explorer.gui.frame.context import HOME
from explorer.gui.reverse.spread import panel as spread_panel
from explorer.gui.reverse.spread import work as spread
from explorer.gui.reverse.spread.fan import Fan
from explorer.gui.reverse.spread.view import STORED, folder_of, read, sheet_of, summary
from explorer.gui.reverse.spread.work import spread_lanes
from explorer.race import race
from tests.gui.panel import CPU, REQUEST, Panel, by_name, merged, tiny

SHIPPED = HOME / "checkpoints" / "mnist.safetensors"


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    folder = tmp_path_factory.mktemp("models")
    tiny(folder, classes=("cat", "dog"))
    return Panel(folder, spread_panel.build)


@pytest.mark.parametrize("label", [spread.NO_CLASS, "dog"])
def test_forks_draw_the_curve_and_the_columns(panel: Panel, label: str) -> None:
    answers = list(panel("begin", "toys", label, 7, 2))
    last = merged(answers)
    figure, view, state = (last[f"spread-{part}"] for part in ("plot", "fan", "status"))
    assert view.finished and view.label == (None if label == spread.NO_CLASS else label)
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [len(trace.x) for trace in lines] == [11, 11] and "mean of 2" in lines[0].name
    given = "no class" if label == spread.NO_CLASS else "class dog"
    assert state == f"toys, {given}, seed 7: 2 × 10 forks, 4 continuations"
    assert last["trouble"] == ""
    assert last["spread-run"].interactive and not last["spread-stop"].interactive
    assert not panel.context.device.busy
    assert answers[0]["spread-stop"].interactive and not answers[0]["spread-run"].interactive
    assert answers[1]["spread-status"].startswith("running")
    assert "spread-stop" not in merged(answers[1:-1])  # until it has ended
    shown = Fan().postprocess(view)
    assert [lane["rows"] for lane in shown["lanes"]] == [4, 1] and shown["text"] == summary(view)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (("gone", spread.NO_CLASS, 7, 2), "is no longer available"),
        (("toys", "cow", 7, 2), "'cow' is not a class of this model"),
        (("toys", None, 7, 2), "None is not a class of this model"),
        (("toys", ["cat"], 7, 2), "is not a class of this model"),
        (("toys", "cat", 2**40, 2), "is not allowed"),
        (("toys", "cat", None, 2), "is empty"),
        (("toys", "cat", 7, 0), "0 is not allowed"),
        (("toys", "cat", 7, 1000), "is not allowed"),
    ],
)
def test_what_is_wrong_is_said(panel: Panel, values: tuple, says: str) -> None:
    *_, answer = panel("begin", *values)
    assert says in html.unescape(answer["trouble"])
    assert answer["spread-status"] == "failed"
    assert answer["spread-run"].interactive and not answer["spread-stop"].interactive


def test_it_can_be_stopped(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    often = partial(spread.fork_at_moments, every=0)
    monkeypatch.setattr(spread, "fork_at_moments", often)
    answers = panel("begin", "toys", "cat", 7, 2)
    next(answers), next(answers)
    panel("ask_to_stop")
    views = [answer["spread-fan"] for answer in answers if "spread-fan" in answer]
    assert not views[-1].running and not views[-1].finished and summary(views[-1]) == ""
    assert not panel.context.device.busy


def test_nobody_keeps_a_shared_device(tmp_path: Path) -> None:
    soon = Patience(lambda: False, 0)
    *_, view = spread.run_spread(tiny(tmp_path), spread.NO_CLASS, 7, 2, CPU, soon)
    assert not view.running and not view.finished


def test_another_model_offers_its_classes(tmp_path: Path) -> None:
    tiny(tmp_path, "plain", T=3)
    tiny(tmp_path, "toys", classes=("cat", "dog"))
    panel = Panel(tmp_path, spread_panel.build)

    def offer(name: str, chosen: str = spread.NO_CLASS) -> dict[str, Any]:
        return by_name(panel.handlers["offer"](name, chosen, None))

    menu = offer("toys")["spread-class"]
    assert [name for name, _ in menu.choices] == [spread.NO_CLASS, "cat", "dog"]
    assert menu.value == spread.NO_CLASS and not offer("toys")["trouble"]
    assert offer("toys", "dog")["spread-class"].value == "dog"  # which it has too
    assert offer("plain", "dog")["spread-class"].value == spread.NO_CLASS
    assert [name for name, _ in offer("plain")["spread-class"].choices] == [spread.NO_CLASS]
    assert "no longer available" in html.unescape(offer("gone")["trouble"])
    view = merged(panel("begin", "plain", spread.NO_CLASS, 7, 1))["spread-fan"]  # three moments
    assert view.finished and view.lanes[0].times == (3, 2, 1)


def test_a_stop_keeps_the_trajectories_that_have_ended(tmp_path: Path) -> None:
    path = tiny(tmp_path)
    views = spread.run_spread(path, spread.NO_CLASS, 7, 64, CPU, lambda: False)
    seen = next(view for view in views if len(view.lanes[0].ways) >= 2)
    assert seen.running and "mean of" in summary(seen)


STORED_CLASSES = sorted(folder.name for folder in STORED.iterdir())


@pytest.mark.parametrize("name", STORED_CLASSES)
def test_the_stored_forks_are_the_shipped_models(name: str) -> None:
    stored = read(STORED / name)
    assert stored.finished and stored.model == "mnist" and stored.seed == spread.SEED
    assert sum(file.stat().st_size for file in (STORED / name).iterdir()) < 60_000
    ddpm, still = stored.lanes
    assert len(ddpm.ways) == stored.wanted and set(still.values) == {0.0}
    assert all(values[0] > 2 * values[-1] for values in ddpm.ways)
    denoiser, spec = load(SHIPPED)
    assert stored.weights == fingerprint(denoiser.network, spec)
    lane, labels = spread_lanes(spec.T)["DDIM"], None
    if stored.label is not None:
        labels = [spec.classes.index(stored.label)]
    *_, end = race(denoiser, [lane], (1, 28, 28), seed=stored.seed, n=1, labels=labels)
    fresh = sheet_of({place: end.frame.x for place in range(11)}).convert("L")
    kept = still.sheet.convert("L")
    assert fresh.size == kept.size
    assert np.abs(np.asarray(fresh).astype(int) - np.asarray(kept).astype(int)).max() <= 2


def test_every_class_is_stored_from_at_least_sixteen_trajectories() -> None:
    spec = describe(SHIPPED)
    assert STORED_CLASSES == sorted(folder_of(label) for label in (None, *spec.classes))
    for name in STORED_CLASSES:
        assert read(STORED / name).wanted >= 16


def test_a_class_shows_what_is_stored_of_it() -> None:
    panel = Panel(SHIPPED.parent, spread_panel.build)
    answer = by_name(panel.handlers["show_stored"]("mnist", "3", REQUEST))
    assert answer["spread-fan"].label == "3" and "class 3" in answer["spread-status"]
    answer = by_name(panel.handlers["show_stored"]("fashion-mnist", "Trouser", REQUEST))
    assert set(answer) == {"trouble"} and not answer["trouble"]
    answer = by_name(panel.handlers["show_stored"]("mnist", "x", REQUEST))
    assert "not a class" in answer["trouble"]
