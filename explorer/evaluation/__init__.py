"""Steps against quality: Fréchet distance and class accuracy of a model's samplers."""

from explorer.evaluation.findings import findings, missing_cells
from explorer.evaluation.quality import Progress, begin, check, evaluate
from explorer.evaluation.quantities import ACCURACY, FRECHET, KID, QUANTITIES
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
    stored_settings,
)
from explorer.evaluation.reference import Reference, load_reference, make_reference
from explorer.evaluation.store import quality_path, read, table_precision, write
from explorer.evaluation.table import Cell, Table, evaluation_notes, floor_notes, table

__all__ = [
    "ACCURACY",
    "FRECHET",
    "HAT",
    "KID",
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
    "findings",
    "floor_notes",
    "load_reference",
    "make_reference",
    "missing_cells",
    "quality_path",
    "read",
    "stored_settings",
    "table",
    "table_precision",
    "write",
]
