"""docs/library.md, from the code: every row, every cell, on whose word."""

from collections.abc import Iterator

from fleet.protocols import library, library_texts, texts
from fleet.protocols.library import COLUMNS, Cell, Confidence, Part, Row

_HEAD = """# The library of protocols

<!-- written by `manage.py library --write`; a test holds it current -->

33 rows from papers, manuals and guidelines: what a protocol can begin with. `GET /api/v1/protocols/library` and the
page *Protocols, Library* show the same.

- A cell is what its sources print. *[S45]* names a source, listed at the end. *(from memory, …)* was checked nowhere;
  an approver has to write a note about every value that comes from it. – : the sources that were seen do not say.
- Papers were seen as abstracts, tables or excerpts, not in full. Nothing here is advice, and no figure is filled in,
  averaged or rounded: a range stays a range until a clinician chooses.
- A row that a protocol document can say becomes a *draft*: it holds what the row says and lacks the rest. Channels and
  the highest current are always a clinician's. It can be submitted when nothing is missing, and used when another
  clinician has approved it.
- A row that a document cannot say is for *reading*, and says why.
- "To tolerance" is in a draft only where the row says the maximum tolerated intensity. Where it says a visible
  contraction, a felt effort or a comfortable current, the target is left out, so that nobody is given more than the
  source meant.
- A document's on time includes neither ramp. Where a row gives ramps and does not say whether they are inside its on
  time, the on time is left open, with both readings.
- Width is that of ONE phase. No row says a gap between the phases: without one a document means 0.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_indications(), *_guidance(), *_rows(), *_sources(), ""])


def _indications() -> Iterator[str]:
    yield "## What people come with\n\n| Indication | Rows | What the library has of it |\n|---|---|---|"
    for one in library.INDICATIONS:
        rows = ", ".join(f"[{n}](#row-{n})" for n in one.rows)
        yield f"| {one.name} | {rows} | {one.note} |"
    yield ""


def _guidance() -> Iterator[str]:
    yield "## Across the rows\n"
    for text, keys in library.GUIDANCE:
        yield f"- {text}{_keys(keys)}"
    yield ""


def _rows() -> Iterator[str]:
    yield "## The rows\n"
    for row in library.ROWS:
        yield from _row(row)


def _row(row: Row) -> Iterator[str]:
    yield f'### <a id="row-{row.number}"></a>{row.number} · {row.title}\n\n| Column | What the sources say |\n|---|---|'
    for column in COLUMNS:
        yield f"| {library_texts.COLUMNS[column]} | {_cell(row.cells[column])} |"
    yield f"| Source | {_cell(row.source)} |\n"
    if row.caution:
        yield f"**Careful:** {_cell(row.caution)}.\n"
    for note in row.notes:
        yield f"{note}\n"
    if row.is_reading:
        yield (
            "*For reading.* " + " ".join(str(library_texts.HINDRANCES[one]) for one in row.hindrances) + "\n"
        )
        return
    yield f"*Draft* `{row.slug}`. A clinician fills in:\n"
    for one in library.missing(row):
        said = library_texts.told(one)
        yield f"- {texts.field(one.path)}{f': {said}' if said else ''}"
    yield ""
    if to_confirm := library.to_confirm(row):
        yield f"To be confirmed: {'; '.join(texts.field(path) for path in to_confirm)}.\n"


def _sources() -> Iterator[str]:
    yield "## Sources\n\n| Key | What |\n|---|---|"
    for key, what in library.SOURCES.items():
        yield f"| {key} | {what} |"


def _cell(cell: Cell) -> str:
    return "; ".join(_part(part) for part in cell) or "–"


def _part(part: Part) -> str:
    if part.confidence is Confidence.MEMORY:
        return f"{part.text} *({library_texts.standing(part)})*".strip()
    return f"{part.text}{_keys(part.sources)}".strip()


def _keys(keys: tuple[str, ...]) -> str:
    return f" [{', '.join(keys)}]" if keys else ""
