"""What was asked of a device a moment ago, as its page shows it first; its script goes on from there."""

from dataclasses import dataclass
from datetime import datetime

from dashboards.words import commands as words
from devices.models import Device
from devices.moments import to_ms
from fleet.control import queries

_MOST = 12  # lines


@dataclass(frozen=True, slots=True)
class Asked:
    """One line."""

    id: str
    who: str  # user name
    face: words.Face


def lines(device: Device, now: datetime) -> list[Asked]:
    """Return what is open, unconfirmed, or was over a moment ago; newest first."""
    texts, now_ms = words.command_texts(), to_ms(now)
    found = queries.in_sight(device.site_id, now).filter(device=device).order_by("-requested_at")
    return [
        Asked(
            str(one.pk),
            one.actor_name,
            words.face(queries.command_object(one), now_ms, texts),
        )
        for one in found[:_MOST]
    ]
