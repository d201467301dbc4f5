"""The Round trip panel."""
