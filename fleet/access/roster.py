"""Reads: whom an administrator sees, and whom they may act for as a whole."""

from collections.abc import Iterable
from typing import Final

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from fleet.access.errors import NotVisible
from fleet.access.models import AuditEntry, Membership, Site
from fleet.access.queries import Person, sites_where

MANAGE: Final = "manage_people"
_PERSONAL: Final = (
    "login",
    "logout",
    "user",
    "person",
    "password",
    "mfa",
    "token",
)  # what is about one login


def people_of(actor: Person) -> QuerySet[User]:
    """Return everybody with a role at a site whose people the actor manages; for a superuser, everybody.

    `here` of each is the list of their memberships at those sites, by the site's name; of others it tells nothing.
    """
    sites = sites_where(actor, MANAGE)
    mine = Membership.objects.filter(site__in=sites).select_related("site").order_by("site__name")
    people = User.objects.prefetch_related(Prefetch("memberships", queryset=mine, to_attr="here"))
    if isinstance(actor, User) and actor.is_active and actor.is_superuser:
        return people
    return people.filter(pk__in=Membership.objects.filter(site__in=sites).values("user"))


def person_for(actor: Person, number: int) -> User:
    """Return one of `people_of`.  Raises NotVisible if the actor manages no site of that person's."""
    person = people_of(actor).filter(pk=number).first()
    if person is None:
        raise NotVisible(number)
    return person


def answers_for(actor: Person, person: User) -> bool:
    """Whether the actor manages every site of the person, so that ending their login is theirs to decide.

    A login opens every site of its owner: who administers one of them must not open, or close, the others.
    """
    if not isinstance(actor, User) or not actor.is_active:
        return False
    if actor.is_superuser:
        return True
    theirs = Site.objects.filter(memberships__user=person)
    elsewhere = theirs.exclude(pk__in=sites_where(actor, MANAGE).values("pk"))
    return not person.is_superuser and theirs.exists() and not elsewhere.exists()


def logins_of(person: User, *, most: int = 10) -> list[AuditEntry]:
    """Return the person's last logins, newest first; each tells from which address, if that is known."""
    return list(AuditEntry.objects.filter(actor=person, action="login").order_by("-at", "-id")[:most])


def record_for(reader: Person) -> QuerySet[AuditEntry]:
    """Return the entries that the reader may read: of their sites, and of the logins they answer for.

    A login, a password or a token belongs to no one site, nor does an export of several; whoever answers for the
    person may read of it.
    """
    entries = AuditEntry.objects.all()
    if isinstance(reader, User) and reader.is_active and reader.is_superuser:
        return entries
    sites = sites_where(reader, "see_audit")
    elsewhere = Membership.objects.filter(user=OuterRef("pk")).exclude(site__in=sites)
    whole = people_of(reader).filter(~Exists(elsewhere), is_superuser=False)
    personal = Q()
    for word in _PERSONAL:
        personal |= Q(action=word) | Q(action__startswith=f"{word}.")
    theirs = Q(actor__in=whole.values("pk")) | Q(personal, subject__in=whole.values("username"))
    return entries.filter(Q(site__in=sites) | Q(theirs, site=None))


def names_for(reader: Person, names: Iterable[str]) -> dict[str, str]:
    """Return the full name of each user name whose owner the reader may know."""
    known = people_of(reader).filter(username__in=set(names)).prefetch_related(None)
    return {one.username: one.get_full_name() or one.username for one in known}
