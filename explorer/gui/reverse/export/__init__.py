"""The panel that takes a race away."""
