"""Reads: stops of a room or site, counted as they stand now."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, F, Q, QuerySet

from devices.moments import iso, to_ms
from fleet.access.models import Site
from fleet.control import queries, texts
from fleet.control.lifecycle import State
from fleet.control.models import Command, Stop

_SETTLED: Final = (State.UNCONFIRMED.value, State.REFUSED.value, State.EXPIRED.value)
"""None of these shows that a device stopped."""


def visible(sites: Iterable[Site | int]) -> QuerySet[Stop]:
    """Return the stops of these sites, with what `in_short` and `in_full` need."""
    return Stop.objects.filter(site__in=sites).select_related("site")


def commands_of(stop: Stop) -> list[Command]:
    """Return a stop's commands by room and serial."""
    return list(queries.commands().filter(stop=stop).order_by("device__room", "device__serial"))


def is_unproved(command: Command, now: datetime) -> bool:
    """Whether somebody has to go there: nothing shows that it stopped, and its time for that is over."""
    if command.state == State.CONFIRMED:
        return False
    return command.state in _SETTLED or (command.proof_due_at or command.expires_at) <= now


def counted(stops: QuerySet[Stop], now: datetime) -> QuerySet[Stop]:
    """Add `asked`, `confirmed` and `unconfirmed` to stops, for a list of them."""
    overdue = Q(commands__proof_due_at__lte=now) | Q(commands__state__in=_SETTLED)
    return stops.annotate(
        asked=Count("commands"),
        confirmed=Count("commands", filter=Q(commands__state=State.CONFIRMED)),
        unconfirmed=Count("commands", filter=overdue & ~Q(commands__state=State.CONFIRMED)),
    ).annotate(waiting=F("asked") - F("confirmed") - F("unconfirmed"))


def in_short(stop: Stop, *, asked: int, confirmed: int, unconfirmed: int) -> dict[str, Any]:
    """Return the API's object of a stop without its devices."""
    return {
        "id": str(stop.pk),
        "site": stop.site.slug,
        "room": stop.room or None,
        "actor": stop.actor_name or None,
        "via": stop.via,
        "requested_at": iso(to_ms(stop.requested_at)),
        "reason": stop.reason,
        "reason_at": iso(to_ms(stop.reason_at)) if stop.reason_at else None,
        "reason_by": stop.reason_by or None,
        "asked": asked,
        "confirmed": confirmed,
        "unconfirmed": unconfirmed,
        "waiting": asked - confirmed - unconfirmed,
    }


def counted_object(stop: Any) -> dict[str, Any]:
    """As `in_short`, of a row of `counted`."""
    return in_short(stop, asked=stop.asked, confirmed=stop.confirmed, unconfirmed=stop.unconfirmed)


def in_full(stop: Stop, commands: Sequence[Command], now: datetime) -> dict[str, Any]:
    """Return the API's object of a stop: who is confirmed, and whom to go to, by room.

    Nobody is counted as confirmed but on proof.  One whose time for proof is over counts as unconfirmed even while
    the part of the server that writes that down is away.
    """
    by_room: dict[str, list[Command]] = {}
    for one in commands:
        by_room.setdefault(one.device.room, []).append(one)
    rooms = [_room(room, theirs, now) for room, theirs in sorted(by_room.items())]
    return in_short(
        stop,
        asked=len(commands),
        confirmed=sum(room["confirmed"] for room in rooms),
        unconfirmed=sum(len(room["go_to"]) for room in rooms),
    ) | {"rooms": rooms, "commands": [queries.command_object(one) for one in commands]}


def _room(room: str, commands: Sequence[Command], now: datetime) -> dict[str, Any]:
    return {
        "room": room,
        "asked": len(commands),
        "confirmed": sum(one.state == State.CONFIRMED for one in commands),
        "go_to": [_go_to(one, now) for one in commands if is_unproved(one, now)],
    }


def _go_to(command: Command, now: datetime) -> dict[str, Any]:
    return {
        "device": command.device.serial,
        "name": command.device.name,
        "state": command.state,
        "command": str(command.pk),
        "why": texts.sentence(command, now),
    }
