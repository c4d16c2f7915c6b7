"""A batch into the real tables: each record once, whatever is repeated, lost or raced."""

from datetime import timedelta
from random import Random

import pytest
from django.db import transaction

from devices.models import Change, Device, Event, Ledger, Reject, State
from devices.store import sql, states
from devices.wire.messages import BufferedRange, Will
from tests.devices.batch.worktop import event
from tests.devices.history import status, telemetry
from tests.devices.store.tables import T0, Ingest, ledger, packet, placed, state, stored


def at(seq: int) -> int:
    return T0 + 1000 * seq + 20


def test_a_record_delivered_many_times_is_stored_once(device: Device, ingest: Ingest) -> None:
    one = packet(device.serial, telemetry(1), at(1))
    ingest.take(one, one)
    ingest.take(one)
    ingest.forget()  # as a restart would
    taken = ingest.take(one)
    assert stored(device) == [(7, 1)]
    assert len(taken.facts.repeats) == 1
    assert not Reject.objects.exists()


def test_any_order_duplication_and_split_stores_each_record_once(device: Device, ingest: Ingest) -> None:
    random = Random(1)
    packets = [packet(device.serial, telemetry(seq, late=seq % 3 == 0), at(400)) for seq in range(1, 301)]
    packets += random.sample(packets, 60)
    random.shuffle(packets)
    while packets:
        cut = random.randint(1, 40)
        ingest.take(*packets[:cut])
        packets = packets[cut:]
        if random.random() < 0.3:
            ingest.forget()
    assert stored(device) == [(7, seq) for seq in range(1, 301)]
    assert ledger(device).stored == [(1, 300)]


def test_another_record_under_a_taken_number_is_rejected_as_reused(device: Device, ingest: Ingest) -> None:
    ingest.take(packet(device.serial, telemetry(1), at(1)))
    ingest.take(packet(device.serial, telemetry(1, up_ms=5000), at(5)))
    ingest.take(packet(device.serial, event(1, "estop", up_ms=1000), at(6)))
    assert stored(device) == [(7, 1)]
    assert [(one.reason, one.serial) for one in Reject.objects.all()] == [("reused", device.serial)] * 2


def test_a_second_writer_makes_the_batch_raced_and_taking_it_again_works(
    device: Device, ingest: Ingest
) -> None:
    ingest.take(packet(device.serial, telemetry(1), at(1)))
    State.objects.filter(device=device).update(rev=99, link="suspect")  # a worker's sweep
    second = packet(device.serial, telemetry(2), at(2))
    with pytest.raises(states.Raced), transaction.atomic():
        ingest.take(second)
    ingest.forget()
    ingest.take(second)
    assert stored(device) == [(7, 1), (7, 2)]
    assert (state(device).rev, state(device).link) == (100, "online")


def test_a_batch_that_was_rolled_back_leaves_nothing_and_can_be_taken_again(
    device: Device, ingest: Ingest
) -> None:
    batch = [
        packet(device.serial, status(buffered=(BufferedRange(boot=6, from_=1, to=4),)), at(60)),
        packet(device.serial, telemetry(61), at(61)),
    ]

    class PowerCut(Exception):
        pass

    def take_and_lose_power() -> None:
        with transaction.atomic():
            ingest.take(*batch)
            raise PowerCut

    with pytest.raises(PowerCut):
        take_and_lose_power()
    assert stored(device) == []
    assert not Ledger.objects.exists()
    ingest.forget()
    ingest.take(*batch)
    assert stored(device) == [(7, 61)]


def test_telemetry_without_its_partition_falls_to_the_default_one(device: Device, ingest: Ingest) -> None:
    ingest.take(packet(device.serial, telemetry(1), at(1)))  # T0 is long ago: no partition is made for it
    assert sql.rows("SELECT tableoid::regclass::text FROM devices_telemetry") == [("devices_telemetry_rest",)]


def test_a_number_rejected_is_passed_and_a_good_record_replaces_it(device: Device, ingest: Ingest) -> None:
    garbled = b'{"v":1,"boot":7,"seq":2,"up_ms":"noon"}'
    ingest.take(
        packet(device.serial, telemetry(1), at(1)),
        packet(device.serial, garbled, at(2), kind="telemetry"),
        packet(device.serial, telemetry(3), at(3)),
    )
    assert (ledger(device).stored, ledger(device).rejected) == ([(1, 1), (3, 3)], [(2, 2)])
    assert ingest.desk.books[device.pk][7].contiguous() == 3
    ingest.take(packet(device.serial, telemetry(2, late=True), at(9)))
    assert (ledger(device).stored, ledger(device).rejected) == ([(1, 3)], [])


def test_garbled_boots_do_not_fill_the_ledger(device: Device, ingest: Ingest) -> None:
    for boot in range(1000, 1200):
        ingest.take(packet(device.serial, f'{{"v":1,"boot":{boot},"seq":2}}'.encode(), at(2), kind="event"))
    assert Ledger.objects.count() <= 8


def test_boots_that_are_only_spoken_of_get_no_row(device: Device, ingest: Ingest) -> None:
    for conn in range(1, 30):
        spans = tuple(BufferedRange(boot=conn * 100 + n, from_=1, to=9) for n in range(64))
        ingest.take(
            packet(device.serial, status(boot=5000, conn=conn, up_ms=conn * 1000, buffered=spans), at(conn))
        )
    assert Ledger.objects.count() == 1
    assert len(ingest.desk.books[device.pk]) < 300


def test_a_device_with_thousands_of_boots_does_not_grow_the_desk(device: Device, ingest: Ingest) -> None:
    for boot in range(1, 400):
        ingest.take(packet(device.serial, telemetry(1, boot=boot), at(boot)))
    assert len(ingest.desk.books[device.pk]) <= 130
    ingest.take(packet(device.serial, telemetry(1, boot=1), at(400)))
    assert stored(device) == [(boot, 1) for boot in range(1, 400)]


def test_true_where_a_boot_is_expected_in_the_data_of_another_event_harms_nobody(
    device: Device, ingest: Ingest
) -> None:
    ingest.take(packet(device.serial, event(1, "other", data={"boot": True}), at(1)))
    assert stored(device) == [(7, 1)]


def test_what_goes_beyond_the_ledger_s_bound_is_rejected_as_sparse(device: Device, ingest: Ingest) -> None:
    ingest.take(*(packet(device.serial, telemetry(seq), at(seq)) for seq in range(1, 2401, 2)))
    assert len(ledger(device).stored) == 1000
    assert Reject.objects.filter(reason="sparse").count() == 100  # rows; the rest is counted on the last
    assert sum(one.count for one in Reject.objects.all()) == 200
    assert state(device).link == "online"


def test_a_device_that_garbles_every_other_record_keeps_its_good_ones(device: Device, ingest: Ingest) -> None:
    packets = []
    for seq in range(1, 3001, 2):
        packets.append(packet(device.serial, telemetry(seq), at(seq)))
        packets.append(
            packet(
                device.serial, f'{{"v":1,"boot":7,"seq":{seq + 1}}}'.encode(), at(seq + 1), kind="telemetry"
            )
        )
    for start in range(0, len(packets), 500):
        ingest.take(*packets[start : start + 500])
    assert len(stored(device)) == 1500
    assert ingest.desk.books[device.pk][7].contiguous() == 3000


def test_the_state_s_row_holds_what_the_desk_holds(device: Device, ingest: Ingest) -> None:
    ingest.take(
        packet(device.serial, status(), at(60)),
        packet(device.serial, telemetry(61), at(61)),
        packet(device.serial, Will(boot=7, conn=2), at(62)),
    )
    loaded = states.load([device.pk])[device.pk]
    kept = ingest.desk.states[device.pk]
    loaded.told_soc, loaded.told_temp_c = kept.told_soc, kept.told_temp_c
    assert loaded == kept
    assert loaded.rev == 1


def test_a_stored_status_that_a_stricter_contract_refuses_does_not_lock_the_device_out(
    device: Device, ingest: Ingest
) -> None:
    ingest.take(packet(device.serial, status(), at(60)))
    State.objects.filter(device=device).update(status=b'{"v":0}', telemetry=b"{}")
    ingest.forget()
    ingest.take(packet(device.serial, telemetry(61), at(61)))
    assert stored(device) == [(7, 61)]


def test_a_birth_and_the_link_it_brings_back_are_one_change(device: Device, ingest: Ingest) -> None:
    ingest.take(packet(device.serial, status(), at(60)))
    [change] = Change.objects.all()
    assert (change.why, change.link, change.rev) == ("link,birth", "online", state(device).rev)


def test_a_link_that_telemetry_brings_back_is_a_change(device: Device, ingest: Ingest) -> None:
    ingest.take(packet(device.serial, status(), at(60)))
    State.objects.filter(device=device).update(link="offline", rev=2)
    ingest.forget()
    ingest.take(packet(device.serial, telemetry(120), at(120)))
    change = Change.objects.latest("id")
    assert (change.why, change.link, change.rev) == ("link", "online", 3)


def test_a_wild_up_ms_stops_neither_its_own_batch_nor_later_ones(
    device: Device, other: Device, ingest: Ingest
) -> None:
    ingest.take(
        packet(device.serial, telemetry(1, up_ms=2**53 - 1), at(1)),
        packet(device.serial, event(2, "estop", up_ms=5), at(2)),
        packet(device.serial, status(up_ms=7), at(3)),
        packet(other.serial, telemetry(1), at(3)),
    )
    ingest.take(packet(device.serial, telemetry(3, up_ms=10), at(4)))
    assert stored(device) == [(7, 1), (7, 2), (7, 3)]
    assert stored(other) == [(7, 1)]


def test_an_event_of_an_earlier_boot_is_placed_at_its_true_time(device: Device, ingest: Ingest) -> None:
    ingest.take(packet(device.serial, telemetry(30), at(30)))
    lost = event(
        1,
        "session_ended",
        boot=8,
        up_ms=900,
        data={"reason": "power_loss", "of": {"boot": 7, "up_ms": 31_500}},
    )
    ingest.take(packet(device.serial, lost, at(90)))
    assert Event.objects.get(boot=8).placed_at - Event.objects.get(boot=8).received_at < timedelta(
        seconds=-50
    )


def test_late_records_are_placed_in_their_past(device: Device, ingest: Ingest) -> None:
    ingest.take(packet(device.serial, telemetry(100), at(100)))
    ingest.take(packet(device.serial, telemetry(10, late=True), at(101)))
    assert placed(device)[7, 10] == (at(10), True, "l")
    assert state(device).up_ms == 100_000
