"""Answers where questions arise: the questions that people ask, and what each plot shows."""
