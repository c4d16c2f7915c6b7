"""Enrolling and revoking devices and their broker accounts.

Every change is a row first; once it is committed, `devices.accounts_sync` makes the broker's files again and
tells the running broker.  Passwords are returned once and kept as the broker's hash only.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from django.apps import apps
from django.db import transaction
from django.utils import timezone

from devices import broker
from devices.accounts_sync import (
    Sync,
    ensure_server_accounts,
    lock_accounts,
    store_passwords,
    sync,
    sync_if_dirty,
    sync_until_told,
)
from devices.enrolment import EnrolmentRefused, Problem, Row, find_problem
from devices.models import BrokerAccount, Device, UnknownRecord
from devices.wire.topics import is_serial

__all__ = [
    "Enrolled",
    "EnrolmentRefused",
    "Problem",
    "Row",
    "Sync",
    "add_account",
    "enrol",
    "enrol_many",
    "ensure_account",
    "ensure_enrolled",
    "ensure_server_accounts",
    "new_password",
    "revoke",
    "sync",
    "sync_if_dirty",
    "sync_until_told",
]

log = structlog.get_logger(__name__)

_SHORTEST_PASSWORD: Final = 20  # what is hashed with few iterations must be long and random


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a run of many did: the password of each new device, and a problem for each bad row."""

    passwords: dict[str, str]
    problems: list[Problem]


# --- Enrolling ---


def enrol(
    *,
    serial: str,
    site: str,
    room: str = "",
    name: str = "",
    model: str = "",
    uplink: str = "",
    tags: Sequence[str] = (),
    risk_class: str = "",
    password: str | None = None,
) -> str:
    """Enrol one device with its broker account and return its password, which is kept nowhere.

    A revoked device comes back with its history.  An account that connected before it was enrolled gets
    the new password too.

    Args:
        site: The site's slug.
        password: Random, at least 20 characters; None makes one of 128 bits.

    Raises:
        EnrolmentRefused: The serial is enrolled already, or a value cannot be.
    """
    row = Row(
        serial=serial,
        site=site,
        room=room,
        name=name,
        model=model,
        uplink=uplink,
        tags=tuple(tags),
        risk_class=risk_class,
    )
    given = {} if password is None else {serial: password}
    outcome = enrol_many([row], passwords=given, readmit=True)
    if outcome.problems:
        raise EnrolmentRefused(str(outcome.problems[0]))
    return outcome.passwords[serial]


def ensure_enrolled(*, serial: str, password: str, **fields: Any) -> None:
    """Enrol the device under this password unless it is; for programs that run again and again.

    Raises:
        EnrolmentRefused: As `enrol`.
    """
    device = Device.objects.filter(serial=serial, revoked_at=None).first()
    if device is None:
        enrol(serial=serial, password=password, **fields)
    else:
        ensure_account(serial, password)


def enrol_many(
    rows: Iterable[Row],
    *,
    passwords: dict[str, str] | None = None,
    readmit: bool = False,
    dry_run: bool = False,
) -> Enrolled:
    """Enrol every good row in one transaction; a bad one is a problem and stops no other.

    Args:
        passwords: Given passwords by serial; the others are made.
        readmit: Whether a revoked device may come back, instead of being a problem.
        dry_run: Say what would happen, with no passwords and nothing changed.
    """
    given = passwords or {}
    with transaction.atomic():
        lock_accounts()
        good, problems = _judge(list(rows), readmit=readmit)
        if dry_run:
            return Enrolled(dict.fromkeys((row.serial for row in good), ""), problems)
        chosen = {row.serial: _checked(given.get(row.serial)) for row in good}
        _write_devices(good)
        _set_passwords(chosen)
    log.info("enrolled", devices=len(good), refused=len(problems))
    return Enrolled(chosen, problems)


def revoke(serial: str) -> None:
    """Take the device's account away; a running broker throws it out.  What it said stays.

    Raises:
        EnrolmentRefused: No such device or account, or it is revoked already.
    """
    now = timezone.now()
    with transaction.atomic():
        lock_accounts()
        devices = Device.objects.filter(serial=serial, revoked_at=None).update(revoked_at=now)
        accounts = BrokerAccount.objects.filter(username=serial, revoked_at=None).update(revoked_at=now)
        if not devices and not accounts:
            raise EnrolmentRefused(_why_no_device(serial))
        _tell_broker_on_commit()
    log.info("revoked", serial=serial)


def kept_before(serial: str) -> int:
    """Return how many messages its account sent before it was enrolled, and nobody claimed."""
    return UnknownRecord.objects.filter(serial=serial, claimed=False).count()


def claim(serial: str) -> int:
    """Have ingest take in what the account said before its device was enrolled; return how many messages.

    Raises:
        EnrolmentRefused: No such device, or it is revoked.
    """
    if not Device.objects.filter(serial=serial, revoked_at=None).exists():
        raise EnrolmentRefused(_why_no_device(serial))
    count = UnknownRecord.objects.filter(serial=serial, claimed=False).update(claimed=True)
    log.info("claimed", serial=serial, messages=count)
    return count


def new_password(serial: str) -> str:
    """Replace the password of an enrolled device and return the new one; the old one ends at once.

    Raises:
        EnrolmentRefused: No such device, or it is revoked.
    """
    with transaction.atomic():
        lock_accounts()
        if not Device.objects.filter(serial=serial, revoked_at=None).exists():
            raise EnrolmentRefused(_why_no_device(serial))
        password = _checked(None)
        _set_passwords({serial: password})
    log.info("new password", serial=serial)
    return password


# --- Accounts that are no devices ---


def add_account(username: str) -> str:
    """Make a broker account without an enrolled device (an *unknown serial*), and return its password.

    Raises:
        EnrolmentRefused: The name is no serial, or has an account.
    """
    with transaction.atomic():
        lock_accounts()
        if not is_serial(username):
            raise EnrolmentRefused(
                f"{username!r} is no serial; server accounts come from MQTT_SERVER_ACCOUNTS"
            )
        if BrokerAccount.objects.filter(username=username, revoked_at=None).exists():
            raise EnrolmentRefused(f"{username} has an account; enrol it, or give it a new password")
        password = _checked(None)
        _set_passwords({username: password})
    return password


def ensure_account(username: str, password: str) -> None:
    """Make the account or its password so, unless they are."""
    with transaction.atomic():
        lock_accounts()
        account = BrokerAccount.objects.filter(username=username, revoked_at=None).first()
        if account is None or not broker.matches(password, account.password_hash):
            _set_passwords({username: _checked(password)})


# --- Parts ---


def _sites(slugs: set[str]) -> dict[str, int]:
    """Return the ids of the sites that exist, by slug; a device stands at one, and knows nothing about it."""
    return dict(apps.get_model("access", "Site").objects.filter(slug__in=slugs).values_list("slug", "pk"))


def _judge(rows: list[Row], *, readmit: bool) -> tuple[list[Row], list[Problem]]:
    sites = _sites({row.site for row in rows})
    known = {
        device.serial: device for device in Device.objects.filter(serial__in=[row.serial for row in rows])
    }
    good: dict[str, Row] = {}
    problems: list[Problem] = []
    for row in rows:
        device = known.get(row.serial)
        problem = find_problem(row) or _clash(row, device, readmit=readmit)
        if problem is None and row.site not in sites:
            problem = Problem(row.line, f"{row.serial}: there is no site {row.site!r}", _MAKE_SITE)
        if problem is None and row.serial in good:
            problem = Problem(row.line, f"{row.serial} is there twice", "remove one of the two")
        if problem is not None:
            problems.append(problem)
        else:
            good[row.serial] = row
    return list(good.values()), problems


_MAKE_SITE: Final = "correct the slug, or make the site: manage.py site SLUG --name NAME"


def _clash(row: Row, device: Device | None, *, readmit: bool) -> Problem | None:
    if device is None:
        return None
    if device.revoked_at is None:
        seen = f"{row.serial} is enrolled since {_day(device.enrolled_at)}"
        return Problem(row.line, seen, f"leave it out, or: manage.py enrol --new-password {row.serial}")
    if readmit:
        return None
    seen = f"{row.serial} was revoked on {_day(device.revoked_at)}"
    return Problem(row.line, seen, f"to take it back, enrol it by itself: manage.py enrol {row.serial}")


def _write_devices(rows: list[Row]) -> None:
    sites = _sites({row.site for row in rows})
    now = timezone.now()
    devices = [
        Device(
            serial=row.serial,
            site_id=sites[row.site],
            room=row.room,
            name=row.name,
            model=row.model,
            uplink=row.uplink,
            tags=list(row.tags),
            risk_class=row.risk_class,
            enrolled_at=now,
        )
        for row in rows
    ]
    fields = ["site", "room", "name", "model", "uplink", "tags", "risk_class", "enrolled_at", "revoked_at"]
    Device.objects.bulk_create(devices, update_conflicts=True, unique_fields=["serial"], update_fields=fields)


def _checked(password: str | None) -> str:
    if password is None:
        return secrets.token_urlsafe(16)
    if len(password) < _SHORTEST_PASSWORD:
        raise EnrolmentRefused(
            f"the password has {len(password)} characters; give a random one of at least {_SHORTEST_PASSWORD}"
        )
    return password


def _set_passwords(passwords: dict[str, str]) -> None:
    store_passwords(passwords, iterations=broker.RANDOM_ITERATIONS)
    _tell_broker_on_commit()


def _tell_broker_on_commit() -> None:
    transaction.on_commit(sync_if_dirty, robust=True)


def _why_no_device(serial: str) -> str:
    device = Device.objects.filter(serial=serial).first()
    if device is None or device.revoked_at is None:
        return f"{serial!r} is not enrolled; check the serial"
    revoked = f"{serial} was revoked on {_day(device.revoked_at)}"
    return f"{revoked}; to take it back: manage.py enrol {serial} --site SLUG"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
