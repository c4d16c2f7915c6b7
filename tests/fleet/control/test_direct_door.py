"""The direct path's port is reached by whoever is on this machine, or on the web's network: it stands crowds."""

import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from uuid import UUID, uuid4

import msgspec
import pytest

from fleet.control import direct_door
from fleet.control.direct import Answer, Asked

LONG_S = 30.0  # byte by byte a line could last minutes


@pytest.fixture
def port() -> Iterator[int]:
    """A port of the direct path that takes every stop."""

    def take(asked: Asked) -> Answer:
        return Answer(asked.id, 0, 0, ())

    server = direct_door._Server(direct_door.Listen("127.0.0.1", 0), take)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def said(port: int, line: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line_to:
        line_to.sendall(line)
        return line_to.makefile("rb").read()


def stop(id: UUID) -> bytes:
    return msgspec.json.encode(Asked(permit="myp_", id=id)) + b"\n"


def test_a_crowd_that_says_nothing_keeps_no_stop_out(port: int) -> None:
    with ExitStack() as crowd:
        for _ in range(direct_door._AT_ONCE + 10):
            crowd.enter_context(socket.create_connection(("127.0.0.1", port)))
        id_ = uuid4()
        assert str(id_).encode() in said(port, stop(id_))


def test_whoever_speaks_byte_by_byte_has_no_longer_than_others(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct_door, "_PATIENCE_S", 0.2)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as drop_by_drop:
        began_s = time.monotonic()
        with suppress(OSError):
            while time.monotonic() - began_s < LONG_S:
                drop_by_drop.sendall(b" ")
                time.sleep(0.02)
    assert time.monotonic() - began_s < LONG_S, "each byte bought it as long again"


@pytest.mark.parametrize(
    "line", [b"\n", b"[]\n", b"[" * 8_191 + b"\n", b'{"permit":"\xff"}\n', b"GET / HTTP/1.1\r\n"]
)
def test_what_is_no_stop_is_answered_and_stops_nothing(port: int, line: bytes) -> None:
    assert b'"status":422' in said(port, line)


def test_who_hung_up_meanwhile_has_pressed_when_they_pressed_and_who_waits_presses_now() -> None:
    """A dispatch that hung for minutes finds in its line what was asked then: that is over."""
    taken: queue.Queue[Asked] = queue.Queue()

    def take(asked: Asked) -> Answer:
        taken.put(asked)
        return Answer(asked.id, 0, 0, ())

    asked = msgspec.json.encode(Asked(permit="myp_", id=uuid4(), pressed_ms=7)) + b"\n"
    server = direct_door._Server(direct_door.Listen("127.0.0.1", 0), take)
    with socket.create_connection(server.server_address, timeout=60) as gone:
        gone.sendall(asked)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    assert taken.get(timeout=60).pressed_ms == 7
    said(server.server_address[1], asked)
    assert taken.get(timeout=60).pressed_ms is None
    server.shutdown()
    server.server_close()
