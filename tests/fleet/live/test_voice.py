"""Commands are told by a voice that holds up nobody."""

import asyncio
import threading
import time

import pytest

from fleet.live import announce, events, voice
from fleet.live.voice import Voice


class Layer:
    """A channel layer that answers when it is let."""

    def __init__(self):
        self.said, self.open, self.dead, self.came = [], threading.Event(), False, threading.Event()
        self.open.set()

    async def group_send(self, group, message):
        while not self.open.is_set():  # noqa: ASYNC110  the test opens it from another thread
            await asyncio.sleep(0.01)
        if self.dead:
            raise ConnectionError("no Redis")
        self.said.append((group, message["events"]))
        self.came.set()


@pytest.fixture
def layer(monkeypatch):
    layer = Layer()
    monkeypatch.setattr(voice, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(voice, "_AGAIN_S", 0.02)
    return layer


def event(rev, id_="a"):
    return {"kind": "command", "id": id_, "rev": rev}


def said_of(layer, key):
    return [keyed[key]["rev"] for _group, keyed in layer.said if key in keyed]


def wait_until(true, within_s=60):
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_frozen_redis_holds_up_nobody_and_the_newest_word_of_each_command_is_told_afterwards(layer):
    layer.open.clear()
    one = Voice()
    started_s = time.monotonic()
    for rev in range(1, 200):
        one.say("site.1", [("command:a", event(rev))])
    assert time.monotonic() - started_s < 0.2
    layer.open.set()
    wait_until(lambda: said_of(layer, "command:a")[-1:] == [199])
    assert len(layer.said) <= 2


def test_what_a_dead_redis_did_not_take_is_said_when_it_is_back(layer):
    layer.dead = True
    one = Voice()
    one.say("site.1", [("command:a", event(1))])
    wait_until(lambda: one.failed)
    one.say("site.1", [("command:a", event(2))])
    one.say("site.2", [("command:b", event(7, "b"))])
    layer.dead = False
    wait_until(lambda: len(layer.said) >= 2)
    assert said_of(layer, "command:a") == [2]
    assert said_of(layer, "command:b") == [7]


def test_what_waits_is_bounded_and_the_oldest_goes_first(layer, monkeypatch):
    monkeypatch.setattr(voice, "MOST", 3)
    layer.open.clear()
    one = Voice()
    one.say("site.0", [("command:first", event(1))])
    wait_until(lambda: not one._waiting)  # it is being said, and hangs
    one.say("site.1", [(f"command:{n}", event(n)) for n in range(9)])
    assert [key for _group, key in one._waiting] == ["command:6", "command:7", "command:8"]
    layer.open.set()


def test_commands_are_told_where_their_devices_stand(layer, monkeypatch):
    monkeypatch.setattr(voice, "of_this_process", Voice())
    announce.commands([(1, event(1)), (2, event(4, "b")), (1, event(2, "c"))])
    wait_until(lambda: len(layer.said) == 2)
    assert dict(layer.said) == {
        events.site_group(1): {"command:a": event(1), "command:c": event(2, "c")},
        events.site_group(2): {"command:b": event(4, "b")},
    }
