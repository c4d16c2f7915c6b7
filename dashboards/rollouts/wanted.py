"""What rollouts want a device to have, beside what it reports of itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from dashboards.rollouts.shown import reason_words
from dashboards.words.rollouts import Text, target_words
from devices.models import Device
from fleet.rollouts.models import Target
from fleet.rollouts.states import EVALUATED, OPEN, SUCCEEDED, Direction, RolloutState, TargetState

_AT_WORK: Final = (
    RolloutState.SCHEDULED,
    RolloutState.RUNNING,
    RolloutState.PAUSED,
    RolloutState.ROLLING_BACK,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The newest wish about a device: which version, of which rollout, and what became of it.

    `mark`: as the states of devices have it, and `bad` where it reports something else than it was given.
    """

    protocol: str
    version: int
    sha256: str
    rollout: UUID
    mark: str
    label: Text
    why: Text
    since: datetime | None


def wanted(device: Device, reported_sha256: str | None) -> Wanted | None:
    """Return what is wanted of it; None if no rollout ever meant it, or whatever did was taken back.

    Args:
        reported_sha256: What its newest status says that it has; None: nothing, or it never told.
    """
    target = _newest(device)
    if target is None:
        return None
    state = TargetState(target.state)
    protocol, version = _named(target)
    mark, label, why = _settled(target, reported_sha256) if state in SUCCEEDED else _pending(target)
    if state in EVALUATED - SUCCEEDED and reported_sha256 == target.want_sha256:
        why = _("It reports this version all the same.")
    return Wanted(protocol, version, target.want_sha256, target.rollout_id, mark, label, why, _since(target))


def _newest(device: Device) -> Target | None:
    """An open offer first, then what is still planned, then what came last to an end."""
    mine = Target.objects.filter(device=device).select_related("rollout__version")
    is_open = mine.filter(state__in=sorted(OPEN)).first()
    if is_open is not None:
        return is_open
    waits = mine.filter(state=TargetState.PLANNED.value, rollout__state__in=sorted(_AT_WORK))
    found = waits.order_by("-rollout__started_at").first()
    if found is not None:
        return found
    ended = mine.filter(state__in=sorted(EVALUATED))
    return ended.order_by(Coalesce("settled_at", "verified_at", F("joined_at")).desc()).first()


def _named(target: Target) -> tuple[str, int]:
    before: dict[str, Any] = target.before or {}
    if target.direction == Direction.BACK and before:
        return str(before.get("id", "")), int(before.get("version", 0))
    return target.rollout.version.protocol_id, target.rollout.version.number


def _settled(target: Target, reported: str | None) -> tuple[str, Text, Text]:
    if reported == target.want_sha256:
        return "good", _("as wanted"), _("Its status shows this version's hash.")
    if reported is None:
        return "bad", _("not reported"), _("It was brought here; its status names no protocol now.")
    return "bad", _("drifted"), _("It was brought here; its status shows another hash now.")


def _pending(target: Target) -> tuple[str, Text, Text]:
    said, row = target_words(target.state), target
    why = reason_words(row.rollout, row.wave, row.state, row.reason, row.facts, row.direction)
    return said.tone, said.label, why


def _since(target: Target) -> datetime | None:
    return target.verified_at or target.settled_at or target.held_since or target.offered_at
