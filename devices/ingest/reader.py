"""From topic and bytes to messages of known devices; what cannot be read says why.  Pure but for the look-up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from devices.batch.desk import Heard, Refused
from devices.mqtt.client import Message
from devices.wire import codec, topics
from devices.wire.errors import WireError

_EXCERPT = 200
_UP = frozenset({"status", "telemetry", "event"})


@dataclass(slots=True)
class Reading:
    """What a batch holds."""

    heard: list[Heard] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    numbered: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(device, boot, seq, arrival ms) of refused records whose number could be read."""
    unknown: list[tuple[str, str, bytes, int]] = field(default_factory=list)
    """(serial, kind, body, arrival ms) of accounts without an enrolled device."""


class Reader:
    """Decodes batches.  `device_of` and `is_account` look a serial up in the directory."""

    def __init__(self, device_of: Callable[[str], int | None], is_account: Callable[[str], bool]) -> None:
        self._device_of = device_of
        self._is_account = is_account
        self._known: dict[bytes, tuple[int, str, str]] = {}

    def forget(self) -> None:
        """A device was enrolled or renamed: look topics up anew."""
        self._known.clear()

    def read(self, batch: Sequence[Message]) -> Reading:
        reading = Reading()
        heard = reading.heard
        known = self._known
        decode = codec.decode
        for message in batch:
            place = known.get(message.topic)
            if place is None:
                place = self._look_up(message, reading)
                if place is None:
                    continue
            device_id, kind, serial = place
            payload = message.payload
            try:
                decoded = decode(cast(topics.Kind, kind), payload)
            except WireError as error:
                self._refuse(message, reading, serial, device_id, error)
                continue
            heard.append(Heard(device_id, decoded, payload, message.arrival_ms, message.retained))  # type: ignore[arg-type]
        return reading

    def _look_up(self, message: Message, reading: Reading) -> tuple[int, str, str] | None:
        """Find whose topic this is; a topic that is nobody's is refused here."""
        try:
            text = message.topic.decode()
            if text.startswith(f"{topics.PREFIX}/_"):
                return None  # the server's own
            topic = topics.parse(text)
            if topic.kind not in _UP:
                return None
        except (WireError, UnicodeDecodeError) as error:
            wire = error if isinstance(error, WireError) else WireError("topic", "the topic is not UTF-8")
            self._refuse(message, reading, "", None, wire)
            return None
        device_id = self._device_of(topic.serial)
        if device_id is not None:
            place = self._known[message.topic] = (device_id, topic.kind, topic.serial)
            return place
        self._unknown(message, topic, reading)
        return None

    def _unknown(self, message: Message, topic: topics.Topic, reading: Reading) -> None:
        if not self._is_account(topic.serial):
            detail = f"no device and no account is called {topic.serial}; enrol it"
            self._refuse(message, reading, "", None, WireError("unknown_serial", detail))
            return
        try:
            codec.decode(topic.kind, message.payload)
        except WireError as error:
            self._refuse(message, reading, topic.serial, None, error)
            return
        reading.unknown.append((topic.serial, topic.kind, message.payload, message.arrival_ms))

    @staticmethod
    def _refuse(
        message: Message, reading: Reading, serial: str, device_id: int | None, error: WireError
    ) -> None:
        if device_id is not None and not message.topic.endswith(b"status"):
            number = codec.peek(message.payload)
            if number is not None:
                reading.numbered.append((device_id, *number, message.arrival_ms))
        reading.refused.append(
            Refused(
                serial,
                device_id,
                message.topic[:300].decode(errors="replace").replace("\0", "�"),
                error.reason,
                error.detail.replace("\0", "�"),
                message.payload[:_EXCERPT],
                message.arrival_ms,
            )
        )
