"""Two sites with devices; the nurse, engineer and admin of one, and a stranger of the other."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from devices.models import Device
from fleet.access.models import Membership, Role, Site, Token
from fleet.access.queries import digest_of
from tests.devices import history

NORTH = {"nurse": Role.NURSE, "engineer": Role.ENGINEER, "admin": Role.ADMIN}
PEOPLE = (*NORTH, "stranger")


class Get(Protocol):
    """The fixture `get`."""

    def __call__(self, path: str, who: str | None = "nurse", **parameters: Any) -> HttpResponse: ...


@dataclass
class Ward:
    """What the tests ask about."""

    now: datetime
    north: Site
    far: Site
    running: Device
    silent: Device
    fresh: Device
    foreign: Device


def furnish() -> Ward:
    now = timezone.now()
    north = Site.objects.create(slug="north", name="North")
    far = Site.objects.create(slug="far", name="Far")
    for name in PEOPLE:
        user = User.objects.create(username=name)
        Token.objects.create(
            user=user,
            name="test",
            digest=digest_of(f"token of {name}"),
            expires_at=timezone.now() + timedelta(days=1),
        )
        role, site = (NORTH[name], north) if name in NORTH else (Role.NURSE, far)
        Membership.objects.create(user=user, site=site, role=role)
    enrol = Device.objects.create
    running = enrol(serial="EMS-0001", site=north, name="Bed 1", room="Room 3", tags=["knee"])
    silent = enrol(serial="EMS-0002", site=north, name="Bed 2", room="Room 4")
    fresh = enrol(serial="EMS-0003", site=north, model="RX-2", uplink="ap-1")
    foreign = enrol(serial="EMS-0100", site=far)
    history.say(running, now - timedelta(seconds=1))
    history.say(silent, now - timedelta(minutes=9), link="offline", state="idle", session=None, output="off")
    history.say(foreign, now)
    return Ward(now, north, far, running, silent, fresh, foreign)


def ask(path: str, who: str | None = "nurse", **parameters: Any) -> HttpResponse:
    """GET a path below /api/v1 as one of the people, by token; `from_` stands for `from`."""
    headers = {"Authorization": f"Bearer token of {who}"} if who else {}
    asked = {name.rstrip("_"): value for name, value in parameters.items() if value is not None}
    return Client(raise_request_exception=False).get(f"/api/v1/{path}", asked, headers=headers)
