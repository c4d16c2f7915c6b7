"""Files that are made while they are sent: CSV and JSON Lines, however long.

CSV is UTF-8 that begins with `BOM`, because spreadsheets guess wrong without one (pandas: `encoding="utf-8-sig"`).
"""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from typing import Final

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from devices import queries

BOM: Final = "\ufeff".encode()
CSV: Final = "text/csv; charset=utf-8"
_STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_STARTS_A_CELL: Final = ("\t", "\r", "\n")


def download(
    request: HttpRequest, parts: Iterator[bytes], *, name: str, content_type: str = CSV
) -> StreamingHttpResponse:
    """Answer with a file of these parts, which are made one after another as the reader takes them."""
    return StreamingHttpResponse(
        _from_threads(parts) if isinstance(request, ASGIRequest) else parts,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


async def _from_threads(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Make each part in the request's thread, so that the server's loop sends and never waits for the database."""
    step = sync_to_async(lambda: next(parts, None))
    while (part := await step()) is not None:
        yield part


def csv_lines(rows: Iterable[Iterable[object]]) -> bytes:
    """Return rows of cells as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def cell(value: object) -> str | int | float:
    """Return a value as a CSV cell.

    A text that a spreadsheet would run as a formula is given an apostrophe, as OWASP advises: names and refused
    bytes come from outside.  Numbers stay numbers.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return queries.moment(value)
    if isinstance(value, int | float):
        return value
    text = str(value)
    risky = text.lstrip().startswith(_STARTS_A_FORMULA) or text.startswith(_STARTS_A_CELL)
    return f"'{text}" if risky else text
