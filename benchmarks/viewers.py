"""Plain WebSocket clients that watch a wall and answer `"ok"` as its page does: when drawn, and after a rest.

Run as `python -m benchmarks.viewers` with its arguments as one JSON object.  Prints `ready` once each has had its
snapshot, and one JSON object when it is told to end (SIGTERM).
"""

import asyncio
import base64
import json
import os
import signal
import sys
from dataclasses import dataclass
from typing import Any


@dataclass
class Plan:
    """Who watches what."""

    host: str
    port: int
    paths: list[str]
    """Of the sockets that each page has."""
    count: int
    rest_s: float = 0.056
    """What the page takes to answer: half a frame until it draws, half a frame of drawing, and its rest of 40 ms."""


class Viewer(asyncio.Protocol):
    """One WebSocket (RFC 6455), as little of it as is needed: no fragments, no extensions."""

    def __init__(self, plan: Plan, path: str) -> None:
        self._plan, self._path = plan, path
        self._unread = bytearray()
        self._upgraded = False
        self._transport: Any = None
        self.messages = self.octets = 0
        self.closed: str | None = None
        self.fed = asyncio.Event()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        host = f"{self._plan.host}:{self._plan.port}"
        lines = (
            f"GET {self._path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", f"Origin: http://{host}", "", "",
        )  # fmt: skip
        transport.write("\r\n".join(lines).encode())

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if not self._upgraded:
            end = self._unread.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._unread.startswith(b"HTTP/1.1 101"):
                self.closed = bytes(self._unread[:80]).decode(errors="replace")
                self._transport.close()
                return
            self._upgraded = True
            del self._unread[: end + 4]
        while (frame := self._cut()) is not None:
            self._hear(*frame)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = self.closed or str(error or "the server closed the connection")
        self.fed.set()

    def _cut(self) -> tuple[int, bytes] | None:
        """Cut one whole frame off what has arrived: its opcode and payload."""
        data = self._unread
        if len(data) < 2:
            return None
        length, start = data[1] & 0x7F, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(data) < start:
                return None
            length = int.from_bytes(data[2:start])
        if len(data) < start + length:
            return None
        frame = data[0] & 0x0F, bytes(data[start : start + length])
        del data[: start + length]
        return frame

    def _hear(self, opcode: int, payload: bytes) -> None:
        if opcode == 1:
            self.messages += 1
            self.octets += len(payload)
            self.fed.set()
            asyncio.get_running_loop().call_later(self._plan.rest_s, self._say, 1, b'"ok"')
        elif opcode == 9:
            self._say(10, payload)
        elif opcode == 8:
            self.closed = f"the server closed with {int.from_bytes(payload[:2])}"
            self._transport.close()

    def _say(self, opcode: int, payload: bytes) -> None:
        """Send a short frame; a mask of zeros is as good as any here."""
        if not self._transport.is_closing():
            self._transport.write(bytes((0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0)) + payload)


async def run(plan: Plan) -> dict[str, Any]:
    """Watch until SIGTERM; return what came."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    viewers = [Viewer(plan, path) for _ in range(plan.count) for path in plan.paths]
    waiting = iter(viewers)
    for _ in viewers:
        await loop.create_connection(lambda: next(waiting), plan.host, plan.port)
    await asyncio.gather(*(viewer.fed.wait() for viewer in viewers))
    print("ready", flush=True)
    await stop.wait()
    return {
        "messages": sum(viewer.messages for viewer in viewers),
        "mb": sum(viewer.octets for viewer in viewers) / 1e6,
        "closed": [viewer.closed for viewer in viewers if viewer.closed],
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(Plan(**json.loads(sys.argv[1]))))), flush=True)
