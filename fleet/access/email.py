"""Where somebody gets mail about alerts: an address counts once a link that was sent there is opened.

`User.email` holds the confirmed address, or nothing.  What was typed and not yet confirmed is an `EmailWish`:
a slip in an address would otherwise send what happens at a site to a stranger.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from fleet.access import people
from fleet.access.errors import Refused
from fleet.access.models import EmailWish
from fleet.access.queries import digest_of
from fleet.access.service import record

LASTS: Final = timedelta(days=3)
PAUSE: Final = timedelta(minutes=1)  # between two mails to one person: nobody floods another's mailbox
LONGEST: Final = 254
_SHORTEST_SECRET, _LONGEST_SECRET = 20, 100


def ask(*, actor: User | None, person: User, address: str, now: datetime) -> tuple[EmailWish, str]:
    """Keep the address as wished for and return it with the secret of its link, which is kept nowhere.

    An earlier link ends.  The address that is confirmed already goes on being used until this one is.

    Raises:
        NotVisible, Denied: The actor is somebody else, and does not administer every site of the person.
        Refused: No such address can be, it is confirmed already, or a mail was sent a moment ago.
    """
    if actor != person:
        people.require_all_of(actor, person)
    address = tidy(address)
    if address.lower() == person.email.lower():
        raise Refused(_("%(address)s is confirmed already.") % {"address": address})
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=person.pk)  # two windows at once: one mail
        before = _last_asked_at(person)
        if before is not None and now - before < PAUSE:
            raise Refused(_("A mail was sent less than a minute ago. Look for it, or try again in a minute."))
        wish, _made = EmailWish.objects.update_or_create(
            user=person,
            defaults={
                "address": address,
                "digest": digest_of(secret),
                "asked_at": now,
                "asked_by": actor,
                "sent_at": None,
            },
        )
        record(actor, "email.asked", subject=person.get_username())
    return wish, secret


def note_sent(wish: EmailWish, now: datetime) -> None:
    """Keep that the mail server took the mail."""
    EmailWish.objects.filter(pk=wish.pk, digest=wish.digest).update(sent_at=now)


def wish_of(secret: str, now: datetime) -> EmailWish | None:
    """Return what this link would confirm; None if it is used, over, replaced, or its owner may not log in."""
    if not _SHORTEST_SECRET <= len(secret) <= _LONGEST_SECRET:
        return None
    wishes = EmailWish.objects.filter(digest=digest_of(secret), asked_at__gt=now - LASTS)
    return wishes.filter(user__is_active=True).select_related("user").first()


def confirm(*, secret: str, now: datetime) -> User:
    """Give the owner of the link the address that it was sent to.

    Raises:
        Refused: The link is used, over, or replaced.
    """
    with transaction.atomic():
        found = wish_of(secret, now)
        person = User.objects.select_for_update().filter(pk=found.pk).first() if found else None
        wish = wish_of(secret, now) if person else None  # again, now that nobody else can change it
        if person is None or wish is None:
            raise Refused(_("This link is used, over, or replaced by a newer one."))
        person.email = wish.address
        person.save(update_fields=["email"])
        wish.delete()
        record(person, "email.confirmed", subject=person.get_username())
    return person


def forget(*, actor: User | None, person: User) -> bool:
    """Take the person's address, and what they wish for, away; return whether there was any.

    Raises:
        NotVisible, Denied: As `ask`.
    """
    if actor != person:
        people.require_all_of(actor, person)
    asked_at = _last_asked_at(person)
    with transaction.atomic():
        wished, _rows = EmailWish.objects.filter(user=person).delete()
        if asked_at is not None:  # else whoever asks and removes in turn would send a mail with each
            cache.set(_paused(person), asked_at, timeout=PAUSE.total_seconds())
        had = User.objects.filter(pk=person.pk).exclude(email="").update(email="")
        if wished or had:
            record(actor, "email.forgotten", subject=person.get_username())
    person.email = ""
    return bool(wished or had)


def _last_asked_at(person: User) -> datetime | None:
    """Return when a mail was asked for last, also if its wish was taken back within the pause."""
    wish = EmailWish.objects.filter(user=person).first()
    kept: datetime | None = wish.asked_at if wish is not None else cache.get(_paused(person))
    return kept


def _paused(person: User) -> str:
    return f"email-asked:{person.pk}"


def tidy(typed: str) -> str:
    """Return the address as it is kept.  Raises Refused if there can be no such address."""
    address = typed.strip()
    try:
        validate_email(address)
    except ValidationError:
        raise Refused(_("Type a whole address, such as nora@clinic.example.")) from None
    if len(address) > LONGEST:
        raise Refused(_("An address has at most %(most)d characters.") % {"most": LONGEST})
    return address
