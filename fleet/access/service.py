"""Letting people in, turning them away, and the record of both.

An `actor` of None is whoever has the server's shell: they own the database anyway.
"""

import secrets
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import available_timezones

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from fleet.access.clients import current_address
from fleet.access.errors import Denied, NotVisible, Refused
from fleet.access.models import AuditEntry, Membership, Role, Site, Token
from fleet.access.names import tidy
from fleet.access.queries import (
    Person,
    authenticate_token,
    digest_of,
    ear_of,
    may,
    may_anywhere,
    role_at,
    sites_of,
)
from fleet.access.succession import keep_admins_of_all, keep_an_admin

__all__ = [
    "Denied",
    "NotVisible",
    "Refused",
    "authenticate_token",
    "end_sessions",
    "grant",
    "issue_token",
    "login_ended",
    "make_site",
    "may",
    "record",
    "record_unseen",
    "require",
    "require_anywhere",
    "revoke_token",
    "role_at",
    "set_active",
    "sites_of",
    "tell",
    "tell_group",
    "withdraw_membership",
]

login_ended: Final = Signal()
"""`user`: may log in no longer, or their password was taken away.  Sent inside the deed's transaction."""

_TOKEN_PREFIX: Final = "myo_"  # so that a leaked one can be searched for
_LONGEST_TOKEN_DAYS: Final = 3660
_SHELL: Final = "(shell)"
_NOT_LOGGED_IN: Final = "(not logged in)"


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


def record_unseen(actor: Person, verb: str, site: Site, *, subject: str = "") -> None:
    """Write down that somebody asked for this at a site that they do not see; they are told that there is none.

    Raises:
        RuntimeError: As `require`.
    """
    with transaction.atomic(durable=True):
        record(actor, f"denied.{verb}", site=site, subject=subject)


def require_anywhere(actor: Person, verb: str, *, to: str) -> None:
    """Let an actor pass who may do this at some site, or turn them away: for what belongs to no single site.

    Args:
        to: What they want, in words that follow "does not allow".

    Raises:
        Denied: There is no such site.  The attempt is on record.
        RuntimeError: As `require`.
    """
    if may_anywhere(actor, verb):
        return
    with transaction.atomic(durable=True):
        record(actor, f"denied.{verb}", why="at no site")
    raise Denied(to, _("your sites"))


def record(
    actor: Person | None, action: str, *, site: Site | None = None, subject: str = "", **detail: Any
) -> None:
    """Write down who did what, in the caller's transaction: the entry stands if and only if the deed does.

    While a request is answered, the client's address is added.
    """
    entry_of(actor, action, site=site, subject=subject, **detail).save()


def entry_of(
    actor: Person | None, action: str, *, site: Site | None = None, subject: str = "", **detail: Any
) -> AuditEntry:
    """Return the entry of `record`, not yet written; for many in one go."""
    if address := current_address():
        detail.setdefault("address", address)
    known = actor if isinstance(actor, User) else None
    name = known.get_username() if known else _SHELL if actor is None else _NOT_LOGGED_IN
    return AuditEntry(
        actor=known,
        actor_name=name[:150],
        action=action[:64],
        site=site,
        subject=subject[:200],
        detail=detail,
    )


def make_site(*, actor: User | None, slug: str, name: str, time_zone: str = "UTC") -> Site:
    """Make a site, or return the one of that slug, with this name and time zone.

    Raises:
        Denied: The actor is no superuser; a site that is not there yet has no administrator.
        Refused: The slug or the time zone cannot be.
    """
    if actor is not None and not actor.is_superuser:
        raise Denied("manage_site", name)
    try:
        validate_slug(slug)
    except ValidationError:
        raise Refused(_("%r: a slug is made of letters, digits, “-” and “_”.") % slug) from None
    if time_zone not in available_timezones():
        raise Refused(_("%r is no time zone; give an IANA name, such as Europe/Berlin.") % time_zone)
    name = tidy(name)
    with transaction.atomic():
        site, created = Site.objects.update_or_create(
            slug=slug, defaults={"name": name, "time_zone": time_zone}
        )
        record(actor, "site.made" if created else "site.changed", site=site, subject=slug, name=name)
    return site


def grant(*, actor: User | None, user: User, site: Site, role: Role) -> Membership:
    """Give the user this role at the site, in place of any other there; they see it at once.

    Raises:
        NotVisible, Denied: As `require`; nobody changes their own role.
        Refused: They are the last administrator there.
    """
    _require_people(actor, user, site)
    with transaction.atomic():
        if actor is not None and role != Role.ADMIN:
            keep_an_admin(site, losing=user)
        before = Membership.objects.filter(user=user, site=site).values_list("role", flat=True).first()
        membership, _created = Membership.objects.update_or_create(
            user=user, site=site, defaults={"role": role}
        )
        changed = {"role": str(role)} | ({"before": before} if before else {})
        record(actor, "membership.granted", site=site, subject=user.get_username(), **changed)
        tell(user)
    return membership


def withdraw_membership(*, actor: User | None, user: User, site: Site) -> None:
    """End the user's membership; pages that they have open end with it.

    Raises:
        NotVisible, Denied: As `require`; nobody changes their own role.
        Refused: There is none, or they are the last administrator there.
    """
    _require_people(actor, user, site)
    with transaction.atomic():
        if actor is not None:
            keep_an_admin(site, losing=user)
        deleted, _rows = Membership.objects.filter(user=user, site=site).delete()
        if not deleted:
            raise Refused(_("%(user)s is no member of %(site)s.") % {"user": user, "site": site})
        record(actor, "membership.withdrawn", site=site, subject=user.get_username())
        tell(user)


def set_active(*, actor: User | None, user: User, active: bool) -> None:
    """Let the user log in, or no longer; tokens and open pages end with it.

    Raises:
        NotVisible, Denied: The actor does not administer every site of the user.
        Refused: The actor is the user, or a site would lose its last administrator.
    """
    if actor == user:
        raise Refused(_("Nobody ends or restores their own login."))
    _require_tokens(actor, user)
    with transaction.atomic():
        if actor is not None and not active:
            keep_admins_of_all(user)
        User.objects.filter(pk=user.pk).update(is_active=active)
        if not active:
            end_sessions(user)
            login_ended.send(sender=None, user=user)
        record(actor, "user.activated" if active else "user.deactivated", subject=user.get_username())
        tell(user)


def end_sessions(user: User, *, but: str | None = None) -> None:
    """Log the user out everywhere, for good: a session must not come back to life with the login.

    A new password alone keeps Django from using it, but permits to stop devices live as long as their session.

    Args:
        but: The key of a session that stays.
    """
    for session in Session.objects.filter(expire_date__gt=timezone.now()).exclude(pk=but).iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


def issue_token(
    *,
    actor: User | None,
    user: User,
    name: str,
    days: int,
    now: datetime | None = None,
    zone: tzinfo = UTC,
) -> tuple[Token, str]:
    """Make a bearer token and return it with its text, which is kept nowhere.

    It ends so many days of the zone's calendar later, at the same time of its clock.

    Raises:
        NotVisible, Denied: The actor does not administer every site that the token would open.
        Refused: No name, or no sensible end.
    """
    name = tidy(name)
    if not name:
        raise Refused(_("A token needs a name that says what it is for."))
    if not 1 <= days <= _LONGEST_TOKEN_DAYS:
        raise Refused(
            _("A token lasts 1 to %(most)d days, not %(days)d.") % {"most": _LONGEST_TOKEN_DAYS, "days": days}
        )
    _require_tokens(actor, user)
    text = _TOKEN_PREFIX + secrets.token_urlsafe(32)
    ends = ((now or timezone.now()).astimezone(zone) + timedelta(days=days)).astimezone(UTC)
    with transaction.atomic():
        token = Token.objects.create(user=user, name=name[:80], digest=digest_of(text), expires_at=ends)
        record(
            actor, "token.issued", subject=user.get_username(), name=token.name, expires_at=ends.isoformat()
        )
    return token, text


def revoke_token(*, actor: User | None, token: Token, now: datetime | None = None) -> None:
    """End the token; a second time changes nothing.

    Raises:
        NotVisible, Denied: The actor is neither its owner nor administers every site of its owner.
    """
    if actor != token.user:
        _require_tokens(actor, token.user)
    with transaction.atomic():
        if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now or timezone.now()):
            record(actor, "token.revoked", subject=token.user.get_username(), name=token.name)
            tell(token.user)


def _require_people(actor: User | None, user: User, site: Site) -> None:
    if actor is None:
        return
    require(actor, "manage_people", site, subject=user.get_username())
    if actor == user:
        _deny(actor, "manage_people", user, site=site, why="own role")


def _require_tokens(actor: User | None, user: User) -> None:
    """A token, like a login, opens every site of its user: so all of them must be the actor's to give."""
    if actor is None or actor.is_superuser:
        return
    sites = list(Site.objects.filter(memberships__user=user))  # not `sites_of`: their login may be ended
    for site in sites:
        require(actor, "manage_tokens", site, subject=user.get_username())
    if user.is_superuser or not sites:  # nobody's administrator, or everybody's
        _deny(actor, "manage_tokens", user, why="superusers only")


def _deny(actor: User, verb: str, user: User, *, why: str, site: Site | None = None) -> None:
    with transaction.atomic(durable=True):
        record(actor, f"denied.{verb}", site=site, subject=user.get_username(), why=why)
    raise Denied(verb, site.name if site else _("every site"))


def tell(user: User) -> None:
    """Open sockets look again at what this user may see.  A dead Redis is logged; the change stands."""
    tell_group(ear_of(user))


def tell_group(group: str) -> None:
    """As `tell`, for sockets that are no user's."""
    send = async_to_sync(get_channel_layer().group_send)
    transaction.on_commit(lambda: send(group, {"type": "access.changed"}), robust=True)
