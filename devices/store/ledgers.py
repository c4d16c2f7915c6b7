"""Books: the ledger's rows in memory and back."""

from collections.abc import Iterable
from typing import Any

from devices.batch.books import Book
from devices.batch.clock import Offset
from devices.fields import spans_of, text_of
from devices.state import to_ms
from devices.store import apart, sql

_NEWEST, _MOST_OPEN = (
    8,
    64,
)  # boots of one device read ahead; an older one is fetched when a record of it comes

_COLUMNS = """l.device_id, l.boot, l.id, l.first_seq, l.stored, l.dropped, l.rejected, l.closed_at, l.awaited_since,
    l.offset_ms, l.placed_by, l.skew_ms, l.skew_told, l.first_heard_at, l.last_heard_at"""


def load(device_ids: Iterable[int]) -> dict[int, dict[int, Book]]:
    """Return the newest books of each device, by boot, and the newest that no birth has closed yet."""
    ids = list(device_ids)
    found: dict[int, dict[int, Book]] = {device_id: {} for device_id in ids}
    query = f"""SELECT {_COLUMNS} FROM unnest(%s::bigint[]) AS d(id) CROSS JOIN LATERAL (
        (SELECT * FROM devices_ledger WHERE device_id = d.id ORDER BY boot DESC LIMIT {_NEWEST})
        UNION
        (SELECT * FROM devices_ledger WHERE device_id = d.id AND closed_at IS NULL ORDER BY boot DESC LIMIT {_MOST_OPEN})
        ) l"""
    for row in sql.rows(query, [sql.numbers(ids)]):
        book = _book(row)
        found[book.device_id][book.boot] = book
    return found


def load_boots(keys: Iterable[tuple[int, int]]) -> list[Book]:
    """Return the books of these (device, boot), as far as there are any."""
    asked = list(keys)
    query = f"""SELECT {_COLUMNS} FROM devices_ledger l
        JOIN unnest(%s::bigint[], %s::bigint[]) AS a(device_id, boot) USING (device_id, boot)"""
    return [
        _book(row)
        for row in sql.rows(query, [sql.numbers(k[0] for k in asked), sql.numbers(k[1] for k in asked)])
    ]


def _book(row: tuple[Any, ...]) -> Book:
    (device_id, boot, id_, first, stored, dropped, rejected, closed, awaited, *rest) = row
    offset_ms, placed_by, skew_ms, skew_told, first_heard, last_heard = rest
    last_ms = to_ms(last_heard) if last_heard else 0
    return Book(
        device_id,
        boot,
        id_,
        first,
        spans_of(stored),
        spans_of(dropped),
        spans_of(rejected),
        to_ms(closed) if closed else None,
        to_ms(awaited) if awaited else None,
        None if offset_ms is None else Offset.stored(offset_ms, last_ms),
        placed_by,
        skew_ms,
        skew_told,
        to_ms(first_heard) if first_heard else None,
        to_ms(last_heard) if last_heard else None,
    )


_VALUES = """unnest(%s::bigint[], %s::bigint[], %s::int8multirange[], %s::int8multirange[], %s::int8multirange[],
    %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bool[], %s::bigint[], %s::bigint[])"""
_NAMES = "first, stored, dropped, rejected, closed, awaited, offset_ms, placed_by, skew, told, first_heard, last_heard"

_UPDATE = f"""
    UPDATE devices_ledger l SET first_seq = v.first, stored = v.stored, dropped = v.dropped, rejected = v.rejected,
        closed_at = {sql.MS.format("v.closed")}, awaited_since = {sql.MS.format("v.awaited")},
        offset_ms = v.offset_ms, placed_by = v.placed_by, skew_ms = v.skew, skew_told = v.told,
        first_heard_at = {sql.MS.format("v.first_heard")}, last_heard_at = {sql.MS.format("v.last_heard")}
    FROM {_VALUES} AS v(id, {_NAMES}) WHERE l.id = v.id"""

_INSERT = f"""
    INSERT INTO devices_ledger (device_id, boot, first_seq, stored, dropped, rejected, closed_at, awaited_since,
        offset_ms, placed_by, skew_ms, skew_told, first_heard_at, last_heard_at)
    SELECT v.device_id, b.boot, v.first, v.stored, v.dropped, v.rejected, {sql.MS.format("v.closed")},
        {sql.MS.format("v.awaited")}, v.offset_ms, v.placed_by, v.skew, v.told,
        {sql.MS.format("v.first_heard")}, {sql.MS.format("v.last_heard")}
    FROM {_VALUES} WITH ORDINALITY AS v(device_id, {_NAMES}, n)
    JOIN unnest(%s::bigint[]) WITH ORDINALITY AS b(boot, n) USING (n)
    RETURNING device_id, boot, id"""


def write(books: Iterable[Book]) -> None:
    """Write these books; new ones get their row.

    Only the holder of the ingest lock writes the ledger, so there is no other writer to be compared with.  A boot
    that was only spoken of gets no row: a device may speak of many.
    """
    old: list[Book] = []
    new: list[Book] = []
    for book in books:
        if book.id is not None:
            old.append(book)
        elif not book.is_blank:
            new.append(book)
    if old:
        old.sort(key=lambda book: book.id or 0)
        apart.execute(_UPDATE, [sql.numbers(book.id for book in old), *_arrays(old)])
    if new:
        ids = {
            (device_id, boot): id_
            for device_id, boot, id_ in sql.rows(
                _INSERT,
                [
                    sql.numbers(book.device_id for book in new),
                    *_arrays(new),
                    sql.numbers(book.boot for book in new),
                ],
            )
        }
        for book in new:
            book.id = ids[book.device_id, book.boot]


def _arrays(books: list[Book]) -> list[str]:
    return [
        sql.numbers(book.first_seq for book in books),
        "{" + ",".join(f'"{text_of(book.stored)}"' for book in books) + "}",
        "{" + ",".join(f'"{text_of(book.dropped)}"' for book in books) + "}",
        "{" + ",".join(f'"{text_of(book.rejected)}"' for book in books) + "}",
        sql.numbers(book.closed_ms for book in books),
        sql.numbers(book.awaited_ms for book in books),
        sql.numbers(book.offset.offset_ms if book.offset else None for book in books),
        sql.texts(book.placed_by for book in books),
        sql.numbers(book.skew_ms for book in books),
        sql.flags(book.skew_told for book in books),
        sql.numbers(book.first_heard_ms for book in books),
        sql.numbers(book.last_heard_ms for book in books),
    ]
