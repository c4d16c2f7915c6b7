"""One telemetry message, and the one right before it, as the rules look at them.  Pure."""

from __future__ import annotations

from typing import Final

from devices.wire.messages import Telemetry
from devices.wire.units import MAX_CHANNELS
from devices.wire.words import Contact
from fleet.safety.conditions import Found

NOTHING: Final[tuple[Found, ...]] = ()
FOLLOWS_MS: Final = 2_500  # messages further apart do not follow each other
_ALL_OK: Final = [(Contact.OK,) * count for count in range(MAX_CHANNELS + 1)]


class Look:
    """A message with what is read from it once for all rules; made anew for no message, since it is hot."""

    __slots__ = ("before", "is_touching", "peak", "peaks", "set_ma")

    def __init__(self) -> None:
        self.before: Telemetry | None = None  # the message right before, of the same session
        self.peaks: list[float] = []  # the highest sample of each channel, mA
        self.peak = 0.0  # the highest of all, mA
        self.is_touching = False  # every channel says that contact is good
        self.set_ma: tuple[float, ...] | list[float] = ()  # the highest setting that held within the message

    def at(self, message: Telemetry, before: Telemetry | None) -> None:
        """Look at a message.  Somebody who turns down within it leaves samples of the higher setting."""
        self.peaks = peaks = list(map(max, message.ma))
        self.peak = max(peaks)
        contact = message.contact
        self.is_touching = contact == _ALL_OK[len(contact)]
        if before is not None and follows(before, message):
            self.before = before
            self.set_ma = (
                message.set_ma
                if message.set_ma == before.set_ma
                else list(map(max, message.set_ma, before.set_ma))
            )
        else:
            self.before = None
            self.set_ma = message.set_ma


def follows(before: Telemetry, message: Telemetry) -> bool:
    """Whether one message comes right after the other."""
    return (
        before.boot == message.boot
        and 0 < message.up_ms - before.up_ms <= FOLLOWS_MS
        and before.session == message.session
        and len(before.set_ma) == len(message.set_ma)
    )
