"""The tiny models that `evaluate` is tested with."""

from tests.evaluation.conftest import digits, free

__all__ = ["digits", "free"]
