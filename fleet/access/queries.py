"""Reads: which sites somebody sees, what they may do there, whose token this is."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import TypeGuard

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db.models import QuerySet
from django.utils import timezone

from fleet.access.errors import NotVisible
from fleet.access.models import AuditEntry, Membership, Role, Site, Token
from fleet.access.roles import allows, roles_for

Person = AbstractBaseUser | AnonymousUser
"""Whoever asks: Django's `request.user`, so somebody not logged in too."""


def sites_of(user: Person) -> QuerySet[Site]:
    """Return the sites that this person sees: those of their memberships, for a superuser all."""
    return sites_where(user, "see")


def sites_where(user: Person, verb: str) -> QuerySet[Site]:
    """Return the sites at which this person may do this."""
    if not _is_somebody(user):
        return Site.objects.none()
    if _is_superuser(user) and allows(Role.ADMIN, verb):
        return Site.objects.all()
    return Site.objects.filter(memberships__user=user, memberships__role__in=roles_for(verb))


def site_for(user: Person, slug: str) -> Site:
    """Return the site of that slug.  Raises NotVisible if there is none or this person does not see it."""
    site = sites_of(user).filter(slug=slug).first()
    if site is None:
        raise NotVisible(slug)
    return site


def role_at(user: Person, site: Site) -> Role | None:
    """Return this person's role at the site; a superuser without a membership there is its administrator."""
    if not _is_somebody(user):
        return None
    role = Membership.objects.filter(user=user, site=site).values_list("role", flat=True).first()
    if role is not None:
        return Role(role)
    return Role.ADMIN if _is_superuser(user) else None


def may(user: Person, verb: str, site: Site) -> bool:
    """Whether this person may do this at the site.  Raises KeyError for an unknown verb."""
    return bool(may_of(user, (verb,), site))


def may_of(user: Person, verbs: Iterable[str], site: Site) -> list[str]:
    """Return those of the verbs that this person may do at the site, by one look.  Raises KeyError as `may`."""
    roles = {role_at(user, site)} | ({Role.ADMIN} if _is_superuser(user) else set())
    return [verb for verb in verbs if not roles.isdisjoint(roles_for(verb))]


def may_anywhere(user: Person, verb: str) -> bool:
    """Whether this person may do this at some site; for what belongs to none, such as unknown serials."""
    superuser = _is_superuser(user) and allows(Role.ADMIN, verb)
    return superuser or sites_where(user, verb).exists()


def roles_of(user: Person) -> frozenset[Role]:
    """Return every role that this person has somewhere; a superuser is an administrator of all."""
    if not _is_somebody(user):
        return frozenset()
    held = Membership.objects.filter(user=user).values_list("role", flat=True).distinct()
    return frozenset(map(Role, held)) | ({Role.ADMIN} if user.is_superuser else set())


def audit_of(user: Person) -> QuerySet[AuditEntry]:
    """Return the audit entries that this person may read; those of no site are for superusers."""
    entries = AuditEntry.objects.select_related("site")
    return entries if _is_superuser(user) else entries.filter(site__in=sites_where(user, "see_audit"))


def authenticate_token(text: str, *, now: datetime | None = None) -> User | None:
    """Return whose bearer token this is; None if it is unknown, over, revoked, or its owner is inactive."""
    now = now or timezone.now()
    token = (
        Token.objects.filter(
            digest=digest_of(text), revoked_at=None, expires_at__gt=now, user__is_active=True
        )
        .select_related("user")
        .first()
    )
    return token.user if token else None


def ear_of(user: AbstractBaseUser) -> str:
    """Return the channel group that hears when what this person may see changes."""
    return f"user.{user.pk}"


def digest_of(text: str) -> str:
    """Return what is kept of a token: its text is random, so a plain SHA-256 cannot be undone."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _is_somebody(user: Person) -> TypeGuard[User]:
    return isinstance(user, User) and user.is_active


def _is_superuser(user: Person) -> TypeGuard[User]:
    return _is_somebody(user) and user.is_superuser
