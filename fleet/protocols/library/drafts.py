"""What a document can say of a row, what stays open, and what an approver must confirm.  Pure.

A value that the row gives is in the draft; an open one is left out of it (a range is no number), so that it counts
as missing until somebody chose.  A current "to tolerance" is a `null` that the row gives; another that is open has no
`target_ma` at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fleet.protocols.library.cells import (
    UNSAID,
    Column,
    Draft,
    Json,
    Open,
    Part,
    Row,
    StepDraft,
    Target,
    Value,
    column_of,
    paths_of,
)
from fleet.protocols.library.indications import INDICATIONS

_OF_STEP = (
    "repeat",
    "frequency_hz",
    "phase_us",
    "ramp_up_s",
    "on_s",
    "ramp_down_s",
    "off_s",
    "target_ma",
    "max_ma",
)
_OF_LIMITS = ("max_session_s", "max_sessions_per_day", "min_rest_h")


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that a clinician fills in: where it goes, what the row says of it, and the cell it would come from."""

    path: str
    open: Open
    column: Column | None  # None: no column speaks of it
    said: tuple[Part, ...]  # that cell; empty where the row says nothing


def document(row: Row) -> Json:
    """Return the draft of a row, without the values that are open.

    Raises:
        ValueError: If it is a reading row.
    """
    draft = _draft(row)
    steps = [_step(step) for step in draft.steps]
    return {
        "id": row.slug,
        "version": 1,
        "title": row.title,
        **_given("indication", _indication(row)),
        **_given("waveform", draft.waveform),
        "steps": steps,
        "limits": _all_given(draft, _OF_LIMITS),
    }


def missing(row: Row) -> list[Missing]:
    """Return what is open, in the order of the document.  Raises ValueError for a reading row."""
    return [
        Missing(path, value, column_of(path), row.cells[column] if (column := column_of(path)) else ())
        for path, value in _values(row)
        if isinstance(value, Open)
    ]


def to_confirm(row: Row) -> list[str]:
    """Return the paths of which the row speaks from memory, filled in or open; each needs a note at approval.

    A cell from memory that no value takes up, such as the weeks of a course, asks for a note at every path it is
    near to: none is passed over.  Raises ValueError for a reading row.
    """
    values = dict(_values(row))
    wanted: set[str] = set()
    for column in row.from_memory:
        paths = paths_of(column, len(_draft(row).steps))
        wanted.update([path for path in paths if values[path] != UNSAID] or paths)
    return [path for path in values if path in wanted]


def _draft(row: Row) -> Draft:
    if row.draft is None:
        raise ValueError(f"row {row.number} is for reading: no document can say it")
    return row.draft


def _indication(row: Row) -> Value:
    """Return what leads to the row; where that is more than one thing, somebody chooses."""
    leads = tuple(one.slug for one in INDICATIONS if row.number in one.rows)
    return _draft(row).indication or (leads[0] if len(leads) == 1 else Open(choices=leads))


def _step(step: StepDraft) -> Json:
    current = {"target_ma": None} if step.target_ma is Target.TOLERANCE else {}
    return {"name": step.name, "kind": step.kind, **_all_given(step, _OF_STEP[:-2]), **current}


def _all_given(of: Draft | StepDraft, names: tuple[str, ...]) -> Json:
    return {key: value for name in names for key, value in _given(name, getattr(of, name)).items()}


def _given(name: str, value: Value) -> Json:
    return {} if isinstance(value, Open) else {name: value}


def _values(row: Row) -> Iterator[tuple[str, Value | Target]]:
    """Yield every value that a row may speak of with its path, in the order of the document."""
    draft = _draft(row)
    yield "indication", _indication(row)
    yield "channels_used", draft.channels_used
    yield "waveform", draft.waveform
    for number, step in enumerate(draft.steps):
        for name in _OF_STEP:
            yield f"steps.{number}.{name}", getattr(step, name)
    for name in _OF_LIMITS:
        yield f"limits.{name}", getattr(draft, name)
