"""What is asked of devices: POST a command or a stop, and read what became of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Self, TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Body, Path, Query, Router, Schema
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationInfo,
    model_validator,
)

from dashboards.api import command_schemas as schemas
from dashboards.api.auth import asker, visible_device, visible_site, visible_sites
from dashboards.api.params import Blank, Page, Storable, Text, answered, cursor_of, listed, storable_part
from dashboards.api.problems import Problem, not_found
from dashboards.api.schemas import Page as PageOf
from dashboards.presses import pressed_at
from devices.wire.words import Verb
from fleet.control import queries, service, stop_queries
from fleet.control.models import Command, Stop

router = Router(tags=["commands"])

Row = TypeVar("Row", Command, Stop)

CommandId = Annotated[UUID, Path()]
StopId = Annotated[UUID, Path()]
OwnId = Annotated[
    UUID | None,
    Field(description="chosen by you, so that a request that you repeat is the same one; default: a new one"),
]
Reason = Annotated[
    str, Field(max_length=2000, description="why, in your words; stays on the server"), Storable
]


def _in_no_ones_way(given: object, known: ValidationInfo) -> object:
    """No reason is too long or too odd for a stop: what cannot be kept of it is left out."""
    if isinstance(given, str) and known.data.get("verb", Verb.STOP) == Verb.STOP:
        return storable_part(given)
    return "" if given is None else given


WithIt = Annotated[
    str | None,
    BeforeValidator(_in_no_ones_way),
    Field(description="why, in your words, at most 200 characters; a stop's is cut there"),
    Storable,
]
"""A reason that comes with what is asked for."""


def _named(room: str | None) -> str | None:
    """An empty name may be a room that somebody forgot to fill in, or the whole site: only they can tell."""
    if room == "":
        raise ValueError(_("a room's name expected; leave it out, or null, for the whole site"))
    return room


Room = Annotated[
    str | None,
    Field(max_length=200, description="only this room; left out or null: the whole site; never empty"),
    AfterValidator(_named),
    Storable,
]


class Wish(Schema):
    """What is asked of one device."""

    verb: Annotated[str, Field(max_length=64, examples=["stop"]), Storable]
    args: Annotated[dict[str, Any] | None, Field(description="by verb, as docs/wire.md has them")] = None
    reason: WithIt = ""
    id: OwnId = None


class Stopping(Schema):
    """What is stopped.  What is not known beside it is passed over, because a stop is not held up by it."""

    room: Room = None
    reason: WithIt = ""
    id: OwnId = None

    @model_validator(mode="wrap")
    @classmethod
    def _no_other_place(cls, given: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """A room under a misspelt name, or a device, is not taken for the whole site."""
        for name in given if isinstance(given, dict) else ():
            if name != "room" and any(word in name.lower() for word in ("room", "device", "serial")):
                raise ValueError(_("“{name}” is not known here; a room is named by “room”").format(name=name))
        return read(given)


WHOLE = Stopping()
"""Asked for without a body: the whole site."""


class Blinking(Schema):
    """Which devices blink and beep, and for how long."""

    model_config = ConfigDict(extra="forbid")

    room: Room = None
    seconds: Annotated[int, Field(ge=1, le=60)] = 10


class Why(Schema):
    reason: Reason


class Asked(Schema):
    """Filters; all that are given must hold."""

    site: Annotated[Text, Field(description="slug")] = None
    device: Annotated[Text, Field(description="serial")] = None
    verb: Annotated[schemas.Verb | None, Blank, Field(description="what was asked for")] = None
    state: Annotated[schemas.State | None, Blank, Field(description="where it stands")] = None
    stop: Annotated[UUID | None, Blank, Field(description="only the commands of this stop")] = None


class AskedStops(Schema):
    site: Annotated[Text, Field(description="slug")] = None


# --- one device ---


@router.post(
    "/devices/{serial}/commands",
    response={202: schemas.Command},
    operation_id="askDevice",
    summary="Ask a device to stop, pause, lower, blink or lock",
)
def ask_device(request: HttpRequest, serial: str, wish: Wish) -> HttpResponse:
    """A stop is always sent.  There is no verb that starts or raises anything.  409: not as the device is now."""
    device = visible_device(request, serial)
    with _conflicts():
        command = service.ask(
            actor=asker(request),
            device=device,
            verb=wish.verb,
            args=wish.args or {},
            reason=wish.reason or "",
            id=wish.id,
            now=pressed_at(request),
        )
    return _accepted(queries.command_object(command))


@router.get(
    "/devices/{serial}/lock",
    response=schemas.Lock,
    operation_id="getLock",
    summary="Who wants it locked, and whether it is",
)
def get_lock(request: HttpRequest, serial: str) -> HttpResponse:
    """The wish is held until the device says the same: it is asked again whenever it connects."""
    return answered(queries.lock_object(visible_device(request, serial)))


@router.get(
    "/commands",
    response=PageOf[schemas.Command],
    operation_id="listCommands",
    summary="What was asked of devices, the newest first",
)
def list_commands(request: HttpRequest, asked: Query[Asked], page: Query[Page]) -> HttpResponse:
    """By when they were asked for; with what the server itself asks for (`rebirth`, `actor` null)."""
    found = _asked(request, asked)
    rows, following = _page(found, page, of="commands")
    return listed([queries.command_object(row) for row in rows], following)


@router.get(
    "/commands/{uuid:command_id}",
    response=schemas.CommandInFull,
    operation_id="getCommand",
    summary="One command in full",
)
def get_command(request: HttpRequest, command_id: CommandId) -> HttpResponse:
    """In words, too, and with what the device said of it."""
    return answered(queries.in_full(_visible(request, command_id), timezone.now()))


@router.post(
    "/commands/{uuid:command_id}/reason",
    response=schemas.CommandInFull,
    operation_id="giveCommandReason",
    summary="Say afterwards why",
)
def give_reason(request: HttpRequest, command_id: CommandId, why: Why) -> HttpResponse:
    """409 if it has another reason: what is on record stays."""
    command, now = _visible(request, command_id), timezone.now()
    with _conflicts():
        command = service.add_reason(actor=asker(request), command=command, reason=why.reason, now=now)
    return answered(queries.in_full(command, now))


# --- a room, a site ---


@router.post(
    "/sites/{slug}/stop",
    response={202: schemas.Stop},
    operation_id="stopSite",
    summary="Stop every device of a site or room that is on, or may be on",
)
def stop_site(request: HttpRequest, slug: str, stopping: Body[Stopping] = WHOLE) -> HttpResponse:
    """May be on: last known output not `off`, or not heard.  `GET stops/<id>` then says who is confirmed."""
    site, now = visible_site(request, slug), pressed_at(request)
    with _conflicts():
        stop = service.stop_site(
            actor=asker(request),
            site=site,
            room=stopping.room,
            reason=stopping.reason or "",
            id=stopping.id,
            now=now,
        )
    return _accepted(_stop_object(stop, now))


@router.post(
    "/sites/{slug}/identify",
    response={202: schemas.Identified},
    operation_id="identifySite",
    summary="Let the devices of a room blink and beep",
)
def identify_site(request: HttpRequest, slug: str, blinking: Blinking) -> HttpResponse:
    """To find them.  A device that cannot, or is in an identity conflict, is left out and named."""
    site = visible_site(request, slug)
    commands, left_out = service.identify_room(
        actor=asker(request), site=site, room=blinking.room, seconds=blinking.seconds, now=pressed_at(request)
    )
    return _accepted(
        {
            "commands": [queries.command_object(one) for one in commands],
            "left_out": [{"device": device.serial, "why": why} for device, why in left_out],
        }
    )


@router.get(
    "/stops",
    response=PageOf[schemas.StopInShort],
    operation_id="listStops",
    summary="Stops of rooms and sites, the newest first",
)
def list_stops(request: HttpRequest, asked: Query[AskedStops], page: Query[Page]) -> HttpResponse:
    """Counted as they stand now."""
    sites = [visible_site(request, asked.site)] if asked.site else visible_sites(request)
    found = stop_queries.counted(stop_queries.visible(sites), timezone.now())
    rows, following = _page(found, page, of="stops")
    return listed([stop_queries.counted_object(row) for row in rows], following)


@router.get(
    "/stops/{uuid:stop_id}",
    response=schemas.Stop,
    operation_id="getStop",
    summary="How far a stop is: who is confirmed, whom to go to",
)
def get_stop(request: HttpRequest, stop_id: StopId) -> HttpResponse:
    """By room.  Confirmed is only what a device has shown."""
    return answered(_stop_object(_visible_stop(request, stop_id), timezone.now()))


@router.post(
    "/stops/{uuid:stop_id}/reason",
    response=schemas.Stop,
    operation_id="giveStopReason",
    summary="Say afterwards why",
)
def give_stop_reason(request: HttpRequest, stop_id: StopId, why: Why) -> HttpResponse:
    """For all its commands.  409 if it has another reason: what is on record stays."""
    stop, now = _visible_stop(request, stop_id), timezone.now()
    with _conflicts():
        stop = service.add_stop_reason(actor=asker(request), stop=stop, reason=why.reason, now=now)
    return answered(_stop_object(stop, now))


# --- parts ---


@contextmanager
def _conflicts() -> Iterator[None]:
    try:
        yield
    except service.NotNow as error:
        raise Problem(409, str(error)) from None


def _accepted(content: Any) -> HttpResponse:
    response = answered(content)
    response.status_code = 202
    return response


def _asked(request: HttpRequest, asked: Asked) -> QuerySet[Command]:
    found = queries.visible(visible_sites(request))
    if asked.site is not None:
        found = found.filter(site=visible_site(request, asked.site))
    if asked.device is not None:
        found = found.filter(device=visible_device(request, asked.device))
    for name in ("verb", "state", "stop"):
        value = getattr(asked, name)
        if value is not None:
            found = found.filter(**{name: value})
    return found


def _page(found: QuerySet[Row], page: Page, *, of: str) -> tuple[list[Row], str | None]:
    """Return one page, the newest first, and the cursor of the next."""
    after = page.after(str, str, of=of)
    if after is not None:
        try:
            at, id_ = datetime.fromisoformat(after[0]), UUID(after[1])
        except ValueError:
            raise page.unusable() from None
        if at.tzinfo is None:
            raise page.unusable()
        found = found.filter(Q(requested_at__lt=at) | Q(requested_at=at, pk__lt=id_))
    rows = list(found.order_by("-requested_at", "-pk")[: page.limit + 1])
    if len(rows) <= page.limit:
        return rows, None
    last = rows[page.limit - 1]
    return rows[: page.limit], cursor_of(last.requested_at.isoformat(), str(last.pk), of=of)


def _visible(request: HttpRequest, command_id: UUID) -> Command:
    command = queries.visible(visible_sites(request)).filter(pk=command_id).first()
    if command is None:
        raise not_found(f"command {command_id}")
    return command


def _visible_stop(request: HttpRequest, stop_id: UUID) -> Stop:
    stop = stop_queries.visible(visible_sites(request)).filter(pk=stop_id).first()
    if stop is None:
        raise not_found(f"stop {stop_id}")
    return stop


def _stop_object(stop: Stop, now: datetime) -> dict[str, Any]:
    return stop_queries.in_full(stop, stop_queries.commands_of(stop), now)
