"""One row a session, joined over reconnects, whatever came late or first."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest

from devices.models import Device, Session
from devices.mqtt.link import Message
from devices.state import from_ms
from tests.devices.batch.worktop import event
from tests.devices.history import PROTOCOL, SESSION, status, telemetry
from tests.devices.store.tables import T0, Ingest, packet

STARTED = {
    "subject": "subject-1", "planned_ms": 1_200_000,
    "protocol": {"id": PROTOCOL.id, "version": PROTOCOL.version, "sha256": PROTOCOL.sha256},
}  # fmt: skip
ENDED = {
    "reason": "completed", "elapsed_ms": 50_000, "charge_uc": [6200.0, 0.0], "pulses": [3100, 0], "contractions": 4
}  # fmt: skip


def at(seq: int) -> int:
    return T0 + 1000 * seq + 20


def the_session() -> Session:
    return Session.objects.get(session=SESSION)


def sent(device: Device, *, late: bool = False) -> list[Message]:
    """A session from second 1 to 61 with a telemetry message each second; all of it after a birth."""
    start = event(1, "session_started", data=STARTED, late=late)
    middle = [telemetry(seq, late=late, elapsed_ms=(seq - 1) * 800) for seq in range(2, 61)]
    end = event(61, "session_ended", data=ENDED, late=late)
    return [packet(device.serial, one, at(61 if late else one.seq)) for one in (start, *middle, end)]


def check(session: Session, device: Device) -> None:
    assert session.device == device
    assert (session.subject, session.protocol_id, session.protocol_version) == ("subject-1", PROTOCOL.id, 3)
    assert session.started_at == from_ms(at(1))
    assert session.ended_at == from_ms(at(61))
    assert (session.end_reason, session.elapsed_ms, session.contractions) == ("completed", 50_000, 4)
    assert (session.charge_uc, session.pulses) == ([6200.0, 0.0], [3100.0, 0.0])
    assert (session.messages, session.samples) == (59, 590)
    assert session.ma_sum[0] == pytest.approx(59 * 10 * 31.9)
    assert not session.disputed


def test_a_session_as_it_should_be(device: Device, ingest: Ingest) -> None:
    ingest.take(*sent(device))
    ingest.flush()
    check(the_session(), device)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_beginning_telemetry_and_end_in_any_order_make_the_same_row(
    device: Device, ingest: Ingest, order: tuple[int, ...]
) -> None:
    ingest.take(packet(device.serial, status(up_ms=0, session=None), at(0)))
    all_sent = sent(device, late=True)
    parts = [all_sent[:1], all_sent[1:30], all_sent[30:60], all_sent[60:]]
    for part in order:
        ingest.take(*parts[part])
        ingest.flush()
    check(the_session(), device)


def test_a_session_over_a_reconnect_is_one_row(device: Device, ingest: Ingest) -> None:
    all_sent = sent(device)
    ingest.take(packet(device.serial, status(conn=1, up_ms=0), at(0)), *all_sent[:20])
    ingest.flush()
    ingest.take(packet(device.serial, status(conn=2, up_ms=25_000), at(25)), *all_sent[24:])
    late = sent(device, late=True)[20:24]
    ingest.take(*late)
    ingest.flush()
    check(the_session(), device)


@pytest.mark.parametrize(
    "clock", [lambda ms: ms + 10 * 365 * 86_400_000, lambda ms: ms - T0, lambda ms: ms - 2_400_000]
)
def test_a_session_lasts_as_long_as_it_really_did_whatever_the_clock_says(
    device: Device, ingest: Ingest, clock: Callable[[int], int]
) -> None:
    start = event(1, "session_started", data=STARTED, t=clock(T0 + 1000))
    end = event(61, "session_ended", data=ENDED, t=0)  # and it steps back
    ingest.take(packet(device.serial, start, at(1)))
    ingest.take(packet(device.serial, end, at(61) + 4_000))  # four seconds on its way
    session = the_session()
    assert session.ended_at is not None
    assert session.started_at is not None
    assert session.ended_at - session.started_at == timedelta(seconds=60)


def test_a_power_loss_ends_the_session_when_the_power_went(device: Device, ingest: Ingest) -> None:
    ingest.take(*sent(device)[:30])
    ingest.flush()
    data = {"reason": "power_loss", "elapsed_ms": 29_500, "of": {"boot": 7, "up_ms": 30_500}}
    ingest.take(packet(device.serial, status(boot=8, conn=1, up_ms=100, session=None), at(300)))
    ingest.take(packet(device.serial, event(1, "session_ended", boot=8, up_ms=200, data=data), at(300)))
    session = the_session()
    assert (session.end_reason, session.ended_at) == ("power_loss", from_ms(at(30) + 500))
    assert session.charge_uc[0] == pytest.approx(100.5 * 30)  # what telemetry told


def test_a_session_without_totals_keeps_what_telemetry_told(device: Device, ingest: Ingest) -> None:
    everything = sent(device)
    ingest.take(
        *everything[:40], packet(device.serial, event(61, "session_ended", data={"reason": "fault"}), at(61))
    )
    ingest.flush()
    ingest.take(*(one._replace(arrival_ms=at(62)) for one in everything[40:60]))
    ingest.flush()
    session = the_session()
    assert (session.charge_uc[0], session.elapsed_ms) == (100.5 * 60, 59 * 800)


def test_what_is_disputed_counts_for_no_dose(device: Device, ingest: Ingest) -> None:
    for boot, conn, second in ((7, 1, 0), (9, 1, 1), (7, 2, 2)):
        ingest.take(packet(device.serial, status(boot=boot, conn=conn, up_ms=1000 * second), at(second)))
    ingest.take(*sent(device)[2:])
    ingest.flush()
    session = the_session()
    assert session.disputed
    assert (session.charge_uc, session.messages) == ([], 0)
