"""How a command's row begins, on whatever path it was asked for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import msgspec
from django.conf import settings
from django.contrib.auth.models import User

from devices.models import Device
from devices.wire.commands import Args
from devices.wire.words import TTL_MS, Verb
from fleet.control import guard, ids
from fleet.control.lifecycle import EASING
from fleet.control.models import Command, Stop, Via

LONGEST_REASON: Final = 200


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a person as they are known now, or (None, blank) the server itself."""

    user_id: int | None = None
    name: str = ""

    @classmethod
    def of(cls, user: User | None) -> "Asker":
        return cls() if user is None else cls(user.pk, user.get_username()[:150])


def command(
    device: Device,
    verb: Verb,
    args: Args,
    *,
    asker: Asker,
    now: datetime,
    id: UUID | None = None,
    reason: str = "",
    via: Via = Via.HOUSE,
    stop: Stop | None = None,
) -> Command:
    """Return the row of a command, not yet written."""
    expires_at = now + timedelta(milliseconds=TTL_MS[verb])
    return Command(
        id=id or uuid4(),
        device=device,
        verb=verb.value,
        args=msgspec.json.encode(args).decode(),
        actor_id=asker.user_id,
        actor_name=asker.name,
        site=device.site,
        stop=stop,
        via=via,
        reason=reason,
        requested_at=now,
        expires_at=expires_at,
        proof_due_at=proof_due_at(verb, now, expires_at),
    )


def stops(stop: Stop, devices: list[Device]) -> list[Command]:
    """Return the rows of a stop of a room or site, one a device, not yet written."""
    asker = Asker(stop.actor_id, stop.actor_name)
    return [
        command(
            device,
            Verb.STOP,
            guard.STOP,
            asker=asker,
            now=stop.requested_at,
            id=ids.of_stop(stop.pk, device.serial),
            reason=stop.reason,
            via=Via(stop.via),
            stop=stop,
        )
        for device in devices
    ]


def proof_due_at(verb: Verb, requested_at: datetime, expires_at: datetime) -> datetime | None:
    """Return by when the device has to have shown it; None: nothing that it says proves this verb."""
    if verb in EASING:
        return requested_at + timedelta(seconds=settings.CONTROL_PROOF_SECONDS)
    return expires_at if verb in (Verb.LOCK, Verb.UNLOCK) else None
