"""Training: a frozen config, a `Run` that holds what changes, and `fit`, the loop."""

from explorer.training.config import TrainConfig
from explorer.training.loop import TrainStep, fit
from explorer.training.run import Run

__all__ = ["Run", "TrainConfig", "TrainStep", "fit"]
