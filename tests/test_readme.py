"""The README: its examples run, its files are there, its moving image moves and is small."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from explorer.evaluation.classifier import classify, load_classifier, logit_indices
from explorer.gui.frame.context import HOME
from tools.make_moving_image import MOST_BYTES

TEXT = (HOME / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs an example in the repository's folder: its names, and what it prints."""

    def one(example: str) -> tuple[dict[str, Any], str]:
        monkeypatch.chdir(HOME)
        names: dict[str, Any] = {}
        exec(compile(example, "README.md", "exec"), names)
        return names, capsys.readouterr().out

    return one


def test_the_notebooks_first_example_samples_what_it_asks_for(run: Any) -> None:
    """The pictures are digits, and a classifier reads them as those that were asked for."""
    names, _ = run(EXAMPLES[0])
    x = names["x"]
    assert x.shape == (5, 1, 28, 28) and x.abs().max() <= 1
    classifier, _ = load_classifier()
    digits = logit_indices(names["spec"].classes)
    read = classify(classifier, x).logits[:, digits].argmax(1)
    assert read.tolist() == [3, 1, 4, 1, 5]


def test_the_notebooks_second_example_ends_at_the_data(run: Any) -> None:
    """The exact denoiser of two points leads every sample to one of them."""
    names, out = run(EXAMPLES[1])
    frame, data = names["frame"], names["data"]
    assert frame.t == 0 and out.startswith("1000 ")
    assert torch.cdist(frame.x, data).min(1).values.max() < 1e-3


def test_there_are_no_other_examples() -> None:
    assert len(EXAMPLES) == 2, "an example without a test"


def test_every_link_to_a_file_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)
    assert len(links) > 10
    assert [link for link in links if not (HOME / link).exists()] == []


def test_it_begins_with_a_moving_image_then_two_commands() -> None:
    body = TEXT.split("---\n", 2)[2]
    first = re.search(r"!\[[^]]+\]\((.+?)\)", body)
    assert first and body.index(first[0]) < 100
    path = HOME / Path(first[1])
    assert path.stat().st_size <= MOST_BYTES
    with Image.open(path) as image:
        assert image.n_frames > 20 and image.width >= 600  # type: ignore[attr-defined]
    block = re.search(r"^```\n(.*?)^```", body, re.DOTALL | re.MULTILINE)
    assert block and len(block[1].splitlines()) == 2
    assert "python app.py" in block[1] and "pytest" in block[1]
