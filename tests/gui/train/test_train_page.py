"""The Train tab's handlers: what a visitor, or who pretends to be one, is answered."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from explorer.checkpoints import describe
from explorer.gui.frame.job import Job
from explorer.gui.frame.limits import HOSTED, LOCAL
from explorer.gui.frame.presets import CUSTOM
from explorer.gui.train import look, watch
from explorer.gui.train.choices import DEFAULTS
from explorer.gui.train.earlier import records
from explorer.gui.train.settings import button_name
from explorer.gui.train.tab import GOING
from explorer.training.history import History
from tests.gui.panel import by_name, merged
from tests.gui.small import Page, until


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    monkeypatch.setattr(watch, "SHOW_EVERY", 0)  # however fast the machine is
    monkeypatch.setattr(look, "SAMPLES", 4)
    monkeypatch.setattr(look, "FILM_PICTURES", 2)
    return Page()


def run(page: Page, handler: str, *values: Any, session: str = "one") -> list[dict[str, Any]]:
    return list(page(handler, *values, session=session))


def folder(page: Page, session: str = "one") -> Path:
    return page.context.runs(page.context.visitor(Request(session)))


class Request:
    def __init__(self, session: str) -> None:
        self.session_hash = session


def test_a_run_from_start_to_race(page: Page) -> None:
    first, *rest = run(page, "begin", *page.settings())
    last = merged(rest)
    assert first["train-start"].interactive is False and first["train-stop"].interactive is True
    assert first["train-neighbours"][0] is None  # those of the run before do not stay
    assert first["train-samples"][0] is None and not first["train-film"].snapshots
    assert not first["train-loss"].data[1].x and not first["train-buckets"].data
    assert not first["train-levels"].data[2].x
    assert last["train-start"].interactive is True and last["train-pause"].interactive is False
    name = "mnist-5k-8-cosine"
    assert last["State"] == name
    assert last["Download the model"].value["orig_name"] == f"{name}.safetensors"
    assert name in [choice[1] for choice in last["reverse-model"].choices]
    assert last["train-earlier"].value == name
    assert page.device.speed != 1e10  # measured, for the next forecast
    menu = by_name(page.blocks["send"].fn(name, CUSTOM, name, Request("one")))["reverse-model"]
    assert menu.value == name
    menu = by_name(page.blocks["send"].fn("../x", CUSTOM, name, Request("one")))["reverse-model"]
    assert menu.value in menu.choices[0]
    assert (folder(page) / f"{name}.safetensors").is_file()

    shown = page("show_earlier", name)
    assert "after 10 steps" in shown["train-status"]
    assert "after 10 steps" in shown["train-samples"][1] and shown["train-neighbours"][0]
    assert shown["train-film"].snapshots[-1].step == 10
    assert "Floor" in shown["train-flat"] and shown["train-levels"].data

    more = merged(run(page, "go_on", name, *page.settings(Budget=12)))
    assert describe(folder(page) / f"{name}.safetensors").training["steps"] == 22
    assert more["State"] == name and not more["trouble"]


@pytest.mark.parametrize("name", ["../two/mnist-5k-8-cosine", "../../mnist", "/etc/passwd", "x"])
def test_nobody_reads_anothers_run_by_its_name(page: Page, name: str) -> None:
    list(page("begin", *page.settings(), session="two"))
    for handler, values in (("show_earlier", [name]), ("go_on", [name, *page.settings()])):
        answer = page(handler, *values)
        for shown in [answer] if isinstance(answer, dict) else answer:
            assert "Download the model" not in shown and "State" not in shown
        assert "is no longer here" in shown["trouble"]


@pytest.mark.parametrize("handler", ["begin", "go_on", "bring", "look_ahead", "show_earlier"])
def test_without_a_session_nothing_is_written(page: Page, handler: str) -> None:
    values = {"begin": page.settings(), "go_on": ["x", *page.settings()]}
    values |= {"bring": [["/etc/passwd"]], "look_ahead": page.settings(), "show_earlier": ["x"]}
    answer = page(handler, *values[handler], session="")
    text = str(answer if isinstance(answer, dict) else list(answer))
    assert "please reload it" in text.replace("&#59;", ";")
    assert not (page.context.checkpoints / "runs").exists()


def test_what_does_not_fit_is_said_and_leaves_nothing(page: Page) -> None:
    for changes, says in (
        ({"Size, pixels": 17}, "multiple of 4"),
        ({"Batch size, images": 1000}, "1000 is not allowed here"),
        ({"Data set": "/etc"}, "no data set"),
        ({"cosine: s": None}, "schedule is empty"),
    ):
        (answer,) = run(page, "begin", *page.settings(**changes))
        assert answer["train-status"] == "failed" and says in answer["trouble"]
        assert answer["train-start"].interactive is True
        ahead = page("look_ahead", *page.settings(**changes))
        assert ahead["train-forecast"] == "" and says in ahead["trouble"]
    assert not page.device.busy and not list(page.context.checkpoints.rglob("*.safetensors"))


def test_a_second_run_of_one_visitor_is_refused(page: Page) -> None:
    first = page("begin", *page.settings(Budget=5000))
    next(first)
    (second,) = run(page, "begin", *page.settings())
    assert second["trouble"] == GOING and second.keys() == {"trouble", "ChangedLine"}
    assert page("show_earlier", "x")["trouble"] == GOING
    page("ask_to_stop")
    assert "State" not in merged(first)  # it never began
    assert len(run(page, "begin", *page.settings())) > 2  # and now it may
    assert not page.device.busy


def test_a_run_that_fails_offers_what_is_kept(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    list(page("begin", *page.settings()))

    def add(*_: object) -> None:
        raise FloatingPointError("the loss became nan at step 12; try a lower learning rate")

    monkeypatch.setattr(History, "add", add)
    name = "mnist-5k-8-cosine"
    *_, last = run(page, "go_on", name, *page.settings())
    assert "the loss became nan" in last["trouble"] and "kept" in last["train-status"]
    assert last["State"] == name and last["train-start"].interactive is True
    assert list(last["train-loss"].data[1].x) == list(range(1, 11))  # as it was kept
    assert last["train-film"].snapshots[-1].step == 10
    assert not page.context.jobs.alive and not page.device.busy


def test_a_run_that_fails_before_it_begins_leaves_nothing(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("these images do not fit")

    monkeypatch.setattr(watch, "Run", refuse)
    *_, last = run(page, "begin", *page.settings())
    assert last["train-status"] == "failed" and "do not fit" in last["trouble"]
    assert "State" not in last and not page.device.busy
    for part in ("train-samples", "train-neighbours"):
        assert last[part] == (None, "")  # nothing is announced any more
    assert not last["train-film"].snapshots and not last["train-film"].expected
    assert not last["train-buckets"].data and not last["train-loss"].data[1].x
    assert list(folder(page).iterdir()) == []


def test_the_oldest_of_the_kept_runs_can_still_be_continued() -> None:
    page = Page(replace(HOSTED, runs=2))
    for _ in range(3):
        list(page("begin", *page.settings()))
    left = [record.model.stem for record in records(folder(page))]
    assert left == ["mnist-5k-8-cosine-3", "mnist-5k-8-cosine-2"]  # a stated rule
    assert len(list(folder(page).glob("*.safetensors"))) == 3  # of older ones the model is kept
    last = merged(run(page, "go_on", left[-1], *page.settings()))
    assert last["State"] == left[-1]
    assert describe(folder(page) / f"{left[-1]}.safetensors").training["steps"] == 20


def test_own_runs_are_found_again_at_home_and_by_their_visitor_alone_elsewhere() -> None:
    for limits, others in ((HOSTED, []), (LOCAL, ["mnist-5k-8-cosine"])):
        page = Page(limits)
        list(page("begin", *page.settings(), session="one"))
        for session, found in (("one", ["mnist-5k-8-cosine"]), ("two", others)):
            left = page("welcome", session=session)
            earlier, compared = left["train-earlier"], left["train-compare"]
            assert [value for _, value in earlier.choices] == found
            assert [value for _, value in compared.choices][: len(found)] == found


def test_wishes_reach_a_running_job_alone(page: Page) -> None:
    assert page("change_rate", 1e-3) == {"trouble": ""}
    job, goes_on = Job("train", page.context.visitor(Request("one"))), Event()
    page.context.jobs.begin(job, lambda _: goes_on.wait(60))
    flag = job.flag
    assert flag.read() == ""
    page("change_rate", 5e-4)
    assert flag.read() == '{"rate": 0.0005}'
    for bad in (None, 0, 1, "fast", float("nan"), True):
        assert "; give" in unescape(page("change_rate", bad)["trouble"])
    assert flag.read() == '{"rate": 0.0005}'
    page("ask_to_pause")
    assert flag.read() == '{"pause": true}'
    page("ask_to_stop")
    assert flag() and flag.read() == ""
    goes_on.set()
    until(lambda: job.over)
    page("ask_to_pause")
    assert flag.read() == ""  # an old wish does not pause the next run


def test_presets_set_every_control(page: Page) -> None:
    values = page.blocks["fill"].fn("Emoji 32×32 · 20 minutes")
    assert len(values) == len(page.blocks["fill"].outputs) > len(DEFAULTS)
    assert button_name("steps", 500) == "Train for 500 steps"
    assert button_name("seconds", None) == "Train for … seconds"
