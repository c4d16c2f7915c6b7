"""The decisions of a rollout as they were taken, read back from their rows."""

from devices.moments import to_ms
from fleet.rollouts.models import Decision, Rollout
from fleet.rollouts.scene import Action, Kind


def of(row: Rollout) -> list[tuple[int, Action]]:
    """Return every decision of a rollout with its time (Unix ms), in their order."""
    found = Decision.objects.filter(rollout=row).select_related("target__device").order_by("number")
    return [(to_ms(one.at), _action(one)) for one in found]


def _action(one: Decision) -> Action:
    serial = one.target.device.serial if one.target else None
    return Action(Kind(one.kind), serial, one.wave, one.to, one.reason, one.facts)
