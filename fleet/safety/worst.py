"""The worst of a device's alerts, as its tile and the API's `worst_alert` tell it.

What is true comes first, with one exception: a high one that is over, and that no person has closed, comes before
what is true and low.  A shelf takes an alert off the tile, unless it is high and true: a shelf rests its sound and
its messages, and nobody who looks at the device may be told that nothing is wrong.
"""

from collections.abc import Iterable
from typing import Any

from devices import state
from devices.moments import to_ms
from fleet.safety import queries, texts
from fleet.safety.models import Alert
from fleet.safety.words import OPEN, RANK, Priority, State


def worst_of(device_ids: Iterable[int]) -> dict[int, dict[str, Any] | None]:
    """Return the worst open alert of each device that is neither explained by another nor shelved, or None."""
    found: dict[int, Alert] = {}
    worst: dict[int, dict[str, Any] | None] = dict.fromkeys(device_ids)
    if not worst:
        return {}
    for alert in Alert.objects.filter(queries.IS_LINE, device__in=worst.keys(), state__in=OPEN):
        device_id = alert.device_id
        if device_id is not None and (device_id not in found or urgency(alert) < urgency(found[device_id])):
            found[device_id] = alert
    return worst | {device_id: told(alert) for device_id, alert in found.items()}


def urgency(alert: Alert) -> tuple[int, bool, bool, float, int]:
    """Return what sorts alerts: the lowest needs somebody first."""
    over = 3 if alert.state == State.CLEARED else 0
    rank = 2 * RANK[Priority(alert.priority)] + over
    return rank, alert.late, alert.acknowledged_at is not None, -alert.risen_at.timestamp(), alert.pk


def told(alert: Alert) -> dict[str, Any]:
    """Return an alert as `worst_alert` tells it."""
    return {
        "id": alert.pk,
        "priority": alert.priority,
        "state": alert.state,
        "rule": alert.rule,
        "channel": alert.channel,
        "text": str(texts.sentence(alert)),
        "raised_at": state.iso(to_ms(alert.raised_at)),
        "risen_at": state.iso(to_ms(alert.risen_at)),
        "late": alert.late,
        "shelved_until": None if alert.shelved_until is None else state.iso(to_ms(alert.shelved_until)),
    }
