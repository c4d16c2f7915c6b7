"""Who said a moment ago, live, that its output is off or on.  Pure.

For the time when the database is away, and what it holds of live states grows old.
"""

from typing import Final

from devices.wire import codec, topics
from devices.wire.errors import WireError
from devices.wire.messages import Status

HOLDS_MS: Final = 20_000
"""An idle device speaks every 15 s: what it said longer ago may be over."""


class Heard:
    """The last word of each device about its output; times are Unix ms."""

    def __init__(self) -> None:
        self._off_ms: dict[str, int] = {}
        self._on_ms: dict[str, int] = {}
        self._spoken: set[str] = set()

    def hear(self, topic: str, payload: bytes, arrival_ms: int, *, retained: bool) -> None:
        """Take in a message; what is no good full status, or an old copy of one, says nothing about the output."""
        try:
            about = topics.parse(topic)
            self._spoken.add(about.serial)
            said = codec.decode(about.kind, payload)
        except WireError:
            return
        if isinstance(said, Status) and not retained:
            is_off = said.output == "off" and said.state != "running"
            (self._off_ms if is_off else self._on_ms)[about.serial] = arrival_ms

    def has_spoken(self, serial: str) -> bool:
        """Whether the broker has ever had a word of it."""
        return serial in self._spoken

    def is_off(self, serial: str, now_ms: int) -> bool:
        """Whether it said so a moment ago, and nobody under its name said otherwise."""
        return now_ms - self._off_ms.get(serial, 0) <= HOLDS_MS and not self.is_on(serial, now_ms)

    def is_on(self, serial: str, now_ms: int) -> bool:
        return now_ms - self._on_ms.get(serial, 0) <= HOLDS_MS
