"""What a rule has found, on its way to an alert.  Pure; times are Unix ms of the server's clock, placed."""

from dataclasses import dataclass, field
from typing import Any

from fleet.safety.words import Duty, Priority


@dataclass(frozen=True, slots=True)
class Key:
    """What an alert is about; of each key one alert at most is open.

    With a device `site_id` stays None: the alert goes where the device stands.  Without device and site it is
    every site's: the server itself.
    """

    rule: str
    device_id: int | None = None
    channel: int | None = None  # from 1
    site_id: int | None = None
    subject: str = ""  # a cause group, or a part of the server

    def __str__(self) -> str:
        where = f"d{self.device_id}" if self.device_id is not None else f"s{self.site_id or ''}"
        return f"{self.rule}|{where}|{self.channel or ''}|{self.subject}"


@dataclass(frozen=True, slots=True)
class Rise:
    """It has become true, delays included.

    `late`: known from a late record only; such an alert is marked, and pages nobody.
    """

    key: Key
    at_ms: int
    priority: Priority
    duty: Duty = Duty.CARE
    facts: dict[str, Any] = field(
        default_factory=dict
    )  # what its sentence is made of, with units in the names
    latched: bool = False  # stays until a person has seen to it
    late: bool = False
    session: str | None = None
    in_session: bool = False
    rule_version: int = 0
    cause_id: int | None = None  # the open alert that explains it


@dataclass(frozen=True, slots=True)
class Weigh:
    """It is still true; its priority or its numbers have changed."""

    key: Key
    at_ms: int
    priority: Priority
    facts: dict[str, Any] = field(default_factory=dict)
    more: bool = False  # somebody else in a session has come under it: whoever had it must look again


@dataclass(frozen=True, slots=True)
class Fall:
    """It is true no longer, delays included.  Missing data is never a fall."""

    key: Key
    at_ms: int


News = Rise | Weigh | Fall
