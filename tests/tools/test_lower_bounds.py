"""The oldest packages that are allowed, line by line."""

from __future__ import annotations

import re

import pytest

from tools.lower_bounds import ROOT, lowest


def test_every_requirement_is_taken_at_its_bound() -> None:
    text = "gradio>=6.31,<7\n# a comment\n\npyyaml>=6  # another\ntorch>=2.9\n"
    assert lowest(text) == ["gradio==6.31", "pyyaml==6", "torch==2.9"]
    with pytest.raises(ValueError, match="'numpy' names no lower bound"):
        lowest("numpy\n")


def test_ours_have_bounds() -> None:
    text = (ROOT / "requirements.txt").read_text("utf-8")
    assert len(lowest(text)) == len(re.findall(r"^\w", text, re.M)) > 15
