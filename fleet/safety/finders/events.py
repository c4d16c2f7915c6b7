"""What the rules find in an event: what happened at an instant, until a later status says what holds.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from devices.batch.desk import Happened
from devices.wire.data import Booted, Dropped, Electrode, Fault, SessionEnded
from devices.wire.words import EndReason, EventKind, FaultClass
from fleet.safety.conditions import Found
from fleet.safety.finders.status import found_fault
from fleet.safety.words import Priority

HOLD_MS: Final[Mapping[str, int]] = {
    "watchdog": 600_000,
    "estop": 30_000,
    "fault": 30_000,
    "records_dropped": 30_000,
}
"""So long no status ends what an event told: it happened, though it may be over already."""
NEWS_MS: Final[Mapping[str, int]] = {"watchdog": 120_000}
"""What a device can tell only after its restart, so always from its buffer, is news for so long, late or not."""


class Tidings(NamedTuple):
    """What an event says of a rule; `found` None: of `channel` it is over."""

    rule: str
    channel: int
    found: Found | None


def read(happened: Happened) -> list[Tidings]:
    """Return what the rules make of an event; most say nothing."""
    reader = _READERS.get(happened.event.kind)
    return [] if reader is None else reader(happened)


def is_news(rule: str, happened: Happened, now_ms: int) -> bool:
    """Whether an event tells of the present."""
    return not happened.late or now_ms - happened.true_ms <= NEWS_MS.get(rule, -1)


def _of(
    rule: str, priority: Priority, facts: dict[str, Any], channel: int = 0, size: float = 0.0
) -> list[Tidings]:
    return [Tidings(rule, channel, Found(channel, priority, facts, size))]


def _estop(_happened: Happened) -> list[Tidings]:
    return _of("estop", Priority.HIGH, {})


def _fault(happened: Happened) -> list[Tidings]:
    data = happened.data
    if not isinstance(data, Fault):
        return []
    if data.class_ is FaultClass.ESTOP:
        return _of("estop", Priority.HIGH, {})
    code = None if data.code is None else str(data.code)[:64]
    return [Tidings("fault", 0, one) for one in found_fault([data.class_.value], code=code)]


def _ended(happened: Happened) -> list[Tidings]:
    data = happened.data
    if isinstance(data, SessionEnded) and data.reason is EndReason.WATCHDOG:
        return _of("watchdog", Priority.HIGH, {})
    return []


def _boot(happened: Happened) -> list[Tidings]:
    data = happened.data
    if isinstance(data, Booted) and data.reason and "watchdog" in data.reason.lower():
        return _of("watchdog", Priority.HIGH, {})
    return []


def _pad(happened: Happened) -> list[Tidings]:
    event = happened.event
    if event.session is None or event.channel is None:
        return []
    ohm = happened.data.ohm if isinstance(happened.data, Electrode) else None
    facts = {} if ohm is None else {"ohm": ohm}
    if event.kind is EventKind.ELECTRODE_ON:
        return [Tidings("electrode_off", event.channel, None)]
    rule = "electrode_off" if event.kind is EventKind.ELECTRODE_OFF else "low_current"
    return _of(rule, Priority.MEDIUM, facts, event.channel)


def _dropped(happened: Happened) -> list[Tidings]:
    data = happened.data
    if not isinstance(data, Dropped):
        return []
    records = sum(last - first + 1 for first, last in data.ranges)
    return _of("records_dropped", Priority.LOW, {"records": records}, size=records)


_READERS: Final[dict[EventKind, Callable[[Happened], list[Tidings]]]] = {
    EventKind.ESTOP: _estop,
    EventKind.FAULT: _fault,
    EventKind.SESSION_ENDED: _ended,
    EventKind.BOOT: _boot,
    EventKind.ELECTRODE_OFF: _pad,
    EventKind.ELECTRODE_ON: _pad,
    EventKind.LOW_CURRENT: _pad,
    EventKind.DROPPED: _dropped,
}
