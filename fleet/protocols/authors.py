"""Who wrote a part of a version: they never approve it."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet

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


def lineage(version: Version) -> list[int]:
    """Return (as keys) the version and those it was taken from, back to the first that was approved, without it.

    What was approved has been seen by other eyes already; what never was, has not.
    """
    return _lineage(version.pk, _bases([version.protocol_id]))


def of(version: Version) -> list[str]:
    """Return the user names of everybody who wrote a part of it, the first first."""
    return of_each([version])[version.pk]


def of_each(versions: Iterable[Version]) -> dict[int, list[str]]:
    """Return `of` each version by its key, in two queries whatever their number."""
    wanted = list(versions)
    bases = _bases({one.protocol_id for one in wanted})
    names: dict[int, list[str]] = {}
    rows = Author.objects.filter(version__in=bases).order_by("first_at", "name")
    for number, name in rows.values_list("version", "name"):
        names.setdefault(number, []).append(name)
    return {
        one.pk: list(
            dict.fromkeys(name for pk in reversed(_lineage(one.pk, bases)) for name in names.get(pk, ()))
        )
        for one in wanted
    }


def wrote(version: Version, person: User) -> bool:
    """Whether this person wrote a part of it; also under a name that they had then."""
    rows: QuerySet[Author] = Author.objects.filter(version__in=lineage(version))
    return rows.filter(user=person).exists() or rows.filter(name=person.get_username()[:150]).exists()


def _bases(protocols: Iterable[str]) -> dict[int, tuple[int | None, str]]:
    """Return (what it was taken from, state) of each version of these protocols, by key."""
    rows = Version.objects.filter(protocol__in=list(protocols)).order_by()
    return {pk: (base, state) for pk, base, state in rows.values_list("pk", "based_on", "state")}


def _lineage(pk: int, bases: dict[int, tuple[int | None, str]]) -> list[int]:
    found = [pk]
    base = bases[pk][0]
    while base is not None and bases[base][1] not in APPROVED_ONCE:
        found.append(base)
        base = bases[base][0]
    return found
