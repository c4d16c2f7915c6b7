"""The shapes of protocols in the API, for OpenAPI.  Units are in the names or in the description."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from dashboards.api import protocol_examples as examples
from dashboards.api.schemas import Link, Strict

State = Literal["draft", "submitted", "approved", "rejected", "withdrawn"]
Hash = Annotated[
    str | None, Field(description="SHA-256 of the document's RFC 8785 JSON; null: a value is missing")
]


class Document(Schema):
    """A protocol document as docs/wire.md has it; in a draft, values that are not known yet are null or absent."""

    id: Annotated[Any, Field(description="letters, digits, `-`, `_`; at most 64")] = None
    version: Annotated[Any, Field(description="given by the server: the last one + 1; yours is replaced")] = (
        None
    )
    title: Any = None
    indication: Any = None
    channels_used: Any = None
    waveform: Any = None
    steps: Annotated[Any, Field(description="`phase_us` is ONE phase; `on_s` includes neither ramp")] = None
    limits: Any = None

    model_config = ConfigDict(extra="allow")


class Finding(Strict):
    """Something to know about a document, at its field."""

    path: Annotated[str, Field(description="such as `steps.0.max_ma.1`, from 0; empty: the whole document")]
    field: Annotated[str, Field(description="the same for people")]
    severity: Annotated[
        Literal["error", "warning"], Field(description="with an error a version cannot be submitted")
    ]
    code: str
    text: str
    facts: Annotated[dict[str, Any], Field(description="the numbers of the text; units in the code or names")]


class ShortVersion(Strict):
    version: int
    state: State
    sha256: Hash


class ProtocolVersion(ShortVersion):
    """One version; it never changes once it is submitted."""

    id: str
    title: str
    rev: Annotated[int, Field(description="rises with each edit of the draft")]
    document: Annotated[dict[str, Any], Field(description="null where nothing is said yet")]
    authors: Annotated[
        list[str], Field(description="whoever wrote a part of it: none of them may approve it")
    ]
    based_on: Annotated[int | None, Field(description="the version it was taken from")]
    library_row: int | None
    to_confirm: Annotated[
        list[str], Field(description="paths of values from memory: approving needs a note about them")
    ]
    created_at: datetime
    edited_at: datetime
    submitted_at: datetime | None
    submitted_by: Annotated[str | None, Field(description="username")]
    decided_at: Annotated[datetime | None, Field(description="approved or rejected")]
    decided_by: Annotated[str | None, Field(description="username")]
    decision_reason: str
    confirmation: Annotated[str, Field(description="what the approver noted about `to_confirm`")]
    withdrawn_at: datetime | None
    withdrawn_by: Annotated[str | None, Field(description="username")]
    withdrawal_reason: str


class ProtocolVersionInFull(ProtocolVersion):
    findings: list[Finding]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.VERSION]})


class ProtocolInList(Strict):
    """One protocol; its versions are counted."""

    id: str
    title: Annotated[str, Field(description="of the newest version")]
    indication: str | None
    sites: Annotated[list[str], Field(description="slugs, of those you see: whose people see it")]
    library_row: int | None
    created_at: datetime
    created_by: Annotated[str, Field(description="username")]
    versions: int
    newest: ShortVersion | None
    approved: Annotated[ShortVersion | None, Field(description="the newest that may be rolled out")]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.PROTOCOL]})


class ProtocolInFull(ProtocolInList):
    items: Annotated[list[ProtocolVersion], Field(description="its versions, the newest first")]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.PROTOCOL_IN_FULL]})


class ProtocolDevice(Strict):
    """A device whose newest status names the version's hash: its word, as old as `age_ms`."""

    serial: str
    name: str
    room: str
    site: Annotated[str, Field(description="slug")]
    link: Link
    heard: Annotated[bool, Field(description="it is heard now; else what it has is not known any more")]
    told_at: Annotated[datetime | None, Field(description="when it said so, by the server's clock")]
    age_ms: Annotated[int | None, Field(description="since `told_at`, when this was answered")]
    session: Annotated[str | None, Field(description="that it runs now, as far as is known")]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.DEVICE]})


class Check(Strict):
    """What is to be said of a document that was not kept."""

    complete: Annotated[bool, Field(description="nothing is missing or impossible")]
    sha256: Annotated[str | None, Field(description="if it is complete, with the `version` it names")]
    findings: list[Finding]


class ProtocolChange(Strict):
    path: Annotated[str, Field(description="of the new value, from 0; of the old one where it is gone")]
    code: str
    direction: Annotated[Literal["stronger", "weaker", "other"], Field(description="for the person treated")]
    text: str
    facts: Annotated[dict[str, Any], Field(description="`old`, `new`, `percent`, `step` from 1, `channel`")]


class Difference(Strict):
    """What differs from `to` to `version`."""

    version: int
    to: Annotated[int | None, Field(description="null: there is no version before it that was approved")]
    changes: list[ProtocolChange]
