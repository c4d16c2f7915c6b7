"""The smallest server that keeps its promises: it records what arrives, and says what it has by watermark."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from devices.mqtt import packets
from devices.mqtt.swarm import SwarmClient, open_connection

_ASKED_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Heard:
    """One message, as it arrived."""

    at_s: float
    serial: str
    kind: str
    retain: bool
    body: dict[str, Any]


class Recorder:
    """An MQTT client on the test's own event loop."""

    def __init__(self, port: int, *, obliging: bool = True) -> None:
        """`obliging`: watermarks for what arrived, twice a second."""
        self.port, self.obliging = port, obliging
        self.heard: list[Heard] = []
        self.stored: dict[tuple[str, int], set[int]] = {}
        self.told: dict[tuple[str, int], int] = {}  # (serial, boot) → the last watermark's seq
        self._news = asyncio.Event()
        self._ready = asyncio.Event()
        self._client: SwarmClient | None = None
        self._marking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Recorder:
        welcome = packets.connect("_ingest", keep_alive_s=30)
        self._client = SwarmClient(self, welcome, keep_alive_s=30, clock=time.monotonic)
        await open_connection(self._client, "127.0.0.1", self.port)
        await asyncio.wait_for(self._ready.wait(), 60)
        self._marking = asyncio.get_running_loop().create_task(self._mark())
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._client is not None
        assert self._marking is not None
        self._marking.cancel()
        await asyncio.gather(self._marking, return_exceptions=True)
        self._client.close()

    # --- what it hears ---

    def connected(self, client: SwarmClient) -> None:
        client.subscribe(
            [(f"ems/v1/+/{kind}".encode(), 1) for kind in ("status", "telemetry", "event", "ack")]
        )

    def subscribed(self, client: SwarmClient) -> None:
        self._ready.set()

    def acknowledged(self, client: SwarmClient, packet_id: int) -> None:
        pass

    def lost(self, client: SwarmClient, why: str) -> None:
        raise AssertionError(f"the recorder lost its connection: {why}")

    def message(self, client: SwarmClient, topic: bytes, payload: bytes, retain: bool) -> None:
        serial, kind = topic.decode().split("/")[2:]
        try:
            body = json.loads(payload)
        except ValueError:
            body = {"garbage": len(payload)}
        self.heard.append(Heard(time.monotonic(), serial, kind, retain, body))
        if kind in ("telemetry", "event") and "seq" in body:
            self.stored.setdefault((serial, body["boot"]), set()).add(body["seq"])
        self._news.set()

    async def until(self, true: Callable[[], Any], *, within_s: float = 60) -> Any:
        """Return what `true` returns as soon as that is true.

        It is asked after each message, and in between: what it asks of a device changes when that hears a
        watermark, of which no message tells.
        """
        async with asyncio.timeout(within_s):
            while not (found := true()):
                self._news.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), _ASKED_EVERY_S)
            return found

    def of(self, serial: str, kind: str) -> list[dict[str, Any]]:
        return [heard.body for heard in self.heard if (heard.serial, heard.kind) == (serial, kind)]

    def wills(self, serial: str) -> list[dict[str, Any]]:
        return [
            body for body in self.of(serial, "status") if body["state"] == "offline" and "model" not in body
        ]

    # --- what it says ---

    async def _mark(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            if self.obliging:
                for serial, boot in list(self.stored):
                    self.watermark(serial, boot)

    def watermark(self, serial: str, boot: int, *, window: int = 100) -> None:
        seqs, seq = self.stored.get((serial, boot), set()), 0
        while seq + 1 in seqs:
            seq += 1
        statuses = [body for body in self.of(serial, "status") if body.get("up_ms") and body["boot"] == boot]
        up_ms = statuses[-1]["up_ms"] if statuses else None
        body = {
            "v": 1,
            "boot": boot,
            "seq": seq,
            "missing": [],
            "window": window,
            "t": _now_ms(),
            "up_ms": up_ms,
        }
        self.told[serial, boot] = seq
        self.say(f"ems/v1/{serial}/watermark", body)

    def command(self, serial: str, verb: str, args: dict[str, Any] | None = None) -> str:
        """Send a command; return its id."""
        id = str(uuid.uuid4())
        self.say(
            f"ems/v1/{serial}/command",
            {"v": 1, "id": id, "verb": verb, "args": args or {}, "issued": _now_ms(), "ttl_ms": 10_000},
        )
        return id

    def say(self, topic: str, body: dict[str, Any], *, retain: bool = False) -> None:
        assert self._client is not None
        self._client.publish(topic.encode(), json.dumps(body).encode(), retain=retain)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
