"""A part's files become one script."""

from __future__ import annotations

from pathlib import Path

import pytest

import explorer.gui
from explorer.gui.parts.widget import joined

PAGES = sorted(Path(explorer.gui.__file__).parent.rglob("*.html"))


def written(folder: Path, **files: str) -> Path:
    """The part a.js of these files."""
    for name, text in files.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder / "a.js"


def test_a_file_follows_what_it_imports_and_comes_once(tmp_path: Path) -> None:
    main = written(
        tmp_path,
        a='// @ts-check\nimport { b } from "./b.js";\n'
        'import {\n  c,\n  d,\n} from "./c.js";\n\nb(c, d);\n',
        b='import { c } from "./c.js";\nexport function b() {\n  return c; // kept\n}\n',
        c="/**\n * A number.\n * @type {number}\n */\nexport const c = 1;\n"
        "// and another\nexport let d = 2;\n",
    )
    body = ["const c = 1;", "let d = 2;", "function b() {", "  return c; // kept", "}", "b(c, d);"]
    assert joined(main) == "\n".join(['"use strict";', *body]) + "\n"


def test_a_type_before_a_value_is_no_line_of_comment(tmp_path: Path) -> None:
    code = "const a = (x) =>\n  /** @type {number} */ (x);\nconst b = 2;"
    main = written(tmp_path, a=f"{code}\n/** @type {{number}} */\nconst c = 3;\n")
    assert joined(main) == f'"use strict";\n{code}\nconst c = 3;\n'


def test_folders_have_files_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    written(tmp_path / "deep", a='export const inner = "deep";\n', b="export const other = 2;\n")
    written(tmp_path, b='import { other } from "./deep/b.js";\nexport const b = other;\n')
    main = written(
        tmp_path,
        a='import { b } from "./b.js";\nimport { inner } from "./deep/a.js";\nprint(b, inner);\n',
    )
    script = joined(main)
    assert script.index("other = 2") < script.index("b = other") < script.index("print(b, inner)")


@pytest.mark.parametrize(
    "one, two, name",
    [
        ("const x = 1;", "export const x = 2;", "x"),
        ("async function load() {}", "export function load() {}", "load"),
        ("let { near, far: x } = place;", "export class x {}", "x"),
        ("const [first, ...rest] = all;", "export let rest = 3;", "rest"),
        ("const {\n  left,\n  right = 1,\n} = sides;", "export const right = 2;", "right"),
    ],
)
def test_a_name_has_one_home(one: str, two: str, name: str, tmp_path: Path) -> None:
    main = written(
        tmp_path, a=f'import {{ b }} from "./b.js";\n{one}\n', b=f"{two}\nexport const b = 0;\n"
    )
    with pytest.raises(ValueError, match=f"^b.js and a.js both declare {name}$"):
        joined(main)


def test_a_name_within_a_function_is_its_own(tmp_path: Path) -> None:
    main = written(
        tmp_path,
        a='import { b } from "./b.js";\nfunction load() {\n  const x = b;\n  return x;\n}\n',
        b="export const b = () => {\n  const x = 1;\n  return x;\n};\n",
    )
    assert joined(main).count("const x") == 2


@pytest.mark.parametrize(
    "line",
    [
        'import b from "./b.js";',
        'import * as b from "./b.js";',
        'import "./b.js";',
        'import { b } from "plotly";',
        "export default 3;",
        "export { x };",
        'export * from "./b.js";',
        'const late = await import("./b.js");',
        "const here = import.meta.url;",
    ],
)
def test_other_forms_are_refused(line: str, tmp_path: Path) -> None:
    main = written(tmp_path, a=f"const x = 1;\n{line}\n", b="export const b = 1;\n")
    with pytest.raises(ValueError, match="^a.js: the rule does not know") as caught:
        joined(main)
    assert line in str(caught.value)


@pytest.mark.parametrize("names", ["c", "b as c", "b, c"])
def test_only_what_is_exported_is_imported(names: str, tmp_path: Path) -> None:
    main = written(
        tmp_path,
        a=f'import {{ {names} }} from "./b.js";\n',
        b="export const b = 1;\nconst c = 2;\n",
    )
    with pytest.raises(ValueError, match="^a.js: b.js exports no '.*c'$"):
        joined(main)


def test_nothing_imports_in_a_circle(tmp_path: Path) -> None:
    main = written(
        tmp_path,
        a='import { b } from "./b.js";\nexport const a = b;\n',
        b='import { a } from "./a.js";\nexport const b = a;\n',
    )
    with pytest.raises(ValueError, match="a.js imports itself, by way of b.js"):
        joined(main)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_part_joins(page: Path) -> None:
    script = joined(page.with_suffix(".js"))
    assert script.startswith('"use strict";\n') and "element" in script
    assert "\nimport " not in script and "\nexport " not in script
