"""Display links: a screen on a wall shows one site, read only, with no login that could run out.

The secret is in the address, so whoever has the address sees what the screen sees, until it is revoked.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from fleet.access.errors import Refused
from fleet.access.models import DisplayLink, Site
from fleet.access.names import tidy
from fleet.access.queries import digest_of
from fleet.access.service import record, require, tell_group

PREFIX: Final = "myd_"  # so that a leaked one can be searched for, and is known in logs
SEEN_EVERY: Final = timedelta(minutes=1)
_SHORTEST, _LONGEST = 20, 100  # characters: anything else is no secret of ours, and is not looked up


def make_link(*, actor: User | None, site: Site, name: str, now: datetime) -> tuple[DisplayLink, str]:
    """Make a link to the wall of the site and return it with its secret, which is kept nowhere.

    Raises:
        NotVisible, Denied: As `service.require`, for `manage_displays`.
        Refused: No name.
    """
    if actor is not None:
        require(actor, "manage_displays", site, subject=name)
    name = tidy(name)[:80]
    if not name:
        raise Refused(_("A display link needs a name that says where the screen hangs."))
    secret = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        link = DisplayLink.objects.create(
            site=site, name=name, digest=digest_of(secret), created_at=now, created_by=actor
        )
        record(actor, "display.made", site=site, subject=name)
    return link, secret


def revoke_link(*, actor: User | None, link: DisplayLink, now: datetime) -> None:
    """End the link; its screen goes dark within seconds.  A second time changes nothing.

    Raises:
        NotVisible, Denied: As `service.require`, for `manage_displays`.
    """
    if actor is not None:
        require(actor, "manage_displays", link.site, subject=link.name)
    with transaction.atomic():
        if DisplayLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=now):
            record(actor, "display.revoked", site=link.site, subject=link.name)
            tell_group(group_of(link.pk))


def link_of(secret: str) -> DisplayLink | None:
    """Return the link of this secret, also a revoked one (see `revoked_at`); None if there is none."""
    if not (secret.startswith(PREFIX) and _SHORTEST <= len(secret) <= _LONGEST):
        return None
    return DisplayLink.objects.filter(digest=digest_of(secret)).select_related("site").first()


def note_seen(link: DisplayLink, now: datetime) -> None:
    """Keep when its screen was last there, to the minute: a wall must not write each time it looks."""
    stale = Q(seen_at=None) | Q(seen_at__lt=now - SEEN_EVERY)
    DisplayLink.objects.filter(stale, pk=link.pk, revoked_at=None).update(seen_at=now)


def group_of(link_id: int) -> str:
    """Return the channel group that hears when the link ends."""
    return f"display.{link_id}"
