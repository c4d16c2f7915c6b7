"""MQTT 3.1.1 packets of a QoS 1 client, as bytes.  Pure: no sockets, no clock.

Only what a device needs: connect with a will, publish (QoS 1), subscribe, acknowledge, ping, disconnect.
Layout and numbers are those of MQTT Version 3.1.1, OASIS Standard, 29 October 2014; sections in brackets.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = (
    1,
    2,
    3,
    4,
    8,
    9,
    12,
    13,
    14,
)
MAX_LENGTH: Final = 268_435_455  # [2.2.3] four bytes of seven bits
MAX_ID: Final = 65_535

_PINGREQ: Final = bytes((PINGREQ << 4, 0))
_DISCONNECT: Final = bytes((DISCONNECT << 4, 0))
_PUBLISH_QOS1: Final = PUBLISH << 4 | 0b0010
_RETAIN: Final = 0b0001
_SHORT = struct.Struct(">H")


class ProtocolError(ValueError):
    """The peer sent something that is no MQTT 3.1.1 packet, or one a client never gets."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet as it arrived: `body` is all behind the remaining length."""

    type: int
    flags: int
    body: bytes

    @property
    def id(self) -> int:
        """The packet identifier of a PUBACK or SUBACK."""
        if len(self.body) < 2:
            raise ProtocolError(
                f"packet of type {self.type} has {len(self.body)} bytes, expected an identifier"
            )
        return self.body[0] << 8 | self.body[1]


@dataclass(frozen=True, slots=True)
class Published:
    """A message from the broker; `id` is 0 for QoS 0, which wants no acknowledgement."""

    topic: bytes
    payload: bytes
    qos: int
    retain: bool
    id: int


def connect(
    client_id: str,
    *,
    keep_alive_s: int,
    username: str | None = None,
    password: str | None = None,
    will: tuple[bytes, bytes] | None = None,
    clean: bool = True,
) -> bytes:
    """Return a CONNECT [3.1]; `will` is (topic, payload), sent by the broker with QoS 1, retained."""
    flags = clean << 1
    fields = [_text(client_id.encode())]
    if will is not None:
        flags |= 0b0010_1100  # retain, QoS 1, will
        fields += [_text(will[0]), _text(will[1])]
    if username is not None:
        flags |= 0x80
        fields.append(_text(username.encode()))
    if password is not None:
        flags |= 0x40
        fields.append(_text(password.encode()))
    return _packet(
        CONNECT << 4, b"\x00\x04MQTT\x04" + bytes((flags,)) + _SHORT.pack(keep_alive_s) + b"".join(fields)
    )


def publish(topic: bytes, payload: bytes, packet_id: int, *, retain: bool = False) -> bytes:
    """Return a PUBLISH with QoS 1 [3.3]."""
    size = 4 + len(topic) + len(payload)
    first = _PUBLISH_QOS1 | retain
    header = bytes((first, size)) if size < 128 else bytes((first,)) + _length(size)
    return b"".join((header, _SHORT.pack(len(topic)), topic, _SHORT.pack(packet_id), payload))


def subscribe(packet_id: int, filters: list[tuple[bytes, int]]) -> bytes:
    """Return a SUBSCRIBE to (filter, QoS) pairs [3.8]."""
    wanted = b"".join(_text(name) + bytes((qos,)) for name, qos in filters)
    return _packet(SUBSCRIBE << 4 | 0b0010, _SHORT.pack(packet_id) + wanted)


def puback(packet_id: int) -> bytes:
    """Return the acknowledgement of a QoS 1 message [3.4]."""
    return bytes((PUBACK << 4, 2, packet_id >> 8, packet_id & 0xFF))


def pingreq() -> bytes:
    """Return the sign of life that the broker answers [3.12]."""
    return _PINGREQ


def disconnect() -> bytes:
    """Return the goodbye after which the broker throws the will away [3.14]."""
    return _DISCONNECT


def read_published(packet: Packet) -> Published:
    """Return the message in a PUBLISH packet.  Raises ProtocolError."""
    body, qos = packet.body, packet.flags >> 1 & 0b11
    if len(body) < 2 or qos > 1:
        raise ProtocolError(f"PUBLISH of {len(body)} bytes with QoS {qos}")
    end = 2 + (body[0] << 8 | body[1])
    start = end + 2 if qos else end
    if len(body) < start:
        raise ProtocolError(f"PUBLISH ends within its topic: {len(body)} bytes, expected {start} or more")
    packet_id = body[end] << 8 | body[end + 1] if qos else 0
    return Published(body[2:end], body[start:], qos, bool(packet.flags & _RETAIN), packet_id)


class Reader:
    """Cuts a stream of bytes into packets."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Packet]:
        """Return the packets that `data` completes.  Raises ProtocolError if a length is no length."""
        buffer = self._rest + data if self._rest else data
        packets: list[Packet] = []
        at, end = 0, len(buffer)
        while end - at >= 2:
            size, start = buffer[at + 1], at + 2
            if size & 0x80:
                long = _long(buffer, at)
                if long is None:
                    break
                size, start = long
            if end - start < size:
                break
            packets.append(Packet(buffer[at] >> 4, buffer[at] & 0x0F, buffer[start : start + size]))
            at = start + size
        self._rest = buffer[at:]
        return packets


def _long(buffer: bytes, at: int) -> tuple[int, int] | None:
    """Return (remaining length, position behind it), or None while its bytes are incomplete."""
    size = 0
    for n in range(4):
        if at + 1 + n >= len(buffer):
            return None
        byte = buffer[at + 1 + n]
        size |= (byte & 0x7F) << (7 * n)
        if not byte & 0x80:
            return size, at + 2 + n
    raise ProtocolError("remaining length of more than four bytes")


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + _length(len(body)) + body


def _length(size: int) -> bytes:
    if size > MAX_LENGTH:
        raise ValueError(f"{size} bytes do not fit an MQTT packet, at most {MAX_LENGTH}")
    out = bytearray()
    while True:
        size, low = size >> 7, size & 0x7F
        out.append(low | 0x80 if size else low)
        if not size:
            return bytes(out)


def _text(data: bytes) -> bytes:
    if len(data) > MAX_ID:
        raise ValueError(f"{len(data)} bytes do not fit an MQTT field, at most {MAX_ID}")
    return _SHORT.pack(len(data)) + data
