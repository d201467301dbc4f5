"""The cards of the Lectures tab, and the ways from a lecture's page."""

from __future__ import annotations

import io
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.checkpoints import describe
from explorer.diffusion.samplers import SAMPLERS
from explorer.gui.app import TABS, create_app
from explorer.gui.frame.address import Address
from explorer.gui.frame.context import HOME as ROOT
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED, LOCAL
from explorer.gui.frame.page_files import page_files
from explorer.gui.lectures.home.cards import GROUPS, PICTURES, cards_of, source_of
from explorer.gui.lectures.home.head import head_html
from explorer.gui.lectures.home.home import Home
from explorer.gui.lectures.home.make import SIDE, pictures
from explorer.gui.lectures.pages.ways import BREAK, MODELS, tour_of, ways_of
from explorer.gui.lectures.tab import HOME, TOPICS
from explorer.gui.lessons.files import SHIPPED, find_lessons
from explorer.lectures import LECTURES

CARDS = cards_of(TOPICS)


@pytest.fixture(scope="module", params=[LOCAL, HOSTED], ids=["local", "hosted"])
def address(request: pytest.FixtureRequest) -> Address:
    demo = create_app(Context(Device(torch.device("cpu")), request.param))
    return next(block for block in demo.blocks.values() if isinstance(block, Address))


def test_there_is_a_card_for_every_lecture_and_topic() -> None:
    assert tuple(CARDS) == GROUPS
    lectures, topics = ([card.topic for card in CARDS[group]] for group in GROUPS)
    assert lectures == [f"lecture-{name}" for name in LECTURES]
    assert sorted(lectures + topics) == sorted(topic.ID for topic in TOPICS)
    assert HOME not in lectures + topics
    for card in (*CARDS[GROUPS[0]], *CARDS[GROUPS[1]]):
        assert card.title and card.source and card.picture
        for words in (card.line, card.do):
            assert 20 < len(words) < 200


def test_a_card_says_where_by_whom_and_when() -> None:
    lines = {card.topic: card.source for card in CARDS[GROUPS[0]]}
    assert lines["lecture-scinet"] == "SciNet HPC Consortium · Erik Spence · 2026"
    assert lines["lecture-oslo"] == "University of Oslo · Morten Hjorth-Jensen · 2025"
    assert "Matthieu De Mari" in lines["lecture-sutd"] and "Singapore" in lines["lecture-sutd"]
    for name in ("cars", "jax"):  # no line of theirs names anybody
        assert lines[f"lecture-{name}"].startswith("Institution and author not named in its text")
    for card in CARDS[GROUPS[1]]:
        assert card.source.startswith("In ")
        assert any(lecture.title in card.source for lecture in LECTURES.values())


def test_the_pictures_are_small_and_of_what_is_stored_now() -> None:
    drawn = pictures()
    assert drawn.keys() == {topic.ID for topic in TOPICS}
    for topic, picture in drawn.items():
        file = PICTURES / f"{topic}.webp"
        assert file.stat().st_size < 8000
        stored = Image.open(io.BytesIO(file.read_bytes())).convert("RGB")
        assert stored.size == picture.size == (SIDE, SIDE)
        off = np.abs(np.asarray(stored, float) - np.asarray(picture, float)).mean()
        assert off < 12, f"{topic} is of an earlier sheet: python -m tools.make_stored home"


def test_what_the_browser_gets() -> None:
    shown = Home().postprocess(CARDS)
    assert shown is not None and Home().postprocess(None) is None
    cards = [card for group in shown for card in group["cards"]]
    assert [card["topic"] for card in cards] == [topic.ID for topic in TOPICS]
    for card in cards:
        assert page_files.read(card["src"]) == (PICTURES / f"{card['topic']}.webp").read_bytes()


def test_a_topics_head_leads_back_and_says_its_source() -> None:
    for topic in TOPICS:
        head = head_html(topic)
        assert 'href="#tab=lectures"' in head and "All lectures and topics" in head
        assert f'<h2 tabindex="-1">{topic.TITLE}</h2>' in head and source_of(topic) in head


def find_model(name: str) -> Path:
    """A shipped model's file."""
    (path,) = (ROOT / "checkpoints").glob(f"**/{name}.safetensors")
    return path


@pytest.mark.parametrize("name", LECTURES)
def test_the_ways_set_what_they_say(name: str, address: Address) -> None:
    """The registry takes every field of every link, and nothing else is set."""
    lecture = LECTURES[name]
    ways = {way.title: way for way in ways_of(name, lecture)}
    assert list(ways) == ["Forward", "Schedules", "Train", "Reverse"]
    found = {}
    for title, way in ways.items():
        asked = dict(parse_qsl(urlsplit(way.address).fragment))
        tab = asked.pop("tab")
        assert tab == title.lower() and tab in {each.ID for each in TABS}
        asked.pop("show", None)  # the player's own
        whole = {f"{tab}.{key}": text for key, text in asked.items()}
        assert whole.keys() <= address.fields.keys()
        groups = list({address.fields[key].group for key in whole} | {tab})
        values, _, wrong = address.restore(whole, list(whole), groups, "")
        assert not wrong and values.keys() == whole.keys()
        found |= values
    assert found["forward.T"] == found["schedules.T"] == lecture.T
    assert found["schedules.compare"] == [lecture.schedule]
    assert found["schedules.lecture"] == lecture.title
    assert found["train.preset"] == f"Lecture: {lecture.title}"
    path = find_model(found["reverse.model"])
    spec, said = describe(path), ways["Reverse"].said
    assert f"with the model {spec.name}" in said
    if path.parent.name == "lectures":  # the lecture's own network
        assert path.stem == f"lecture-{name}"
        assert (spec.schedule, spec.T) == (lecture.schedule, lecture.T) and "its T is" not in said
    else:
        assert (path.stem, spec.T) == MODELS[lecture.schedule] and name == "jax"
        assert f"its T is {spec.T} instead of {lecture.T}" in said
    if not lecture.lanes:
        assert dict(parse_qsl(urlsplit(ways["Reverse"].address).fragment))["show"] == "x0"
        return
    lanes = [found[f"reverse.lane-{i}"] for i in (1, 2, 3, 4)]
    titles = [SAMPLERS[lane["sampler"]].title for lane in lecture.lanes]
    assert lanes == titles + ["–"] * (4 - len(titles))
    for i, lane in enumerate(lecture.lanes, 1):
        assert ("β̃" not in str(found[f"reverse.lane-{i}-variance"])) == ("variance" in lane)
        assert found.get(f"reverse.lane-{i}-steps") == lane.get("steps")
    assert found.get(f"reverse.{BREAK}", False) == (len(lanes) - lanes.count("–") <= 2)


def test_every_lecture_has_its_tour() -> None:
    lessons, troubles = find_lessons([SHIPPED])
    tours = [name for name in lessons if name.startswith("lecture-")]
    assert not troubles and tours == [tour_of(name) for name in LECTURES]
    assert list(lessons)[-len(tours) :] == tours  # the lessons come first


def test_no_two_titles_are_alike() -> None:
    titles = [re.sub(r"\W+", " ", topic.TITLE).lower() for topic in TOPICS]
    assert len(set(titles)) == len(titles)
