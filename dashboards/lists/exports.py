"""The rows of a list as CSV: exactly those that its filters leave, in its order, however many.

Which rows there are is settled at the start; what they say is read a thousand at a time while they are sent, so
that neither memory nor a connection to the database is held for a slow reader.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import close_old_connections, connection
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from dashboards.downloads import BOM, cell, csv_lines, download
from dashboards.lists.table import Asked, Field, Listing, R, by_key
from fleet.access.queries import sites_of
from fleet.access.service import record

_CHUNK: Final = 1_000


def answer(
    request: HttpRequest,
    listing: Listing[Any, Any],
    asked: Asked,
    rows: "QuerySet[Any] | Sequence[Any]",
    *,
    place: str,
    today: date,
) -> StreamingHttpResponse:
    """Answer with the rows as CSV; `place` (a site's slug, or so) and the day name the file.

    What leaves the house is on record; the export of the record itself, its view records.
    """
    if listing.name != "audit":
        site = sites_of(request.user).filter(slug=place).first()
        understood = listing.address(asked).partition("?")[2]  # bounded, unlike what the address may hold
        record(request.user, "data.exported", site=site, subject=listing.name, filters=understood)
    parts = _lines(listing, listing.ordered(asked, rows))
    return download(request, parts, name=f"{listing.name}-{place}-{today.isoformat()}.csv")


def moment_fields(
    label: str, at: Callable[[R], datetime | None], zone: Callable[[R], str]
) -> tuple[Field[R], Field[R]]:
    """Return a moment's two columns: UTC for machines, and the site's wall clock for people."""

    def local(row: R) -> str:
        value = at(row)
        if value is None:
            return ""
        return value.astimezone(ZoneInfo(zone(row))).strftime("%Y-%m-%d %H:%M:%S")

    return (
        Field(_("%(what)s (UTC)") % {"what": label}, at),
        Field(_("%(what)s (site's time)") % {"what": label}, local),
    )


def _lines(listing: Listing[Any, Any], rows: "QuerySet[Any] | Sequence[Any]") -> Iterator[bytes]:
    head = [str(one.label) if isinstance(one.label, Promise) else one.label for one in listing.fields]
    yield BOM + csv_lines([head])
    for chunk in _chunks(rows):
        made = listing.prepare(chunk)
        yield csv_lines([cell(one.value(row)) for one in listing.fields] for row in made)
        if not connection.in_atomic_block:
            close_old_connections()


def _chunks(rows: "QuerySet[Any] | Sequence[Any]") -> Iterator[Sequence[Any]]:
    if not isinstance(rows, QuerySet):
        for low in range(0, len(rows), _CHUNK):
            yield rows[low : low + _CHUNK]
        return
    keys = list(rows.values_list("pk", flat=True))
    for low in range(0, len(keys), _CHUNK):
        yield by_key(rows, keys[low : low + _CHUNK])


def lines(
    request: HttpRequest, rows: "QuerySet[Any]", write: Callable[[Any], bytes], *, name: str
) -> StreamingHttpResponse:
    """Answer with one line a row, in the rows' order, as the file `name` (JSON Lines)."""
    made = (b"".join(write(row) for row in chunk) for chunk in _chunks(rows))
    return download(request, made, name=name, content_type="application/jsonl; charset=utf-8")
