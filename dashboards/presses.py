"""Which requests ask something of a device: they are always answered in time (`in_time`).

What makes a device safer is never limited, and neither is seeing what became of it.
"""

import json
import re
from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, RawPostDataException, UnreadablePostError
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.wire.words import TTL_MS, Verb
from fleet.control.lifecycle import EASING

PRESSED_AT: Final = "pressed_at"
"""Where `in_time` notes in a request's scope when it came."""
_OVER: Final = timedelta(milliseconds=TTL_MS[Verb.STOP])

_PATHS: Final = re.compile(
    r"/api/v1/(?:devices/[^/]+/commands|sites/[^/]+/(?:stop|identify))/?"
    r"|/devices/[^/]+/ask/|/sites/[^/]+/(?:stop|identify)/"
)
_FOLLOWED: Final = re.compile(
    r"/api/v1/(?:(?:commands|stops)/[^/]+|sites/[^/]+/permit)/?|/sites/[^/]+/permit/"
)
_CAN_WAIT: Final = frozenset(Verb) - EASING - {Verb.UNKNOWN}


def is_press(method: str | None, path: str) -> bool:
    """Whether this request asks something of a device, or of all in a room or site."""
    return method == "POST" and _PATHS.fullmatch(path) is not None


def is_followed_up(method: str | None, path: str) -> bool:
    """Whether this request reads what became of a press, or fetches the permit for the next one."""
    return method in ("GET", "HEAD") and _FOLLOWED.fullmatch(path) is not None


def can_wait(press: HttpRequest) -> bool:
    """Whether a press asks for what makes nothing safer, such as to blink or to lock; if in doubt, it does not."""
    path = press.path_info.rstrip("/")
    if path.startswith(("/sites/", "/api/v1/sites/")):
        return path.endswith("/identify")
    try:
        wish = json.loads(press.body) if path.startswith("/api/") else press.POST
        verb = wish.get("verb")
    except (
        ValueError,
        AttributeError,
        RecursionError,
        RawPostDataException,
        UnreadablePostError,
        RequestDataTooBig,
    ):
        return False
    return verb in _CAN_WAIT if isinstance(verb, str) else False


def pressed_at(request: HttpRequest) -> datetime:
    """Return when the press reached the server: its time runs from then on, however long it waited for a database.

    Raises:
        OperationalError: That was so long ago that nothing is asked any more: whoever pressed was told long since
            that it is not known, and went there.
    """
    now = timezone.now()
    at: datetime = getattr(request, "scope", {}).get(PRESSED_AT, now)
    if now - at > _OVER:
        raise OperationalError(f"a press of {at.isoformat()} is over: nothing is asked so late")
    return at


def not_known() -> str:
    """Return what to tell somebody whose press was given up: it may have been written down, or not."""
    return _(
        "The server did not write this down in time, so it is not known whether the device gets it."
        " Go to the device, and stop it there."
    )
