"""The shapes of commands and stops in the API's answers, for OpenAPI."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from dashboards.api import command_examples as examples
from dashboards.api.schemas import Strict

Verb = Literal[
    "stop", "pause", "lower", "identify", "lock", "unlock", "apply_protocol", "withdraw", "rebirth"
]
State = Literal[
    "requested", "published", "received", "done", "confirmed", "unconfirmed", "refused", "expired"
]


class Answer(Strict):
    """The device's own word, which proves nothing."""

    outcome: Literal["received", "done", "refused", "expired", "repeat"]
    reason: str | None


class Command(Strict):
    """One wish to one device, and what became of it."""

    id: UUID
    device: Annotated[str, Field(description="serial")]
    device_name: str
    room: str
    site: Annotated[str | None, Field(description="slug; where the device stood when it was asked")]
    verb: Verb
    args: dict[str, Any]
    state: Annotated[
        State,
        Field(
            description="`done` is the device's word; `confirmed` is shown by what it said of itself afterwards;"
            " `unconfirmed`: nothing has shown it in time, go there; a later proof still makes it `confirmed`"
        ),
    ]
    actor: Annotated[str | None, Field(description="username; null: the server itself")]
    via: Annotated[
        Literal["house", "direct"],
        Field(description="`direct`: past the database, which was away, and written down afterwards"),
    ]
    stop: Annotated[UUID | None, Field(description="the stop of a room or site that it is part of")]
    reason: Annotated[str, Field(description="why, in the words of whoever asked; may be added afterwards")]
    reason_by: Annotated[str | None, Field(description="username; null: it came with the command")]
    answer: Answer | None
    acks: Annotated[int, Field(description="how many answers came; one is usual")]
    requested_at: datetime
    published_at: Annotated[datetime | None, Field(description="the broker has it")]
    received_at: Annotated[datetime | None, Field(description="the device has it")]
    done_at: Annotated[datetime | None, Field(description="the device says that it did it")]
    confirmed_at: datetime | None
    unconfirmed_at: Annotated[datetime | None, Field(description="kept when it is confirmed later")]
    refuted_at: Annotated[datetime | None, Field(description="current was seen to flow after its answer")]
    refused_at: datetime | None
    expired_at: datetime | None
    reason_at: datetime | None
    expires_at: Annotated[datetime, Field(description="a device that hears it later does not carry it out")]
    proof_due_at: Annotated[
        datetime | None, Field(description="without proof by then `unconfirmed`; null: nothing proves this")
    ]
    rev: Annotated[int, Field(description="rises with every change of this command")]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.COMMAND]})


class CommandInFull(Command):
    """A command in words, and what the device said of it."""

    text: Annotated[str, Field(description="what became of it so far")]
    to_do: Annotated[str, Field(description="what a person should do now; blank: nothing")]
    evidence: Annotated[dict[str, Any], Field(description="what the device said, by kind of message")]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.COMMAND_IN_FULL]})


class GoTo(Strict):
    """A device that somebody has to look at: whether it stopped is not known."""

    device: Annotated[str, Field(description="serial")]
    name: str
    state: State
    command: UUID
    why: str


class RoomOfStop(Strict):
    room: Annotated[str, Field(description="blank: devices that stand in no room")]
    asked: int
    confirmed: int
    go_to: list[GoTo]


class StopInShort(Strict):
    """One press that stops a room or site; `asked` = `confirmed` + `unconfirmed` + `waiting`."""

    id: UUID
    site: Annotated[str, Field(description="slug")]
    room: Annotated[str | None, Field(description="null: the whole site")]
    actor: Annotated[str | None, Field(description="username; null: the server itself")]
    via: Literal["house", "direct"]
    requested_at: datetime
    reason: str
    reason_at: datetime | None
    reason_by: str | None
    asked: Annotated[int, Field(description="devices that were on, or may have been")]
    confirmed: int
    unconfirmed: Annotated[
        int, Field(description="of these nobody knows that they stopped: somebody has to go there")
    ]
    waiting: int

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.STOP_IN_SHORT]})


class Stop(StopInShort):
    """A stop with its devices, by room."""

    rooms: list[RoomOfStop]
    commands: list[Command]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.STOP]})


class LeftOut(Strict):
    device: Annotated[str, Field(description="serial")]
    why: str


class Identified(Strict):
    """Who was asked to blink, and who was not."""

    commands: list[Command]
    left_out: list[LeftOut]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.IDENTIFIED]})


class Lock(Strict):
    """What is wanted of a device's lock, and what it says itself."""

    device: Annotated[str, Field(description="serial")]
    wanted: Annotated[bool | None, Field(description="null: nobody has asked for either")]
    reason: Literal["maintenance", "recall", "overdue", "other"] | None
    note: Annotated[str, Field(description="in the words of whoever asked")]
    by: Annotated[str | None, Field(description="username")]
    since: datetime | None
    read_back_at: Annotated[
        datetime | None, Field(description="when the device first said the same; null: it is asked again")
    ]
    says: Annotated[
        str | None, Field(description="the device's own reason; null: it is not locked, or silent")
    ]
    said_at: Annotated[datetime | None, Field(description="when it said so; null: it has said nothing yet")]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.LOCK]})
