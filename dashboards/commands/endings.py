"""Who asked for the stop that ended a session."""

from datetime import timedelta
from typing import Final

from dashboards.commands.timeline import asker
from devices.models import Session
from devices.wire.words import EndReason, Verb
from fleet.control import queries

_BEFORE: Final = timedelta(seconds=15)  # a stop is good for 10 s; the end is placed by the device's clock
_AFTER: Final = timedelta(seconds=2)


def stopped_by(session: Session) -> list[tuple[str, str]]:
    """Return the stops that ended it, oldest first, each as its id and who asked for it.

    Empty unless the device itself says that the server stopped it, and for stops that it says it did not carry out.
    More than one: several people asked at once, and the device tells only that it was stopped.
    """
    if session.end_reason != EndReason.SERVER_STOP or session.ended_at is None:
        return []
    asked = queries.commands().filter(
        device_id=session.device_id,
        verb=Verb.STOP,
        requested_at__gt=session.ended_at - _BEFORE,
        requested_at__lt=session.ended_at + _AFTER,
    )
    done = asked.filter(refused_at=None, expired_at=None)
    return [(str(one.pk), asker(one)) for one in done.order_by("requested_at")[:5]]
