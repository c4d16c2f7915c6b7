"""Which devices say more than any device has to say, so that one of them keeps no other's proof waiting.  Pure."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

MOST_A_SECOND: Final = 200
"""Answers, and as many statuses, of one device; one that comes back after a long time has a few to tell."""


class Said(Protocol):
    """What is needed of `devices.mqtt.client.Message`."""

    @property
    def topic(self) -> bytes: ...
    @property
    def arrival_ms(self) -> int: ...


Message = TypeVar("Message", bound=Said)


class Crowding:
    """Counts what each topic brings in each second of the server's clock."""

    def __init__(self) -> None:
        self._second = 0
        self._counts: Counter[bytes] = Counter()

    def split(self, messages: Sequence[Message]) -> tuple[list[Message], list[Message]]:
        """Return those to be taken in, and those that are one too many of their device's in their second."""
        kept: list[Message] = []
        dropped: list[Message] = []
        for message in messages:
            second = message.arrival_ms // 1000
            if second != self._second:
                self._second = second
                self._counts.clear()
            self._counts[message.topic] += 1
            (kept if self._counts[message.topic] <= MOST_A_SECOND else dropped).append(message)
        return kept, dropped
