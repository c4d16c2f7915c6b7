"""The server's connection to the broker: it keeps itself up on its own thread, and any thread may speak through it."""

import random
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from devices.mqtt.client import Client, Message, long_length, publish_packet

log = structlog.get_logger(__name__)

_LONGEST_WAIT_S = 5.0
_GOODBYE_S = 1.0
# A broker that is quiet is asked for a sign, and without one counts as gone: well before the first device, heard up
# to a second earlier than the broker, would be suspect for its six seconds of silence.
_QUIET_S, _DEAF_S = 1.0, 3.0
_GATHER_S = 0.005


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


def _without_properties(message: Message) -> Message:
    """MQTT 5 puts properties before the payload; none of those that can come are needed here."""
    length, at = long_length(message.payload, 0, len(message.payload))
    return message._replace(payload=message.payload[at + length :])


def _properties(packet: int, **values: int) -> Properties:
    properties = Properties(packet)
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


class Link:
    """A connection that keeps itself up, on its own thread.

    Args:
        address: The broker.
        subscriptions: Topic filters, at QoS 1.
        also: Topics, at QoS 0, that a broker may refuse without harm.
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
        also: Iterable[str] = (),
    ) -> None:
        self.address = address
        self.epoch = 0
        self.connected_at: float | None = None
        self._subscribed_epoch = 0
        self._subscriptions = [(topic, 1) for topic in subscriptions]
        self._also = [(topic, 0) for topic in also]
        self._also_mid: int | None = None
        self._paused, self._greet = paused, greet
        self._work: deque[tuple[int, Callable[[], None]]] = deque()
        self._stop = threading.Event()
        self._leave_by_s = 0.0
        self._wake_r, self._wake_w = socket.socketpair()
        self._wake_r.setblocking(False)
        self._wake_w.setblocking(False)
        client = Client(
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
        """Whether the broker sends us what we asked for: connected, the subscription stands, and it answers.

        One that hangs keeps its connections open; while we do not read ourselves, nothing can be said of it.
        """
        if self.connected_at is None or self._subscribed_epoch != self.epoch:
            return False
        return self._paused() or time.monotonic() - self._client.heard_s < _DEAF_S

    def wake(self) -> None:
        """Look again at `paused`."""
        self._wake()

    def _later(self, work: Callable[[], None], epoch: int) -> None:
        self._work.append((epoch, work))
        self._wake()

    def _wake(self) -> None:
        with suppress(BlockingIOError):  # it is awake already
            self._wake_w.send(b"\0")

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
            except Exception:  # without this thread the process would live on, deaf
                log.exception("broker connection given up", user=self.address.username)
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
            if self._stop.is_set() and self._has_said_goodbye():
                client.disconnect()
                client.loop_write()
                return
            is_paused = self._paused()
            if is_paused:
                client.forgive_silence()
            else:
                client.ask_for_a_sign(_QUIET_S)
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

    def _has_said_goodbye(self) -> bool:
        """Send what waits, and give the broker a moment to acknowledge it.

        Where we hang up while it answers, it takes that for a broken connection, and publishes the will.
        """
        self._do_work()
        self._leave_by_s = self._leave_by_s or time.monotonic() + _GOODBYE_S
        return not self._client.awaits_receipts() or time.monotonic() >= self._leave_by_s

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
        if self._also:
            self._also_mid = client.subscribe(self._also)[1]
        log.info("broker connected", user=self.address.username, epoch=self.epoch)
        self._greet()

    def _on_subscribe(self, _client: Any, _userdata: Any, mid: Any, reasons: Any, _properties: Any) -> None:
        if mid == self._also_mid:
            return
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
