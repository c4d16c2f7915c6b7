"""What dispatch needs of its connections to the broker."""

from collections.abc import Callable, Iterable
from typing import Protocol

from devices.mqtt.client import Message


class Line(Protocol):
    """What is needed of `devices.mqtt.link.Link`."""

    epoch: int

    @property
    def is_up(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def acknowledge(self, done: Iterable[Message]) -> None: ...
    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        expiry_s: int | None = None,
        on_answer: Callable[[bool], None] | None = None,
    ) -> None: ...
