"""Guided lessons: scenes from a file, shown one after the other on the page's real parts."""
