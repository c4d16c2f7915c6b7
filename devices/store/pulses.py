"""The sign of life of each part of the server, and the lock that keeps ingest alone."""

from datetime import datetime
from typing import Any

from devices.models import Pulse
from devices.store import sql

INGEST_LOCK = 0x6D796F  # "myo"


def beat(part: str, now: datetime, detail: dict[str, Any] | None = None) -> None:
    """Say that `part` lives."""
    Pulse.objects.update_or_create(part=part, defaults={"at": now, "detail": detail or {}})


def all_pulses() -> dict[str, tuple[datetime, dict[str, Any]]]:
    """Return when each part last said it lives, with what it said."""
    return {pulse.part: (pulse.at, pulse.detail) for pulse in Pulse.objects.all()}


def lock_ingest() -> bool:
    """Take the lock of the one ingest on this database connection; it ends with the connection."""
    return bool(sql.rows("SELECT pg_try_advisory_lock(%s)", [INGEST_LOCK])[0][0])
