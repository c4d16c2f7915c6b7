"""The server says that it is there, and refuses to be the second on one broker."""

import json
import time
from typing import Any

import pytest

from devices.ingest import presence as presence_module
from devices.ingest.presence import Presence
from devices.mqtt.link import Message
from devices.wire import codec
from devices.wire.messages import ServerStatus


class Clock:
    """Stands for `time` in the module: only what a test moves passes."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s

    def time_ns(self) -> int:
        return int((1_763_788_000 + self.now_s) * 10**9)


class Wire:
    """The part of a link that presence uses: who is connected since when, and what was published."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.epoch = 0
        self.connected_at: float | None = None
        self.said: list[dict[str, Any]] = []

    def connect(self) -> None:
        self.epoch, self.connected_at = self.epoch + 1, self.clock.now_s

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.said.append(json.loads(payload) | {"topic": topic, "retain": retain})


class House:
    def __init__(self) -> None:
        self.clock = Clock()
        self.wire = Wire(self.clock)
        self.presence = Presence("here")

    def passes(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.clock.now_s += 0.1
            self.presence.tick(self.wire)  # type: ignore[arg-type]

    def reads(self, state: str, server: str, *, age_s: float = 0) -> None:
        t_ms = self.clock.time_ns() // 10**6 - round(age_s * 1000)
        said = ServerStatus(state=state, server=server, t=t_ms)  # type: ignore[arg-type]
        self.presence.read(Message(b"ems/v1/_server/status", codec.encode(said), t_ms, b"", True, 1))

    def said(self) -> list[str]:
        return [one["state"] for one in self.wire.said]


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    made = House()
    monkeypatch.setattr(presence_module, "time", made.clock)
    return made


def test_it_says_online_a_second_after_each_connect_and_every_30_s(house: House) -> None:
    house.passes(5)
    assert house.said() == []
    house.wire.connect()
    house.passes(0.9)
    assert house.said() == []
    house.passes(0.3)
    assert house.said() == ["online"]
    house.passes(30)
    assert house.said() == ["online"] * 2
    house.wire.connect()
    house.passes(1.2)
    assert house.said() == ["online"] * 3
    assert house.wire.said[0] == {
        "v": 1, "state": "online", "server": "here", "t": house.wire.said[0]["t"], "topic": "ems/v1/_server/status",
        "retain": True,
    }  # fmt: skip


def test_reading_its_own_offline_while_it_runs_it_says_online_at_once(house: House) -> None:
    house.wire.connect()
    house.passes(2)
    house.reads("offline", "here")
    house.passes(0.1)
    assert house.said() == ["online"] * 2


def test_nonsense_on_its_topic_is_overwritten(house: House) -> None:
    house.wire.connect()
    house.passes(2)
    house.presence.read(Message(b"ems/v1/_server/status", b"\xff", 0, b"", False, 1))
    house.passes(0.1)
    assert house.said() == ["online"] * 2


@pytest.mark.parametrize(
    "state, age_s, is_other",
    [("online", 0, True), ("online", 59, True), ("online", 61, False), ("offline", 0, False)],
)
def test_a_second_server_gives_way_to_one_that_is_online_and_fresh(
    house: House, state: str, age_s: float, *, is_other: bool
) -> None:
    house.wire.connect()
    house.reads(state, "there", age_s=age_s)
    house.passes(3)
    assert (house.presence.other == "there") == is_other
    assert (house.said() == []) == is_other
    house.presence.goodbye(house.wire)  # type: ignore[arg-type]
    assert house.said() == ([] if is_other else ["online", "offline"])


def test_its_own_earlier_online_is_nobody_else(house: House) -> None:
    house.wire.connect()
    house.reads("online", "here")
    house.passes(2)
    assert (house.presence.other, house.said()) == (None, ["online"])


def test_its_will_says_offline() -> None:
    will = Presence("here").will()
    assert (will.topic, codec.decode_server_status(will.payload).state) == (
        "ems/v1/_server/status",
        "offline",
    )
    assert abs(codec.decode_server_status(will.payload).t - time.time() * 1000) < 60_000
