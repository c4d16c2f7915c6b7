"""Who wrote a part of a version: they never approve it."""

from datetime import datetime

from django.contrib.auth.models import User

from fleet.protocols.lifecycle import APPROVED_ONCE
from fleet.protocols.models import Author, Version


def note(version: Version, actor: User, now: datetime) -> None:
    """Write down that the actor wrote a part of it."""
    Author.objects.update_or_create(
        version=version,
        name=actor.get_username()[:150],
        defaults={"last_at": now},
        create_defaults={"user": actor, "first_at": now, "last_at": now},
    )


def lineage(version: Version) -> list[Version]:
    """Return the version and those it was taken from, back to the first that was approved, without that one.

    What was approved has been seen by other eyes already; what never was, has not.
    """
    found, one = [version], version.based_on
    while one is not None and one.state not in APPROVED_ONCE:
        found.append(one)
        one = one.based_on
    return found


def of(version: Version) -> list[str]:
    """Return the user names of everybody who wrote a part of it, the first first."""
    rows = Author.objects.filter(version__in=lineage(version)).order_by("first_at", "name")
    return list(dict.fromkeys(rows.values_list("name", flat=True)))


def wrote(version: Version, person: User) -> bool:
    """Whether this person wrote a part of it; also under a name that they had then."""
    rows = Author.objects.filter(version__in=lineage(version))
    return rows.filter(user=person).exists() or rows.filter(name=person.get_username()[:150]).exists()
