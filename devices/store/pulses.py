"""The sign of life of each part of the server, and the lock that keeps ingest alone."""

import hashlib
import os
import socket
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from devices.models import Pulse
from devices.store import sql

INGEST_LOCK = 0x6D796F  # "myo"
_STARTED_AT = datetime.now(UTC)


@cache
def build() -> str:
    """Return 8 hex digits of the code that this process runs: two builds may carry one version."""
    root, digest = Path(__file__).parents[2], hashlib.sha256()
    for package in ("devices", "fleet", "dashboards"):
        for path in sorted((root / package).rglob("*.py")):
            digest.update(f"\0{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:8]


def about() -> dict[str, Any]:
    """Return what every part says of itself: its version, since when, and where it runs."""
    return {
        "version": settings.VERSION,
        "build": build(),
        "started_at": _STARTED_AT.isoformat(timespec="seconds"),
        "pid": os.getpid(),
        "host": socket.gethostname(),
    }


def beat(part: str, now: datetime, detail: dict[str, Any] | None = None) -> None:
    """Say that `part` lives.  `detail` beats what `about` says, for who speaks for another process."""
    Pulse.objects.update_or_create(part=part, defaults={"at": now, "detail": about() | (detail or {})})


def breathe(part: str, now: datetime) -> None:
    """Say that `part` lives, and nothing else; `describe` says the rest."""
    if not Pulse.objects.filter(part=part).update(at=now):
        beat(part, now)


def describe(part: str, detail: dict[str, Any]) -> None:
    """Write down what `part` says of itself, which is no sign of life."""
    Pulse.objects.filter(part=part).update(detail=about() | detail)


def all_pulses() -> dict[str, tuple[datetime, dict[str, Any]]]:
    """Return when each part last said it lives, with what it said."""
    return {pulse.part: (pulse.at, pulse.detail) for pulse in Pulse.objects.all()}


def lock_ingest() -> bool:
    """Take the lock of the one ingest on this database connection; it ends with the connection."""
    return bool(sql.rows("SELECT pg_try_advisory_lock(%s)", [INGEST_LOCK])[0][0])
