"""The sweep: what is silent moves towards offline, unless the server itself may be what is silent."""

from datetime import datetime, timedelta

import pytest

from devices.models import Change, Device, Pulse, State
from devices.state import from_ms, to_ms
from devices.store import silence
from devices.wire.messages import Will
from tests.devices.history import status
from tests.devices.store.tables import T0, Ingest, packet, state


def at(second: float) -> datetime:
    return from_ms(T0 + round(1000 * second))


@pytest.fixture
def running(device: Device, ingest: Ingest) -> Ingest:
    """A device heard at second 0, in session, and an ingest that is well."""
    ingest.take(packet(device.serial, status(up_ms=0), T0))
    return ingest


def sweep(second: float, *, pulse_age_s: float = 0, counts_from_s: float = -100) -> list[str]:
    detail = {"silence_counts_from_ms": to_ms(at(counts_from_s))}
    Pulse.objects.update_or_create(part="ingest", defaults={"at": at(second - pulse_age_s), "detail": detail})
    return [live.link for live in silence.sweep(at(second))]


def test_silence_moves_the_link_and_keeps_the_change(device: Device, running: Ingest) -> None:
    assert sweep(5.9) == []
    assert sweep(6) == ["suspect"]
    assert sweep(6.5) == []
    assert sweep(10) == ["offline"]
    assert sweep(1000) == []
    row = state(device)
    assert (row.link, row.rev, row.silent_after, row.output) == ("offline", 3, None, "on")
    assert [(one.why, one.link, one.rev) for one in Change.objects.order_by("id")] == [
        ("link,birth", "online", 1), ("silence", "suspect", 2), ("silence", "offline", 3),
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [{"pulse_age_s": 5.1}, {"counts_from_s": 60.5}])
def test_nobody_moves_while_ingest_is_away_or_behind(running: Ingest, wrong: dict[str, float]) -> None:
    assert sweep(60, **wrong) == []
    assert sweep(61) == ["offline"]


def test_nobody_moves_before_ingest_ever_ran(running: Ingest) -> None:
    assert silence.sweep(at(60)) == []


def test_a_will_moves_the_link_after_its_grace(device: Device, running: Ingest) -> None:
    running.take(packet(device.serial, Will(boot=7, conn=2), T0 + 500))
    assert sweep(5.4) == []
    assert sweep(5.5) == ["offline"]


def test_a_device_swept_away_comes_back_with_its_next_message(device: Device, running: Ingest) -> None:
    sweep(12)
    running.forget()  # ingest notices that it was raced
    running.take(packet(device.serial, status(up_ms=20_000), T0 + 20_000))
    assert (state(device).link, state(device).rev) == ("online", 3)
    assert sweep(25.9) == []
    assert sweep(26) == ["suspect"]


def test_a_row_is_not_due_for_ever(device: Device, running: Ingest) -> None:
    State.objects.filter(device=device).update(link="conflict", silent_after=at(3))
    assert sweep(100) == []
    assert state(device).silent_after is None
    assert at(0) + timedelta(0) == state(device).heard_at
