"""One module a topic of the Lectures tab; the lectures' own pages come from one.

Each topic has `ID`, `TITLE`, `SUMMARY` and `build(context, shared)`.
"""
