"""Training: a frozen config, a `Run` that holds what changes, and `fit`, the loop."""

from explorer.settings.training import TrainConfig
from explorer.training.history import History
from explorer.training.loop import TrainStep, fit
from explorer.training.observe import Seen, observe
from explorer.training.record import Record
from explorer.training.run import Run
from explorer.training.saving import Saving
from explorer.training.state import load_state, save_state

__all__ = [
    "History",
    "Record",
    "Run",
    "Saving",
    "Seen",
    "TrainConfig",
    "TrainStep",
    "fit",
    "load_state",
    "observe",
    "save_state",
]
