"""Enrolment on record: what the shell does to devices and their broker accounts.

Whoever changes an account through `devices.accounts` says so here, in the same transaction.
"""

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import User

from devices.models import Device
from fleet.access.models import AuditEntry
from fleet.access.service import entry_of


def record_enrolments(actor: User | None, action: str, serials: Collection[str], **detail: Any) -> None:
    """Write one entry a device, at the site where it stands now; many of them in one go."""
    sites = {
        device.serial: device.site
        for device in Device.objects.filter(serial__in=serials).select_related("site")
    }
    AuditEntry.objects.bulk_create(
        entry_of(actor, action, site=sites.get(serial), subject=serial, **detail) for serial in serials
    )
