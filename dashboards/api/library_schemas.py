"""The shapes of the library in the API, for OpenAPI."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from dashboards.api import library_examples as examples
from dashboards.api.schemas import Strict

IndicationSlug = Literal[
    "weakness",
    "spasm",
    "pain-sciatica",
    "posture",
    "strength",
    "recovery",
    "stroke",
    "range-of-motion",
    "atrophy",
    "blood-flow",
    "warm-up",
]
Kind = Literal["draft", "reading"]


class LibraryPart(Strict):
    """A part of a cell, as its sources print it, and on whose word it stands."""

    text: str
    confidence: Annotated[
        Literal["found", "memory"], Field(description="`memory` was checked nowhere: to be confirmed")
    ]
    certainty: Annotated[Literal["high", "middle", "low"] | None, Field(description="of memory")]
    sources: Annotated[list[str], Field(description="keys of `sources`")]


class LibraryMissing(Strict):
    """A value that a clinician fills in; nothing is averaged, and no default is offered."""

    path: str
    field: Annotated[str, Field(description="the same for people")]
    low: Annotated[float | None, Field(description="the lower end of the row's own range")]
    high: float | None
    choices: Annotated[list[float | str], Field(description="what the row names side by side")]
    usual: Annotated[float | None, Field(description="what was used most often, where the row says so")]
    text: Annotated[str, Field(description="what the row says of it; blank: nothing")]


class LibraryRow(Strict):
    """One row: a draft where a document can say it, else for reading, with why."""

    number: int
    slug: Annotated[str, Field(description="the id that is offered for a protocol made of it")]
    title: str
    kind: Kind
    indications: list[IndicationSlug]
    cells: Annotated[
        dict[str, list[LibraryPart]],
        Field(description="by column; an empty list: the sources that were seen do not say"),
    ]
    source: list[LibraryPart]
    caution: list[LibraryPart]
    notes: list[str]
    draft: Annotated[
        dict[str, Any] | None,
        Field(
            description="for `POST protocols`; open values are absent, and a null target is “to tolerance”"
        ),
    ]
    missing: list[LibraryMissing]
    to_confirm: Annotated[list[str], Field(description="paths that the row knows from memory")]
    hindrances: Annotated[list[str], Field(description="why no document can say it, in words")]


class LibraryIndication(Strict):
    slug: IndicationSlug
    name: str
    rows: list[int]
    note: Annotated[str, Field(description="what the library has of it, and what not")]


class LibraryGuidance(Strict):
    text: str
    sources: list[str]


class Library(Strict):
    """Papers were seen as abstracts, tables or excerpts, not in full."""

    items: list[LibraryRow]
    indications: list[LibraryIndication]
    guidance: list[LibraryGuidance]
    sources: Annotated[dict[str, str], Field(description="by key")]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.LIBRARY]})
