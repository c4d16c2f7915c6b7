"""Devices that are being worked on: their alerts are kept, and told to nobody unless somebody may be in danger."""

from datetime import datetime
from functools import partial
from typing import Final

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from devices.models import Device
from devices.moments import to_ms
from fleet.access import service as access
from fleet.access.errors import Refused
from fleet.access.names import tidy
from fleet.safety import lifecycle
from fleet.safety.intake import change, settle
from fleet.safety.models import Alert, OutOfService
from fleet.safety.words import OPEN, Priority

LONGEST_REASON: Final = 200


def out_of_service(
    *, actor: User, device: Device, reason: str, until: datetime | None, now: datetime
) -> OutOfService:
    """Take a device out of service: nobody is told of its alerts but of a high one in session.

    Args:
        until: When it is back by itself; None: when somebody says so.

    Raises:
        access.NotVisible, access.Denied: The actor may not (the attempt is on record).
        Refused: No reason, an end that is past, or it is out of service already.
    """
    access.require(actor, "out_of_service", device.site, subject=device.serial)
    reason = tidy(reason)[:LONGEST_REASON]
    if not reason:
        raise Refused(_("Say why it is out of service: whoever finds it will ask."))
    if until is not None and until <= now:
        raise Refused(_("The end must lie ahead."))
    try:
        with transaction.atomic():
            row = OutOfService.objects.create(device=device, since=now, until=until, by=actor, reason=reason)
            ends = None if until is None else until.isoformat()
            access.record(
                actor,
                "device.out_of_service",
                site=device.site,
                subject=device.serial,
                reason=reason,
                until=ends,
            )
    except IntegrityError:
        raise Refused(_("%(serial)s is out of service already.") % {"serial": device.serial}) from None
    return row


def back_in_service(*, actor: User, device: Device, now: datetime) -> None:
    """Take a device back into service; what is true of it, and nobody has, is told now.

    Raises:
        access.NotVisible, access.Denied: The actor may not (the attempt is on record).
        Refused: It is in service.
    """
    access.require(actor, "out_of_service", device.site, subject=device.serial)
    with transaction.atomic():
        current = OutOfService.objects.filter(device=device, ended_at=None)
        if not current.update(ended_at=now, ended_by=actor):
            raise Refused(_("%(serial)s is in service.") % {"serial": device.serial})
        access.record(actor, "device.back_in_service", site=device.site, subject=device.serial)
        _tell(device.pk, now)


def end_due(now: datetime) -> int:
    """Take those back into service whose time is over; return how many."""
    due = OutOfService.objects.filter(ended_at=None, until__lte=now)
    ended = 0
    for row in list(due):
        with transaction.atomic():
            if OutOfService.objects.filter(pk=row.pk, ended_at=None).update(ended_at=now):
                _tell(row.device_id, now)
                ended += 1
    return ended


def _tell(device_id: int, now: datetime) -> None:
    """What was kept from people begins to be told."""
    kept = Alert.objects.filter(device=device_id, state__in=OPEN).exclude(
        priority=Priority.HIGH, in_session=True
    )
    settle(change(kept, partial(lifecycle.tell, now_ms=to_ms(now)), now))
