"""protocols/library: rows from papers and manuals, and the drafts that are made of them."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Path, Query, Router, Schema
from pydantic import Field

from dashboards.api import library_schemas as schemas
from dashboards.api.auth import asker
from dashboards.api.params import Blank, Storable, Text, answered
from dashboards.api.problems import not_found
from dashboards.api.protocol_schemas import ProtocolVersionInFull
from dashboards.api.protocols import problems
from dashboards.protocols import shelf
from fleet.protocols import library, library_texts, queries, texts
from fleet.protocols.library import Cell, Missing, Row
from fleet.protocols.seeding import draft_of

router = Router(tags=["protocols"])


class Asked(Schema):
    """Filters; all that are given must hold."""

    indication: Annotated[
        schemas.IndicationSlug | None, Blank, Field(description="what somebody comes with")
    ] = None
    kind: Annotated[
        schemas.Kind | None, Blank, Field(description="`reading`: no document can say the row")
    ] = None
    q: Annotated[Text, Field(description="words that a row holds, all of them")] = None


class NewProtocol(Schema):
    id: Annotated[
        str,
        Field(max_length=64, description="letters, digits, `-`, `_`; default: the row's `slug`"),
        Storable,
    ] = ""


@router.get(
    "/protocols/library",
    response=schemas.Library,
    operation_id="getLibrary",
    summary="The library of protocols",
)
def get_library(request: HttpRequest, asked: Query[Asked]) -> HttpResponse:
    """The same for everybody.  A `draft` is for a clinician to complete and for another one to approve."""
    rows = shelf.found(indication=asked.indication or "", text=asked.q or "", kind=asked.kind or "")
    return answered(
        {
            "items": [row_object(row) for row in rows],
            "indications": [
                {"slug": one.slug, "name": one.name, "rows": one.rows, "note": one.note}
                for one in library.INDICATIONS
            ],
            "guidance": [{"text": text, "sources": keys} for text, keys in library.GUIDANCE],
            "sources": library.SOURCES,
        }
    )


@router.post(
    "/protocols/library/{int:row}",
    response={201: ProtocolVersionInFull},
    operation_id="draftLibraryRow",
    summary="Make a draft of a row, as a new protocol",
)
def draft_row(request: HttpRequest, row: Annotated[int, Path()], new: NewProtocol) -> HttpResponse:
    """It keeps where it came from: what is from memory stands in `to_confirm`, and needs a note at approval.

    409: the row is for reading, or there is a protocol of this id.
    """
    if row not in range(1, len(library.ROWS) + 1):
        raise not_found(f"row {row}")
    seed = library.row(row)
    id = new.id or seed.slug
    with problems({"id": id}):
        draft = draft_of(seed, actor=asker(request), id=id, now=timezone.now())
    response = answered(queries.in_full(draft))
    response.status_code = 201
    return response


def row_object(row: Row) -> dict[str, Any]:
    """Return the API's object of a row."""
    reading = row.is_reading
    return {
        "number": row.number,
        "slug": row.slug,
        "title": row.title,
        "kind": "reading" if reading else "draft",
        "indications": [one.slug for one in library.indications_of(row.number)],
        "cells": {name: _parts(told) for name, told in row.cells.items()},
        "source": _parts(row.source),
        "caution": _parts(row.caution),
        "notes": row.notes,
        "draft": None if reading else library.document(row),
        "missing": [] if reading else [_missing(one) for one in library.missing(row)],
        "to_confirm": [] if reading else library.to_confirm(row),
        "hindrances": [str(library_texts.HINDRANCES[one]) for one in row.hindrances],
    }


def _parts(cell: Cell) -> list[dict[str, Any]]:
    return [
        {
            "text": part.text,
            "confidence": part.confidence,
            "certainty": part.certainty,
            "sources": part.sources,
        }
        for part in cell
    ]


def _missing(one: Missing) -> dict[str, Any]:
    return {
        "path": one.path,
        "field": texts.field(one.path),
        "low": one.open.low,
        "high": one.open.high,
        "choices": one.open.choices,
        "usual": one.open.usual,
        "text": library_texts.told(one),
    }
