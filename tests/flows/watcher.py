"""Somebody who watches the wall: a WebSocket client (RFC 6455) that answers and returns as the page does."""

import base64
import json
import os
import socket
import struct
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from tests.harness import House, wait_for

_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_AGAIN_S = 0.5  # between two attempts to connect


class Watcher:
    """What one page holds: devices by serial, merged by `rev`, and when pulses came.  A context manager."""

    def __init__(self, house: House, site: str, *, user: str = "nurse") -> None:
        address = urlsplit(house.url)
        self._at = (address.hostname or "", address.port or 80)
        self._path = f"/ws/v1/live?site={site}&token={house.people['users'][user]['token']}"
        self.devices: dict[str, dict[str, Any]] = {}
        self.pulses: list[float] = []  # monotonic seconds
        self.snapshots = 0
        self._stop = threading.Event()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Watcher":
        self._thread.start()
        self.wait_pulse(within_s=20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def silent_s(self) -> float:
        """How long ago the last pulse came; the page greys out at 5 s."""
        return time.monotonic() - self.pulses[-1] if self.pulses else float("inf")

    def wait_pulse(self, *, within_s: float) -> None:
        """Wait for the next pulse."""
        before = len(self.pulses)
        wait_for(lambda: len(self.pulses) > before, within_s=within_s, why="no pulse came to the wall")

    # --- the connection, on its thread ---

    def _run(self) -> None:
        while not self._stop.is_set():
            with suppress(OSError, EOFError):
                self._watch()
            self._stop.wait(_AGAIN_S)

    def _watch(self) -> None:
        with socket.create_connection(self._at, timeout=10) as self._socket:
            stream = self._socket.makefile("rb")
            self._shake_hands(stream)
            while not self._stop.is_set():
                self._socket.settimeout(None)
                kind, payload = _read_frame(stream)
                if kind == _TEXT:
                    self._take(json.loads(payload))
                    self._send(_TEXT, b'"ok"')
                elif kind == _PING:
                    self._send(_PONG, payload)
                elif kind == _CLOSE:
                    return

    def _shake_hands(self, stream: Any) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        assert self._socket is not None
        self._socket.sendall(
            f"GET {self._path} HTTP/1.1\r\nHost: {self._at[0]}:{self._at[1]}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        if b" 101 " not in stream.readline():
            raise EOFError
        while stream.readline() not in (b"\r\n", b""):
            pass

    def _send(self, kind: int, payload: bytes) -> None:
        """Send one short frame; what a client sends is masked."""
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
        assert self._socket is not None
        self._socket.sendall(bytes((0x80 | kind, 0x80 | len(payload))) + mask + masked)

    def _take(self, message: dict[str, Any]) -> None:
        """Merge as the page does."""
        if message["type"] == "snapshot":
            self.devices = {device["serial"]: device for device in message["devices"]}
            self.snapshots += 1
        for event in message.get("events", ()):
            if event["kind"] == "pulse":
                self.pulses.append(time.monotonic())
            elif event["kind"] == "device":
                device = self.devices.get(event["serial"], {"rev": -1})
                if event["rev"] >= device["rev"]:
                    self.devices[event["serial"]] = device | event


def _read_frame(stream: Any) -> tuple[int, bytes]:
    """Return (kind, payload) of a frame from the server, which does not split its messages."""
    first, length = _exactly(stream, 2)
    if length == 126:
        (length,) = struct.unpack("!H", _exactly(stream, 2))
    elif length == 127:
        (length,) = struct.unpack("!Q", _exactly(stream, 8))
    return first & 0x0F, _exactly(stream, length)


def _exactly(stream: Any, count: int) -> bytes:
    data: bytes = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data
