"""Is the record whole?  Each entry is chained to the one before it; here the chain is followed again.

A link's hash is SHA-256 of the previous link's hash (64 zeros before the first), a line feed, and its content:
the entry as JSON text.  The database makes links as transactions commit (migration 0003) and refuses to change
or remove any.  Its owner can switch that off; but then what was changed no longer fits its hash, and who also
makes all later hashes anew cannot make the newest one that somebody noted elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

START: Final = "0" * 64
_CHUNK: Final = 2_000
_ENTRIES = """
    SELECT l.number, l.hash, l.content, e.id IS NOT NULL,
           CASE WHEN e.id IS NOT NULL THEN access_audit_content(e)::jsonb = l.content::jsonb END
    FROM access_auditlink l LEFT JOIN access_auditentry e ON e.id = l.entry_id ORDER BY l.number
"""
_UNCHAINED = """
    SELECT e.id FROM access_auditentry e
    WHERE NOT EXISTS (SELECT 1 FROM access_auditlink l WHERE l.entry_id = e.id) ORDER BY e.id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Whole:
    """The chain is whole: how many links it has, and the newest hash, to be noted elsewhere."""

    links: int
    head: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The first link that does not fit, and why."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Link:
    """One link as it is exported; `previous` is the hash that it builds on."""

    number: int
    previous: str
    hash: str
    content: str

    def as_line(self) -> str:
        return json.dumps(
            {"number": self.number, "previous": self.previous, "hash": self.hash, "content": self.content}
        )


def hash_of(previous: str, content: str) -> str:
    return hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()


def verify(*, noted: tuple[int, str] | None = None) -> Whole | Broken:
    """Follow the whole chain.

    Args:
        noted: Number and hash of a link, as somebody noted it earlier in a place of their own.
    """
    previous, number = START, 0
    with transaction.atomic():  # one snapshot is not needed: what is added meanwhile comes at the end
        for number, found, content, there, same in _rows(_ENTRIES):
            expected = hash_of(previous, content)
            if found != expected:
                return Broken(
                    number, "its hash does not follow from the one before: it or that one was changed"
                )
            if not there:
                return Broken(number, f"its entry is gone; it said {content}")
            if not same:
                return Broken(number, f"its entry was changed; it said {content}")
            if noted is not None and number == noted[0] and found != noted[1]:
                return Broken(number, f"somebody noted the hash {noted[1]}: the chain was made anew")
            previous = found
        if noted is not None and noted[0] > number:
            return Broken(number + 1, f"somebody noted link {noted[0]}: the end of the chain was cut off")
        for (entry,) in _rows(_UNCHAINED):
            return Broken(number + 1, f"entry {entry} is not in the chain: the trigger was switched off")
    return Whole(number, previous)


def verify_lines(lines: Iterable[str]) -> Whole | Broken:
    """Follow an exported piece of the chain; needs no database.  The first line's `previous` is taken as told."""
    previous, number = "", 0
    for position, line in enumerate(lines, start=1):
        try:
            told = json.loads(line)
            link = Link(int(told["number"]), str(told["previous"]), str(told["hash"]), str(told["content"]))
        except (ValueError, KeyError, TypeError):
            return Broken(number + 1, f"line {position} is no link of a chain")
        if previous and (link.previous != previous or link.number != number + 1):
            return Broken(link.number, "it does not follow on the line before")
        if hash_of(link.previous, link.content) != link.hash:
            return Broken(link.number, "its content does not fit its hash")
        previous, number = link.hash, link.number
    return Whole(number, previous)


def links(*, since: datetime | None, before: datetime | None) -> Iterator[Link]:
    """Yield the unbroken piece of the chain that holds every entry of that time."""
    first, last = _bounds(since, before)
    previous = START
    for number, found, content in _rows(
        "SELECT number, hash, content FROM access_auditlink WHERE number BETWEEN %s AND %s ORDER BY number",
        [first - 1, last],
    ):
        if number >= first:
            yield Link(number, previous, found, content)
        previous = found


def _bounds(since: datetime | None, before: datetime | None) -> tuple[int, int]:
    """Entries are chained as they are committed, so not quite in the order of their times."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(min(l.number), 1), coalesce(max(l.number), 0) FROM access_auditlink l"
            " JOIN access_auditentry e ON e.id = l.entry_id"
            " WHERE (%s::timestamptz IS NULL OR e.at >= %s) AND (%s::timestamptz IS NULL OR e.at < %s)",
            [since, since, before, before],
        )
        first, last = cursor.fetchone()
    return first, last


def _rows(query: str, parameters: Iterable[Any] = ()) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:  # on the server: a record of years does not fit into memory
        cursor.execute(query, list(parameters))
        while rows := cursor.fetchmany(_CHUNK):
            yield from rows
