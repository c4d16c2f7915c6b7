"""Many devices in few words: what lists filter and sort by, of all devices at once.

A whole device object (`queries.device_objects`) takes ten times as long to make; a page of a list makes them only
for the rows that it shows.  Who may see a device is not decided here.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import msgspec
from django.db.models import QuerySet

from devices.models import Device, Link


class _Status(msgspec.Struct):
    """Of a status, what lists ask for."""

    model: str = ""
    firmware: str = ""
    conditions: tuple[str, ...] = ()


class _Telemetry(msgspec.Struct):
    """Of a telemetry message, what lists ask for."""

    session: str | None = None
    contact: tuple[str, ...] = ()


_Message = TypeVar("_Message", _Status, _Telemetry)
_STATUS = msgspec.json.Decoder(_Status)
_TELEMETRY = msgspec.json.Decoder(_Telemetry)


@dataclass
class Brief:
    """A device as it last was; what it said itself is read when it is asked for."""

    pk: int
    serial: str
    name: str
    room: str
    site_id: int
    tags: list[str]
    enrolled_model: str
    link: str
    state: str | None
    output: str | None
    session: str | None
    heard_at: datetime | None
    skew_ms: int | None
    soc: float | None
    status: bytes | None = field(repr=False)
    telemetry: bytes | None = field(repr=False)

    @cached_property
    def said(self) -> _Status:
        return _read(_STATUS, self.status) or _Status()

    @property
    def model(self) -> str:
        """What the device says beats what was enrolled."""
        return self.said.model or self.enrolled_model

    @cached_property
    def contacts(self) -> tuple[str, ...]:
        """How each pair of electrodes sits, by the newest telemetry of the session that is open now."""
        if self.session is None:
            return ()
        told = _read(_TELEMETRY, self.telemetry)
        return told.contact if told and told.session == self.session else ()


_FIELDS = (
    "pk", "serial", "name", "room", "site_id", "tags", "model", "live__link", "live__state", "live__output",
    "live__session", "live__heard_at", "live__skew_ms", "live__soc", "live__status", "live__telemetry",
)  # fmt: skip
_LINK = _FIELDS.index("live__link")


def briefs(devices: QuerySet[Device]) -> list[Brief]:
    """Return every device in few words, in the queryset's order.  One query, however many."""
    return [_brief(row) for row in devices.values_list(*_FIELDS)]


def _brief(row: tuple[Any, ...]) -> Brief:
    values = list(row)
    values[_LINK] = values[_LINK] or Link.NEVER.value  # one that never spoke may have no row of its own yet
    return Brief(*values)


def _read(decoder: msgspec.json.Decoder[_Message], body: bytes | None) -> _Message | None:
    """A stricter version of the contract may refuse what was stored: then it is not known."""
    try:
        return None if body is None else decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
