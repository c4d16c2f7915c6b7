"""What was refused is kept within bounds, and each is counted."""

from datetime import timedelta

import pytest
from django.db.models import Sum

from devices.models import Device, Reject, UnknownRecord
from devices.state import from_ms
from devices.store import rejects, unknown
from devices.wire import codec
from tests.devices.history import telemetry
from tests.devices.store.tables import T0, Ingest, packet

HOUR = 3_600_000


def counted(**of: object) -> int:
    return Reject.objects.filter(**of).aggregate(total=Sum("count"))["total"] or 0


def test_a_hundred_rows_a_device_and_hour_and_each_is_counted(
    device: Device, other: Device, ingest: Ingest
) -> None:
    for start in range(0, 1000, 250):
        bad = [packet(device.serial, b"\xff", T0 + n, kind="status") for n in range(start, start + 250)]
        bad += [packet(device.serial, b"{}", T0 + n, kind="status") for n in range(start, start + 250)]
        ingest.take(*bad, packet(other.serial, b"", T0 + start, kind="event"))
    assert Reject.objects.filter(serial=device.serial).count() <= 101
    assert counted(serial=device.serial, reason="utf8") == 1000
    assert counted(serial=device.serial) == 2000
    assert counted(serial=other.serial, reason="size") == 4


def test_the_next_hour_has_room_again(device: Device, ingest: Ingest) -> None:
    for hour in range(3):
        ingest.take(*(packet(device.serial, b"\xff", T0 + hour * HOUR + n, kind="event") for n in range(150)))
    assert Reject.objects.count() == 300
    assert counted() == 450


def test_strangers_share_one_hour_s_room_however_they_are_called(ingest: Ingest) -> None:
    for start in range(0, 1000, 500):
        ingest.take(*(packet(f"x{n}", b"{}", T0 + n, kind="status") for n in range(start, start + 500)))
    assert Reject.objects.count() == 100
    assert counted(reason="unknown_serial") == 1000
    assert Reject.objects.earliest("id").topic == "ems/v1/x0/status"


def test_what_is_refused_can_be_looked_up_with_its_excerpt(device: Device, ingest: Ingest) -> None:
    ingest.take(packet(device.serial, b"\x00\xff" * 500, T0, kind="telemetry"))
    reject = Reject.objects.get()
    assert (reject.device, reject.serial, reject.at) == (device, device.serial, from_ms(T0))
    assert bytes(reject.excerpt) == b"\x00\xff" * 100


def test_records_of_an_account_without_a_device_are_kept_apart_and_bounded(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unknown, "MOST_UNKNOWN", 100)
    for start in range(1, 400, 40):
        ingest.take(*(packet("account-1", telemetry(n), T0 + n) for n in range(start, start + 40)))
    ingest.take(packet("account-2", telemetry(1), T0))
    kept = UnknownRecord.objects.filter(serial="account-1").order_by("id")
    assert kept.count() == 100
    assert bytes(kept[0].body) == codec.encode(telemetry(301))
    assert UnknownRecord.objects.filter(serial="account-2").count() == 1


def test_what_is_past_its_time_is_forgotten(device: Device, ingest: Ingest) -> None:
    for day in (0, 20, 40):
        at_ms = T0 + day * 24 * HOUR
        ingest.take(packet(device.serial, b"", at_ms, kind="event"), packet("account-1", telemetry(1), at_ms))
    rejects.prune(from_ms(T0) + timedelta(days=41), reject_days=30)
    assert [one.at for one in Reject.objects.all()] == [from_ms(T0 + day * 24 * HOUR) for day in (20, 40)]
    assert UnknownRecord.objects.count() == 1
