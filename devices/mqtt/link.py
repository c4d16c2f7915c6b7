"""The server's connection to the broker: paho for the protocol, our own reading and acknowledging for speed.

paho reads a packet with several system calls and acknowledges one at a time.  Here its socket is read 256 KiB at
a time, PUBLISH packets are cut out by hand, and a batch is acknowledged with one write; everything else (connect,
will, TLS, subscribe, keep alive) stays paho's.  Measured figures: docs/decisions/paho-with-our-own-reader.md.
"""

import random
import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

log = structlog.get_logger(__name__)

_PUBLISH, _PUBACK = 0x30, 0x40
_READ_BYTES = 262_144
_LONGEST_WAIT_S = 15.0
_MANY, _GATHER_S = 8, 0.005


class Message(NamedTuple):
    """One PUBLISH packet.  `mid` is its raw packet id (b"" at QoS 0), good only on the connection `epoch`."""

    topic: bytes
    payload: bytes
    arrival_ms: int
    mid: bytes
    retained: bool
    epoch: int


@dataclass(frozen=True)
class Address:
    """Where the broker is, and as whom."""

    host: str
    port: int
    username: str
    password: str
    tls: bool

    @classmethod
    def of(cls, url: str) -> "Address":
        """Read `mqtt://user:password@host:port` or `mqtts://…`."""
        parts = urlsplit(url)
        tls = parts.scheme == "mqtts"
        return cls(
            parts.hostname or "localhost",
            parts.port or (8883 if tls else 1883),
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            tls,
        )


class Will(NamedTuple):
    topic: str
    payload: bytes


class _Client(paho.Client):
    """paho, with its reading replaced; the names it uses are private to paho 2.2, which pyproject.toml holds."""

    def bind(self, take: Callable[[list[Message]], None]) -> None:
        self._take = take
        self._unread = b""
        self.epoch = 0
        self.was_busy = False

    def read_all(self) -> MQTTErrorCode:
        """Read what there is, hand over the messages, let paho handle the rest."""
        sock = self._sock
        if sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        try:
            data = sock.recv(_READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        if not data:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        with self._msgtime_mutex:
            self._last_msg_in = time.monotonic()
        return self._cut(self._unread + data if self._unread else data)

    def _cut(self, data: bytes) -> MQTTErrorCode:
        """Cut whole packets off `data` and keep the rest."""
        at, end = 0, len(data)
        arrival_ms = time.time_ns() // 1_000_000
        messages: list[Message] = []
        epoch = self.epoch
        while at + 2 <= end:
            command = data[at]
            length = data[at + 1]
            body = at + 2
            if length & 0x80:
                length, body = _long_length(data, at + 1, end)
                if length < 0:
                    break
            after = body + length
            if after > end:
                break
            if command & 0xF0 == _PUBLISH:
                start = body + 2 + (data[body] << 8 | data[body + 1])
                if command & 0x06:
                    messages.append(
                        Message(
                            data[body + 2 : start],
                            data[start + 2 : after],
                            arrival_ms,
                            data[start : start + 2],
                            bool(command & 1),
                            epoch,
                        )
                    )
                else:
                    messages.append(
                        Message(
                            data[body + 2 : start],
                            data[start:after],
                            arrival_ms,
                            b"",
                            bool(command & 1),
                            epoch,
                        )
                    )
            else:
                if messages:
                    self._take(messages)
                    messages = []
                code = self._handle(command, data[body:after])
                if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    return self._loop_rc_handle(code)
                if self._sock is None:
                    return MQTTErrorCode.MQTT_ERR_NO_CONN
                epoch = (
                    self.epoch
                )  # a CONNACK began a new one, and queued messages may follow it in this read
            at = after
        self._unread = data[at:]
        self.was_busy = len(messages) >= _MANY
        if messages:
            self._take(messages)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _handle(self, command: int, body: bytes) -> MQTTErrorCode:
        """Give one packet to paho as if it had read it."""
        self._in_packet = {
            "command": command,
            "have_remaining": 1,
            "remaining_count": [],
            "remaining_mult": 1,
            "remaining_length": len(body),
            "packet": bytearray(body),
            "to_process": 0,
            "pos": len(body),
        }
        return self._packet_handle()

    def forget_unacknowledged(self) -> None:
        """Do not send again on the next connection what this one left open: by then it may be out of date."""
        with self._out_message_mutex:
            self._out_messages.clear()
            self._inflight_messages = 0

    def forgive_silence(self) -> None:
        """While nothing is read, no answer to a ping can be seen: that is no lost connection."""
        self._ping_t = 0.0

    def write_raw(self, data: bytes) -> None:
        """Queue ready-made packets behind whatever is being written."""
        self._packet_queue(_PUBACK, data, 0, 1)


def _long_length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return (remaining length, where the body begins), or (-1, 0) if it is not all there yet."""
    length, shift = 0, 0
    while at < end:
        byte = data[at]
        at += 1
        length |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return length, at
        shift += 7
    return -1, 0


def _without_properties(message: Message) -> Message:
    """MQTT 5 puts properties before the payload; none of those that can come are needed here."""
    length, at = _long_length(message.payload, 0, len(message.payload))
    return message._replace(payload=message.payload[at + length :])


def _properties(packet: int, **values: int) -> Properties:
    properties = Properties(packet)
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


def publish_packet(topic: bytes, payload: bytes) -> bytes:
    """Return a QoS 0 PUBLISH, not retained."""
    length = 2 + len(topic) + len(payload)
    head = bytearray((_PUBLISH,))
    while True:
        length, digit = divmod(length, 128)
        head.append(digit | (0x80 if length else 0))
        if not length:
            break
    return bytes(head) + len(topic).to_bytes(2, "big") + topic + payload


class Link:
    """A connection that keeps itself up, on its own thread.

    Args:
        address: The broker.
        subscriptions: Topic filters, at QoS 1.
        take: Called on the link's thread with messages as they arrive; must not raise or block.
        paused: Asked before each read: while true, the socket is not read, so the broker keeps the rest.
        greet: Called on the link's thread after each connect, when the subscriptions are asked for.
        persistent: Whether the broker keeps what comes while the server is away.
        session_s: Speak MQTT 5 (its messages can expire), and have the broker keep what comes for so long.
    """

    def __init__(
        self,
        address: Address,
        subscriptions: Iterable[str],
        take: Callable[[list[Message]], None],
        *,
        paused: Callable[[], bool] = lambda: False,
        greet: Callable[[], None] = lambda: None,
        will: Will | None = None,
        client_id: str | None = None,
        persistent: bool = True,
        session_s: int | None = None,
    ) -> None:
        self.address = address
        self.epoch = 0
        self.connected_at: float | None = None
        self._subscribed_epoch = 0
        self._subscriptions = [(topic, 1) for topic in subscriptions]
        self._paused, self._greet = paused, greet
        self._work: deque[tuple[int, Callable[[], None]]] = deque()
        self._stop = threading.Event()
        self._wake_r, self._wake_w = socket.socketpair()
        self._wake_r.setblocking(False)
        self._wake_w.setblocking(False)
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id or address.username,
            clean_session=None if session_s is not None else not persistent,
            protocol=paho.MQTTv311 if session_s is None else paho.MQTTv5,
            manual_ack=True,
        )
        self._connect_options: dict[str, Any] = {"keepalive": 30}
        self._is_mqtt5 = session_s is not None
        if session_s is not None:
            expiry = _properties(PacketTypes.CONNECT, SessionExpiryInterval=session_s)
            self._connect_options |= {"clean_start": False, "properties": expiry}
            client.bind(lambda messages: take([_without_properties(one) for one in messages]))
        else:
            client.bind(take)
        client.max_inflight_messages_set(0)  # what waits is its owner's to order
        client.on_publish = self._on_publish
        self._unacknowledged: dict[int, Callable[[bool], None]] = {}
        client.username_pw_set(address.username, address.password)
        if address.tls:
            client.tls_set()
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        self._client = client
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    # --- any thread ---

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye and end the thread."""
        self._stop.set()
        self._wake()
        self._thread.join(timeout=5)

    def acknowledge(self, done: Iterable[Message]) -> None:
        """Acknowledge these messages, unless they came on an earlier connection: their ids are reused by now."""
        by_epoch: dict[int, list[bytes]] = {}
        for message in done:
            if message.mid:
                by_epoch.setdefault(message.epoch, []).append(message.mid)
        for epoch, mids in by_epoch.items():
            packets = b"@\x02" + b"@\x02".join(mids)
            self._later(lambda packets=packets: self._client.write_raw(packets), epoch)  # type: ignore[misc]

    def publish_many(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish at QoS 0, not retained, in one write."""
        head = b"\0" if self._is_mqtt5 else b""  # no properties
        packets = b"".join(publish_packet(topic.encode(), head + payload) for topic, payload in messages)
        if packets:
            self._later(lambda: self._client.write_raw(packets), self.epoch)

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        expiry_s: int | None = None,
        on_answer: Callable[[bool], None] | None = None,
    ) -> None:
        """Publish at QoS 1, on the connection of this moment or not at all.

        Args:
            expiry_s: After so long the broker hands it to nobody any more (MQTT 5; else it has no effect).
            on_answer: Called on the link's thread with whether the broker took it; must not raise or block.
                Not called if the connection ends first.
        """
        self._later(lambda: self._publish(topic, payload, retain, expiry_s, on_answer), self.epoch)

    def _publish(
        self,
        topic: str,
        payload: bytes,
        retain: bool,
        expiry_s: int | None,
        on_answer: Callable[[bool], None] | None,
    ) -> None:
        properties = None
        if self._is_mqtt5 and expiry_s is not None:
            properties = _properties(PacketTypes.PUBLISH, MessageExpiryInterval=expiry_s)
        sent = self._client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        if on_answer is not None:
            self._unacknowledged[sent.mid] = on_answer

    @property
    def is_up(self) -> bool:
        """Whether the broker sends us what we asked for: connected, and the subscription stands."""
        return self.connected_at is not None and self._subscribed_epoch == self.epoch

    def wake(self) -> None:
        """Look again at `paused`."""
        self._wake()

    def _later(self, work: Callable[[], None], epoch: int) -> None:
        self._work.append((epoch, work))
        self._wake()

    def _wake(self) -> None:
        try:
            self._wake_w.send(b"\0")
        except BlockingIOError:
            pass  # it is awake already

    # --- the link's thread ---

    def _run(self) -> None:
        wait_s = 0.25
        while not self._stop.is_set():
            try:
                self._client._unread = b""
                self._client.forget_unacknowledged()
                self._unacknowledged.clear()
                self._client.connect(self.address.host, self.address.port, **self._connect_options)
                self._send_at_once()
                self._serve()
            except (OSError, ValueError) as error:
                log.warning(
                    "broker not reached", host=self.address.host, port=self.address.port, error=str(error)
                )
            if self.connected_at is not None:
                self.connected_at, wait_s = None, 0.25
            if self._stop.wait(wait_s * random.uniform(0.5, 1)):
                break
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    def _send_at_once(self) -> None:
        """A small packet must not wait until TCP has acknowledged the one before it, which takes 40 ms."""
        sock: Any = self._client.socket()
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _serve(self) -> None:
        client = self._client
        while (sock := client.socket()) is not None:
            if self._stop.is_set():
                client.disconnect()
                client.loop_write()
                return
            is_paused = self._paused()
            if is_paused:
                client.forgive_silence()
            readers: list[Any] = [self._wake_r] if is_paused else [sock, self._wake_r]
            writers = [sock] if client.want_write() else []
            readable, writable, _ = select.select(readers, writers, [], 1.0)
            if self._wake_r in readable:
                self._drain_wakes()
            self._do_work()
            if sock in readable:
                if client.read_all() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    return
                if client.was_busy:
                    time.sleep(_GATHER_S)  # under load, one read of many messages costs less than many of few
            if writable and client.loop_write() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return
            if client.loop_misc() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return

    def _drain_wakes(self) -> None:
        try:
            while self._wake_r.recv(4096):
                pass
        except BlockingIOError:
            pass

    def _do_work(self) -> None:
        while self._work:
            epoch, work = self._work.popleft()
            if epoch == self.epoch and self.connected_at is not None:
                work()

    def _on_connect(self, client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            log.error("broker refused the connection", user=self.address.username, reason=str(reason))
            return
        self.epoch += 1
        self._client.epoch = self.epoch
        self.connected_at = time.monotonic()
        self._work.clear()
        if self._subscriptions:
            client.subscribe(self._subscriptions)
        log.info("broker connected", user=self.address.username, epoch=self.epoch)
        self._greet()

    def _on_subscribe(self, _client: Any, _userdata: Any, _mid: Any, reasons: Any, _properties: Any) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            log.error("broker refused a subscription", user=self.address.username, reasons=refused)
        else:
            self._subscribed_epoch = self.epoch

    def _on_publish(self, _client: Any, _userdata: Any, mid: int, reason: Any, _properties: Any) -> None:
        answered = self._unacknowledged.pop(mid, None)
        if answered is not None:
            answered(not reason.is_failure)

    def _on_disconnect(
        self, _client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        if self.connected_at is not None:
            log.warning("broker connection lost", user=self.address.username, reason=str(reason))
