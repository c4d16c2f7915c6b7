"""What a device is used for, which decides how early rollouts reach it."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from devices.models import Device
from fleet.access import service as access
from fleet.access.errors import Refused
from fleet.rollouts.plan import Risk


def set_risk_class(*, actor: User, device: Device, risk_class: str) -> bool:
    """Put the device into a risk class; `""` for none of them.  Return whether that changed anything.

    What is running stays as it is: a device keeps the turn that it has in a rollout.

    Raises:
        access.Denied: The actor may not; the attempt is on record.
        Refused: There is no such class, or the device was revoked.
    """
    access.require(actor, "enrol", device.site, subject=device.serial)
    if risk_class not in set(Risk):
        raise Refused(_("“%(word)s” is no risk class.") % {"word": risk_class[:40]})
    if device.revoked_at is not None:
        raise Refused(_("%(serial)s was revoked; nothing is offered to it.") % {"serial": device.serial})
    with transaction.atomic():
        row = Device.objects.select_for_update().select_related("site").get(pk=device.pk)
        before = row.risk_class
        if before == risk_class:
            return False
        row.risk_class = risk_class
        row.save(update_fields=["risk_class"])
        access.record(
            actor,
            "device.risk_class",
            site=row.site,
            subject=row.serial,
            before=before or "none",
            name=risk_class or "none",
        )
    return True
