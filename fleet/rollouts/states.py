"""The words for where a rollout, one of its targets, and a decision stand.  Pure.

Names are those of docs/api.md.
"""

from enum import StrEnum
from typing import Final


class RolloutState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    ABORTED = "aborted"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"


class TargetState(StrEnum):
    PLANNED = "planned"
    OFFERED = "offered"
    RECEIVED = "received"
    HELD = "held"
    APPLYING = "applying"
    CLAIMED = "claimed"
    VERIFIED = "verified"
    ALREADY_CURRENT = "already_current"
    REJECTED = "rejected"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    WITHDRAWN = "withdrawn"


class Direction(StrEnum):
    OUT = "out"
    BACK = "back"  # rolling back: to what the device had before


OPEN: Final = frozenset(
    {
        TargetState.OFFERED,
        TargetState.RECEIVED,
        TargetState.HELD,
        TargetState.APPLYING,
        TargetState.CLAIMED,
    }
)
"""An offer is out, and what became of it is not known yet."""

SUCCEEDED: Final = frozenset({TargetState.VERIFIED, TargetState.ALREADY_CURRENT})
WENT_WRONG: Final = frozenset({TargetState.FAILED, TargetState.REJECTED, TargetState.TIMED_OUT})
EVALUATED: Final = SUCCEEDED | WENT_WRONG
"""What thresholds are judged over."""

CLOCKED: Final = frozenset(
    {
        RolloutState.SCHEDULED,
        RolloutState.RUNNING,
        RolloutState.PAUSED,
        RolloutState.ABORTED,
        RolloutState.ROLLING_BACK,
    }
)
"""In these the clock has something to do; of an aborted one only while an offer is open."""
