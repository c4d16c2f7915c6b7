"""The library as its pages show it: rows found by indication and text, cells with their word, what a draft lacks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fleet.protocols import library, library_texts, queries, texts
from fleet.protocols.library import COLUMNS, Cell, Confidence, Indication, Missing, Part, Row
from fleet.protocols.models import Protocol

LEADS: dict[str, str | Promise] = {
    "weakness": gettext_lazy("Weakness"),
    "spasm": gettext_lazy("Spasm"),
    "pain-sciatica": gettext_lazy("Pain and sciatica"),
    "posture": gettext_lazy("Posture"),
    "strength": gettext_lazy("Strength"),
    "recovery": gettext_lazy("Recovery"),
    "stroke": gettext_lazy("Stroke retraining"),
    "range-of-motion": gettext_lazy("Range of motion"),
    "atrophy": gettext_lazy("Atrophy"),
    "blood-flow": gettext_lazy("Blood flow"),
    "warm-up": gettext_lazy("Warm-up"),
}
KINDS: dict[str, Promise] = {
    "draft": gettext_lazy("Can become a draft"),
    "reading": gettext_lazy("For reading"),
}


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A part of a cell; `standing` says on whose word it is, `is_memory` marks it."""

    text: str
    sources: tuple[str, ...]
    standing: str
    is_memory: bool


@dataclass(frozen=True, slots=True)
class ShownCell:
    label: str
    parts: tuple[ShownPart, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A value that a clinician fills in, and what the row says of it; blank: nothing."""

    label: str
    said: str
    is_memory: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One row; `missing` is empty for a reading row, `why` for a draft."""

    row: Row
    cells: tuple[ShownCell, ...]
    caution: tuple[ShownPart, ...]
    standing: str
    missing: tuple[Gap, ...]
    to_confirm: tuple[str, ...]
    why: tuple[str, ...]
    why_in_short: str

    @property
    def by_name(self) -> dict[str, ShownCell]:
        return dict(zip(COLUMNS, self.cells, strict=True))


def found(*, indication: str, text: str, kind: str) -> list[Row]:
    """Return the rows that lead from an indication, hold every word of a text, and are of a kind; blank: any."""
    words = text.casefold().split()
    wanted = set(library.rows_of(indication)) if indication else None
    return [
        row
        for row in library.ROWS
        if (wanted is None or row.number in wanted)
        and (not kind or row.is_reading == (kind == "reading"))
        and all(word in _searched(row) for word in words)
    ]


def _searched(row: Row) -> str:
    leads = " ".join(f"{one.name} {LEADS[one.slug]}" for one in library.indications_of(row.number))
    return f"{row.text} {leads}".casefold()


def shown(row: Row) -> Shown:
    is_draft = not row.is_reading
    return Shown(
        row=row,
        cells=tuple(ShownCell(str(library_texts.COLUMNS[name]), _parts(row.cells[name])) for name in COLUMNS),
        caution=_parts(row.caution),
        standing=_standing(row),
        missing=tuple(_gap(row, one) for one in library.missing(row)) if is_draft else (),
        to_confirm=tuple(texts.field(path) for path in library.to_confirm(row)) if is_draft else (),
        why=tuple(str(library_texts.HINDRANCES[one]) for one in row.hindrances),
        why_in_short="; ".join(str(library_texts.HINDERED[one]) for one in row.hindrances),
    )


def source_parts(row: Row) -> tuple[ShownPart, ...]:
    """Return what the row says of its sources themselves."""
    return _parts(row.source)


def hints(number: int | None, steps: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return what a row says of the values that it leaves open, by path of a document with these steps.

    A step is known by its name and kind, wherever it was moved to; of one that was renamed nothing is said.
    """
    row = library.row(number) if number else None
    if row is None or row.draft is None:
        return {}
    places = {
        at: [
            to
            for to, step in enumerate(steps)
            if (step.get("name"), step.get("kind")) == (one.name, one.kind)
        ]
        for at, one in enumerate(row.draft.steps)
    }
    found: dict[str, str] = {}
    for one in library.missing(row):
        gap = _gap(row, one)
        if gap.said:
            words = _("Row %(n)d, from memory: %(said)s") if gap.is_memory else _("Row %(n)d: %(said)s")
            text = words % {"n": row.number, "said": gap.said}
            word, _dot, rest = one.path.partition(".")
            at, _dot, name = rest.partition(".")
            paths = [f"steps.{to}.{name}" for to in places[int(at)]] if word == "steps" else [one.path]
            found |= dict.fromkeys(paths, text)
    return found


def leads_of(row: Row) -> list[tuple[str, str]]:
    """Return what leads to a row: slug and name."""
    return [(one.slug, str(LEADS[one.slug])) for one in library.indications_of(row.number)]


def made_of(row: Row, reader: User) -> Sequence[Protocol]:
    """Return the protocols that the reader sees and that were made of this row."""
    return list(queries.visible(reader).filter(library_row=row.number))


def neighbours(row: Row) -> tuple[Row | None, Row | None]:
    """Return the row before and the row after."""
    at = library.ROWS.index(row)
    return (
        library.ROWS[at - 1] if at else None,
        library.ROWS[at + 1] if at + 1 < len(library.ROWS) else None,
    )


def indication(slug: str) -> Indication | None:
    return next((one for one in library.INDICATIONS if one.slug == slug), None)


def _gap(row: Row, one: Missing) -> Gap:
    memory = one.column in row.from_memory if one.column else False
    return Gap(texts.field(one.path), library_texts.told(one), memory)


def _parts(cell: Cell) -> tuple[ShownPart, ...]:
    return tuple(_part(part) for part in cell)


def _part(part: Part) -> ShownPart:
    is_memory = part.confidence is Confidence.MEMORY
    return ShownPart(part.text, part.sources, library_texts.standing(part), is_memory)


def _standing(row: Row) -> str:
    """Say how much of a row is from memory."""
    told = [name for name in COLUMNS if row.cells[name]]
    memory = row.from_memory
    if not memory:
        return _("found")
    if len(memory) == len(told) and not row.sources:
        return _("from memory")
    return _("partly from memory")
