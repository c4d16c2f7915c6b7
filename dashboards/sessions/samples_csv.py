"""Every sample of a session as CSV, written while it is read: ten minutes of telemetry at a time.

The columns are in docs/dose.md.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import close_old_connections
from django.utils.translation import gettext as _

from dashboards.downloads import BOM, cell, csv_lines
from devices import sessions
from devices.dose import Message
from devices.models import Session

COLUMNS: Final = (
    "time_utc", "time_local", "elapsed_ms", "channel", "set_ma", "ma", "ohm", "contact", "phase", "step", "cycle",
    "late", "disputed", "boot", "seq",
)  # fmt: skip
_WINDOW: Final = timedelta(minutes=10)


def name(session: Session) -> str:
    """Return what the file is called."""
    return "session-" + re.sub(r"[^A-Za-z0-9._-]", "_", f"{session.device.serial}-{session.session}") + ".csv"


def lines(session: Session, *, telemetry_days: int) -> Iterator[bytes]:
    """Yield the file in parts: a remark if samples are missing by their age, the header, then the samples."""
    yield BOM + _remark(session, telemetry_days) + csv_lines([COLUMNS])
    zone = ZoneInfo(session.device.site.time_zone)
    low, end = sessions.span(session)
    while low < end:
        high = min(low + _WINDOW, end)
        some = list(sessions.messages_between(session, low, high))
        close_old_connections()
        if some:
            yield csv_lines(row for one in some for row in _rows(one, zone))
        low = high


def _remark(session: Session, telemetry_days: int) -> bytes:
    gone = sessions.deleted(session, stored=sessions.kept(session))
    if not gone:
        return b""
    words = _(
        "%(gone)d of %(all)d seconds of this session are missing here: samples are deleted after %(days)d days"
    )
    return csv_lines([["# " + words % {"gone": gone, "all": session.messages, "days": telemetry_days}]])


def _rows(message: Message, zone: ZoneInfo) -> Iterator[list[Any]]:
    """Yield one row a sample and channel, oldest first; the last sample was taken at the message's own time."""
    said = message.said
    depth = max(len(samples) for samples in said.ma)
    for back in range(depth - 1, -1, -1):
        at = datetime.fromtimestamp((message.placed_ms - back * said.every_ms) / 1000, UTC)
        times = (
            at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            at.astimezone(zone).isoformat(timespec="milliseconds"),
        )
        for channel, samples in enumerate(said.ma, start=1):
            if back < len(samples):
                yield [*times, *_sample(message, channel, samples[len(samples) - 1 - back])]


def _sample(message: Message, channel: int, ma: float) -> list[Any]:
    said, at = message.said, channel - 1
    return [
        said.elapsed_ms, channel, said.set_ma[at], ma, cell(said.ohm[at]), said.contact[at].value, said.phase.value,
        cell(said.step), cell(said.cycle), int(message.late), int(message.disputed), message.boot, message.seq,
    ]  # fmt: skip
