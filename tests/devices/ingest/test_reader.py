"""From topic and bytes to messages of known devices; what cannot be read is refused with its reason."""

import json

import pytest

from devices.ingest.reader import Reader, Reading
from devices.mqtt.link import Message
from devices.wire import codec
from devices.wire.topics import KINDS
from tests.devices.history import telemetry
from tests.devices.wire import mutate

DEVICES = {"EMS-1": 1, "EMS-2": 2}


@pytest.fixture
def reader() -> Reader:
    return Reader(DEVICES.get, lambda name: name == "spare")


def message(topic: str | bytes, payload: bytes, *, retained: bool = False) -> Message:
    name = topic if isinstance(topic, bytes) else topic.encode()
    return Message(name, payload, 1_763_788_000_000, b"\0\1", retained, 1)


GOOD = codec.encode(telemetry(5))


def reasons(reading: Reading) -> list[str]:
    return [one.reason for one in reading.refused]


def test_good_messages_beside_bad_ones_are_all_heard(reader: Reader) -> None:
    bad = message("ems/v1/EMS-1/telemetry", b"\xff")
    reading = reader.read(
        [bad, message("ems/v1/EMS-1/telemetry", GOOD), bad, message("ems/v1/EMS-2/telemetry", GOOD)]
    )
    assert [(one.device_id, one.body) for one in reading.heard] == [(1, GOOD), (2, GOOD)]
    assert reasons(reading) == ["utf8", "utf8"]


def test_a_refused_record_whose_number_can_be_read_is_numbered(reader: Reader) -> None:
    broken = json.loads(GOOD) | {"ma": "much"}
    reading = reader.read([message("ems/v1/EMS-1/telemetry", json.dumps(broken).encode())])
    assert [one[:3] for one in reading.numbered] == [(1, 7, 5)]


def test_a_refused_status_has_no_number_of_a_record(reader: Reader) -> None:
    reading = reader.read([message("ems/v1/EMS-1/status", b'{"v":1,"boot":7,"seq":5}')])
    assert reading.numbered == []
    assert len(reading.refused) == 1


def test_an_excerpt_is_cut_and_names_its_device(reader: Reader) -> None:
    [refused] = reader.read([message("ems/v1/EMS-1/telemetry", b"x" * 5000)]).refused
    assert (len(refused.excerpt), refused.device_id, refused.serial) == (200, 1, "EMS-1")


@pytest.mark.parametrize(
    "topic, reason",
    [
        ("ems/v1/nobody/telemetry", "unknown_serial"), ("ems/v1/EMS-1/gossip", "topic"), ("ems/v1", "topic"),
        (b"ems/v1/\xff/telemetry", "topic"), ("ems/v1/" + "x" * 400 + "/status", "topic"), ("", "topic"),
    ],
)  # fmt: skip
def test_a_topic_that_is_nobody_s_is_refused(reader: Reader, topic: str | bytes, reason: str) -> None:
    [refused] = reader.read([message(topic, GOOD)]).refused
    assert (refused.reason, refused.serial, refused.device_id) == (reason, "", None)
    assert len(refused.topic) <= 300


def test_the_server_s_own_topics_are_skipped(reader: Reader) -> None:
    reading = reader.read([message("ems/v1/_server/status", b"{}"), message("ems/v1/EMS-1/command", b"{}")])
    assert (reading.heard, reading.refused) == ([], [])


def test_an_account_without_a_device_is_kept_apart(reader: Reader) -> None:
    reading = reader.read([message("ems/v1/spare/telemetry", GOOD), message("ems/v1/spare/telemetry", b"{")])
    assert [(serial, kind, body) for serial, kind, body, _at in reading.unknown] == [
        ("spare", "telemetry", GOOD)
    ]
    assert [(one.reason, one.serial) for one in reading.refused] == [("json", "spare")]


def test_strangers_leave_nothing_in_memory(reader: Reader) -> None:
    reader.read([message(f"ems/v1/stranger-{n}/status", GOOD) for n in range(1000)])
    reader.read([message("ems/v1/EMS-1/status", b""), message("ems/v1/EMS-1/status", b"")])
    assert list(reader._known) == [b"ems/v1/EMS-1/status"]


def test_each_hostile_payload_is_either_heard_or_refused_with_a_reason(reader: Reader) -> None:
    packets = [message(f"ems/v1/EMS-1/{kind}", body) for kind, body in mutate.payloads(7, 3_000)]
    reading = reader.read(packets)
    taken = {kind.encode() for kind in KINDS if kind in ("status", "telemetry", "event")}
    relevant = [one for one in packets if one.topic.rsplit(b"/")[-1] in taken]
    assert len(reading.heard) + len(reading.refused) == len(relevant)
    assert all(one.reason and one.detail and "\0" not in one.topic + one.detail for one in reading.refused)
