"""Make what the comparison of the two forms shows first, with the code that runs when asked."""

from __future__ import annotations

import torch

from explorer.gui.lectures.bound.forms.words import status
from explorer.gui.lectures.bound.forms.work import STORED, Settings, run_forms


def make_forms() -> None:
    """About ten seconds."""
    *_, result = run_forms(Settings(), torch.device("cpu"), lambda: False)
    result.write(STORED)
    print(status(result))
