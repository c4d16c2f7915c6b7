"""Writes what devices said, the way ingest writes it: real bodies into the real tables."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from devices.batch.desk import EventRow, TelemetryRow
from devices.batch.rollup import Rollup
from devices.models import Device, State
from devices.state import from_ms, to_ms
from devices.store import records, rollups
from devices.wire import codec
from devices.wire.messages import Battery, Event, ProtocolRef, Status, Telemetry
from devices.wire.words import EventKind

SESSION = "01JD2"
PROTOCOL = ProtocolRef(id="quad-strength", version=3, sha256="ab" * 32)


def telemetry(seq: int, **other: Any) -> Telemetry:
    """One second of two channels, ten samples each; channel 2 is not in use."""
    fields: dict[str, Any] = {
        "boot": 7,
        "seq": seq,
        "up_ms": 1000 * seq,
        "t": 1_763_788_000_000 + 1000 * seq,
        "session": SESSION,
        "step": 0,
        "phase": "on",
        "cycle": 12,
        "elapsed_ms": 1000 * seq,
        "every_ms": 100,
        "set_ma": (32.0, 0.0),
        "ma": ((31.9,) * 10, (0.0,) * 10),
        "ohm": (820.0, None),
        "contact": ("ok", "off"),
        "charge_uc": (100.5 * seq, 0.0),
        "pulses": (50 * seq, 0),
        "soc": 86.9,
        "mv": 3889,
        "temp_c": 31.4,
    }
    return Telemetry(**(fields | other))


def status(**other: Any) -> Status:
    fields: dict[str, Any] = {
        "state": "running",
        "boot": 7,
        "conn": 2,
        "up_ms": 60_000,
        "t": 1_763_788_060_000,
        "output": "on",
        "model": "RX-4",
        "firmware": "2.3.1",
        "channels": 2,
        "protocol": PROTOCOL,
        "session": SESSION,
        "conditions": ("electrode_off:2",),
        "battery": Battery(soc=87.0, mv=3890, charging=False),
        "temp_c": 31.2,
        "seq": 60,
    }
    return Status(**(fields | other))


def event(seq: int, kind: str, **other: Any) -> Event:
    fields: dict[str, Any] = {
        "boot": 7,
        "seq": seq,
        "up_ms": 1000 * seq,
        "t": 1_763_788_000_000 + 1000 * seq,
        "session": SESSION,
        "kind": EventKind(kind),
        "data": {},
    }
    return Event(**(fields | other))


def store_telemetry(
    device: Device, start: datetime, messages: Iterable[Telemetry], *, received_at: datetime, rolled_up: bool
) -> None:
    """Store messages that began at `start`, each placed by its `up_ms`; roll them up if asked."""
    start_ms, rows, rollup = to_ms(start), [], Rollup()
    for one in messages:
        placed_ms = start_ms + one.up_ms
        rows.append(
            TelemetryRow(
                device.pk, one.boot, one.seq, one.up_ms, placed_ms, "live", one.late, False, one.session,
                codec.encode(one),
            )
        )  # fmt: skip
        rollup.add(device.pk, one, placed_ms, disputed=False)
    records.copy_telemetry(rows, to_ms(received_at))
    if rolled_up:
        rollups.flush(rollup, received_at)


def store_event(device: Device, start: datetime, event: Event, *, received_at: datetime) -> None:
    row = EventRow(
        device.pk, event.boot, event.seq, event.up_ms, str(event.kind), event.session, event.channel,
        to_ms(start) + event.up_ms, "live", event.late, False, codec.encode(event),
    )  # fmt: skip
    records.copy_events([row], received_at)


def say(device: Device, heard_at: datetime, *, link: str = "online", **changes: Any) -> State:
    """Give the device a live state: a full status, and telemetry of the session if it is in one."""
    said = status(**changes)
    newest = telemetry(60, session=said.session) if said.session else None
    return State.objects.create(
        device=device,
        rev=1042,
        link=link,
        heard_at=heard_at,
        boot=said.boot,
        conn=said.conn,
        up_ms=said.up_ms,
        skew_ms=-31,
        state=said.state,
        output=said.output,
        session=said.session,
        soc=86.9,
        mv=3889,
        charging=False,
        temp_c=31.4,
        status=codec.encode(said),
        status_at=heard_at,
        telemetry=codec.encode(newest) if newest else None,
        telemetry_at=heard_at if newest else None,
    )


def second(start: datetime, number: int) -> datetime:
    """Return the moment `number` seconds after `start`."""
    return from_ms(to_ms(start) + 1000 * number)
