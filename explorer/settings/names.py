"""The names of what can be chosen and is done elsewhere."""

FITS = ("crop", "pad")
"""How an image becomes a square: its middle alone, or all of it between grey margins."""
AUTO = "auto"
"""The precision that suits the device."""
PRECISIONS = ("float32", "bfloat16", "float16")
"""What a network is computed in, see `explorer.precision`."""
