"""Steps against quality: Fréchet distance and class accuracy of a model's samplers."""

from explorer.evaluation.precision import PRECISIONS, choose_precision
from explorer.evaluation.quality import Progress, begin, check, evaluate
from explorer.evaluation.records import (
    HAT,
    NOISES,
    STEPS,
    Quality,
    Row,
    Setting,
    choose_settings,
    differences,
    noise_name,
)
from explorer.evaluation.reference import Reference, load_reference, make_reference
from explorer.evaluation.store import quality_path, read, write
from explorer.evaluation.table import QUANTITIES, Cell, Table, table

__all__ = [
    "HAT",
    "NOISES",
    "PRECISIONS",
    "QUANTITIES",
    "STEPS",
    "Cell",
    "Progress",
    "Quality",
    "Reference",
    "Row",
    "Setting",
    "Table",
    "begin",
    "check",
    "choose_precision",
    "choose_settings",
    "differences",
    "evaluate",
    "load_reference",
    "make_reference",
    "noise_name",
    "quality_path",
    "read",
    "table",
    "write",
]
