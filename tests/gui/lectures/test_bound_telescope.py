"""The telescope for T = 4: its stages, their sums, and what a press shows."""

from __future__ import annotations

from collections import Counter
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from explorer.diffusion import make_schedule
from explorer.diffusion.bound_forms import consistency_form
from explorer.diffusion.telescope import Factor
from explorer.gui.lectures.bound.telescope import panel as telescope
from explorer.gui.lectures.bound.telescope.formulas import (
    BIT,
    DATA,
    FOUR,
    average,
    drawn,
    spoken,
    stage_markdown,
    stage_title,
    stage_words,
)
from explorer.gui.lectures.bound.telescope.stages import LATEST, STAGES, Row
from tests.gui.panel import Panel, named, tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints")
    tiny(folder)
    return folder


def call(panel: Panel, handler: str, *values: Any) -> dict[str, Any]:
    """What a handler that asks not who it is changes."""
    return named(panel.handlers[handler](*values))


def prose(module: Any) -> str:
    return Path(module.__file__).with_name("prose.md").read_text("utf-8")


@pytest.mark.parametrize("number", range(LATEST + 1))
def test_every_stage_has_the_same_sum(number: int) -> None:
    for logs in (drawn(7), drawn(8), average()):
        assert STAGES[number].total(logs) == pytest.approx(STAGES[0].total(logs), abs=1e-6)
    values = [
        [float(cell.strip("* ").replace("−", "-")) for cell in line.split("|")[2:4]]
        for line in stage_markdown(number, drawn(7)).splitlines()[2:]
    ]
    *rows, sums = values
    for column in (0, 1):  # as printed, too
        assert sum(row[column] for row in rows) == pytest.approx(
            sums[column], abs=0.0006 * len(rows)
        )
    assert sums[1] == pytest.approx(5.766, abs=1e-3)


def counted(rows: tuple[Row, ...]) -> Counter[Factor]:
    """How often each factor is above the lines, less how often below."""
    found: Counter[Factor] = Counter()
    for row in rows:
        found.update(row.above)
        found.subtract(row.below)
    return Counter({factor: n for factor, n in found.items() if n})


def test_what_is_struck_cancels_and_is_gone_at_the_next_stage() -> None:
    struck = [stage.struck for stage in STAGES if stage.struck]
    assert struck == [Factor("marginal", 2), Factor("marginal", 3), Factor("marginal", 1)]
    for stage, following in zip(STAGES, STAGES[1:], strict=False):
        if stage.struck is None:
            continue
        above = sum(row.above.count(stage.struck) for row in stage.rows)
        below = sum(row.below.count(stage.struck) for row in stage.rows)
        assert above == below == 1
        assert all(stage.struck not in (*row.above, *row.below) for row in following.rows)
        assert counted(stage.rows) == counted(following.rows)
        text = stage_markdown(STAGES.index(stage), drawn(7))
        assert text.count(r"\cancel") == 2


def test_only_bayes_rule_changes_the_factors() -> None:
    """From one stage to the next the factors are the same, but for Bayes' rule and x_1's name."""
    step = Factor("step", 1), Factor("marginal", 1)
    for k in range(1, 6):
        assert counted(STAGES[k].rows) == counted(STAGES[k + 1].rows)
    first, again = counted(STAGES[0].rows), counted(STAGES[7].rows)
    assert first == again
    assert counted(STAGES[1].rows)[step[1]] == 0 and first[step[0]] == 1


def test_the_last_stages_are_the_forms() -> None:
    first = consistency_form(DATA, FOUR)
    rows = STAGES[7].rows
    assert rows[0].value(average()) == pytest.approx(float(first.prior.mean))
    for row, mean in zip(rows[1:4], first.terms.mean.flip(0), strict=True):
        assert row.value(average()) == pytest.approx(mean.item(), abs=1e-9)
    assert [row.name for row in STAGES[6].rows] == [
        "prior matching, L₄", *["denoising matching"] * 3, "reconstruction, L₀",
    ]  # fmt: skip
    assert all(row.value(average()) > 0 for row in STAGES[6].rows[:4])  # divergences


def test_the_prose_has_the_numbers() -> None:
    text = prose(telescope)
    first = consistency_form(DATA, FOUR)
    assert f"{float(first.prior.mean) / BIT:.3f}" == "0.009" and "0.009" in text
    whole = consistency_form(DATA, make_schedule("linear", 1000))
    assert f"{float(whole.prior.mean) / BIT:.2f}" == "2.82" and "2.82" in text
    assert f"{first.total / BIT:.2f}" == "5.77" and "5.77" in text


def test_a_factor_is_spoken_and_its_value_is_the_chain_s() -> None:
    assert spoken(Factor("posterior", 3)) == "q(x₂ | x₃, x₀)"
    assert spoken(Factor("prior", 4)) == "p(x₄)"
    logs = drawn(7)
    value = f"{logs[Factor('marginal', 2)] / BIT:.3f}".replace("-", "−")
    assert f"log q(x₂ | x₀) is {value} bits/dim" in stage_words(3, logs)
    assert stage_words(2, logs) == STAGES[2].said


def test_presses_walk_through_all_stages(folder: Path) -> None:
    panel, number = Panel(folder, telescope.build), 0
    for _ in range(LATEST + 2):
        number = call(panel, "turn_on", number)["telescope-step"]
    assert number == LATEST
    shown = call(panel, "show_stage", number, 7)
    assert shown["telescope-title"] == stage_title(LATEST)
    for _ in range(LATEST + 2):
        number = call(panel, "turn_back", number)["telescope-step"]
    assert number == 0
    chains = [call(panel, "show_stage", 3, seed)["telescope-rows"] for seed in (7, 8)]
    assert chains[0] != chains[1]
    for values in ((8, 7), (2.5, 7), (2, -1), (None, 7)):
        refused = call(panel, "show_stage", *values)
        assert "give a whole number" in unescape(refused["trouble"]) and len(refused) == 1
