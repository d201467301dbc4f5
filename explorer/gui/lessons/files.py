"""Lessons as files: read, checked with line and key, and found in folders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from explorer.files import validated
from explorer.gui.lessons.lesson import Lesson, Scene
from explorer.text import printable

Model = TypeVar("Model")
SHIPPED = Path(__file__).parent / "shipped"
ENDINGS = (".yaml", ".yml")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
"""Of a lesson's file, in small letters: it stands in the address."""
MOST_BYTES = 200_000
DEEPEST = 10


class LessonError(ValueError):
    """What is wrong with a lesson's file, as a sentence."""


def read_lesson(file: Path) -> Lesson:
    """The lesson in a YAML file; LessonError names the file, the line and the key."""
    try:
        if (size := file.stat().st_size) > MOST_BYTES:
            raise LessonError(
                f"{file.name} has {size:,} bytes; a lesson has at most {MOST_BYTES:,}"
            )
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise LessonError(f"{file.name}, line {line}: this is not UTF-8 text") from error
    except OSError as error:
        raise LessonError(f"{file.name} cannot be read: {error.strerror}") from error
    return parse_lesson(text, file.name)


def parse_lesson(text: str, name: str) -> Lesson:
    """The lesson that this YAML describes. name : of its file, for what LessonError says."""
    try:
        root, value = _loaded(text)
        if root is None:
            raise LessonError(
                f"{name}, line 1: the file is empty; a lesson has a title and scenes"
            )
        _check_twice(root, name)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}" if mark else ""
        problem = printable(str(error.problem or error.context))
        raise LessonError(f"{name}{where}: this is not YAML: {problem}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise LessonError(f"{name}, line {line}: {error.character:#x} is no character") from error
    if not isinstance(value, dict):
        line = root.start_mark.line + 1
        raise LessonError(f"{name}, line {line}: a lesson is a table with a title and scenes")
    scenes = value.get("scenes")
    if isinstance(scenes, list):  # each by itself, so that a sentence says which
        kinds = (_checked(Scene, each, root, name, ("scenes", i)) for i, each in enumerate(scenes))
        value = value | {"scenes": list(kinds)}
    return _checked(Lesson, value, root, name, ())


def _checked(
    kind: type[Model], value: Any, root: yaml.Node, name: str, place: tuple[int | str, ...]
) -> Model:
    """`value`, which stands at this place of the file, as this kind; LessonError."""
    what = (
        f"scene {place[1] + 1}" if len(place) > 1 and isinstance(place[1], int) else "the lesson"
    )
    try:
        return validated(kind, value, what)
    except ValueError as error:
        assert isinstance(error.__cause__, ValidationError)
        found = error.__cause__.errors(include_url=False)[0]["loc"]
        where = f"{name}, line {_line_of(root, (*place, *found))}"
        said = printable(str(error))
        belongs = "" if said.startswith(what) else f"{what}: "
        raise LessonError(f"{where}: {belongs}{said}") from error


def _loaded(text: str) -> tuple[yaml.Node | None, Any]:
    """The tree with its lines, and the value. Refused are aliases, of which a few make a file
    endless, and what is nested deeply."""
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:  # what nests deeper takes the parser minutes
            problem = "this is nested too deeply"
        elif isinstance(event, yaml.AliasEvent):
            problem = f"the alias *{event.anchor} is not read; write the value out"
        else:
            continue
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        return root, None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()


def _check_twice(node: yaml.Node, name: str) -> None:
    """LessonError for a key that a table has twice; YAML would take the last in silence."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[Any, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                first = seen[key.value]
                raise LessonError(
                    f"{name}, line {line}: {key.value!r} is here twice; the first is on line "
                    f"{first}"
                )
            seen[key.value] = line
            _check_twice(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_twice(item, name)


def _line_of(node: yaml.Node, place: Sequence[int | str]) -> int:
    """The line of what stands at a place, or of the nearest thing around it that there is."""
    line = node.start_mark.line
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == part), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
            line = node.start_mark.line
        else:  # of a value that may be of several kinds, pydantic names the kind last
            break
    return line + 1


def find_lessons(folders: Iterable[Path]) -> tuple[dict[str, Lesson], list[str]]:
    """Name -> lesson, by their order and title; and a sentence for each file left out.

    A later folder's lesson takes the place of an earlier one of the same name, so that a course
    can have its own version. A path may be a single file.
    """
    lessons: dict[str, Lesson] = {}
    troubles: list[str] = []
    for folder in folders:
        if not folder.exists():
            troubles.append(f"there is no folder {printable(str(folder))} of lessons")
            continue
        for file in _files(folder):
            name = file.stem.lower()
            if not NAME.fullmatch(name):
                troubles.append(
                    f"{printable(file.name)}: a lesson's file is named by small letters, digits "
                    "and hyphens, as in my-lesson.yaml"
                )
                continue
            try:
                lessons[name] = read_lesson(file)
            except LessonError as error:
                troubles.append(printable(str(error)))
    by_order = sorted(lessons.items(), key=lambda item: (item[1].order, item[1].title.lower()))
    return dict(by_order), troubles


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    yield from sorted(each for each in path.iterdir() if each.suffix.lower() in ENDINGS)
