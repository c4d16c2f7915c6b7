"""Helping somebody back in: ending the wait after failed logins, taking a lost second factor away."""

from datetime import datetime

from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from axes.utils import reset
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from fleet.access import people
from fleet.access.errors import Refused
from fleet.access.service import record


def locked_names(now: datetime) -> frozenset[str]:
    """Return the user names under which nobody can log in at the moment, from some address or other."""
    begun = now - settings.AXES_COOLOFF_TIME
    attempts = AccessAttempt.objects.filter(
        attempt_time__gt=begun, failures_since_start__gte=settings.AXES_FAILURE_LIMIT
    )
    return frozenset(name for name in attempts.values_list("username", flat=True) if name)


def unlock(*, actor: User | None, person: User) -> None:
    """Let the person try again at once; how often they failed is forgotten here, and stays in the record.

    Raises:
        NotVisible, Denied: As `people.require_all_of`.
    """
    people.require_all_of(actor, person)
    with transaction.atomic():
        if reset(username=person.get_username()):
            record(actor, "login.unlocked", subject=person.get_username())


def reset_second_factor(*, actor: User | None, person: User) -> None:
    """Take the person's second factor and its recovery codes away, because they are lost.

    Raises:
        NotVisible, Denied: As `people.require_all_of`.
        Refused: The actor is the person: their own they change where they are asked for it.
    """
    if actor == person:
        raise Refused(_("Your own second factor you change on the page of your account."))
    people.require_all_of(actor, person)
    with transaction.atomic():
        deleted, _rows = Authenticator.objects.filter(user=person).delete()
        if deleted:
            record(actor, "mfa.taken_away", subject=person.get_username())
