"""Topic names: parsed and printed as twins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, get_args

from .errors import WireError

Kind = Literal["status", "telemetry", "event", "ack", "command", "watermark"]

PREFIX: Final = "ems/v1"
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
UP: Final[tuple[Kind, ...]] = ("status", "telemetry", "event", "ack")
DOWN: Final[tuple[Kind, ...]] = ("command", "watermark")
SERVER_STATUS: Final = f"{PREFIX}/_server/status"
SERIAL_PATTERN: Final = "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"

_TOPIC = re.compile(f"{PREFIX}/(?P<serial>{SERIAL_PATTERN})/(?P<kind>{'|'.join(KINDS)})")
_SERIAL = re.compile(SERIAL_PATTERN)


@dataclass(frozen=True, slots=True)
class Topic:
    """One device's topic of one kind; `str(topic)` is what goes to the broker."""

    serial: str
    kind: Kind

    def __str__(self) -> str:
        return f"{PREFIX}/{self.serial}/{self.kind}"


@lru_cache(maxsize=16_384)  # a fleet's topics repeat for ever; a stranger's can only push others out
def parse(text: str) -> Topic:
    """Return the topic that `text` names.  Raises WireError("topic", …); its twin is `str(topic)`."""
    match = _TOPIC.fullmatch(text)
    if match is None:
        expected = f"{PREFIX}/<serial>/<{' | '.join(KINDS)}>"
        raise WireError("topic", f"{text[:100]!a}, expected {expected}")
    return Topic(match["serial"], match["kind"])  # type: ignore[arg-type]  # the pattern admits kinds only


def is_serial(text: str) -> bool:
    """Whether `text` may be a device's serial number, MQTT user name and client id."""
    return _SERIAL.fullmatch(text) is not None


def is_server(text: str) -> bool:
    """Whether a topic belongs to the server itself (its second-last level begins with `_`)."""
    return text.startswith(f"{PREFIX}/_")


def every(kind: Kind) -> str:
    """The subscription filter for one kind of message of every device."""
    return f"{PREFIX}/+/{kind}"
