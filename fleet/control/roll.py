"""The roll: who may stop what, copied while the database lives, for the time when it does not.

It holds which device stands where, which people may stop devices at which site, and which logins are good.  It is
copied every few seconds, and kept on disk, so that a dispatcher that starts without the database has one, too.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session

from devices.models import Device, Link, State
from devices.moments import to_ms
from fleet.access.models import Membership, Role, Token
from fleet.access.roles import allows, roles_for
from fleet.control.permits import Permit, by_session, by_token
from fleet.control.queries import maybe_on, stoppable

FRESH: Final = timedelta(seconds=10)
"""A copy that is older says nothing of what devices do now."""


class Placed(msgspec.Struct, frozen=True, array_like=True):
    """Where a device stands."""

    id: int
    serial: str
    site_id: int
    room: str
    was_heard: bool
    """Whether it ever spoke."""


class Roll(msgspec.Struct, frozen=True):
    """One copy."""

    taken_ms: int
    """When reading it began; Unix time, ms."""
    devices: tuple[Placed, ...]
    stoppers: frozenset[tuple[int, int]]
    """(user, site): may stop there."""
    overseers: frozenset[int]
    """Users who may stop at every site."""
    logins: frozenset[str]
    """As permits name them."""

    def allows(self, permit: Permit) -> bool:
        """Whether the permit still holds, as far as this copy knows.

        One that was given out after the copy was made was checked against something newer.
        """
        if to_ms(permit.issued_at) >= self.taken_ms:
            return True
        is_stopper = permit.user_id in self.overseers or (permit.user_id, permit.site_id) in self.stoppers
        return is_stopper and permit.login in self.logins


@dataclass(frozen=True, slots=True)
class Sight:
    """Which devices were on, or may have been on, and when that was so; Unix time, ms."""

    at_ms: int = 0
    maybe_on: frozenset[int] = field(default_factory=frozenset)

    def is_fresh(self, now_ms: int) -> bool:
        return now_ms - self.at_ms <= FRESH // timedelta(milliseconds=1)


def read(now: datetime) -> tuple[Roll, Sight]:
    """Copy it from the database."""
    users = dict(User.objects.filter(is_active=True).values_list("id", "is_superuser"))
    members = Membership.objects.filter(role__in=roles_for("stop"), user__in=list(users))
    sessions = Session.objects.filter(expire_date__gt=now).values_list("session_key", flat=True)
    tokens = Token.objects.filter(revoked_at=None, expires_at__gt=now).values_list("digest", flat=True)
    roll = Roll(
        to_ms(now),
        tuple(_placed(now)),
        frozenset(members.values_list("user_id", "site_id")),
        frozenset(id_ for id_, is_superuser in users.items() if is_superuser and allows(Role.ADMIN, "stop")),
        frozenset([*map(by_session, sessions), *map(by_token, tokens)]),
    )
    devices = State.objects.filter(maybe_on()).values_list("device_id", flat=True)
    return roll, Sight(roll.taken_ms, frozenset(devices))


def _placed(now: datetime) -> Iterator[Placed]:
    devices = Device.objects.filter(stoppable(now)).order_by("id")
    for id_, serial, site_id, room, link in devices.values_list(
        "id", "serial", "site_id", "room", "live__link"
    ):
        yield Placed(id_, serial, site_id, room, link not in (None, Link.NEVER))


def save(roll: Roll, path: Path) -> None:
    """Put it on disk, for its owner's eyes only, in place of the one before."""
    fresh = path.with_name(f"{path.name}.new")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "wb") as out:
        out.write(msgspec.json.encode(roll))
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)


def load(path: Path) -> Roll | None:
    """Return what was saved; None: there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Roll)
    except (OSError, msgspec.DecodeError):
        return None
