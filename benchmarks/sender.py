"""A sender of telemetry at a steady rate, whose CPU is counted apart: one connection, prepared bodies.

Run as `python -m benchmarks.sender` with its arguments as one JSON object; prints one JSON object when done.
"""

import json
import os
import selectors
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import bodies
from devices.mqtt import packets


@dataclass
class Plan:
    """What to send: `devices` × `per_second` messages for `seconds`, acknowledged at QoS 1."""

    port: int
    username: str
    password: str
    serials: list[str]
    boot: int
    per_second: float
    seconds: float
    channels: int = 4
    samples: int = 10
    first_seq: int = 1
    lively: bool = False
    log: str = ""
    """A file for when each message was sent, as JSON: Unix seconds in the order of sending, devices in turn."""


class Wire:
    """One connection that publishes at QoS 1 and reads acknowledgements as they come."""

    def __init__(self, plan: Plan) -> None:
        self.sock = socket.create_connection(("127.0.0.1", plan.port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(
            packets.connect(
                plan.username, keep_alive_s=60, username=plan.username, password=plan.password, clean=True
            )
        )
        if self.sock.recv(4)[3] != 0:
            raise ConnectionError("the broker refused the sender")
        self.sock.setblocking(False)
        self.acked = self.sent = 0
        self._id = 0
        self._out = bytearray()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.sock, selectors.EVENT_READ)

    def publish(self, topic: bytes, body: bytes) -> None:
        self._id = self._id % 65_535 + 1
        self._out += packets.publish(topic, body, self._id)
        self.sent += 1

    def pump(self, wait_s: float) -> None:
        """Write what is queued, read what came, for at most `wait_s`."""
        self._write()
        deadline = time.monotonic() + wait_s
        while True:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._out else 0)
            self._selector.modify(self.sock, events)
            left = deadline - time.monotonic()
            for _key, mask in self._selector.select(max(0.0, left)):
                if mask & selectors.EVENT_READ:
                    self._read()
                if mask & selectors.EVENT_WRITE:
                    self._write()
            if time.monotonic() >= deadline:
                return

    def _write(self) -> None:
        while self._out:
            try:
                done = self.sock.send(self._out)
            except BlockingIOError:
                return
            del self._out[:done]

    def _read(self) -> None:
        data = self.sock.recv(262_144)
        if not data:
            raise ConnectionError("the broker closed the sender's connection")
        self.acked += len(data) // 4  # nothing but PUBACKs comes, four bytes each


def run(plan: Plan) -> dict[str, Any]:
    """Send at the planned rate; return what was sent and what it cost."""
    wire = Wire(plan)
    make = bodies.Lively if plan.lively else bodies.Template
    templates = [make(plan.channels, plan.samples, plan.boot, n) for n in range(len(plan.serials))]
    topics = [f"ems/v1/{serial}/telemetry".encode() for serial in plan.serials]
    statuses = [f"ems/v1/{serial}/status".encode() for serial in plan.serials]
    for topic, template in zip(statuses, templates, strict=True):
        wire.publish(topic, template.status())
    while wire.acked < wire.sent:
        wire.pump(0.05)
    births = wire.sent
    slice_s = 0.01
    sent_at: list[float] = []
    total = int(len(topics) * plan.per_second * plan.seconds)
    started, cpu = time.monotonic(), time.process_time()
    done = 0
    while done < total:
        due = min(total, int((time.monotonic() - started) * plan.per_second * len(topics)))
        now_s = time.time()
        now_ms = int(now_s * 1000)
        if plan.log:
            sent_at += [now_s] * (due - done)
        while done < due:
            n = done % len(topics)
            wire.publish(topics[n], templates[n].telemetry(plan.first_seq + done // len(topics), now_ms))
            done += 1
        wire.pump(slice_s)
    took_s = time.monotonic() - started
    while wire.acked < wire.sent:
        wire.pump(0.05)
    if plan.log:
        Path(plan.log).write_text(json.dumps(sent_at))
    return {
        "sent": done,
        "births": births,
        "took_s": took_s,
        "all_acked_after_s": time.monotonic() - started,
        "cpu_us_per_message": (time.process_time() - cpu) / done * 1e6,
        "pid": os.getpid(),
    }


if __name__ == "__main__":
    print(json.dumps(run(Plan(**json.loads(sys.argv[1])))), flush=True)
