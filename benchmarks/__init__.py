"""Measurements against peers, side by side in one run. Never part of the tests."""

import sys

if sys.argv[0] == "-m":  # python -m benchmarks.NAME, which is imported next
    from explorer.entry import begin

    begin("benchmarks")
