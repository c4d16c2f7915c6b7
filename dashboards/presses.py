"""Which requests ask something of a device: they are never limited, and always answered in time (`in_time`).

Whoever has pressed must also be able to see what became of it: that is not limited either.
"""

import re
from typing import Final

from django.utils.translation import gettext as _

_PATHS: Final = re.compile(
    r"/api/v1/(?:devices/[^/]+/commands|sites/[^/]+/(?:stop|identify))/?"
    r"|/devices/[^/]+/ask/|/sites/[^/]+/(?:stop|identify)/"
)
_FOLLOWED: Final = re.compile(
    r"/api/v1/(?:(?:commands|stops)/[^/]+|sites/[^/]+/permit)/?|/sites/[^/]+/permit/"
)


def is_press(method: str | None, path: str) -> bool:
    """Whether this request asks something of a device, or of all in a room or site."""
    return method == "POST" and _PATHS.fullmatch(path) is not None


def is_followed_up(method: str | None, path: str) -> bool:
    """Whether this request reads what became of a press, or fetches the permit for the next one."""
    return method in ("GET", "HEAD") and _FOLLOWED.fullmatch(path) is not None


def not_known() -> str:
    """Return what to tell somebody whose press was given up: it may have been written down, or not."""
    return _(
        "The server did not write this down in time, so it is not known whether the device gets it."
        " Go to the device, and stop it there."
    )
