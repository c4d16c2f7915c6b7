"""A rollout as the step function sees it: its rows, what is known of its devices, and what is decided.  Pure.

The fields are those of `fleet.rollouts.models`; times are Unix ms, ids are text.  Rows are never changed, only
replaced: whoever writes them compares with `is`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from fleet.rollouts.evidence import Evidence
from fleet.rollouts.plan import Plan, Risk
from fleet.rollouts.states import Direction, RolloutState, TargetState


class _Nothing(dict[str, Any]):
    """No facts.  Python 3.11 takes as a default of a dataclass only what can be hashed."""

    def __hash__(self) -> int:  # type: ignore[override]
        return 0

    def __setitem__(self, name: str, value: Any) -> None:
        raise TypeError(f"{name}: facts are never changed")


NOTHING: Final[Mapping[str, Any]] = _Nothing()


class Kind(StrEnum):
    """What is decided."""

    # of the rollout
    STARTED = "started"  # by a person; `to` is scheduled or running
    BEGUN = "begun"  # its time has come
    PAUSED = "paused"  # by a person
    STOPPED = "stopped"  # by itself, for a reason
    RESUMED = "resumed"
    ABORTED = "aborted"
    COMPLETED = "completed"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    RETRIED = "retried"  # somebody took up again what was left
    # of a wave
    WAVE_OPENED = "wave_opened"
    WAVE_OVER = "wave_over"
    WAVE_REOPENED = "wave_reopened"  # one of it came back
    WAVE_PASSED = "wave_passed"
    WAVE_WAIVED = "wave_waived"
    # of a target
    JOINED = "joined"
    WAITS = "waits"  # planned, and why it is not offered
    OFFERED = "offered"
    RECEIVED = "received"
    IN_SESSION = "in_session"  # an open one began a session
    HELD = "held"
    APPLYING = "applying"
    CLAIMED = "claimed"
    VERIFIED = "verified"
    CURRENT = "already_current"
    REJECTED = "rejected"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    RETRY = "retry"  # planned again, with an attempt less
    NOT_SENT = "not_sent"  # planned again: its offer never left the server, and counts for nothing
    WITHDRAWN = "withdrawn"
    TAKE_BACK = "take_back"  # the offer is asked back; it stays open until the device answers
    TURNED = "turned"  # planned again, to what it had before
    STAYS = "stays"  # it is not rolled back, and why
    TAKEN_UP = "taken_up"  # planned again, with attempts begun anew


@dataclass(frozen=True, slots=True)
class Action:
    """One decision.  `facts` is JSON, and holds all that its effect is made of: it can be replayed."""

    kind: Kind
    target: str | None = None  # serial
    wave: int | None = None
    to: str = ""
    reason: str = ""
    facts: Mapping[str, Any] = NOTHING


@dataclass(frozen=True, slots=True)
class Target:
    """One device of a rollout; as `models.Target`."""

    serial: str
    wave: int
    place: int
    want_sha256: str
    joined_ms: int
    zone: str = "UTC"  # of its site: an IANA name
    state: TargetState = TargetState.PLANNED
    direction: Direction = Direction.OUT
    reason: str = ""
    facts: Mapping[str, Any] = NOTHING
    before: Mapping[str, Any] | None = None
    changed: bool = False
    attempts: int = 0
    offers: int = 0  # of either direction, never begun anew: the newest offer's id is made of it
    command: str | None = None
    withdrawal: str | None = None
    session: str = ""
    offered_ms: int | None = None
    held_since_ms: int | None = None
    held_ms: int = 0
    claimed_ms: int | None = None
    verified_ms: int | None = None
    settled_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave; as `models.Wave`."""

    number: int
    opened_ms: int | None = None
    over_ms: int | None = None
    passed_ms: int | None = None
    waived_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that the rollout's filter finds now."""

    serial: str
    risk_class: Risk = Risk.REST
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class State:
    """A rollout, all its rows, and what is known now.

    `seen` has the evidence of the devices that were looked at: open ones, those that are planned in opened waves,
    those that failed or were timed out; at the start all, when rolling back those that were changed.  Of others nothing
    is decided.  `candidates` is None when the filter was not read anew.  `recent_ms` are the offers of the last 60 s,
    in order.  `barred` says of each hash that may not be offered why: `version_withdrawn` of the rollout's own;
    of one that a device had before `before_withdrawn`, `before_not_approved`, or `nothing_before`: it is not kept.
    """

    rollout: str
    plan: Plan
    sha256: str
    state: RolloutState
    targets: Mapping[str, Target]
    waves: tuple[Wave, ...]
    reason: str = ""
    facts: Mapping[str, Any] = NOTHING
    wave: int = 0
    started_ms: int | None = None
    ended_ms: int | None = None
    recent_ms: tuple[int, ...] = ()
    # What is known now; not part of the rows.
    seen: Mapping[str, Evidence] = field(default_factory=dict)
    candidates: Sequence[Candidate] | None = None
    barred: Mapping[str, str] = NOTHING
    hears: bool = True  # False: ingest is away, so whatever devices say, nothing of it is known
    silence_counts: bool = True  # False: silence may be the server's own


class Step(NamedTuple):
    """What is decided, in order, and what the rows are then."""

    actions: list[Action]
    state: State


class Order(NamedTuple):
    """A command that decisions ask for: an offer of `sha256`, or (`takes_back`) the withdrawal of one."""

    command: str
    serial: str
    sha256: str
    takes_back: str | None
