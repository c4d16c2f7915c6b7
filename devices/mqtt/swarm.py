"""One device's MQTT connection among thousands on one event loop: MQTT 3.1.1, QoS 1, no thread of its own.

A `SwarmClient` lives for one connection.  It keeps no session: what the broker has not acknowledged when the
connection breaks is for its owner to send again (a device does, until a watermark covers the record).
Why not paho: docs/decisions/simulator-packets.md.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Protocol, cast

from devices.mqtt import packets

MAX_UNSENT_BYTES = 262_144  # above, the broker does not read: late records wait


class Owner(Protocol):
    """Who a connection belongs to.  Called on the event loop; must not raise."""

    def connected(self, client: SwarmClient) -> None:
        """The broker accepted the connection."""

    def subscribed(self, client: SwarmClient) -> None:
        """The subscription stands."""

    def message(self, client: SwarmClient, topic: bytes, payload: bytes, retain: bool) -> None:
        """A message arrived; it is acknowledged when this returns."""

    def acknowledged(self, client: SwarmClient, packet_id: int) -> None:
        """The broker has the message published under this id."""

    def lost(self, client: SwarmClient, why: str) -> None:
        """The connection is over, or was refused.  Called once, and never after `close` or `go_dark`."""


class SwarmClient(asyncio.Protocol):
    """One connection, from CONNECT to its end.

    Times are monotonic seconds of the caller; `tick` is called about once a second.
    """

    __slots__ = (
        "_dark",
        "_gone",
        "_heard_at_s",
        "_held",
        "_keep_alive_s",
        "_next_id",
        "_over",
        "_owner",
        "_reader",
        "_sent_at_s",
        "_transport",
        "_unanswered_since_s",
        "_welcome",
        "clock",
        "up",
    )

    def __init__(
        self,
        owner: Owner,
        welcome: bytes,
        *,
        keep_alive_s: int,
        clock: Callable[[], float],
        gone: Callable[[SwarmClient], None] = lambda client: None,
    ) -> None:
        """`welcome` is the CONNECT packet to open with; `clock` gives monotonic seconds.

        `gone` is called when the socket is closed, whoever closed it.
        """
        self._gone = gone
        self._owner, self._welcome, self._keep_alive_s, self.clock = owner, welcome, keep_alive_s, clock
        self._reader = packets.Reader()
        self._transport: asyncio.Transport | None = None
        self._next_id = 0
        self._sent_at_s = self._heard_at_s = clock()
        self._unanswered_since_s: float | None = None
        self._held: bytearray | None = None
        self._dark = self._over = self.up = False

    # --- what the owner does ---

    def publish(self, topic: bytes, payload: bytes, *, retain: bool = False) -> int:
        """Send with QoS 1; return the packet id that `acknowledged` will name."""
        self._next_id = self._next_id % packets.MAX_ID + 1
        self._write(packets.publish(topic, payload, self._next_id, retain=retain))
        return self._next_id

    def subscribe(self, filters: list[tuple[bytes, int]]) -> None:
        """Ask for topics, as (filter, QoS); `subscribed` follows."""
        self._next_id = self._next_id % packets.MAX_ID + 1
        self._write(packets.subscribe(self._next_id, filters))

    def has_room(self) -> bool:
        """Whether the broker reads fast enough to be sent more."""
        return self._transport is not None and self._transport.get_write_buffer_size() < MAX_UNSENT_BYTES

    def tick(self) -> None:
        """Ping when it is time; give up a connection on which nothing is answered for a keep-alive."""
        if self._over:
            return
        now_s = self.clock()
        if self._unanswered_since_s is not None and now_s - self._unanswered_since_s > self._keep_alive_s:
            self._end(f"nothing heard from the broker for {self._keep_alive_s} s")
        elif self.up and now_s - max(self._sent_at_s, self._heard_at_s) >= self._keep_alive_s / 2:
            self._write(packets.pingreq())

    def close(self) -> None:
        """Say goodbye: the broker throws the will away."""
        self._over = True
        if self._transport is not None and not self._dark:
            self._transport.write(packets.disconnect())
            self._transport.close()

    def drop(self) -> None:
        """Close the socket without a goodbye, as a lost network does: the broker publishes the will."""
        self._over = True
        if self._transport is not None:
            self._transport.abort()

    def go_dark(self) -> None:
        """From now on nothing goes through in either direction, and nobody is told: a half-open connection.

        The socket stays open until `drop`.
        """
        self._dark = True
        if self._transport is not None:
            self._transport.pause_reading()

    def hold(self) -> None:
        """Let nothing through for now, as a weak radio does; what is said meanwhile comes with `let_go`."""
        if self._held is None and self._transport is not None and not (self._dark or self._over):
            self._held = bytearray()
            self._transport.pause_reading()

    def let_go(self) -> None:
        """All that was held goes out at once."""
        held, self._held = self._held, None
        if held is not None and self._transport is not None and not (self._dark or self._over):
            self._transport.write(bytes(held))
            self._transport.resume_reading()

    # --- what the event loop does ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._over:
            self._transport.abort()
            return
        self._write(self._welcome)

    def data_received(self, data: bytes) -> None:
        if self._dark or self._over:
            return
        self._heard_at_s = self.clock()
        self._unanswered_since_s = None
        try:
            for packet in self._reader.feed(data):
                self._take(packet)
        except packets.ProtocolError as error:
            self._end(str(error))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._dark:
            self._end(str(exc) if exc else "closed by the broker")
        self._gone(self)

    def _take(self, packet: packets.Packet) -> None:
        if self._over:
            return
        if packet.type == packets.PUBACK:
            self._owner.acknowledged(self, packet.id)
        elif packet.type == packets.PUBLISH:
            message = packets.read_published(packet)
            self._owner.message(self, message.topic, message.payload, message.retain)
            if message.qos:
                self._write(packets.puback(message.id), expect_answer=False)
        elif packet.type == packets.CONNACK:
            code = packet.body[1] if len(packet.body) > 1 else -1
            if code:
                self._end(f"refused by the broker, code {code}")
            else:
                self.up = True
                self._owner.connected(self)
        elif packet.type == packets.SUBACK:
            self._owner.subscribed(self)

    def _write(self, data: bytes, *, expect_answer: bool = True) -> None:
        if self._transport is None or self._over:
            return
        self._sent_at_s = self.clock()
        if expect_answer and self._unanswered_since_s is None:
            self._unanswered_since_s = self._sent_at_s
        if self._held is not None:
            self._held += data
        elif not self._dark:
            self._transport.write(data)

    def _end(self, why: str) -> None:
        if self._over:
            return
        self._over, self.up = True, False
        if self._transport is not None and not self._dark:
            self._transport.abort()
        self._owner.lost(self, why)


async def open_connection(
    client: SwarmClient, host: str, port: int, *, tls: ssl.SSLContext | None = None, timeout_s: float = 10.0
) -> None:
    """Connect a client; it speaks first.  Raises OSError or TimeoutError."""
    loop = asyncio.get_running_loop()
    connecting = loop.create_connection(lambda: client, host, port, ssl=tls)
    await asyncio.wait_for(connecting, timeout_s)
