"""The people, sites, devices, rotas and protocols of the demo: the same at each start, made where they are missing.

Their passwords and tokens are derived from one secret of VAR, so that a later start can tell them again
although the database keeps hashes only.
"""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from devices import accounts
from devices.enrolment import Row
from devices.models import Device
from devices.simulator.session import built_in
from fleet.access import service
from fleet.access.enrolments import record_enrolments
from fleet.access.models import Membership, Role, Site, Token
from fleet.access.queries import digest_of
from fleet.embedded.options import DEVICES_JSON, PEOPLE_JSON
from fleet.embedded.vault import write_private
from fleet.paging import service as telling
from fleet.paging.models import Shift
from fleet.protocols import service as protocols
from fleet.protocols.models import Version
from fleet.rollouts.plan import Risk
from fleet.safety.words import Duty

SPARE_DEVICES: Final = 24
_TOKEN_LASTS: Final = timedelta(days=90)
_STORE: Final = "Store"  # where spare devices stand: last on the wall


@dataclass(frozen=True, slots=True)
class _Place:
    slug: str
    name: str
    time_zone: str
    rooms: tuple[str, ...]


_NORTH = _Place(
    "north-rehab",
    "North Rehabilitation Centre",
    "Europe/Berlin",
    ("Room 101", "Room 102", "Room 103", "Room 104", "Gym"),
)
_RIVERSIDE = _Place(
    "riverside-sports",
    "Riverside Sports Institute",
    "Europe/Lisbon",
    ("Hall A", "Hall B", "Physio 1", "Physio 2"),
)
_HARBOUR = _Place("harbour-clinic", "Harbour Clinic", "Australia/Sydney", ("Ward 2", "Ward 3"))
_NURSES = (_NORTH, _RIVERSIDE)
_PLACES = (*_NURSES, _HARBOUR)

# Of each six devices, three stand in the first site, two in the second and one at the stranger's.
_ROUND = (_NORTH, _RIVERSIDE, _NORTH, _HARBOUR, _NORTH, _RIVERSIDE)
_MODELS = ("RX-4", "RX-4", "RX-2", "Atlas-8")
_RISKS: Final = (Risk.REST, Risk.REST, Risk.LOW_RISK, Risk.REST, Risk.STAFF, Risk.LOW_RISK, Risk.REST)
_PEOPLE: Final[dict[str, tuple[Role, tuple[_Place, ...], str, str]]] = {
    "nurse": (Role.NURSE, _NURSES, "Nora", "Lindqvist"),
    "clinician": (Role.CLINICIAN, _NURSES, "Chidi", "Okafor"),
    "clinician2": (Role.CLINICIAN, _NURSES, "Clara", "Weiss"),
    "engineer": (Role.ENGINEER, _NURSES, "Emre", "Aydın"),
    "coach": (Role.COACH, _NURSES, "Carla", "Mendes"),
    "admin": (Role.ADMIN, _NURSES, "Anton", "Berg"),
    "stranger": (Role.NURSE, (_HARBOUR,), "Stella", "Novak"),
}


# Who is on duty from when to when, every day, by the clock of the place.  The stranger's site has no rota.
_ROTA: Final[dict[str, tuple[tuple[Duty, str, time, time], ...]]] = {
    _NORTH.slug: (
        (Duty.CARE, "nurse", time(7), time(19)),
        (Duty.CARE, "clinician", time(19), time(7)),
        (Duty.TECHNICAL, "engineer", time(0), time(0)),
    ),
    _RIVERSIDE.slug: (
        (Duty.CARE, "coach", time(8), time(20)),
        (Duty.CARE, "clinician2", time(20), time(8)),
        (Duty.TECHNICAL, "engineer", time(0), time(0)),
    ),
}


class _Derived:
    """Secrets that are the same at each start of one VAR, and random to everybody else."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def __call__(self, *words: str) -> str:
        digest = hmac.digest(self._key, "\0".join(words).encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:18]).decode()


def make(var: Path, *, devices: int, seed: int, secret: str) -> None:
    """Make what is missing, the broker's files, and VAR/people.json and VAR/devices.json."""
    derived = _Derived(secret)
    sites = {place.slug: _site(place) for place in _PLACES}
    people = {name: _person(name, sites, derived) for name in _PEOPLE}
    simulated = _rows("RX", _ROUND, devices, random.Random(f"{seed} simulated"))
    spare = _rows("SP", _NURSES, SPARE_DEVICES, random.Random(f"{seed} spare"))
    passwords = {row.serial: derived("device", row.serial) for row in (*simulated, *spare)}
    _enrol([*simulated, *spare], passwords)
    accounts.sync()
    _approve_protocols()
    for place in _PLACES:
        _rota(sites[place.slug], place)
    told = {
        "users": people,
        "devices": [_told(row, passwords) for row in simulated],
        "spare_devices": [_told(row, passwords) for row in spare],
    }
    write_private(var / PEOPLE_JSON, json.dumps(told, indent=1))
    write_private(var / DEVICES_JSON, json.dumps([_simulated(row, passwords) for row in simulated], indent=1))


def _site(place: _Place) -> Site:
    site = Site.objects.filter(slug=place.slug).first()
    return site or service.make_site(actor=None, slug=place.slug, name=place.name, time_zone=place.time_zone)


def _person(name: str, sites: dict[str, Site], derived: _Derived) -> dict[str, Any]:
    """Make the user with memberships and a token; return what demo.json says of them."""
    role, places, first_name, last_name = _PEOPLE[name]
    password, token = derived("password", name), f"myo_{derived('token', name)}"
    user = User.objects.filter(username=name).first()
    if user is None:  # an existing one keeps a password that was changed by hand
        user = User.objects.create_user(
            name,
            email=f"{name}@example.org",  # RFC 2606: nobody's; and nothing is sent without EMAIL_URL
            password=password,
            first_name=first_name,
            last_name=last_name,
        )
    held = set(Membership.objects.filter(user=user).values_list("site__slug", flat=True))
    for place in places:
        if place.slug not in held:
            service.grant(actor=None, user=user, site=sites[place.slug], role=role)
    _token(user, digest_of(token))
    return {"username": name, "password": password, "token": token, "sites": [place.slug for place in places]}


def _token(user: User, digest: str) -> None:
    """Make the token of that digest; at a later start its end moves on, so that the demo's programs do too."""
    ends = timezone.now() + _TOKEN_LASTS
    with transaction.atomic():
        _one, created = Token.objects.update_or_create(
            digest=digest,
            defaults={"expires_at": ends},
            create_defaults={"user": user, "name": "demo", "expires_at": ends},
        )
        if created:
            service.record(
                None, "token.issued", subject=user.get_username(), name="demo", expires_at=ends.isoformat()
            )


_APPROVAL: Final = "Read against its source; the demo's devices come with it"


def _approve_protocols() -> None:
    """Approve what the simulated devices report by hash, as two clinicians do: else each session would alert."""
    writer, approver = (User.objects.get(username=name) for name in ("clinician", "clinician2"))
    missing = {one.sha256: one.document for one in built_in().values()}
    for sha256 in Version.objects.filter(sha256__in=missing).values_list("sha256", flat=True):
        del missing[sha256]
    for document in missing.values():
        now = timezone.now()
        draft = protocols.create(actor=writer, document=msgspec.to_builtins(document), now=now)
        protocols.submit(actor=writer, version=draft, now=now)
        protocols.approve(actor=approver, version=draft, reason=_APPROVAL, now=now)


def _rota(site: Site, place: _Place) -> None:
    """Write the site's rota, unless it has one: what was changed by hand stays."""
    if Shift.objects.filter(site=site).exists():
        return
    today = timezone.now().astimezone(ZoneInfo(place.time_zone)).date()
    for duty, name, starts, ends in _ROTA.get(place.slug, ()):
        telling.add_shift(
            actor=None,
            site=site,
            duty=duty,
            user=User.objects.get(username=name),
            weekdays=range(7),
            starts=starts,
            ends=ends,
            first_day=today - timedelta(days=7),  # the night before the first start is covered, too
        )


def _rows(prefix: str, places: tuple[_Place, ...], count: int, dice: random.Random) -> list[Row]:
    """Return `count` devices in turn over the places; the first ones are the same for any count."""
    rows = []
    for number in range(count):
        place, model = places[number % len(places)], dice.choice(_MODELS)
        is_spare = prefix == "SP"
        room = _STORE if is_spare else dice.choice(place.rooms)
        label = "Spare" if is_spare else "Stimulator"
        rows.append(
            Row(
                serial=f"{prefix}-{1001 + number}",
                site=place.slug,
                room=room,
                name=f"{label} {number + 1}",
                model=model,
                uplink=f"ap-{place.slug}-{1 if is_spare else 1 + place.rooms.index(room) // 2}",
                tags=("spare",) if is_spare else (),
                risk_class=Risk.BENCH if is_spare else _RISKS[number % len(_RISKS)],
            )
        )
    return rows


def _enrol(rows: Iterable[Row], passwords: dict[str, str]) -> None:
    """Enrol the devices that are not there yet, in one transaction."""
    known = set(Device.objects.values_list("serial", flat=True))
    fresh = [row for row in rows if row.serial not in known]
    with transaction.atomic():
        outcome = accounts.enrol_many(fresh, passwords={row.serial: passwords[row.serial] for row in fresh})
        record_enrolments(None, "device.enrolled", outcome.passwords)
    if outcome.problems:
        raise RuntimeError(f"the demo's own device cannot be enrolled: {outcome.problems[0]}")


def _told(row: Row, passwords: dict[str, str]) -> dict[str, str]:
    return {"serial": row.serial, "site": row.site, "mqtt_password": passwords[row.serial]}


def _simulated(row: Row, passwords: dict[str, str]) -> dict[str, str]:
    """One device as `manage.py simulate --devices-file` reads it."""
    return {"serial": row.serial, "password": passwords[row.serial], "site": row.site, "model": row.model}
