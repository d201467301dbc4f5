"""The hostile corpus: always the same; a part of it goes through the doors.

All of it: `python -m tests.hostile`.
"""

from __future__ import annotations

import subprocess
import sys

from tests.hostile.arrays import arrays
from tests.hostile.labels import labels
from tests.hostile.pictures import _fuzzed, _whole
from tests.hostile.tensors import _weights
from tests.hostile.zips import _entries, _names


def test_it_is_always_the_same() -> None:
    for part in (_weights, _names, _entries, _whole, _fuzzed, arrays, labels):
        assert list(part()) == list(part())


def test_a_part_of_it_is_taken_rightly_or_refused() -> None:
    command = [sys.executable, "-m", "tests.hostile", "--sample", "6"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0 and " 0 wrong" in ended.stdout, ended.stdout + ended.stderr
