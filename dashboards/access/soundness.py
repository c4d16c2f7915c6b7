"""Whether the record is whole: the last look at its chain, kept for every reader until somebody looks again."""

import contextlib
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.cache import cache
from redis.exceptions import RedisError

from fleet.access import chain
from fleet.access.models import AuditLink

_KEY: Final = "audit-chain"
_RECENT: Final = timedelta(minutes=10)
_SHORT: Final = 5_000  # links: followed within a second


@dataclass(frozen=True, slots=True)
class Look:
    """What following the chain found; `why` is empty for a whole one."""

    at: datetime
    number: int
    head: str = ""
    why: str = ""


def known() -> Look | None:
    """Return the last look; None if there was none, or nobody remembers it."""
    try:
        kept: dict[str, Any] | None = cache.get(_KEY)
    except (RedisError, OSError):
        return None
    return Look(**kept) if kept else None


def recent(now: datetime) -> Look | None:
    """Return the last look; a short chain is followed anew if that was a while ago."""
    look = known()
    if look is not None and now - look.at < _RECENT:
        return look
    return check(now) if AuditLink.objects.filter(number__gt=_SHORT).first() is None else look


def check(now: datetime) -> Look:
    """Follow the whole chain; a minute for some millions of entries."""
    found = chain.verify()
    match found:
        case chain.Whole():
            look = Look(now, found.links, head=found.head)
        case chain.Broken():
            look = Look(now, found.number, why=found.why)
    with contextlib.suppress(RedisError, OSError):
        cache.set(_KEY, asdict(look), timeout=None)
    return look
