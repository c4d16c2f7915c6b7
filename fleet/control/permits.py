"""Permits: what a page holds so that it can stop devices while the house itself cannot be asked.

A permit says who may stop at which site, until when, and by which login it was given out; it is signed with the
server's key, so it needs no database to be read.  It lasts 15 minutes, and a page that is open has it renewed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core import signing

from devices.moments import from_ms, to_ms
from fleet.access.queries import digest_of

LASTS: Final = timedelta(minutes=15)
_SALT: Final = "fleet.control.permits"
_PREFIX: Final = "myp_"  # so that a leaked one can be searched for, and is cut from logs
_LONGEST: Final = 2_000  # characters
_DIGEST: Final = 32  # characters of a login's SHA-256 that a permit names


class NoPermit(ValueError):
    """What was shown is no permit, or one that is over."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Who may stop devices at which site."""

    user_id: int
    username: str
    site_id: int
    site: str
    """The site's slug."""
    login: str
    """By which login it was given out, see `by_session` and `by_token`: it ends with that."""
    issued_at: datetime

    @property
    def expires_at(self) -> datetime:
        return self.issued_at + LASTS


def by_session(key: str) -> str:
    """Return how permits name the login of a browser's session, without giving its key away."""
    return f"s:{digest_of(key)[:_DIGEST]}"


def by_token(digest: str) -> str:
    """Return how permits name an API token, by the digest that is kept of it."""
    return f"t:{digest[:_DIGEST]}"


def signed(permit: Permit) -> str:
    """Return the permit as text.  Whoever asks for one was let in by `access` a moment ago."""
    fields = [
        permit.user_id,
        permit.username,
        permit.site_id,
        permit.site,
        permit.login,
        to_ms(permit.issued_at),
    ]
    return _PREFIX + signing.dumps(fields, salt=_SALT)


def read(text: str, now: datetime) -> Permit:
    """Return the permit that this text is.  Raises NoPermit, if it is none of ours, or over."""
    try:
        if not text.startswith(_PREFIX):
            raise NoPermit("unsigned")
        fields: Any = signing.loads(text[len(_PREFIX) : _LONGEST], salt=_SALT)
        user_id, username, site_id, site, login, issued_ms = fields
        permit = Permit(user_id, username, site_id, site, login, from_ms(issued_ms))
    except (signing.BadSignature, ValueError, TypeError, AttributeError) as error:
        raise NoPermit("unsigned") from error
    if not permit.issued_at - LASTS < now < permit.expires_at:
        raise NoPermit("over")
    return permit
