"""Day partitions: there before they are needed, dropped whole, and never a reason to stop."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from devices.models import Change, Device, Event, Ledger, Minute, Session
from devices.state import to_ms
from devices.store import partitions, sql
from tests.devices.batch.worktop import event
from tests.devices.history import status, telemetry
from tests.devices.store.tables import Ingest, ledger, packet, stored

NOON = datetime(2031, 5, 17, 12, tzinfo=UTC)


def take_at(ingest: Ingest, device: Device, at: datetime, boot: int, *seqs: int) -> None:
    ingest.now_ms = 0
    began_ms = to_ms(at)
    ingest.take(
        packet(device.serial, status(boot=boot, up_ms=0), began_ms),
        *(packet(device.serial, telemetry(seq, boot=boot), began_ms + 1000 * seq) for seq in seqs),
    )
    ingest.flush()


def test_they_are_made_a_week_ahead_and_only_once(db: None) -> None:
    made = partitions.make_ahead(NOON)
    assert [day.day for day in made] == list(range(17, 25))
    assert partitions.make_ahead(NOON) == []
    assert len(partitions.make_ahead(NOON + timedelta(days=1))) == 1


def test_a_record_lies_in_the_partition_of_the_day_it_was_received(device: Device, ingest: Ingest) -> None:
    partitions.make_ahead(NOON)
    take_at(ingest, device, NOON, 7, 1)
    assert sql.rows("SELECT tableoid::regclass::text FROM devices_telemetry") == [
        ("devices_telemetry_20310517",)
    ]


def test_a_missing_partition_stops_neither_the_record_nor_the_making_of_others(
    device: Device, ingest: Ingest
) -> None:
    take_at(ingest, device, NOON, 7, 1)
    made = partitions.make_ahead(NOON)  # the 17th cannot be made any more: its record lies in the default one
    assert [day.day for day in made] == list(range(18, 25))
    take_at(ingest, device, NOON + timedelta(minutes=1), 8, 1)
    assert stored(device) == [(7, 1), (8, 1)]


def test_prune_drops_old_days_and_nothing_but_telemetry(device: Device, ingest: Ingest) -> None:
    partitions.make_ahead(NOON)
    take_at(ingest, device, NOON, 7, 1, 2, 3)
    ingest.take(packet(device.serial, event(4, "session_ended"), to_ms(NOON) + 4000))
    take_at(ingest, device, NOON + timedelta(days=2), 8, 1, 2)
    kept = [model.objects.count() for model in (Event, Change, Ledger, Minute, Session)]
    dropped = partitions.drop_before(NOON + timedelta(days=2), keep_days=1)
    assert [day.day for day in dropped] == [17]
    assert sql.rows("SELECT boot, seq FROM devices_telemetry ORDER BY 1, 2") == [(8, 1), (8, 2)]
    assert [model.objects.count() for model in (Event, Change, Ledger, Minute, Session)] == kept
    assert (ledger(device, 7).pruned_to, ledger(device, 8).pruned_to) == (3, None)
    assert ledger(device, 7).stored == [(1, 4)]


def test_a_pruned_record_that_comes_again_is_still_a_repeat(device: Device, ingest: Ingest) -> None:
    partitions.make_ahead(NOON)
    take_at(ingest, device, NOON, 7, 1)
    partitions.drop_before(NOON + timedelta(days=9), keep_days=1)
    ingest.forget()
    taken = ingest.take(packet(device.serial, telemetry(1, late=True), to_ms(NOON) + 10**9))
    assert (len(taken.facts.repeats), taken.refused, stored(device)) == (1, [], [])


def test_old_rows_of_the_default_partition_go_too(device: Device, ingest: Ingest) -> None:
    take_at(ingest, device, NOON, 7, 1, 2)
    take_at(ingest, device, NOON + timedelta(days=5), 8, 1)
    partitions.drop_before(NOON + timedelta(days=5), keep_days=2)
    assert stored(device) == [(8, 1)]
    assert ledger(device, 7).pruned_to == 2


def test_the_day_at_the_limit_is_kept_whole(device: Device, ingest: Ingest) -> None:
    partitions.make_ahead(NOON)
    take_at(ingest, device, NOON, 7, 1)
    assert partitions.drop_before(NOON + timedelta(days=1, hours=11), keep_days=1) == []
    assert stored(device) == [(7, 1)]


def test_the_command_says_what_it_dropped(db: None, capsys: object) -> None:
    partitions.make_ahead(timezone.now() - timedelta(days=120), days=2)
    call_command("prune", "--days", "90")
    assert "dropped 3 days" in capsys.readouterr().out  # type: ignore[attr-defined]


@pytest.mark.parametrize("days", [0, -3])
def test_prune_refuses_to_keep_less_than_a_day(days: int, db: None) -> None:
    partitions.make_ahead(timezone.now())
    before = partitions.existing()
    with pytest.raises(CommandError, match="would delete what arrives today"):
        call_command("prune", "--days", str(days))
    assert partitions.existing() == before


def test_prune_that_is_asked_to_stop_finishes_the_day_in_hand(db: None) -> None:
    partitions.make_ahead(NOON)
    asked = iter([False, True])
    dropped = partitions.drop_before(NOON + timedelta(days=30), keep_days=1, stopped=lambda: next(asked))
    assert [day.day for day in dropped] == [17]
    assert partitions.drop_before(NOON + timedelta(days=30), keep_days=1)[0].day == 18
