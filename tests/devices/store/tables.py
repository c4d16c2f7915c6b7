"""Messages through the reader and `take_in` into the real tables, as ingest does it."""

from collections.abc import Iterable
from typing import Any

import msgspec

from devices.batch.desk import Desk
from devices.batch.rollup import Rollup
from devices.ingest.reader import Reader
from devices.models import Device, Ledger, State
from devices.mqtt.client import Message
from devices.state import from_ms
from devices.store import desks, rollups, sql
from devices.wire import codec
from fleet import flows
from fleet.flows import Taken
from fleet.safety.judge import Judge

T0 = 1_763_788_000_000  # 2025-11-22T05:06:40Z


def packet(
    serial: str, message: msgspec.Struct | bytes, at_ms: int, *, kind: str = "", retained: bool = False
) -> Message:
    """One PUBLISH; the topic's kind is that of the message, if not given."""
    body = message if isinstance(message, bytes) else codec.encode(message)  # type: ignore[arg-type]
    name = type(message).__name__.lower()
    kind = kind or ("status" if name == "will" else name)
    return Message(f"ems/v1/{serial}/{kind}".encode(), body, at_ms, b"\0\1", retained, 1)


class Ingest:
    """What the ingest process does with a batch, without its threads."""

    def __init__(self) -> None:
        serials = dict(Device.objects.values_list("serial", "id"))
        self.reader = Reader(serials.get, lambda name: name.startswith("account-"))
        self.desk = Desk()
        self.judge = Judge()
        self.now_ms = T0

    def take(self, *packets: Message) -> Taken:
        """Store one batch a little after its newest message came; raises what `take_in` raises."""
        self.now_ms = max(self.now_ms, *(one.arrival_ms for one in packets)) + 1
        taken = flows.take_in(self.desk, self.reader.read(packets), from_ms(self.now_ms), judge=self.judge)
        for device_id, message, placed_ms, disputed in taken.facts.sums:
            self.desk.rollup.add(device_id, message, placed_ms, disputed=disputed)
        return taken

    def take_each(self, packets: Iterable[Message]) -> None:
        for one in packets:
            self.take(one)

    def flush(self) -> None:
        rollups.flush(self.desk.rollup, from_ms(self.now_ms))
        self.desk.rollup = Rollup()

    def crash(self) -> None:
        """Lose everything that is only in memory, and recover as the process does at its start."""
        self.__init__()  # type: ignore[misc]
        newest = sql.rows("SELECT max(received_at) FROM devices_telemetry")[0][0]
        if newest is not None:
            self.now_ms = max(T0, round(newest.timestamp() * 1000))
        for device_id, message, placed_at, disputed in rollups.unfinished():
            placed_ms = round(placed_at.timestamp() * 1000)
            self.desk.rollup.add(device_id, message, placed_ms, disputed=disputed)
        self.flush()

    def forget(self) -> None:
        """Clear the desk, as after a failed batch."""
        desks.clear(self.desk, list(self.desk.states))


def stored(device: Device) -> list[tuple[int, int]]:
    """Return (boot, seq) of every record in the tables, in order, repeats included."""
    return sql.rows(  # type: ignore[return-value]
        "SELECT boot, seq FROM devices_telemetry WHERE device_id = %s UNION ALL"
        " SELECT boot, seq FROM devices_event WHERE device_id = %s ORDER BY 1, 2",
        [device.pk, device.pk],
    )


def ledger(device: Device, boot: int = 7) -> Ledger:
    return Ledger.objects.get(device=device, boot=boot)


def state(device: Device) -> State:
    return State.objects.get(device=device)


def placed(device: Device) -> dict[tuple[int, int], tuple[Any, ...]]:
    """Return (boot, seq) → (placed ms, late, placed by) of telemetry."""
    rows = sql.rows(
        "SELECT boot, seq, (extract(epoch FROM placed_at) * 1000)::bigint, late, placed_by"
        " FROM devices_telemetry WHERE device_id = %s",
        [device.pk],
    )
    return {(boot, seq): tuple(rest) for boot, seq, *rest in rows}
