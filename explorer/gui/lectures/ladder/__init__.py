"""The topic on single changes."""
