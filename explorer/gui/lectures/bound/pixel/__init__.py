"""One pixel, one forward step."""
