"""An alert at one moment, what its journal says, and what its steps have in common.  Pure; times are Unix ms."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from fleet.safety.signals import Rise
from fleet.safety.words import RANK, Disposition, Duty, Priority, State


class Kind(StrEnum):
    """What an entry of an alert's journal says."""

    RAISED = "raised"
    LATE = "late"  # a late record tells of it
    RETURNED = "returned"
    CLEARED = "cleared"
    WORSENED = "worsened"  # its priority went up
    GREW = "grew"  # somebody else in a session came under it
    EASED = "eased"  # its priority went down
    CHATTERS = "chatters"
    CALMED = "calmed"  # it chatters no longer
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"  # by a person
    SHELF_ENDED = "shelf_ended"  # by time, or by something that the shelf does not hold for
    ASSIGNED = "assigned"
    COMMENT = "comment"
    EXPLAINED = "explained"  # another alert is its cause
    SURFACED = "surfaced"  # its cause has ended, and it is still true
    BACK = "back_in_service"
    MOVED = "moved"  # its device stands at another site now
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Pace:
    """How long time takes; shortened in tests by settings."""

    close_ms: int = 600_000  # a cleared, unlatched low or medium one closes itself after this
    chatter_ms: int = 60_000  # this many transitions within this time: it chatters
    chatter_count: int = 3  # ISA-18.2 practice: transitions between true and not true in a minute
    calm_ms: int = 60_000  # without a transition for this long it chatters no longer


@dataclass(frozen=True, slots=True)
class Life:
    """An alert at one moment; the fields of its row that steps read or write."""

    priority: Priority
    state: State
    raised_ms: int
    risen_ms: int
    peak: Priority  # the highest since it was raised, or since a person last saw to it
    facts: dict[str, Any] = field(default_factory=dict)
    duty: Duty = Duty.CARE
    session: str | None = None
    in_session: bool = False
    rule_version: int = 0
    latched: bool = False
    late: bool = False
    chattering: bool = False
    count: int = 1
    episode: int = 1
    marks: tuple[int, ...] = ()
    acknowledged_ms: int | None = None
    acknowledged_by: int | None = None
    cleared_ms: int | None = None
    closed_ms: int | None = None
    closed_by: int | None = None
    disposition: Disposition | None = None
    note: str = ""
    shelved_until_ms: int | None = None
    shelved_by: int | None = None
    shelf_reason: str = ""
    one_shot: bool = False
    assignee: int | None = None
    cause: int | None = None
    close_ms: int | None = None
    calm_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """One entry for the journal."""

    kind: Kind
    at_ms: int
    by: int | None = None
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """What became of an alert, and what its journal says of it."""

    life: Life
    noted: tuple[Noted, ...] = ()


USUAL: Final = Pace()


def is_shelved(life: Life) -> bool:
    """Whether it is on a shelf; time takes it off within a second or two of its end."""
    return life.shelved_until_ms is not None


def why(worse: bool) -> dict[str, Any]:
    return {"why": "worse" if worse else "somebody_else"}


def figures(life: Life) -> dict[str, Any]:
    return {"count": life.count, "episode": life.episode, "priority": life.priority.value}


def is_above(one: Priority, other: Priority) -> bool:
    return RANK[one] < RANK[other]


def above(one: Priority, other: Priority) -> Priority:
    return one if is_above(one, other) else other


def is_somebody_elses(life: Life, news: Rise) -> bool:
    """A shelf was put up for one person's session; the next person gets their own alert."""
    return life.duty is Duty.CARE and news.in_session and news.session != life.session


def take_off(life: Life) -> Life:
    return replace(life, shelved_until_ms=None, shelved_by=None, shelf_reason="", one_shot=False)


def tell_anew(life: Life) -> Life:
    return replace(life, episode=life.episode + 1) if life.state is State.RAISED else life


def mark(life: Life, at_ms: int, now_ms: int, pace: Pace) -> tuple[Life, tuple[Noted, ...]]:
    """Note a transition, and whether it chatters with it."""
    recent = tuple(ms for ms in life.marks if at_ms - pace.chatter_ms < ms)
    marks = (*recent, at_ms)[-pace.chatter_count :]
    chatters = life.chattering or len(marks) >= pace.chatter_count
    new = replace(life, marks=marks, chattering=chatters, calm_ms=now_ms + pace.calm_ms if chatters else None)
    starts = (Noted(Kind.CHATTERS, at_ms),) if chatters and not life.chattering else ()
    return new, starts


def closes_at(life: Life, now_ms: int, pace: Pace) -> int | None:
    """When it closes itself.  What was high, and what is latched, waits for a person."""
    if life.state is not State.CLEARED or life.latched or life.peak is Priority.HIGH:
        return None
    return max(now_ms + pace.close_ms, life.shelved_until_ms or 0)


def reset_close(life: Life, now_ms: int, pace: Pace) -> Life:
    """A deed may settle whether it closes itself; its deadline, once set, only moves for a shelf."""
    due_ms = closes_at(life, now_ms, pace)
    if due_ms is not None and life.close_ms is not None:
        due_ms = max(life.close_ms, life.shelved_until_ms or 0)
    return replace(life, close_ms=due_ms)
