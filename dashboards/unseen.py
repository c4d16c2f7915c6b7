"""What somebody asks of a device or site that is not there for them: the answer is 404, and the attempt is on record.

At the device's own site, whose administrator has to know who tries to stop or lock what stands there.
"""

import json
import logging
import re
from collections.abc import Callable
from typing import Final

from django.contrib.auth.models import User
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError

from dashboards.limits import Rate, buckets, who
from dashboards.presses import is_press
from devices.models import Device
from devices.wire.words import Verb
from fleet.access import service as access
from fleet.access.models import Site

_DEED: Final = re.compile(r"/(?:api/v1/)?(?P<kind>devices|sites)/(?P<name>[^/]+)/(?P<deed>[a-z]+)/?")
_RATE: Final = Rate("unseen", per_minute=12, burst=20)
"""How many of them are written down: whoever goes on shows nothing new, and fills the record of others."""

_log = logging.getLogger(__name__)


class UnseenPresses:
    """Middleware: inside what knows who asks, outside of what answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 404 and is_press(request.method, request.path_info):
            try:
                _note(request)
            except DatabaseError as error:  # they have their answer all the same
                _log.error("a denial is not on record: %s", error)
        return response


def _note(request: HttpRequest) -> None:
    actor = getattr(request, "auth", None) or request.user
    meant = _DEED.fullmatch(request.path_info)
    if not isinstance(actor, User) or meant is None:
        return
    site = _site_of(meant["kind"], meant["name"])
    if site is None or access.may(actor, "see", site):
        return
    verdict = buckets().take(_RATE, who(request))
    if verdict is None or verdict.allowed:
        verb = meant["deed"] if meant["kind"] == "sites" else _verb_of(request)
        access.record_unseen(actor, verb, site, subject=meant["name"])


def _site_of(kind: str, name: str) -> Site | None:
    if "\0" in name:  # PostgreSQL knows no such text
        return None
    if kind == "sites":
        return Site.objects.filter(slug=name).first()
    device = Device.objects.filter(serial=name).select_related("site").first()
    return device.site if device else None


def _verb_of(request: HttpRequest) -> str:
    try:
        wish = json.loads(request.body) if request.path_info.startswith("/api/") else request.POST
        word = wish.get("verb")
    except (ValueError, AttributeError, RecursionError, RawPostDataException, UnreadablePostError):
        word = None
    return (Verb(word[:64]) if isinstance(word, str) else Verb.UNKNOWN).value
