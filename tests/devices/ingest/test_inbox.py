"""Where messages wait between the broker and the database."""

import time

from devices.ingest.inbox import MOST_LATE_A_BATCH, Inbox
from devices.mqtt.link import Message

MOST = 2_000
LONG_S = 30.0  # a wait that would fail the test


def messages(count: int, *, late: bool) -> list[Message]:
    payload = b'{"v":1,"late":true}' if late else b'{"v":1,"late":false}'
    return [Message(b"ems/v1/A/telemetry", payload, 0, b"\0\1", False, 1)] * count


def test_a_flood_of_late_records_is_taken_at_once_and_in_batches_that_keep_nothing_live_waiting() -> None:
    inbox = Inbox()
    inbox.put(messages(10_000, late=True))
    inbox.put(messages(7, late=False))
    began = time.monotonic()
    batch, passed = inbox.take(MOST, LONG_S, LONG_S)
    assert time.monotonic() - began < LONG_S
    assert [b'"late":true' in one.payload for one in batch] == [False] * 7 + [True] * MOST_LATE_A_BATCH
    assert passed == []
    assert inbox.depth() == (0, 10_000 - MOST_LATE_A_BATCH)


def test_a_fifth_of_a_full_batch_is_late_so_that_history_moves_under_any_load() -> None:
    inbox = Inbox()
    inbox.put(messages(1_000, late=True))
    inbox.put(messages(4_000, late=False))
    batch, _ = inbox.take(MOST, LONG_S, LONG_S)
    assert len(batch) == MOST
    assert sum(b'"late":true' in one.payload for one in batch) == MOST // 5


def test_what_finds_no_room_is_handed_back_to_be_acknowledged_and_counted() -> None:
    inbox = Inbox()
    inbox.put(messages(20_010, late=True))
    _, passed = inbox.take(MOST, LONG_S, LONG_S)
    assert len(passed) == inbox.passed_count == 10
