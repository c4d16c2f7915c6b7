"""paho with its reading replaced: whole reads, PUBLISH packets cut by hand.

paho reads a packet with several system calls and acknowledges one at a time.  Here its socket is read 256 KiB at
a time, and a batch is acknowledged with one write; everything else (connect, will, TLS, subscribe, keep alive)
stays paho's.  Measured figures: docs/decisions/paho-with-our-own-reader.md.
"""

import ssl
import time
from collections.abc import Callable
from typing import NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

_PUBLISH, _PUBACK = 0x30, 0x40
_READ_BYTES = 262_144
_MANY = 2


class Message(NamedTuple):
    """One PUBLISH packet.  `mid` is its raw packet id (b"" at QoS 0), good only on the connection `epoch`."""

    topic: bytes
    payload: bytes
    arrival_ms: int
    mid: bytes
    retained: bool
    epoch: int


class Client(paho.Client):
    """paho, with its reading replaced; the names it uses are private to paho 2.2, which pyproject.toml holds."""

    def bind(self, take: Callable[[list[Message]], None]) -> None:
        self._take = take
        self._unread = b""
        self.epoch = 0
        self.was_busy = False
        self.heard_s = 0.0  # monotonic: when the broker last sent anything

    def read_all(self) -> MQTTErrorCode:
        """Read what there is, hand over the messages, let paho handle the rest."""
        sock = self._sock
        if sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        try:
            data = sock.recv(_READ_BYTES)
            while (
                isinstance(sock, ssl.SSLSocket) and sock.pending()
            ):  # select cannot see what TLS holds ready
                data += sock.recv(_READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        if not data:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        self.heard_s = time.monotonic()
        with self._msgtime_mutex:
            self._last_bytes_received = self.heard_s
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
                length, body = long_length(data, at + 1, end)
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
                # A CONNACK began a new epoch, and queued messages may follow it in this very read.
                epoch = self.epoch
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

    def awaits_receipts(self) -> bool:
        """Whether the broker has yet to acknowledge something we published."""
        with self._out_message_mutex:
            return bool(self._out_messages)

    def ask_for_a_sign(self, quiet_s: float) -> None:
        """Ping a broker that has said nothing for so long, unless it is being asked."""
        if self.is_connected() and self._ping_t == 0 and time.monotonic() - self.heard_s >= quiet_s:
            self._send_pingreq()

    def forgive_silence(self) -> None:
        """While nothing is read, no answer to a ping can be seen: that is no lost connection."""
        self._ping_t = 0.0

    def write_raw(self, data: bytes) -> None:
        """Queue ready-made packets behind whatever is being written."""
        self._packet_queue(_PUBACK, data, 0, 1)


def long_length(data: bytes, at: int, end: int) -> tuple[int, int]:
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
