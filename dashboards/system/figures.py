"""Figures of the system page: how fast, how much waits, what the broker says; from the parts' own pulses.  Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from dashboards.system.servers import Redis
from devices.models import Pulse


@dataclass(frozen=True, slots=True)
class Figure:
    """One number; None: not known.  `ms` says that it is a duration, `warns` that somebody should look."""

    label: str
    value: float | None
    unit: str = ""
    ms: bool = False
    size: bool = False
    warns: bool = False


Pulses = Mapping[str, Pulse]  # of parts that live: what a silent one said last is no figure of now
BEHIND_MS = 5_000
FULL = 5_000  # messages; then the broker keeps the rest


def rates(pulses: Pulses) -> list[Figure]:
    """Return how fast everything goes, per second over the last ten."""
    told = {part: pulse.detail.get("rates") or {} for part, pulse in pulses.items()}
    asked = (
        (_("messages in"), "ingest", "messages"),
        (_("records stored"), "ingest", "records"),
        (_("of them late"), "ingest", "late_records"),
        (_("repeats"), "ingest", "repeats"),
        (_("watermarks out"), "ingest", "watermarks"),
        (_("changes announced"), "ingest", "events_announced"),
        (_("messages to browsers"), "web", "socket_messages"),
        (_("requests"), "web", "requests"),
        (_("commands out"), "dispatch", "commands_published"),
    )
    return [
        Figure(label, told[part].get(name, 0) if told.get(part) else None, _("/s"))
        for label, part, name in asked
    ]


def backlog(pulses: Pulses, redis: Redis) -> list[Figure]:
    """Return what waits, and how long."""
    ingest, dispatch, web = (_gauges(pulses, part) for part in ("ingest", "dispatch", "web"))
    lag = ingest.get("lag_ms")
    live = ingest.get("inbox_live")
    return [
        Figure(_("live messages wait"), live, warns=(live or 0) >= FULL),
        Figure(_("late messages wait"), ingest.get("inbox_late")),
        Figure(_("the oldest of them"), ingest.get("inbox_oldest_ms"), ms=True),
        Figure(_("from arrival to stored"), lag, ms=True, warns=(lag or 0) > BEHIND_MS),
        Figure(_("commands not answered"), dispatch.get("commands_open")),
        Figure(_("commands not acknowledged"), dispatch.get("commands_flying")),
        Figure(_("ticks wait"), None if redis.why else redis.ticks_waiting, warns=redis.ticks_waiting > 5),
        Figure(_("live walls open"), web.get("sockets_open")),
    ]


def broker(pulses: Pulses) -> list[Figure]:
    """Return what the broker says of itself; empty if it says nothing."""
    told: dict[str, Any] = pulses["ingest"].detail.get("broker_told") or {} if "ingest" in pulses else {}
    if not told:
        return []
    risen = pulses["ingest"].detail.get("broker_rates") or {}
    stored, retained = told.get("stored"), told.get("retained")
    waiting = None if stored is None or retained is None else max(0, stored - retained)
    return [
        Figure(_("clients connected"), told.get("clients_connected")),
        Figure(_("clients known"), told.get("clients_total")),
        Figure(_("messages it holds for clients"), waiting),
        Figure(_("retained"), retained),
        Figure(_("dropped since its start"), told.get("dropped"), warns=risen.get("broker_dropped", 0) > 0),
        Figure(_("messages in"), risen.get("broker_received"), _("/s")),
        Figure(_("messages out"), risen.get("broker_sent"), _("/s")),
        Figure(_("memory"), told.get("heap_bytes"), size=True),
    ]


def _gauges(pulses: Pulses, part: str) -> dict[str, Any]:
    return pulses[part].detail.get("gauges") or {} if part in pulses else {}
