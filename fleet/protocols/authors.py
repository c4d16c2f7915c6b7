"""Who wrote a part of a version: they never approve it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

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

    What was approved has been seen by other eyes already; what never was, has not: neither was what stood in a
    draft when it was taken, if that was edited before it came to be approved.
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


class _Taken(NamedTuple):
    """What a version was taken from and when, where it stands, and when it was edited last."""

    base: int | None
    state: str
    created_at: datetime
    edited_at: datetime


_Bases = Mapping[int, _Taken]


def _bases(protocols: Iterable[str]) -> _Bases:
    """Return the versions of these protocols by key."""
    rows = Version.objects.filter(protocol__in=list(protocols)).order_by()
    told = rows.values_list("pk", "based_on", "state", "created_at", "edited_at")
    return {pk: _Taken(base, state, created_at, edited_at) for pk, base, state, created_at, edited_at in told}


def _lineage(pk: int, bases: _Bases) -> list[int]:
    found = [pk]
    while (base := bases[found[-1]].base) is not None and not _is_seen(bases[base], bases[found[-1]]):
        found.append(base)
    return found


def _is_seen(base: _Taken, taken: _Taken) -> bool:
    """Whether what was taken from the base is what other eyes approved."""
    return base.state in APPROVED_ONCE and base.edited_at <= taken.created_at
