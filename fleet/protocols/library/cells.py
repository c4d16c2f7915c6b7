"""What a row of the library is made of: cells as their sources print them, and what a document can say of them.

Pure.  Three kinds of value never mix: what a source says, what is from memory, and what nobody said.  The last one
stays open: no default, no mean of a range.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal

from devices.wire.words import StepKind, Waveform

Column = Literal[
    "muscle", "waveform", "phase", "frequency", "on_off", "ramp", "session", "schedule", "intensity"
]
COLUMNS: Final[tuple[Column, ...]] = (
    "muscle",
    "waveform",
    "phase",
    "frequency",
    "on_off",
    "ramp",
    "session",
    "schedule",
    "intensity",
)
_OF_STEPS: Final[dict[Column, tuple[str, ...]]] = {
    "phase": ("phase_us",),
    "frequency": ("frequency_hz",),
    "on_off": ("on_s", "off_s"),
    "ramp": ("ramp_up_s", "ramp_down_s"),
    "session": ("repeat",),
    "intensity": ("target_ma", "max_ma"),
}
_OF_DOCUMENT: Final[dict[Column, tuple[str, ...]]] = {
    "muscle": ("channels_used",),
    "waveform": ("waveform",),
    "session": ("limits.max_session_s",),
    "schedule": ("limits.max_sessions_per_day", "limits.min_rest_h"),
}


class Confidence(StrEnum):
    """On whose word a part of a cell stands."""

    FOUND = "found"
    MEMORY = "memory"


class Certainty(StrEnum):
    """How sure the memory is; it was not checked either way."""

    HIGH = "high"
    MIDDLE = "middle"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a cell that stands on one word: sources that were seen, or memory."""

    text: str
    confidence: Confidence
    sources: tuple[str, ...] = ()  # keys of SOURCES; none for memory
    certainty: Certainty | None = None  # of memory only


Cell = tuple[Part, ...]
"""Empty: the sources that were seen do not say."""


@dataclass(frozen=True, slots=True)
class Open:
    """A value that somebody must choose: within a range, among some, or freely.

    `low` and `high` are the ends of the row's own range, `usual` what was used most often; neither is ever filled in.
    """

    low: float | None = None
    high: float | None = None
    choices: tuple[float | str, ...] = ()
    usual: float | None = None
    note: str = ""


UNSAID: Final = Open()
Value = float | int | str | Open
"""What is known of one value of the document; `Open` is what a clinician fills in."""


class Target(StrEnum):
    """What a row says of the current: a document's `null` means "to tolerance", so what is open is left out."""

    TOLERANCE = "tolerance"


@dataclass(frozen=True, slots=True)
class StepDraft:
    """What a row says of one step; what is `Open` is left out of the draft."""

    name: str = "work"
    kind: StepKind = "work"
    repeat: Value = UNSAID
    frequency_hz: Value = UNSAID
    phase_us: Value = UNSAID  # ONE phase
    ramp_up_s: Value = UNSAID
    on_s: Value = UNSAID  # includes neither ramp
    ramp_down_s: Value = UNSAID
    off_s: Value = UNSAID
    target_ma: Target | Open = UNSAID
    max_ma: Open = UNSAID


@dataclass(frozen=True, slots=True)
class Draft:
    """What a document can say of a row."""

    steps: tuple[StepDraft, ...]
    indication: str = ""  # blank: what leads to the row
    waveform: Waveform | Open = UNSAID
    channels_used: Open = UNSAID
    max_session_s: Value = UNSAID
    max_sessions_per_day: Value = UNSAID
    min_rest_h: Value = UNSAID


class Hindrance(StrEnum):
    """Why a document cannot say what a row says; in words in `fleet.protocols.library_texts`."""

    BURST_AC = "burst_ac"
    MULTI_PATH = "multi_path"
    CRANK_GATED = "crank_gated"
    WEEK_INDEXED = "week_indexed"
    TAKES_TURNS = "takes_turns"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a draft if the document can say it, else reading, with why."""

    number: int  # as in docs/library.md; never given to another row
    slug: str  # the id that is offered for a protocol made of it
    title: str
    cells: Mapping[Column, Cell]
    source: Cell
    notes: tuple[str, ...] = ()
    caution: Cell = ()  # for whoever is about to use it
    draft: Draft | None = None
    hindrances: tuple[Hindrance, ...] = field(default=())

    @property
    def is_reading(self) -> bool:
        return self.draft is None

    @property
    def from_memory(self) -> tuple[Column, ...]:
        """The columns in which something is from memory."""
        return tuple(column for column in COLUMNS if _has_memory(self.cells[column]))

    @property
    def sources(self) -> tuple[str, ...]:
        """The keys of every source that the row names, each once, by number."""
        parts = [part for one in (*self.cells.values(), self.source, self.caution) for part in one]
        return tuple(sorted({key for part in parts for key in part.sources}, key=lambda key: int(key[1:])))

    @property
    def text(self) -> str:
        """Everything that is written in it, for searching."""
        told = (*self.cells.values(), self.source, self.caution)
        parts = [part.text for one in told for part in one]
        return " ".join((str(self.number), self.slug, self.title, *parts, *self.notes))


def _has_memory(cell: Cell) -> bool:
    return any(part.confidence is Confidence.MEMORY for part in cell)


_TAG: Final = re.compile(r"^(?P<text>.*?)\s*\[(?:mem (?P<mem>[HML])|(?P<keys>[SP]\d+(?:,[SP]\d+)*))\]$")
_CERTAINTY: Final = {"H": Certainty.HIGH, "M": Certainty.MIDDLE, "L": Certainty.LOW}


def cell(written: str, word: str) -> Cell:
    """Read a cell: parts with `|` between them, each with a tag of its own or the row's.

    Args:
        written: Such as `50 | 40 if gait-triggered [mem M]`; empty for a cell of which nothing was said.
        word: The row's own tag: `S45,S46`, or `mem H` for a row that is all from memory.
    """
    return tuple(_part(one.strip(), word) for one in written.split("|") if one.strip())


def _part(written: str, word: str) -> Part:
    tagged = _TAG.match(written) or _TAG.match(f"{written} [{word}]")
    if tagged is None:
        raise ValueError(f"no source, and not said to be from memory: {written!r} [{word}]")
    if tagged["mem"]:
        return Part(tagged["text"], Confidence.MEMORY, certainty=_CERTAINTY[tagged["mem"]])
    return Part(tagged["text"], Confidence.FOUND, tuple(tagged["keys"].split(",")))


def cells(word: str, **written: str) -> dict[Column, Cell]:
    """Return every column; one that is not written is empty."""
    unknown = written.keys() - set(COLUMNS)
    if unknown:
        raise ValueError(f"no such columns: {sorted(unknown)}")
    return {column: cell(written.get(column, ""), word) for column in COLUMNS}


def paths_of(column: Column, steps: int) -> list[str]:
    """Return the paths of the document that a column speaks of, such as `steps.0.on_s`."""
    within = [f"steps.{n}.{name}" for n in range(steps) for name in _OF_STEPS.get(column, ())]
    return [*within, *_OF_DOCUMENT.get(column, ())]


def column_of(path: str) -> Column | None:
    """Return the column that speaks of a path; None for what no column does, such as the channels."""
    last = path.rsplit(".", 1)[-1]
    for column in COLUMNS:
        if last in _OF_STEPS.get(column, ()) or path in _OF_DOCUMENT.get(column, ()):
            return column
    return None


Json = dict[str, Any]
