"""What an event's `data` holds, by kind, as frozen types.

A field that the device left out reads as None; a value out of its range is refused with the event.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from . import units as u
from . import words as w
from .errors import WireError
from .messages import Event, ProtocolRef


class Of(Struct, frozen=True, kw_only=True):
    """The true time of an event that tells of an earlier instant."""

    boot: u.Boot
    up_ms: u.DurationMs


class Data(Struct, frozen=True, kw_only=True):
    """What any event may carry."""

    of: Of | None = None


class SessionStarted(Data, frozen=True, kw_only=True):
    """A session was opened at the device."""

    subject: u.Token | None = None  # random, one per assignment; never personal data
    protocol: ProtocolRef | None = None
    planned_ms: u.DurationMs | None = None


class SessionHeld(Data, frozen=True, kw_only=True):
    """A session was paused or resumed."""

    by: w.By | None = None


class SessionEnded(Data, frozen=True, kw_only=True):
    """A session is over; totals as the device counted them."""

    reason: w.EndReason = w.EndReason.OTHER
    elapsed_ms: u.DurationMs | None = None
    charge_uc: u.ChargePerChannel | None = None
    pulses: u.PulsesPerChannel | None = None
    contractions: u.Count | None = None


class IntensityChanged(Data, frozen=True, kw_only=True):
    """Somebody turned a channel up or down."""

    channel: u.Channel | None = None
    from_ma: u.Ma | None = None
    to_ma: u.Ma | None = None
    by: w.By | None = None


class Electrode(Data, frozen=True, kw_only=True):
    """An electrode pair came off, came back, or carries too little current to be measured."""

    ohm: u.Ohm | None = None


class Fault(Data, frozen=True, kw_only=True):
    """A part of the device is at fault."""

    class_: w.FaultClass = field(name="class", default=w.FaultClass.OTHER)
    code: u.Text | int | None = None  # the maker's own
    text: u.Text | None = None


class ProtocolChanged(Data, frozen=True, kw_only=True):
    """A protocol was applied, or rejected for a reason."""

    id: u.Token | None = None
    version: u.CountFromOne | None = None
    sha256: u.Sha256 | None = None
    reason: w.RefusalReason | None = None


class Dropped(Data, frozen=True, kw_only=True):
    """The device's buffer overflowed, and these records are gone for good."""

    boot: u.Boot
    ranges: Annotated[tuple[u.SeqRange, ...], Meta(min_length=1, max_length=256)]


class CommandRefused(Data, frozen=True, kw_only=True):
    """A command was not carried out."""

    id: u.Uuid | None = None
    verb: w.Verb | None = None
    reason: w.RefusalReason | None = None


class Booted(Data, frozen=True, kw_only=True):
    """The device started."""

    reason: u.Text | None = None  # the maker's own word
    firmware: u.Text | None = None


class ClockSet(Data, frozen=True, kw_only=True):
    """The device's wall clock was changed."""

    from_t: u.UnixMs | None = None
    to_t: u.UnixMs | None = None


TYPES: dict[w.EventKind, type[Data]] = {
    w.EventKind.SESSION_STARTED: SessionStarted,
    w.EventKind.SESSION_PAUSED: SessionHeld,
    w.EventKind.SESSION_RESUMED: SessionHeld,
    w.EventKind.SESSION_ENDED: SessionEnded,
    w.EventKind.INTENSITY_CHANGED: IntensityChanged,
    w.EventKind.ELECTRODE_OFF: Electrode,
    w.EventKind.ELECTRODE_ON: Electrode,
    w.EventKind.LOW_CURRENT: Electrode,
    w.EventKind.FAULT: Fault,
    w.EventKind.ESTOP: Data,
    w.EventKind.PROTOCOL_APPLIED: ProtocolChanged,
    w.EventKind.PROTOCOL_REJECTED: ProtocolChanged,
    w.EventKind.DROPPED: Dropped,
    w.EventKind.COMMAND_REFUSED: CommandRefused,
    w.EventKind.BOOT: Booted,
    w.EventKind.CLOCK_SET: ClockSet,
    w.EventKind.OTHER: Data,
}


def data_of(event: Event) -> Data:
    """Return `event.data` as the type of its kind.  Raises WireError if a value cannot be."""
    try:
        data = msgspec.convert(event.data, TYPES[event.kind])
    except msgspec.ValidationError as error:
        raise WireError("schema", f"data of {event.kind.value}: {error}") from None
    if isinstance(data, Dropped):
        check_ranges(data.ranges)
    elif isinstance(data, SessionEnded):
        totals = {len(totals) for totals in (data.charge_uc, data.pulses) if totals is not None}
        if len(totals) > 1:
            raise WireError("channels", "charge_uc and pulses differ in length, expected one entry a channel")
    return data


def plain(data: Data) -> dict[str, Any]:
    """The twin of `data_of`: JSON values for `Event.data`, without what is not known."""
    fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(data))
    return {key: value for key, value in fields.items() if value is not None}


def check_ranges(ranges: tuple[tuple[int, int], ...]) -> None:
    """Raise WireError("ranges", …) if one ends before it begins."""
    for first, last in ranges:
        if first > last:
            raise WireError("ranges", f"[{first}, {last}] ends before it begins")
