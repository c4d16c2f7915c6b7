"""How one device stays in touch: connects, is born, beats, sends, sends again.  The contract is docs/wire.md.

Driven by the swarm: `second` once a second, `pump` each tick while something waits, and the calls of its MQTT
client.  Times are simulation ms; `random` comes in as an argument.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

from devices.simulator import commands
from devices.simulator.body import Body, encode
from devices.simulator.buffer import Record
from devices.simulator.traffic import Traffic
from devices.wire import codec
from devices.wire.errors import WireError
from devices.wire.messages import Watermark
from devices.wire.topics import SERVER_STATUS, Topic

FIRST_RETRY_S, LONGEST_RETRY_S, CALM_S = 2.0, 60.0, 60.0
BEAT_MS: Final = {
    True: 4_000,
    False: 14_000,
}  # by "in session"; looked at once a second, so 5 s and 15 s at most
FLUSH_ANYWAY_MS: Final = 5_000  # without a watermark after the birth
GRACE_MS: Final = 30_000  # after the server went offline
SPREAD_S: Final = 10.0  # after it came back
TIME_FRESH_MS: Final = 2_000  # a watermark gives the time if what it covers is no older
LATE_A_TICK: Final = 40
DECLARE_MS: Final = 10_000


class Client(Protocol):
    """What a connection needs of an MQTT client."""

    up: bool

    def publish(self, topic: bytes, payload: bytes, *, retain: bool = False) -> int:
        """Send with QoS 1."""

    def subscribe(self, filters: list[tuple[bytes, int]]) -> None:
        """Ask for topics."""

    def has_room(self) -> bool:
        """Whether more may be sent."""

    def tick(self) -> None:
        """Look after the keep-alive."""

    def close(self) -> None:
        """Say goodbye."""

    def drop(self) -> None:
        """Break off."""

    def go_dark(self) -> None:
        """Let nothing through any more."""

    def hold(self) -> None:
        """Let nothing through for now."""

    def let_go(self) -> None:
        """Let through what was held, and all that follows."""


Dial = Callable[["Connection"], Client]


class Connection:
    """The network side of one body.  It is the body's uplink, and the owner of its MQTT client."""

    def __init__(
        self, body: Body, *, clock_ms: Callable[[], int], dial: Dial, traffic: Traffic, rng: random.Random
    ) -> None:
        """`clock_ms` brings the simulation up to this instant and returns it; `dial` opens a connection."""
        self.body, self.clock_ms, self._dial, self.traffic, self.rng = body, clock_ms, dial, traffic, rng
        self.client: Client | None = None
        self.born = False  # birth sent on this connection
        self.blocked = False  # a fault: no network
        self.slow_ms = 0  # a fault: commands are carried out so much later
        self.late_ms = 0  # a fault: commands arrive so much later
        self.deaf = False  # a fault: commands are not heard
        self.later: Callable[[int, Callable[[int], None]], None] = lambda at_ms, act: None
        self.due: Callable[[Connection], None] = lambda connection: None  # told when a status is due
        self._abandoned: list[Client] = []
        self._retry_at_ms = 0
        self._retry_s = FIRST_RETRY_S
        self._retries = 0
        self._line = 0  # dials since the simulation began: `conn` begins anew with each boot
        self._connected_ms = 0
        self._beat_ms = 0
        self._flush_at_ms: int | None = None
        self._await_watermark = False
        self._server_gone_ms: int | None = None
        self._declared_ms = -DECLARE_MS
        self._server_offset_ms: int | None = None  # server time minus simulation time
        topics = (str(Topic(body.serial, kind)).encode() for kind in ("status", "telemetry", "event", "ack"))
        self._status, self._telemetry, self._event, self._ack = topics
        self._command = str(Topic(body.serial, "command")).encode()
        self._watermark = str(Topic(body.serial, "watermark")).encode()

    # --- connecting ---

    def begin(self, after_s: float) -> None:
        """Switch the radio on; the first attempt comes `after_s` later."""
        self._retry_at_ms = self.clock_ms() + round(1000 * after_s)
        self._retries, self._retry_s = 0, FIRST_RETRY_S

    def _back_off(self, now_ms: int) -> None:
        if self._connected_ms and now_ms - self._connected_ms >= 1000 * CALM_S:
            self._retries = 0
        self._connected_ms = 0
        if self._retries == 0:
            wait_s, self._retry_s = self.rng.uniform(0.0, FIRST_RETRY_S), FIRST_RETRY_S
        else:
            self._retry_s = min(2 * self._retry_s, LONGEST_RETRY_S)
            wait_s = self._retry_s * self.rng.uniform(0.5, 1.0)
        self._retries += 1
        self._retry_at_ms = now_ms + round(1000 * wait_s)

    def connected(self, client: Client) -> None:
        """The broker let us in: subscribe, then birth."""
        if client is self.client:
            self._server_gone_ms = None  # no retained copy counts as online
            self.body.truth.tell(
                self.clock_ms(), self.body.serial, "connect", boot=self.body.boot, conn=self.body.conn
            )
            client.subscribe([(self._command, 1), (self._watermark, 0), (SERVER_STATUS.encode(), 1)])

    def subscribed(self, client: Client) -> None:
        """Subscribed: be born."""
        if client is not self.client:
            return
        now_ms = self.clock_ms()
        self.born, self._connected_ms = True, now_ms
        self._server_offset_ms = None
        self.sweep()  # the broker has closed what an earlier connection left open
        self._await_watermark, self._flush_at_ms = True, now_ms + FLUSH_ANYWAY_MS
        self.body.buffer.lost_connection(now_ms)
        self.body.truth.tell(
            now_ms,
            self.body.serial,
            "birth",
            boot=self.body.boot,
            conn=self.body.conn,
            up_ms=self.body.up_ms(now_ms),
        )
        self.send_status(now_ms)

    def acknowledged(self, client: Client, packet_id: int) -> None:
        """The broker's receipt frees nothing."""

    def lost(self, client: Client, why: str) -> None:
        """The connection broke, or never came about."""
        if client is self.client:
            self._abandoned.append(client)
            self._forget_client(self.clock_ms(), why)

    def _forget_client(self, now_ms: int, why: str) -> None:
        body = self.body
        if self.born:
            body.truth.tell(now_ms, body.serial, "disconnect", boot=body.boot, conn=body.conn, why=why)
        self.client, self.born, self._flush_at_ms = None, False, None
        body.buffer.lost_connection(now_ms)
        self.traffic.connection_lost()
        self._back_off(now_ms)

    def cut(self, *, dark: bool) -> None:
        """A fault takes the network away: visibly, or (dark) without anybody noticing."""
        if self.client is not None:
            client = self.client
            if dark:
                client.go_dark()
            else:
                self._forget_client(self.clock_ms(), "link lost")
                client.drop()

    def power_lost(self) -> None:
        """The radio dies with the device; the broker hears nothing."""
        if self.client is not None:
            self.client.go_dark()
            self._abandoned.append(self.client)
            self._forget_client(self.clock_ms(), "power lost")

    def goodbye(self, now_ms: int) -> None:
        """A full status that says `offline`, and a clean end."""
        if self.client is not None and self.born and self.body.powered:
            body = self.body
            self.client.publish(self._status, body.status(now_ms, state="offline"), retain=True)
            body.truth.tell(
                now_ms, body.serial, "goodbye", boot=body.boot, conn=body.conn, up_ms=body.up_ms(now_ms)
            )
            client, self.client, self.born = self.client, None, False
            client.close()
        elif self.client is not None:
            client, self.client = self.client, None
            client.drop()
        self.sweep()

    def sweep(self) -> None:
        """Close the sockets that a half-open connection or a dead radio left behind."""
        for client in self._abandoned:
            client.drop()
        self._abandoned.clear()

    # --- once a second, and each tick ---

    def second(self, now_ms: int) -> None:
        """Beat, watch, retry."""
        body = self.body
        if not body.powered or body.hung:
            return
        if self.client is None:
            if now_ms >= self._retry_at_ms:
                self._connect(now_ms)
            return
        client = self.client
        client.tick()
        if self.client is not client or not self.born:
            if self.client is client and self.blocked:
                self.cut(dark=False)
            return
        if now_ms - self._beat_ms >= BEAT_MS[body.session is not None]:
            self.send_status(now_ms)
        self._look_after_buffer(now_ms)

    def _connect(self, now_ms: int) -> None:
        if self.blocked:
            self._back_off(now_ms)
            return
        self.body.conn += 1
        self._line += 1
        self.client = self._dial(self)

    def _look_after_buffer(self, now_ms: int) -> None:
        buffer = self.body.buffer
        if self._server_gone_ms is not None:
            buffer.hold_watch(now_ms)
        elif self._flush_at_ms is not None:
            if now_ms >= self._flush_at_ms:
                self._flush(now_ms)
        else:
            buffer.resend_stalled(now_ms)
            if now_ms - self._declared_ms >= DECLARE_MS and buffer.has_undeclared():
                self._declare(now_ms)

    def flush_soon(self) -> None:
        """Send again what did not go out on this connection."""
        self._flush_at_ms = self.clock_ms()

    def _flush(self, now_ms: int) -> None:
        self._flush_at_ms, self._await_watermark = None, False
        self._declare(now_ms)
        self.body.buffer.flush(self._line)

    def _declare(self, now_ms: int) -> None:
        self._declared_ms = now_ms
        self.body.declare_dropped(now_ms)

    def wants_pump(self) -> bool:
        """Whether something waits to be sent again."""
        return self.born and (self.body.buffer.has_late() or self.traffic.waiting)

    def pump(self, now_ms: int) -> None:
        """Send what waits to be sent again, as far as the server's window and the socket let it."""
        client = self.client
        if client is None or not self.born or self._server_gone_ms is not None or self.traffic.holding:
            return
        if self.traffic.waiting:
            self.traffic.release(self._put, now_ms)
        if self.body.buffer.has_late() and client.has_room():
            for record in self.body.buffer.next_late(LATE_A_TICK):
                self.traffic.send(record, record.late(), self._put, now_ms)

    # --- what the body says ---

    def record(self, record: Record, now_ms: int) -> None:
        """Send a new record live, unless the server is away or there is no connection."""
        if self.client is None or not self.born or self.traffic.holding:
            return
        if record.kind == "telemetry" and self._keeps_back(now_ms):
            return
        record.line = self._line
        self.traffic.send(record, record.body, self._put, now_ms)

    def _put(self, record: Record, payload: bytes) -> None:
        if self.client is not None:
            self.client.publish(self._telemetry if record.kind == "telemetry" else self._event, payload)

    def put_garbage(self, kind: str, payload: bytes) -> bool:
        """Send bytes that are no message of the contract; return whether they could be sent."""
        if self.client is None or not self.born:
            return False
        self.client.publish(f"ems/v1/{self.body.serial}/{kind}".encode(), payload)
        return True

    def changed(self) -> None:
        """A full status is due within 500 ms; the next tick sends it."""
        self.due(self)

    def ack(self, message: dict[str, Any]) -> None:
        """Answer a command."""
        if self.client is not None and self.born:
            self.client.publish(self._ack, encode(message))

    def send_status(self, now_ms: int) -> None:
        """Publish everything that holds now."""
        if self.client is not None and self.born and not self.body.hung:
            self._beat_ms = now_ms
            self.client.publish(self._status, self.body.status(now_ms), retain=True)

    # --- what the server says ---

    def message(self, client: Client, topic: bytes, payload: bytes, retain: bool) -> None:
        """A message of the server."""
        if client is not self.client or not self.body.powered or self.body.hung:
            return
        now_ms = self.clock_ms()
        if topic == self._watermark:
            self._obey(payload, now_ms, retain)
        elif topic == self._command:
            self._hear_command(payload, now_ms, retain)
        elif topic == SERVER_STATUS.encode():
            self._hear_of_server(payload, now_ms)

    def _hear_command(self, payload: bytes, now_ms: int, retain: bool) -> None:
        wait_ms = self.late_ms + self.slow_ms
        if self.deaf:
            self.body.truth.tell(now_ms, self.body.serial, "ignored", why="deaf", bytes=len(payload))
        elif wait_ms:
            self.later(now_ms + wait_ms, lambda at_ms: self._carry_out(payload, at_ms, retain))
        else:
            self._carry_out(payload, now_ms, retain)

    def _carry_out(self, payload: bytes, now_ms: int, retain: bool) -> None:
        if commands.handle(self.body, payload, now_ms, self.server_ms(now_ms), retain=retain):
            self.send_status(now_ms)

    def _obey(self, payload: bytes, now_ms: int, retain: bool) -> None:
        try:
            mark = cast("Watermark", codec.decode("watermark", payload))
        except WireError:
            return
        body = self.body
        handled_ms = mark.up_ms if mark.boot == body.boot and not retain else None
        if handled_ms is not None and body.up_ms(now_ms) - handled_ms <= TIME_FRESH_MS:
            self._server_offset_ms = mark.t - now_ms
        forgot = body.buffer.watermark(mark.boot, mark.seq, mark.missing, mark.window, now_ms)
        body.truth.tell(now_ms, body.serial, "watermark", boot=mark.boot, seq=mark.seq, forgot=forgot)
        if forgot is not None and mark.boot != body.boot:
            self.changed()
        if self._await_watermark and mark.boot == body.boot and self._server_gone_ms is None:
            self._flush(now_ms)

    def _hear_of_server(self, payload: bytes, now_ms: int) -> None:
        try:
            online = codec.decode_server_status(payload).state == "online"
        except WireError:
            return
        if not online:
            self._server_gone_ms = self._server_gone_ms or now_ms
        elif self._server_gone_ms is not None:
            self._server_gone_ms, self._await_watermark = None, False
            self._flush_at_ms = now_ms + round(1000 * self.rng.uniform(0.0, SPREAD_S))

    def _keeps_back(self, now_ms: int) -> bool:
        """Whether telemetry stays in the buffer: the server has been away for 30 s."""
        return self._server_gone_ms is not None and now_ms - self._server_gone_ms >= GRACE_MS

    def server_ms(self, now_ms: int) -> int | None:
        """The server's time, if a fresh watermark of this connection gave it."""
        return None if self._server_offset_ms is None else now_ms + self._server_offset_ms
