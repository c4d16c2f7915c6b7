"""What a site is called, and whose clock its pages show."""

from typing import Final
from zoneinfo import available_timezones

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from fleet.access.errors import Denied, Refused
from fleet.access.models import Site
from fleet.access.names import tidy
from fleet.access.service import record, require

LONGEST_NAME: Final = 120


def require_superuser(actor: User) -> None:
    """Let superusers pass: a site that is not there yet has no administrator.

    Raises:
        Denied: The attempt is on record.
    """
    if not actor.is_superuser:
        with transaction.atomic(durable=True):
            record(actor, "denied.make_site", why="superusers only")
        raise Denied(_("making a site"), _("your sites"))


def change_site(*, actor: User, site: Site, name: str, time_zone: str) -> bool:
    """Give the site another name and time zone; return whether anything changed.

    Raises:
        NotVisible, Denied: As `require`, for `manage_site`.
        Refused: No name, or no time zone of that name.
    """
    require(actor, "manage_site", site, subject=site.slug)
    name = tidy(name)
    if not name or len(name) > LONGEST_NAME:
        raise Refused(_("A site needs a name of at most %(most)d characters.") % {"most": LONGEST_NAME})
    if time_zone not in available_timezones():
        raise Refused(
            _("“%(zone)s” is no time zone; give an IANA name, such as Europe/Berlin.") % {"zone": time_zone}
        )
    with transaction.atomic():
        now = Site.objects.select_for_update().get(pk=site.pk)
        changes = {
            field: (getattr(now, field), new)
            for field, new in (("name", name), ("time_zone", time_zone))
            if getattr(now, field) != new
        }
        if changes:
            Site.objects.filter(pk=site.pk).update(name=name, time_zone=time_zone)
            detail = {field: new for field, (_old, new) in changes.items()}
            before = {field: old for field, (old, _new) in changes.items()}
            record(actor, "site.changed", site=site, subject=site.slug, before=before, **detail)
    site.name, site.time_zone = name, time_zone
    return bool(changes)
