"""What the server asks of devices.  A command is a row, published by `manage.py dispatch` once committed."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from devices.wire.words import TTL_MS, Verb
from fleet.control import outbox
from fleet.control.lifecycle import OPEN
from fleet.control.models import Command


def request_rebirth(device_ids: Iterable[int], now: datetime) -> list[Command]:
    """Ask these devices to tell their full status; return the commands.

    One that is being asked already is not asked again.  Nobody is the actor: the server misses something.
    """
    wanted = set(device_ids)
    if not wanted:
        return []
    with transaction.atomic():
        asked = Command.objects.filter(
            device_id__in=wanted, verb=Verb.REBIRTH, state__in=OPEN, expires_at__gt=now
        )
        wanted -= set(asked.values_list("device_id", flat=True))
        expires_at = now + timedelta(milliseconds=TTL_MS[Verb.REBIRTH])
        commands = [
            Command(device_id=device_id, verb=Verb.REBIRTH.value, requested_at=now, expires_at=expires_at)
            for device_id in sorted(wanted)
        ]
        Command.objects.bulk_create(commands)
        if commands:
            outbox.ring()
    return commands
