"""What paths are asked with: pages, moments, texts; each says in its own words what it expected."""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from msgspec.json import encode
from ninja import Schema
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from dashboards.api.problems import wrong_parameter
from devices.queries import MAX_NUMBER

MAX_LIMIT = 1_000
_DIGITS = re.compile(r"-?[0-9]{1,20}")
_HALF = re.compile(r"[\ud800-\udfff]")


def _blank_is_none(value: object) -> object:
    return None if value == "" else value


def _whole(value: object) -> object:
    """Refuse what Python would read as a number and nobody would write as one: `1_0`, `1.0`, `１`."""
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise ValueError(_("a whole number expected"))
    return value


def _storable(value: str | None) -> str | None:
    """PostgreSQL keeps no NUL and no half of a character, so nothing that could be found has one."""
    if value is not None and ("\0" in value or (not value.isascii() and _HALF.search(value))):
        raise ValueError(_("text without NUL characters and halves of characters expected"))
    return value


def storable_part(value: str) -> str:
    """Return it without what PostgreSQL keeps none of."""
    return _HALF.sub("", value.replace("\0", ""))


def _moment(value: object) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        at = datetime.fromisoformat(str(value))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            _("an ISO 8601 moment such as 2026-11-22T07:40:00Z expected (write + as %2B)")
        ) from None


Blank = BeforeValidator(_blank_is_none)
"""`?site=&room=` asks for nothing: an empty value is as good as none."""

Storable = AfterValidator(_storable)
Whole = BeforeValidator(_whole)

Text = Annotated[str | None, Field(max_length=200), Blank, Storable]
Number = Annotated[int | None, Field(ge=0, le=MAX_NUMBER), Whole, Blank]
Moment = Annotated[
    datetime | None,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-22T07:40:00Z"]}),
]


class Page(Schema):
    """Which part of a list; the answer's `next` is the `cursor` of the part after it."""

    limit: Annotated[
        int,
        Field(ge=1, le=MAX_LIMIT, description="how many items at most"),
        Whole,
        BeforeValidator(lambda v: v or 100),
    ] = 100
    cursor: Annotated[Text, Field(description="`next` of the page before")] = None

    def after(self, *kinds: type, of: str) -> tuple[Any, ...] | None:
        """Return what the cursor of the list `of` holds, one value of each kind; None for the first page.

        Raises:
            Problem: 422, if the cursor is not one of this list.
        """
        if self.cursor is None:
            return None
        try:
            raw = base64.urlsafe_b64decode(self.cursor.encode("ascii") + b"=" * (-len(self.cursor) % 4))
            values = json.loads(raw[:-4]) if _written(raw[:-4], of) == self.cursor else None
        except (ValueError, binascii.Error, RecursionError):
            values = None
        if not isinstance(values, list) or [type(one) for one in values] != list(kinds):
            raise self.unusable()
        if any(isinstance(one, int) and not 0 <= one <= MAX_NUMBER for one in values):
            raise self.unusable()
        return tuple(values)

    def after_moment(self, *, of: str) -> tuple[datetime, int] | None:
        """Return the cursor of a list in order of time: a moment, and a row's number."""
        values = self.after(str, int, of=of)
        if values is None:
            return None
        try:
            at = datetime.fromisoformat(values[0])
        except ValueError:
            raise self.unusable() from None
        if at.tzinfo is None:
            raise self.unusable()
        return at, values[1]

    def unusable(self) -> Exception:
        return wrong_parameter("cursor", _("the `next` of this list's page before expected"), self.cursor)


def cursor_of(*values: str | int, of: str) -> str:
    """Return an opaque cursor of the list `of`; `Page.after` is its twin.

    It carries a sum by which one that was changed, or is another list's, is known: a slip, not an attack, since
    a cursor opens nothing.
    """
    return _written(json.dumps(values, separators=(",", ":")).encode(), of)


def _written(raw: bytes, of: str) -> str:
    check = zlib.crc32(raw, zlib.crc32(of.encode())).to_bytes(4, "big")
    return base64.urlsafe_b64encode(raw + check).decode().rstrip("=")


def listed(items: Sequence[Any], next_cursor: str | None) -> HttpResponse:
    """Answer one page."""
    return answered({"items": items, "next": next_cursor})


def answered(content: Any) -> HttpResponse:
    """Answer with JSON, not validated again: `tests/dashboards/api` holds answers against the schema."""
    return HttpResponse(encode(content), content_type="application/json")
