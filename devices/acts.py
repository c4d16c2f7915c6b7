"""What people and the device did in a session: pauses, turns of the knob.  Pure, from its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from devices.wire.data import IntensityChanged, SessionHeld, data_of
from devices.wire.errors import WireError
from devices.wire.messages import Event
from devices.wire.words import By, EventKind

D = TypeVar("D", IntensityChanged, SessionHeld)


@dataclass(frozen=True, slots=True)
class Told:
    """One stored event and when it was."""

    placed_ms: int  # Unix ms, server time
    late: bool
    disputed: bool
    event: Event
    body: bytes = b""  # the device's own


@dataclass(frozen=True, slots=True)
class Pause:
    """From…to in Unix ms; `to_ms` None: it is not over, or its end was not told."""

    from_ms: int
    to_ms: int | None
    length_ms: int | None  # by the device's own clock where both ends are of one boot
    by: By | None
    resumed_by: By | None


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody turned a channel."""

    at_ms: int
    channel: int | None
    from_ma: float | None
    to_ma: float | None
    by: By | None


def pauses_of(events: Iterable[Told], *, ended_ms: int | None) -> tuple[Pause, ...]:
    """Return the pauses in order; one that the session's end cut ends there.

    A pause whose end is missing, because the next one follows it, has no length.
    """
    pauses: list[Pause] = []
    open_: Told | None = None
    for one in events:
        kind = one.event.kind
        if kind is EventKind.SESSION_PAUSED:
            if open_ is not None:
                pauses.append(_pause(open_, None))
            open_ = one
        elif open_ is not None and kind in (EventKind.SESSION_RESUMED, EventKind.SESSION_ENDED):
            pauses.append(_pause(open_, one))
            open_ = None
    if open_ is not None:
        cut = _pause(open_, None)
        if ended_ms is not None:  # the end was told by another boot
            cut = Pause(cut.from_ms, ended_ms, max(0, ended_ms - cut.from_ms), cut.by, None)
        pauses.append(cut)
    return tuple(pauses)


def changes_of(events: Iterable[Told]) -> tuple[Change, ...]:
    """Return the turns of the knob in order."""
    changes = []
    for one in events:
        if one.event.kind is EventKind.INTENSITY_CHANGED:
            data = _data(one.event, IntensityChanged)
            channel = one.event.channel or (data.channel if data else None)
            told = (data.from_ma, data.to_ma, data.by) if data else (None, None, None)
            changes.append(Change(one.placed_ms, channel, *told))
    return tuple(changes)


def _pause(start: Told, end: Told | None) -> Pause:
    held = _data(start.event, SessionHeld)
    by = held.by if held else None
    if end is None:
        return Pause(start.placed_ms, None, None, by, None)
    resumed = _data(end.event, SessionHeld)
    same_boot = end.event.boot == start.event.boot
    length_ms = end.event.up_ms - start.event.up_ms if same_boot else end.placed_ms - start.placed_ms
    return Pause(start.placed_ms, end.placed_ms, max(0, length_ms), by, resumed.by if resumed else None)


def _data(event: Event, kind: type[D]) -> D | None:
    """Return the event's data if it is of that kind; an older contract may have let in what is none."""
    try:
        data = data_of(event)
    except WireError:
        return None
    return data if isinstance(data, kind) else None
