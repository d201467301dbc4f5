"""The names of what can be chosen in training."""

TARGETS = ("eps", "x0", "v")
"""What a network may predict, see `explorer.diffusion.denoiser`."""
CLASS = "class"
"""The target of a classifier, which makes no pictures: no `Denoiser` takes it."""
WEIGHTINGS = ("simple", "bound", "min-snr")
"""Of the loss over t, see `loss_weights`."""
