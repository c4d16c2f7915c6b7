"""What can be enrolled: one device as typed, or a CSV of many.  Pure: text in, rows and problems out."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from devices.wire.topics import is_serial

COLUMNS: Final = ("serial", "site", "room", "name", "model", "uplink", "tags", "risk_class")
_LONGEST: Final = {"name": 120, "room": 64, "uplink": 64, "model": 64, "risk_class": 32}
_LONGEST_TAG: Final = 64
_MOST_TAGS: Final = 32
_REFUSED: Final = frozenset(("Cc", "Cs", "Zl", "Zp"))  # control characters, NUL, bytes that were no UTF-8
# They turn the direction of the text around a name, so that a wall would read otherwise than it is (UAX #9).
_TURNS: Final = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One device to enrol; `site` is a slug, `line` the line of its file (0: not from a file)."""

    serial: str
    site: str
    room: str = ""
    name: str = ""
    model: str = ""
    uplink: str = ""
    tags: tuple[str, ...] = ()
    risk_class: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is not enrolled: what was seen, and what to do."""

    line: int
    seen: str
    remedy: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.seen}; {self.remedy}"


class EnrolmentRefused(ValueError):
    """Nothing was changed; the text says what was seen and what to do."""


class UnreadableFile(ValueError):
    """The file as a whole says nothing that can be enrolled; the text says what to do."""


def parse_csv(content: bytes, *, default_site: str = "") -> tuple[list[Row], list[Problem]]:
    """Return the good rows of a CSV file and a problem for each bad one.

    Takes a byte-order mark, Excel's semicolons or tabs and its `sep=;` line.  Each line stands alone, so a
    quote that nobody closed spoils its own row only.

    Raises:
        UnreadableFile: UTF-16, or no header, or columns in it that are missing, unknown or there twice.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UnreadableFile("the file is UTF-16; save it as “CSV UTF-8”")
    # A byte that is no UTF-8 becomes a lone surrogate, which makes only its own row a bad one.
    text = content.decode("utf-8-sig", errors="surrogateescape")
    physical = re.split(r"\r\n|\r|\n", text)
    lines = [(number, line) for number, line in enumerate(physical, start=1) if line.strip(" \t,;")]
    if lines and lines[0][1].lower().startswith("sep="):
        lines.pop(0)
    if not lines:
        raise UnreadableFile(f"the file is empty; its first line must be {','.join(COLUMNS)}")
    delimiter = max(",;\t", key=lines[0][1].count)
    header = _header(lines[0][1], delimiter, default_site)
    rows: list[Row] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for number, line in lines[1:]:
        outcome = _row(number, line, delimiter, header, default_site)
        if isinstance(outcome, Row) and outcome.serial in seen:
            first = seen[outcome.serial]
            outcome = Problem(
                number, f"{outcome.serial} is on line {first} already", "remove one of the two lines"
            )
        if isinstance(outcome, Problem):
            problems.append(outcome)
        else:
            seen[outcome.serial] = number
            rows.append(outcome)
    return rows, problems


def find_problem(row: Row) -> Problem | None:
    """Return what keeps this row from being enrolled, as far as the row itself tells."""
    return next(_problems(row), None)


def tags_of(text: str) -> tuple[str, ...]:
    """Return the tags of one cell, parted by `|`, commas, semicolons or spaces; each once."""
    return tuple(dict.fromkeys(text.replace("|", " ").replace(",", " ").replace(";", " ").split()))


def _header(line: str, delimiter: str, default_site: str) -> list[str]:
    names = [name.strip().lower() for name in next(csv.reader([line], delimiter=delimiter), [])]
    while names and not names[-1]:
        names.pop()  # Excel's empty columns at the right
    unknown = [name or "(empty)" for name in names if name not in COLUMNS]
    missing = [
        name for name in ("serial", "site") if name not in names and not (name == "site" and default_site)
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    for what, which in (("not known", unknown), ("missing", missing), ("there twice", twice)):
        if which:
            raise UnreadableFile(
                f"line 1: column {', '.join(map(_shown, which))} is {what}; nothing was enrolled. "
                f"The columns are {','.join(COLUMNS)}"
            )
    return names


def _row(number: int, line: str, delimiter: str, header: list[str], default_site: str) -> Row | Problem:
    try:
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True))]
    except csv.Error as error:
        return Problem(
            number, f"{_shown(line)} cannot be read ({error})", "close every quote on its own line"
        )
    if any(cells[len(header) :]):
        return Problem(
            number, f"{len(cells)} values for {len(header)} columns", "put values with a comma in quotes"
        )
    values = dict(zip(header, cells, strict=False))  # a short row leaves the columns at its right empty
    tags = tags_of(values.pop("tags", ""))
    site = values.pop("site", "") or default_site
    row = Row(serial=values.pop("serial", ""), site=site, tags=tags, line=number, **values)
    return find_problem(row) or row


def _problems(row: Row) -> Iterator[Problem]:
    if not is_serial(row.serial):
        rule = "it must be 1 to 64 letters, digits, “_”, “.” or “-”, beginning with a letter or digit"
        yield Problem(row.line, f"serial {_shown(row.serial)}", rule)
    if not row.site:
        yield Problem(row.line, f"{row.serial} has no site", "give the slug of its site")
    texts: Iterable[tuple[str, str, int]] = [
        *((name, getattr(row, name), most) for name, most in _LONGEST.items()),
        *(("tags", tag, _LONGEST_TAG) for tag in row.tags),
        ("site", row.site, 64),
    ]
    for name, text, most in texts:
        if any(map(_is_refused, text)):
            yield Problem(
                row.line, f"{name} {_shown(text)}", "save the file as “CSV UTF-8” and retype the value"
            )
        if len(text) > most:
            yield Problem(row.line, f"{name} has {len(text)} characters", f"shorten it to {most}")
    if len(row.tags) > _MOST_TAGS:
        yield Problem(row.line, f"{len(row.tags)} tags", f"give at most {_MOST_TAGS}")


def _is_refused(letter: str) -> bool:
    return unicodedata.category(letter) in _REFUSED or unicodedata.bidirectional(letter) in _TURNS


def _shown(text: str) -> str:
    return repr(text[:50])
