"""What the search box finds: devices, sites, sessions, people and pages, as far as the reader may see them.

Each kind is one query at most, and each yields a handful: whoever wants all of them is led to the list.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import and_
from typing import Final, Literal
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db.models import Case, IntegerField, Q, When
from django.urls import reverse
from django.utils import dateformat
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from dashboards.context import Way
from dashboards.lists.scope import Scope
from dashboards.words import texts
from dashboards.words.faces import face
from devices import queries
from devices.models import Device, Session
from fleet.access import roster

LONGEST: Final = 200  # characters that are looked for
MOST_DEVICES: Final = 8
_MOST: Final = 5  # of every other kind
_WORDS: Final = 6  # words that are looked for; more narrow nothing
_IN_ADDRESS: Final = re.compile(r"/devices/([A-Za-z0-9_.-]+)")  # what a label's QR code may hold

Kind = Literal["device", "site", "session", "person", "page", "list"]


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that can be opened; `tone` and `state` are the mark and the words of a device's state."""

    kind: Kind
    label: str
    detail: str
    url: str
    tone: str = ""
    state: str = ""
    exact: bool = False


def find(user: User, scope: Scope, ways: Sequence[Way], text: str, now: datetime) -> list[Found]:
    """Return what the text may mean, the likeliest first: a whole serial number before anything else.

    Args:
        scope: The sites that the user sees.
        ways: The pages that the user's navigation offers.
        text: What was typed or scanned; a label's address counts as the serial number in it.
    """
    text = text.replace("\0", "")[:LONGEST].strip()
    if not text:
        return []
    words = text.casefold().split()[:_WORDS]
    devices = list(_devices(scope, text, words, now))
    found = [
        *devices,
        *_sites(scope, words),
        *_sessions(scope, text),
        *_people(user, words),
        *pages(ways, words),
    ]
    found.sort(key=lambda one: not one.exact)  # stable: within both, kinds keep their order
    if len(devices) == MOST_DEVICES:
        url = f"{reverse('dashboards:devices')}?{urlencode({'q': text})}"
        found.append(Found("list", _("All devices that match"), text, url))
    return found


# --- Each kind ---


def _devices(scope: Scope, text: str, words: Sequence[str], now: datetime) -> Iterator[Found]:
    match = _IN_ADDRESS.search(text)
    serial = match[1] if match else text
    holds = reduce(and_, (_anywhere(word) for word in words))
    likeness = Case(
        When(serial__iexact=serial, then=0),
        When(serial__istartswith=text, then=1),
        When(name__istartswith=text, then=2),
        default=3,
        output_field=IntegerField(),
    )
    rows = scope.devices().annotate(likeness=likeness)
    rows = rows.filter(Q(serial__iexact=serial) | holds & Q(revoked_at__isnull=True))
    rows = rows.order_by("likeness", "site", "room", "name", "serial")[:MOST_DEVICES]
    order = dict(rows.values_list("serial", "revoked_at"))
    if not order:
        return
    seen_by = {
        one["serial"]: one for one in queries.device_objects(Device.objects.filter(serial__in=order), now)
    }
    names = {site.slug: site.name for site in scope.sites}
    words_of_wall = texts.wall_texts()
    for found, revoked_at in order.items():
        device = seen_by[found]
        seen = face(device, words_of_wall)
        state = _("revoked") if revoked_at else str(seen["status"])
        told = (found if device["name"] else "", device["room"], names[device["site"]])
        yield Found(
            kind="device",
            label=device["name"] or found,
            detail=" · ".join(one for one in told if one),
            url=reverse("dashboards:device", args=[found]),
            tone="" if revoked_at else str(seen["tone"]),
            state=state,
            exact=found.casefold() == serial.casefold(),
        )


def _sites(scope: Scope, words: Sequence[str]) -> list[Found]:
    return [
        Found("site", site.name, _("wall"), reverse("dashboards:wall", args=[site.slug]))
        for site in scope.sites
        if all(word in f"{site.name} {site.slug}".casefold() for word in words)
    ][:_MOST]


def _sessions(scope: Scope, text: str) -> list[Found]:
    """By its whole id, which two devices may both have chosen."""
    rows = Session.objects.filter(session=text, device__site__in=scope.ids).select_related("device__site")
    found = []
    for row in rows.order_by("-last_at")[:_MOST]:
        device, began = row.device, row.started_at or row.last_at
        local = dateformat.format(began.astimezone(ZoneInfo(device.site.time_zone)), "j M Y H:i")
        words = (device.name or device.serial, device.site.name, local)
        url = reverse("dashboards:session", args=[device.serial, row.session])
        found.append(Found("session", row.session, " · ".join(words), url, exact=True))
    return found


def _people(user: User, words: Sequence[str]) -> list[Found]:
    """For whoever manages people: those that they manage."""
    holds = reduce(and_, (_called(word) for word in words))
    rows = roster.people_of(user).filter(holds).order_by("username")[:_MOST]
    return [
        Found(
            kind="person",
            label=one.get_full_name() or one.username,
            detail=one.username if one.get_full_name() else "",
            url=reverse("dashboards:person", args=[one.pk]),
        )
        for one in rows
    ]


def pages(ways: Sequence[Way], words: Sequence[str] = ()) -> list[Found]:
    """Return the pages of this reader whose names hold the words."""
    every = [(str(way.label), way.url) for way in ways]
    every.append((_("My account"), reverse("dashboards:account")))
    every.append((_("Help: words, marks and keys"), reverse("dashboards:help")))
    return [
        Found("page", name, "", url) for name, url in every if all(word in name.casefold() for word in words)
    ]


def _anywhere(word: str) -> Q:
    """Return that a device has the word in what people call it by."""
    q = Q(serial__icontains=word) | Q(name__icontains=word)
    return q | Q(room__icontains=word) | Q(site__name__icontains=word)


def _called(word: str) -> Q:
    return Q(username__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word)
