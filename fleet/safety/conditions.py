"""The memory of one rule at one device and channel: when what it finds becomes, and ceases to be, an alert.  Pure.

A rule speaks of the present three ways: it holds (`Found`), it does not (nothing found), or it cannot be said
(`Found` without a priority), which changes nothing.  More than one source may speak of the same thing, such as
telemetry and the status; it holds while any of them says so.  Silence says nothing, so nothing here has a timer:
delays run from record to record, by the records' own placed times (Unix ms of the server's clock).
"""

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from fleet.safety.words import Priority

FORGET_MS: Final = 300_000  # a delay that has seen nothing for this long begins anew
WORSE_BY: Final = 1.1  # numbers are told again once they are worse by a tenth


# Who says that it holds; plain bits, since they are asked for every message of a device that complains.
TELEMETRY: Final = 1
STATUS: Final = 2  # and events, which the status that follows them confirms or ends


class Found(NamedTuple):
    """What a rule says of one channel (0: the device as a whole)."""

    channel: int
    priority: Priority | None  # None: cannot be said, so neither raises nor clears
    facts: dict[str, Any]
    size: float = 0.0  # how bad, in any unit of the rule's: told again once it is worse


class Delays(NamedTuple):
    """How long it must hold before it is told, and not hold before it is over, ms."""

    on_ms: float = 0
    off_ms: float = 0


# What a statement came to; bits.
NOTHING: Final = 0
ROSE: Final = 1
WEIGHED: Final = 2
FELL: Final = 4
NOTED: Final = 8  # nothing to tell, but to be remembered


@dataclass(slots=True)
class Slot:
    """What one rule last found; kept as a `Condition` row."""

    rule: str
    channel: int  # 0: the device as a whole
    is_true: bool
    since_ms: int  # since when it is, or is not, true
    seen_ms: int  # the newest record that spoke of it
    priority: Priority
    told: bool = False  # its alert was raised, and not cleared since
    sources: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    size: float = 0.0
    hold_ms: int = 0  # told by an event: no status before this ends it
    said: dict[int, Priority] = field(default_factory=dict)  # how urgent each source called it last
    marks: list[int] = field(default_factory=list)  # of what counts how often


def begin(rule: str, found: Found, at_ms: int) -> Slot:
    """Return the memory of what was found for the first time."""
    return Slot(rule, found.channel, False, at_ms, at_ms, found.priority or Priority.INFO)


def holds(slot: Slot, found: Found, at_ms: int, source: int, delays: Delays) -> int:
    """A source says that it holds."""
    priority = found.priority
    if priority is None:
        return NOTHING
    is_new = not slot.is_true
    if is_new or (not slot.told and at_ms - slot.seen_ms > FORGET_MS):
        slot.since_ms = at_ms
    slot.is_true = True
    slot.seen_ms = max(slot.seen_ms, at_ms)
    added = not slot.sources & source
    slot.sources |= source
    slot.said[source] = priority
    if slot.told:
        return _weigh(slot, found) or (NOTED if is_new or added else NOTHING)
    slot.priority, slot.facts, slot.size = priority, found.facts, found.size
    if at_ms - slot.since_ms < delays.on_ms:
        return NOTED if is_new or added else NOTHING
    if delays.on_ms >= 1000:
        slot.facts = {**found.facts, "for_s": (at_ms - slot.since_ms) // 1000}
    slot.told = True
    return ROSE


def _weigh(slot: Slot, found: Found) -> int:
    """It was told already: again if it is worse, and if it is less to every source that says so."""
    priority = _most_urgent(slot)
    if priority != slot.priority:
        slot.priority, slot.facts, slot.size = priority, found.facts, found.size
        return WEIGHED
    if found.facts.keys() - slot.facts.keys():  # an event told it, and a measurement tells more
        slot.facts, slot.size = slot.facts | found.facts, max(slot.size, found.size)
        return WEIGHED
    if found.size > slot.size * WORSE_BY:
        slot.facts, slot.size = found.facts, found.size
        return WEIGHED
    return NOTHING


def _most_urgent(slot: Slot) -> Priority:
    """Return what the sources that say so make of it; one not heard since a restart said what was told."""
    said = [slot.said.get(one, slot.priority) for one in (TELEMETRY, STATUS) if slot.sources & one]
    return max(said, key=_URGENT.__getitem__)


_URGENT: Final = {Priority.INFO: 0, Priority.LOW: 1, Priority.MEDIUM: 2, Priority.HIGH: 3}


def holds_not(slot: Slot, at_ms: int, source: int, delays: Delays) -> int:
    """A source says that it does not hold.  It is over once no source says that it does."""
    if at_ms < slot.seen_ms or at_ms < slot.hold_ms:
        return NOTHING
    had = bool(slot.sources & source)
    slot.sources &= ~source
    if slot.sources:
        return NOTED if had else NOTHING
    slot.seen_ms = at_ms
    was_true = slot.is_true
    if was_true:
        slot.is_true, slot.since_ms = False, at_ms
    if slot.told and at_ms - slot.since_ms >= delays.off_ms:
        slot.told = False
        return FELL
    return NOTED if was_true else NOTHING


def is_over(slot: Slot) -> bool:
    """Whether nothing of it need be remembered."""
    return not (slot.is_true or slot.told or slot.marks)


def count(slot: Slot, at_ms: int, *, times: int, most: int, window_ms: float) -> bool:
    """Note that it happened so many times; return whether it has, `most` times within the window."""
    slot.marks = [ms for ms in slot.marks if at_ms - ms < window_ms][-most:] + [at_ms] * min(times, most)
    slot.marks = slot.marks[-most:]
    return len(slot.marks) >= most
