"""Every gap has its reason, and no gap holds a watermark up for good."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from devices.wire.messages import Watermark
from tests.flows.devices import Air, Device
from tests.harness import House, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

STUCK_S = 2
HOLES = 200
MOST_RANGES = 32  # in one watermark
INFLIGHT, QUEUED = 20, 100
"""What the broker sends before it is answered, and what it keeps beyond; everything else it drops without a word."""
OVERFLOW = 300


@pytest.fixture(scope="module")
def house(make_shared_house: Callable[..., House]) -> House:
    house = make_shared_house(env={"WATERMARK_STUCK_SECONDS": str(STUCK_S)})
    house.start("ingest", "web")
    return house


@pytest.fixture(scope="module")
def air(house: House) -> Iterator[Air]:
    with Air(house) as air:
        yield air


@pytest.fixture(scope="module", autouse=True)
def newcomer(air: Air) -> Device:
    """A device enrolled at boot 7, record 50,000.  It speaks on while the other tests run: it is watched for 10 s."""
    device = air.device(boot=7, seq=49_999, on_for_ms=50_000_000)
    device.connect()

    def speak() -> None:
        device.seq += 1
        body = device.telemetry_body(device.seq, device.up_ms())
        device.put(f"ems/v1/{device.serial}/telemetry".encode(), body)
        air.loop.call_later(0.5, speak)

    air.do(speak)
    return device


def ledger(house: House, device: Device, boot: int | None = None) -> dict[str, Any]:
    status, body = house.api(f"devices/{device.serial}/ledger", user="admin")
    assert status == 200, body
    wanted = device.boot if boot is None else boot
    return next(one for one in body["items"] if one["boot"] == wanted)


def gaps(house: House, device: Device, boot: int | None = None) -> list[tuple[int, int, str]]:
    return [(gap["from"], gap["to"], gap["reason"]) for gap in ledger(house, device, boot)["gaps"]]


def send(device: Device, *seqs: int, late: bool = False) -> None:
    """Send these records, whatever their order."""
    for seq in seqs:
        device.say("telemetry", device.telemetry_body(seq, seq * 1000, late=late))


def test_a_record_rejected_in_the_middle_is_passed_and_a_good_one_replaces_it(house: House, air: Air) -> None:
    device = air.device()
    device.connect()
    send(device, 1, 2)
    device.say("telemetry", device.telemetry_body(3, 3000, ma=[[1.0], [1.0, 2.0]]))
    send(device, 4, 5)
    device.wait_watermark(5)
    assert gaps(house, device) == [(3, 3, "rejected")]
    _, rejects = house.api(f"rejects?device={device.serial}", user="admin")
    assert [(one["reason"], one["count"]) for one in rejects["items"]] == [("samples", 1)]

    send(device, 3)
    wait_for(lambda: not gaps(house, device), within_s=60, why="the good record did not replace the bad one")
    assert ledger(house, device)["stored"] == 5


def test_another_record_under_a_number_that_is_taken_is_refused_and_the_watermark_told_again(
    house: House, air: Air
) -> None:
    device = air.device()
    device.connect()
    send(device, 1, 2, 3)
    told = device.wait_watermark(3)
    send(device, 2)  # the same again
    device.say("telemetry", device.telemetry_body(3, 3_500))
    device.say("event", device.event_body(1, 1_000, "other"))
    wait_for(
        lambda: house.api(f"rejects?device={device.serial}&reason=reused", user="admin")[1]["items"][1:],
        within_s=60,
        why="two that were no repeats were not refused",
    )
    wait_for(lambda: device.watermarks[-1] is not told, within_s=60, why="the watermark was not told again")
    book = ledger(house, device)
    assert (book["stored"], book["rejected"], book["gaps"]) == (3, 0, [])
    _, records = house.api(f"devices/{device.serial}/records", user="admin")
    assert [(one["seq"], one["body"]["up_ms"]) for one in records["items"]] == [
        (1, 1000),
        (2, 2000),
        (3, 3000),
    ]


def test_each_gap_has_its_reason(house: House, air: Air) -> None:
    device = air.device(on_for_ms=60_000)
    device.connect()
    send(device, 1, 2, 3)
    device.say("telemetry", device.telemetry_body(4, 4000, soc=-1))
    send(device, 10)
    device.seq = 10
    device.event("dropped", {"boot": 1, "ranges": [[5, 6]]})
    device.wait_missing(7, 9)
    assert gaps(house, device) == [(4, 4, "rejected"), (5, 6, "dropped"), (7, 9, "awaited")]
    assert device.watermark().seq == 6  # type: ignore[union-attr]

    send(device, 8, late=True)
    device.wait_missing(9, 9)
    device.restart(2)
    device.connect(buffered=[{"boot": 1, "from": 9, "to": 9}])
    assert gaps(house, device, boot=1)[-1] == (9, 9, "awaited")

    device.restart(3)
    device.connect()  # it does not speak of boot 1 any more
    wait_for(
        lambda: {gap[2] for gap in gaps(house, device, boot=1)} == {"rejected", "dropped", "lost"},
        within_s=60,
        why=lambda: f"boot 1 has {gaps(house, device, boot=1)}",
    )
    assert ledger(house, device, boot=1)["stored"] == 6


def test_a_stream_that_lost_every_other_record_is_asked_for_all_of_them(house: House, air: Air) -> None:
    device = air.device(on_for_ms=HOLES * 2_000)

    def answer(watermark: Watermark) -> None:
        for first, last in watermark.missing:
            for seq in range(first, last + 1):
                body = device.telemetry_body(seq, seq * 1000, late=True)
                device.put(f"ems/v1/{device.serial}/telemetry".encode(), body)

    device.on_watermark = answer
    device.connect()
    send(device, *range(1, HOLES * 2, 2))
    device.wait_watermark(HOLES * 2 - 1, within_s=60)
    assert gaps(house, device) == []
    assert max(len(one.missing) for one in device.watermarks) == MOST_RANGES


def test_a_device_first_seen_in_the_middle_of_a_boot_starts_there(house: House, newcomer: Device) -> None:
    newcomer.wait_missing(1, 49_999)  # it might still have them; it sends nothing of what it was asked for
    newcomer.wait_watermark(50_000)
    newcomer.wait_watermark(newcomer.seq)
    book = ledger(house, newcomer)
    assert (book["first_seq"], book["gaps"]) == (50_000, [])
    assert book["contiguous_seq"] == book["highest_seq"] > 50_000


def small_broker(house: House) -> None:
    """Start the broker anew, with queues that are soon full."""
    program = house.servers.broker(house._broker)
    path = house.var / "broker" / "mosquitto.conf"
    text = path.read_text()
    text = text.replace("max_inflight_messages 5000", f"max_inflight_messages {INFLIGHT}")
    text = text.replace("max_queued_messages 1000000", f"max_queued_messages {QUEUED}")
    small = path.with_name("small.conf")
    small.write_text(text)
    small.chmod(0o644)
    house.processes.start(replace(program, command=[program.command[0], "-c", str(small)]))
    house.processes.wait_ready("broker")


def test_what_an_overflowing_broker_dropped_without_a_word_is_asked_for_again(house: House, air: Air) -> None:
    house.stop("ingest", "broker")
    small_broker(house)
    house.start("ingest")
    device = air.device(on_for_ms=OVERFLOW * 1000)
    device.connect()
    send(device, 1)
    device.wait_watermark(1)

    connections = house.processes.tail("ingest", 1000).count("broker connected")
    house.pause("ingest")
    send(device, *range(2, OVERFLOW))
    device.wait_acknowledged()  # the broker said of each that it has it
    house.resume("ingest")
    wait_for(
        lambda: (newest := device.watermark()) is not None and newest.seq >= INFLIGHT,
        within_s=60,
        why="ingest stores nothing",
    )
    send(device, OVERFLOW)
    wait_for(
        lambda: any(one.missing for one in device.watermarks), within_s=60, why="nobody asks for the rest"
    )
    assert device.watermark().seq < OVERFLOW - 1, "nothing was dropped"  # type: ignore[union-attr]
    assert house.processes.tail("ingest", 1000).count("broker connected") == connections

    asked = [pair for one in device.watermarks for pair in one.missing]
    assert gaps(house, device) == [(asked[-1][0], OVERFLOW - 1, "awaited")]
    for first, last in asked[-1:]:
        for low in range(first, last + 1, QUEUED // 2):
            send(device, *range(low, min(low + QUEUED // 2, last + 1)), late=True)
            device.wait_watermark(min(low + QUEUED // 2 - 1, last))
    device.wait_watermark(OVERFLOW)
    assert gaps(house, device) == []
    assert ledger(house, device)["stored"] == OVERFLOW
