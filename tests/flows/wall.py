"""The browser's end of the wall's WebSocket: a snapshot, and the events that came since, merged by `rev`."""

import base64
import json
import os
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from tests.harness import House, wait_for

_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
PATIENT_S = 60.0

Said = tuple[float, dict[str, Any]]


class Wall:
    """One who looks at a site, and answers each message with "ok".  A context manager.

    Args:
        ok_after_s: How long drawing a message takes, in a tab that stalls.
    """

    def __init__(self, house: House, site: str, *, user: str = "nurse", ok_after_s: float = 0.0) -> None:
        self.house, self.site = house, site
        self._ok_after_s = ok_after_s
        self._token = house.people["users"][user]["token"]
        self.devices: dict[str, dict[str, Any]] = {}
        self.told: list[Said] = []
        """(monotonic s, event) of each device event."""
        self.seen: dict[tuple[str, int], dict[str, Any]] = {}
        """Each device as it was shown, by serial and `rev`."""
        self.snapshots = 0
        self.pulses: list[float] = []
        self.closed = False
        self._lock = threading.Lock()

    def __enter__(self) -> "Wall":
        parts = urlsplit(self.house.url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=PATIENT_S)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET /ws/v1/live?site={self.site}&token={self._token} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self._file = self._socket.makefile("rb")
        answer = self._file.readline()
        assert b" 101 " in answer, answer
        while self._file.readline().strip():
            pass
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._listen, name=f"wall {self.site}", daemon=True)
        self._thread.start()
        wait_for(lambda: self.snapshots or self.closed, within_s=PATIENT_S, why="no snapshot came")
        if not self.snapshots:
            raise ConnectionError(f"the server closed the wall of {self.site}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._file.close()
        self._socket.close()

    def resync(self) -> None:
        """Ask for a fresh snapshot, and wait for it."""
        before = self.snapshots
        self._send(_TEXT, b'{"resync":true}')
        wait_for(lambda: self.snapshots > before, within_s=PATIENT_S, why="no fresh snapshot came")

    def say(self, text: str) -> None:
        """Send a short text of one's own."""
        self._send(_TEXT, text.encode())

    def wait_shown(self, serial: str, *, within_s: float = PATIENT_S, **fields: Any) -> dict[str, Any]:
        """Wait until a device is shown with these values."""

        def shown() -> dict[str, Any] | None:
            device = self.devices.get(serial, {})
            return device if all(device.get(name) == value for name, value in fields.items()) else None

        return wait_for(
            shown,
            within_s=within_s,
            why=lambda: f"{serial} is shown as {self.devices.get(serial)}, not {fields}",
        )

    def as_shown(self, serial: str, rev: int) -> dict[str, Any] | None:
        """The device as it was shown at a `rev`; None if that was never shown."""
        with self._lock:
            return self.seen.get((serial, rev))

    def _listen(self) -> None:
        try:
            while True:
                self._take(*self._frame())
        except (OSError, EOFError, ValueError):
            self.closed = True

    def _take(self, opcode: int, data: bytes) -> None:
        if opcode == _PING:
            self._send(_PONG, data)
        elif opcode == _CLOSE:
            raise EOFError
        elif opcode == _TEXT:
            with self._lock:
                self._draw(json.loads(data))
            if self._ok_after_s:
                time.sleep(self._ok_after_s)
            self._send(_TEXT, b'"ok"')

    def _draw(self, message: dict[str, Any]) -> None:
        if message["type"] == "snapshot":
            self.devices = {one["serial"]: one for one in message["devices"]}
            for one in message["devices"]:
                self.seen[one["serial"], one["rev"]] = one
            self.snapshots += 1
        now_s = time.monotonic()
        for event in message.get("events", ()):
            if event["kind"] == "pulse":
                self.pulses.append(now_s)
                continue
            if event["kind"] != "device":
                continue
            self.told.append((now_s, event))
            known = self.devices[event["serial"]]
            if event["rev"] >= known["rev"]:
                merged = known | {name: value for name, value in event.items() if name != "kind"}
                self.devices[event["serial"]] = self.seen[event["serial"], event["rev"]] = merged

    def _frame(self) -> tuple[int, bytes]:
        first, size = self._read(2)
        size &= 0x7F
        if size >= 126:
            [size] = struct.unpack("!H" if size == 126 else "!Q", self._read(2 if size == 126 else 8))
        return first & 0x0F, self._read(size)

    def _read(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise EOFError
        return data

    def _send(self, opcode: int, data: bytes) -> None:
        """Send a short frame; a mask of zeros masks nothing, and is one all the same."""
        assert len(data) < 126
        self._socket.sendall(bytes((0x80 | opcode, 0x80 | len(data))) + bytes(4) + data)
