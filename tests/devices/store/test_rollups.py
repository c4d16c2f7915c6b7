"""Minutes and sessions add up exactly: over flushes, late records and crashes, and nothing twice."""

from datetime import timedelta
from random import Random

import pytest

from devices.models import Device, Minute, RollupMark, Session
from devices.state import from_ms
from devices.store import rollups
from tests.devices.history import status, telemetry
from tests.devices.store.tables import T0, Ingest, packet

MINUTE = T0 - T0 % 60_000


def at(seq: int) -> int:
    return T0 + 1000 * seq


def said(seq: int, *, late: bool = False) -> dict[str, object]:
    return {"late": late, "ma": ((float(seq), 1.0), (0.0, 0.0)), "ohm": (800.0 + seq, None)}


@pytest.fixture(autouse=True)
def marked(db: None) -> None:
    """Ingest notes at its first start that there is nothing to be mended."""
    RollupMark.objects.create(name="ingest", through=from_ms(T0 - 1))


def check(seqs: list[int]) -> None:
    """The minutes hold exactly these messages, each once."""
    by_minute: dict[int, list[int]] = {}
    for seq in seqs:
        by_minute.setdefault((at(seq) - MINUTE) // 60_000, []).append(seq)
    rows = {int((row.minute - from_ms(MINUTE)).total_seconds() // 60): row for row in Minute.objects.all()}
    assert sorted(rows) == sorted(by_minute)
    for minute, some in by_minute.items():
        row = rows[minute]
        assert (row.messages, row.samples) == (len(some), 2 * len(some))
        assert (row.ma_min[0], row.ma_max[0]) == (1.0, float(max(some)))
        assert row.ma_sum[0] == pytest.approx(sum(some) + len(some))
        assert (row.ohm_sum[0], row.ohm_sum[1]) == (pytest.approx(sum(800.0 + seq for seq in some)), 0.0)
        assert row.ohm_n == [len(some), 0]
        assert row.set_sum[0] == pytest.approx(32.0 * len(some))
        assert row.soc_sum == pytest.approx(86.9 * len(some))
    session = Session.objects.get()
    assert (session.messages, session.samples) == (len(seqs), 2 * len(seqs))
    assert session.charge_uc[0] == pytest.approx(100.5 * max(seqs))


def test_flushes_add_up(device: Device, ingest: Ingest) -> None:
    for seq in range(1, 151):
        ingest.take(packet(device.serial, telemetry(seq, **said(seq)), at(seq)))
        if seq % 37 == 0:
            ingest.flush()
    ingest.flush()
    check(list(range(1, 151)))


def test_a_late_record_mends_its_minute_once(device: Device, ingest: Ingest) -> None:
    ingest.take(
        *(packet(device.serial, telemetry(seq, **said(seq)), at(seq)) for seq in range(1, 151) if seq != 60)
    )
    ingest.flush()
    late = packet(device.serial, telemetry(60, **said(60, late=True)), at(200))
    ingest.take(late, late)
    ingest.take(late)
    ingest.flush()
    check(list(range(1, 151)))


def test_a_crash_at_any_moment_leaves_the_sums_exact(device: Device, ingest: Ingest) -> None:
    random = Random(3)
    for seq in range(1, 121):
        ingest.take(packet(device.serial, telemetry(seq, **said(seq)), at(seq)))
        if random.random() < 0.1:
            ingest.flush()
        if random.random() < 0.15:
            ingest.crash()
    ingest.crash()
    ingest.crash()
    check(list(range(1, 121)))


def test_nothing_is_unfinished_after_a_flush_and_all_of_it_before(device: Device, ingest: Ingest) -> None:
    ingest.take(packet(device.serial, telemetry(1, **said(1)), at(1)))
    assert len(list(rollups.unfinished())) == 1
    ingest.flush()
    assert list(rollups.unfinished()) == []


def test_channels_that_come_and_go_keep_their_own_sums(device: Device, ingest: Ingest) -> None:
    one = {
        "set_ma": (1.0,),
        "ma": ((5.0,),),
        "ohm": (500.0,),
        "contact": ("ok",),
        "charge_uc": (7.0,),
        "pulses": (1,),
    }
    three = {
        "set_ma": (1.0,) * 3, "ma": ((6.0,),) * 3, "ohm": (None,) * 3, "contact": ("ok",) * 3,
        "charge_uc": (8.0,) * 3, "pulses": (1,) * 3,
    }  # fmt: skip
    for flush in (False, True):
        seqs = range(1, 4) if not flush else range(4, 7)
        for seq, fields in zip(seqs, (one, three, one), strict=True):
            ingest.take(packet(device.serial, telemetry(seq, **fields), at(seq)))
            if flush:
                ingest.flush()
    ingest.flush()
    [minute], [session] = Minute.objects.all(), Session.objects.all()
    assert (minute.ma_sum, minute.ma_min, minute.ma_max) == (
        [32.0, 12.0, 12.0],
        [5.0, 6.0, 6.0],
        [6.0, 6.0, 6.0],
    )
    assert (minute.ohm_sum, minute.ohm_n) == ([2000.0, 0.0, 0.0], [4, 0, 0])
    assert (session.charge_uc, session.ma_max) == ([8.0, 8.0, 8.0], [6.0, 6.0, 6.0])


def test_what_two_devices_said_under_one_name_counts_for_no_dose(device: Device, ingest: Ingest) -> None:
    for boot, conn, second in ((7, 1, 0), (9, 1, 1), (7, 2, 2)):
        ingest.take(packet(device.serial, status(boot=boot, conn=conn, up_ms=1000 * second), at(second)))
    ingest.take(packet(device.serial, telemetry(3, **said(3)), at(3)))
    ingest.flush()
    session = Session.objects.get()
    assert (session.disputed, session.messages) == (True, 0)
    assert session.last_at - from_ms(at(3)) < timedelta(seconds=1)
