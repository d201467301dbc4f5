"""Steps against quality: Fréchet distance and class accuracy of a model's samplers."""

from explorer.evaluation.quality import Progress, begin, check, evaluate
from explorer.evaluation.records import (
    HAT,
    NOISES,
    STEPS,
    STRIDED,
    Column,
    Quality,
    Row,
    Setting,
    choose_columns,
    choose_settings,
    differences,
)
from explorer.evaluation.reference import Reference, load_reference, make_reference
from explorer.evaluation.store import quality_path, read, table_precision, write
from explorer.evaluation.table import QUANTITIES, Cell, Table, evaluation_notes, table

__all__ = [
    "HAT",
    "NOISES",
    "QUANTITIES",
    "STEPS",
    "STRIDED",
    "Cell",
    "Column",
    "Progress",
    "Quality",
    "Reference",
    "Row",
    "Setting",
    "Table",
    "begin",
    "check",
    "choose_columns",
    "choose_settings",
    "differences",
    "evaluate",
    "evaluation_notes",
    "load_reference",
    "make_reference",
    "quality_path",
    "read",
    "table",
    "table_precision",
    "write",
]
