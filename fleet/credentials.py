"""A device's broker account, as an engineer changes it: the deed and its record together.

Passwords are returned once, and kept nowhere but as the broker's hash.
"""

from django.contrib.auth.models import User
from django.db import transaction

from devices import accounts
from devices.models import Device
from fleet.access import service as access


def new_password(*, actor: User, device: Device) -> str:
    """Give the device a new password and return it; the old one ends at once.

    Raises:
        access.NotVisible, access.Denied: The actor may not (the attempt is on record).
        accounts.EnrolmentRefused: The device is revoked.
    """
    access.require(actor, "enrol", device.site, subject=device.serial)
    with transaction.atomic():
        password = accounts.new_password(device.serial)
        access.record(actor, "device.new_password", site=device.site, subject=device.serial)
    return password


def revoke(*, actor: User, device: Device, reason: str) -> None:
    """Take the device's account away: a running broker throws it out.  What it said stays.

    Raises:
        access.NotVisible, access.Denied: The actor may not (the attempt is on record).
        accounts.EnrolmentRefused: It is revoked already.
    """
    access.require(actor, "enrol", device.site, subject=device.serial)
    with transaction.atomic():
        accounts.revoke(device.serial)
        access.record(actor, "device.revoked", site=device.site, subject=device.serial, reason=reason)


def readmit(*, actor: User, device: Device, reason: str) -> str:
    """Take a revoked device back, as it was, with its history; return its new password.

    Raises:
        access.NotVisible, access.Denied: The actor may not (the attempt is on record).
        accounts.EnrolmentRefused: It is not revoked.
    """
    access.require(actor, "enrol", device.site, subject=device.serial)
    with transaction.atomic():
        password = accounts.enrol(
            serial=device.serial,
            site=device.site.slug,
            room=device.room,
            name=device.name,
            model=device.model,
            uplink=device.uplink,
            tags=device.tags,
            risk_class=device.risk_class,
        )
        access.record(actor, "device.readmitted", site=device.site, subject=device.serial, reason=reason)
    return password
