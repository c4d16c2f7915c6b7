"""Between socket and database: bounded, live before late, and nothing is forgotten unasked."""

import threading

import pytest

from devices.ingest import inbox as inbox_module
from devices.ingest.inbox import MOST_LIVE, Inbox
from devices.mqtt.link import Message


def message(number: int, *, late: bool = False, spaced: bool = False, epoch: int = 1) -> Message:
    colon = b": " if spaced else b":"
    payload = (
        b'{"seq"' + colon + str(number).encode() + b',"late"' + colon + (b"true" if late else b"false") + b"}"
    )
    return Message(b"ems/v1/A/telemetry", payload, number, number.to_bytes(2), False, epoch)


def numbers(batch: list[Message]) -> list[int]:
    return [one.arrival_ms for one in batch]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.mark.parametrize("spaced", [False, True])
def test_live_goes_before_late_and_a_fifth_of_each_batch_is_late(inbox: Inbox, *, spaced: bool) -> None:
    inbox.put([message(n, late=True, spaced=spaced) for n in range(100)])
    inbox.put([message(n, spaced=spaced) for n in range(1000, 1100)])
    batch, passed = inbox.take(50, 0, 0)
    assert numbers(batch) == [*range(1000, 1040), *range(10)]
    assert passed == []


def test_late_ones_fill_a_batch_that_live_ones_do_not(inbox: Inbox) -> None:
    inbox.put([message(n, late=True) for n in range(100)])
    assert len(inbox.take(50, 0, 0)[0]) == 50


def test_a_full_live_lane_stops_the_reading_until_half_is_done(inbox: Inbox) -> None:
    inbox.put([message(n % 60_000) for n in range(MOST_LIVE)])
    assert inbox.is_full()
    inbox.take(MOST_LIVE // 2 - 1, 0, 0)
    assert inbox.is_full()
    inbox.take(1, 0, 0)
    assert not inbox.is_full()


def test_bytes_fill_the_lane_too(inbox: Inbox) -> None:
    large = message(1)._replace(payload=b"x" * 2**20)
    inbox.put([large] * 16)
    assert inbox.is_full()


def test_late_ones_beyond_the_bound_are_handed_back_unkept_and_hold_no_memory(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "MOST_LATE", 3)
    inbox.put([message(n, late=True) for n in range(5)])
    batch, passed = inbox.take(10, 0, 0)
    assert numbers(batch) == [0, 1, 2]
    assert [one.mid for one in passed] == [(3).to_bytes(2), (4).to_bytes(2)]
    assert all(one.payload == b"" for one in passed)
    assert inbox.passed_count == 2
    assert not inbox.is_full()  # late ones never stop the reading


def test_what_could_not_be_stored_comes_again_first_and_in_order(inbox: Inbox) -> None:
    inbox.put([message(n) for n in range(10)])
    batch, _ = inbox.take(4, 0, 0)
    inbox.give_back(batch)
    assert numbers(inbox.take(10, 0, 0)[0]) == list(range(10))
    assert inbox.depth() == (0, 0)


def test_a_waiting_taker_wakes_with_the_first_message(inbox: Inbox) -> None:
    threading.Timer(0.05, inbox.put, [[message(1)]]).start()
    assert numbers(inbox.take(10, 5, 0)[0]) == [1]


def test_what_came_on_an_earlier_connection_can_be_dropped_for_it_comes_again(inbox: Inbox) -> None:
    inbox.put([message(1, epoch=1), message(2, late=True, epoch=1), message(3, epoch=2)])
    inbox.forget(2)
    assert numbers(inbox.take(10, 0, 0)[0]) == [3]
