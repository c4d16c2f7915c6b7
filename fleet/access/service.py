"""Letting people in, turning them away, and the record of both.

An `actor` of None is whoever has the server's shell: they own the database anyway.
"""

from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction

from fleet.access.errors import Denied, NotVisible, Refused
from fleet.access.models import AuditEntry, Site
from fleet.access.queries import Person, authenticate_token, may, role_at, sites_of

__all__ = [
    "Denied",
    "NotVisible",
    "Refused",
    "authenticate_token",
    "may",
    "record",
    "require",
    "role_at",
    "sites_of",
]

_TOKEN_PREFIX: Final = "myo_"  # so that a leaked one can be searched for
_LONGEST_TOKEN_DAYS: Final = 3660
SHELL: Final = "(shell)"


def require(actor: Person, verb: str, site: Site, *, subject: str = "") -> None:
    """Let the actor pass, or turn them away.  Call it before the transaction of what they want to do.

    Args:
        verb: A verb of `fleet.access.roles.MAY`.
        subject: What it is about, such as a serial, for the record of a denial.

    Raises:
        NotVisible: The actor does not see the site.
        Denied: The actor sees it but may not do this.  The attempt is on record.
        RuntimeError: Called inside a transaction, which would take the record of the denial with it.
    """
    with transaction.atomic(durable=True):
        if may(actor, verb, site):
            return
        seen = may(actor, "see", site)
        if seen:
            record(actor, f"denied.{verb}", site=site, subject=subject)
    if not seen:
        raise NotVisible(site.slug)
    raise Denied(verb, site.name)


def record(
    actor: Person | None, action: str, *, site: Site | None = None, subject: str = "", **detail: Any
) -> None:
    """Write down who did what, in the caller's transaction: the entry stands if and only if the deed does."""
    known = isinstance(actor, User)
    AuditEntry.objects.create(
        actor=actor if known else None,
        actor_name=actor.get_username()[:150] if known else SHELL if actor is None else "(not logged in)",
        action=action[:64],
        site=site,
        subject=subject[:200],
        detail=detail,
    )
