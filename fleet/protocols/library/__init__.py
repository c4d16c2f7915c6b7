"""The library: 33 rows from papers and manuals, as found, with what nobody said left open.  Pure.

Figures are software's seed, not advice: whoever uses a row fills in what is missing, and another clinician approves it.
"""

from typing import Final

from fleet.protocols.library import athletes, knees, nerves, wards
from fleet.protocols.library.cells import (
    COLUMNS,
    Cell,
    Certainty,
    Column,
    Confidence,
    Hindrance,
    Open,
    Part,
    Row,
)
from fleet.protocols.library.drafts import Missing, document, missing, to_confirm
from fleet.protocols.library.indications import INDICATIONS, Indication, rows_of
from fleet.protocols.library.sources import GUIDANCE, SOURCES

ROWS: Final[tuple[Row, ...]] = (*knees.ROWS, *wards.ROWS, *nerves.ROWS, *athletes.ROWS)
_BY_NUMBER: Final = {row.number: row for row in ROWS}


def row(number: int) -> Row:
    """Return a row.  Raises KeyError if there is none of that number."""
    return _BY_NUMBER[number]


def indications_of(number: int) -> list[Indication]:
    """Return what leads to a row."""
    return [one for one in INDICATIONS if number in one.rows]


__all__ = [
    "COLUMNS",
    "GUIDANCE",
    "INDICATIONS",
    "ROWS",
    "SOURCES",
    "Cell",
    "Certainty",
    "Column",
    "Confidence",
    "Hindrance",
    "Indication",
    "Missing",
    "Open",
    "Part",
    "Row",
    "document",
    "indications_of",
    "missing",
    "row",
    "rows_of",
    "to_confirm",
]
