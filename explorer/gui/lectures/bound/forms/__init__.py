"""The two forms of the bound, side by side."""
