"""Lessons as files: what is read, and what a sentence says of what is wrong."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from explorer.gui.app import LESSONS
from explorer.gui.frame.context import HOME
from explorer.gui.lessons import folders
from explorer.gui.lessons.files import (
    MOST_BYTES,
    SHIPPED,
    LessonError,
    find_lessons,
    parse_lesson,
    read_lesson,
)
from explorer.gui.lessons.lesson import readings
from explorer.gui.lessons.parts import PARTS, READINGS

GOOD = """\
title: Two scenes
summary: A short one.
scenes:
  - text: |
      Look at $x_0$.
    state: {tab: forward, t: 0, seed: 7.0, wide: true}
  - text: And now?
    state:
      tab: reverse
    highlight: [reverse-t, reverse lanes]
    question: Which t?
    answer: It is {{reverse-t}}.
"""
SCENE = "  - text: x\n    state: {tab: forward}\n"


def test_a_lesson_is_read() -> None:
    lesson = parse_lesson(GOOD, "mine.yaml")
    first, second = lesson.scenes
    assert (lesson.title, lesson.summary) == ("Two scenes", "A short one.")
    assert first.text == "Look at $x_0$."
    assert parse_qs(first.address) == {
        "tab": ["forward"],
        "t": ["0"],
        "seed": ["7"],
        "wide": ["1"],
    }
    assert second.highlight == ["reverse-t", "reverse lanes"] and not second.hide
    assert (second.question, second.answer) == ("Which t?", "It is {{reverse-t}}.")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "line 1: the file is empty"),
        ("# only a comment\n", "line 1: the file is empty"),
        ("- a\n", "line 1: a lesson is a table"),
        ("title: [a\n", "line 2: this is not YAML: expected ',' or ']'"),
        ("title: a\n\tb: c\n", r"line 2: this is not YAML: found character '\\t'"),
        ("title: a\nsummary: \x01", "line 2: 0x1 is no character"),
        ("title: a\ntitle: b\n", "line 2: 'title' is here twice; the first is on line 1"),
        ("a: &a [1]\nb: *a\n", r"line 2: this is not YAML: the alias \*a is not read"),
        ("title: !!python/object:os.system x\n", "line 1: this is not YAML: could not determine"),
        ("title: a\nscenes: 3\n", "line 1: the lesson has no 'summary'"),
        ("title: a\nsummary: 3\nscenes: []\n", "line 2: the lesson: summary = 3 should be"),
        (
            "title: a\nsummary: b\nscenes: []\n",
            "line 3: the lesson: scenes should have at least 1",
        ),
        (GOOD.replace("title: Two", "titel: Two"), "line 1: the lesson has no 'title'"),
        (GOOD + "    colour: red\n", "line 13: scene 2 has an unknown entry 'colour'"),
        (GOOD + SCENE + "    answer: x\n", "line 13: scene 3: there is an answer to no question"),
        (GOOD + SCENE + "    question: x\n", "line 13: scene 3: there is a question without an"),
        (GOOD + "  - hello\n", "line 13: scene 3 = 'hello' should be a table"),
        (GOOD + "  - text: ' '\n    state: {tab: x}\n", "line 13: scene 3: text = ' ' is empty"),
        (GOOD + "  - text: x\n", "line 13: scene 3 has no 'state'"),
        (GOOD + "  - text: x\n    state: {t: 3}\n", "line 13: scene 3: its state has no 'tab'"),
        (
            GOOD + "  - text: x\n    state:\n      tab: x\n      d: [1]\n",
            r"line 16: scene 3: state.d = \[1\] is neither text, a number nor",
        ),
        (
            GOOD + "  - text: x\n    state: {tab: x, scene: 3}\n",
            "line 13: scene 3: its state has 'scene', which no scene can set",
        ),
        (
            GOOD + SCENE + "    highlight: [a, 'x > y']\n",
            "line 15: scene 3: highlight = 'x > y' is neither an element's id nor a part's name",
        ),
        (
            GOOD + SCENE + "    question: x\n    answer: at {{linear snr}}\n",
            "line 16: scene 3: answer = .* reads {{linear snr}}; there are: t, linear alpha_bar",
        ),
        (
            GOOD + "  - text: at {{t}}\n    state: {tab: x}\n",
            "line 13: scene 3: text = .* has {{t}}; only an answer reads",
        ),
    ],
)
def test_what_is_wrong_is_said_with_line_and_key(text: str, sentence: str) -> None:
    with pytest.raises(LessonError, match=rf"\Amine\.yaml, {sentence}") as caught:
        parse_lesson(text, "mine.yaml")
    assert len(str(caught.value).splitlines()) == 1


def test_what_is_no_text_or_too_much(tmp_path: Path) -> None:
    (tmp_path / "bytes.yaml").write_bytes(b"title: a\nsummary: \xff\xfe\n")
    (tmp_path / "large.yaml").write_text("#" * (MOST_BYTES + 1))
    (tmp_path / "deep.yaml").write_text("[" * 50_000)
    (tmp_path / "folder.yaml").mkdir()
    for name, sentence in {
        "bytes": "line 2: this is not UTF-8",
        "large": "200,001 bytes; a lesson has at most 200,000",
        "deep": "line 1: this is not YAML: this is nested too deeply",
        "folder": "cannot be read",
        "gone": "cannot be read",
    }.items():
        with pytest.raises(LessonError, match=sentence) as caught:
            read_lesson(tmp_path / f"{name}.yaml")
        assert str(caught.value).startswith(f"{name}.yaml")


def test_folders_are_read_and_what_is_broken_is_left_out(tmp_path: Path) -> None:
    own, single = tmp_path / "own", tmp_path / "single.yml"
    own.mkdir()
    (own / "second.yaml").write_text(GOOD)
    (own / "First.YAML").write_text("order: 1\n" + GOOD.replace("Two", "One of two"))
    (own / "broken.yaml").write_text(GOOD + "    colour: red\n")
    (own / "no name.yaml").write_text(GOOD)
    (own / "notes.txt").write_text("no lesson")
    single.write_text(GOOD.replace("Two", "A single"))
    lessons, troubles = find_lessons([own, single, tmp_path / "nowhere"])
    assert list(lessons) == ["first", "single", "second"]
    assert len(troubles) == 3
    assert troubles[0] == "broken.yaml, line 13: scene 2 has an unknown entry 'colour'"
    assert troubles[1].startswith("no name.yaml: a lesson's file is named by")
    assert troubles[2] == f"there is no folder {tmp_path / 'nowhere'} of lessons"


def test_a_courses_own_version_takes_the_place(tmp_path: Path) -> None:
    (tmp_path / "noise.yaml").write_text(GOOD)
    lessons, _ = find_lessons([SHIPPED, tmp_path])
    assert lessons["noise"].title == "Two scenes"


def test_where_a_courses_own_lessons_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(folders, "HOME", tmp_path)
    monkeypatch.setenv("EXPLORER_LESSONS", "")
    assert folders.asked_folders([]) == []
    (tmp_path / "lessons").mkdir()
    monkeypatch.setenv("EXPLORER_LESSONS", "/a:/b")
    found = folders.asked_folders(["--lessons", "/c", "--lessons", "d.yaml"])
    assert list(map(str, found)) == [str(tmp_path / "lessons"), "/a", "/b", "/c", "d.yaml"]
    with pytest.raises(SystemExit):
        folders.asked_folders(["--lesson-plan"])
    assert "--lesson-plan" in capsys.readouterr().err


def test_the_shipped_lessons_are_four_of_a_good_length() -> None:
    lessons, troubles = find_lessons(LESSONS)
    assert not troubles
    titles = [lesson.title for lesson in lessons.values()]
    assert titles[:4] == [
        "Noise in five minutes",
        "Why cosine?",
        "DDPM or DDIM?",
        "Is it learning?",
    ]
    for lesson in lessons.values():
        assert 8 <= len(lesson.scenes) <= 12
        assert any(scene.question for scene in lesson.scenes)
        for scene in lesson.scenes:
            assert scene.highlight and len(scene.text) <= 300
            last = scene is lesson.scenes[-1]  # which says what to do next
            assert "look" in scene.text.lower() or scene.question or last
    asked = [n for s in lessons["noise"].scenes for n in readings(s.answer or "")]
    assert set(asked) < set(READINGS) and "t" in asked


def test_the_example_in_the_documentation_is_a_lesson() -> None:
    text = (HOME / "docs" / "lessons.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(.*?)^```", text, re.S | re.M)
    lesson = parse_lesson(example, "docs/lessons.md")
    keys = {key for scene in lesson.scenes for key in scene.model_fields_set}
    assert keys == {"text", "state", "highlight", "hide", "question", "answer"}
    named = set(re.findall(r"`([\w ]+)`", text))
    assert named >= {*READINGS, *PARTS}
