"""The five lectures' models: their settings, how they sample, what their pages say."""

from explorer.lectures.catalogue import LECTURES, Lecture, adapt, find, nearest_data, run_settings
from explorer.lectures.differences import differences

__all__ = ["LECTURES", "Lecture", "adapt", "differences", "find", "nearest_data", "run_settings"]
