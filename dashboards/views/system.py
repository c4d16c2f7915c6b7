"""The server itself, for those who keep it running: parts, rates, backlog, disk, and traces of slow spells."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.access.people import member
from dashboards.duty import channels
from dashboards.system import figures, pipeline, servers, slow
from dashboards.system.parts import Level, Part, living, no_direct, parts
from dashboards.words.reasons import Reason, reject
from devices import queries
from devices.models import Pulse, SlowSpell
from devices.store import rejects as refused
from devices.store import sizes
from devices.store.pulses import build
from fleet.access import queries as access

SPELLS_SHOWN = 20
DAYS_SHOWN = 14
_SOON_DAYS, _NOW_DAYS = 14, 3


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do now: what is wrong, and the sentence that says what to do."""

    level: Level
    words: str
    todo: str


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often messages were refused for one reason."""

    key: str
    reason: Reason
    hour: int
    day: int


@require_safe
@never_cache
@login_required
def system(request: HttpRequest) -> HttpResponse:
    """`?part=live` answers with what changes alone.  Raises Http404 for whoever keeps no server."""
    if not access.may_anywhere(member(request), "see_system"):
        raise Http404
    part = request.GET.get("part") == "live"
    return render(request, "dashboards/system_live.html" if part else "dashboards/system.html", _context())


def _context() -> dict[str, Any]:
    began_s = time.perf_counter()
    pulses = queries.pulses()
    took_ms = (time.perf_counter() - began_s) * 1000
    now, redis, disk = timezone.now(), servers.ask_redis(), servers.disk.get()
    every = parts(
        pulses,
        now,
        redis=redis,
        database=sizes.health(),
        took_ms=took_ms,
        version=f"{settings.VERSION} · {build()}",
    )
    alive, news = living(pulses, now), pipeline.pipeline(pulses, now)
    told = alive["ingest"].detail.get("broker_told") if "ingest" in alive else None
    return {
        "now": now,
        "zone": settings.DISPLAY_TIME_ZONE,
        "pipeline": news,
        "limit_ms": pipeline.LIMIT_MS,
        "deaf_words": pipeline.deaf_words(),
        "parts": every,
        "unset": channels.unset(),
        "no_direct": no_direct(pulses, has_address=settings.DIRECT_URL is not None),
        "tasks": [*_of_parts(every), *_of_flow(news, alive, redis), *_of_disk(disk, pulses, now)],
        "rates": figures.rates(alive),
        "backlog": figures.backlog(alive, redis),
        "broker": figures.broker(alive),
        "broker_age_ms": max(0, round(now.timestamp() * 1000) - told["at_ms"]) if told else None,
        "rejects": [Refusals(name, reject(name), hour, day) for name, hour, day in refused.by_reason(now)],
        "disk": disk,
        "days": _days(disk, now),
        "telemetry_days": settings.TELEMETRY_DAYS,
        "pruned_at": pulses["prune"].at if "prune" in pulses else None,
        "traces": slow.traces(SlowSpell.objects.order_by("-began_at")[:SPELLS_SHOWN]),
        "slow_batch_ms": settings.SLOW_BATCH_MS,
        "slow_request_ms": settings.SLOW_REQUEST_MS,
    }


def _of_parts(every: list[Part]) -> Iterator[Task]:
    for part in every:
        if part.level in ("bad", "warn"):
            yield Task(part.level, f"{part.label}: {part.words}", part.todo)


def _of_flow(news: pipeline.Pipeline, alive: Mapping[str, Pulse], redis: servers.Redis) -> Iterator[Task]:
    """What goes wrong while every part lives."""
    for fault in news.faults:
        if fault.part == "backlog":
            todo = _(
                "See which step is slow in the newest slow spell below; the devices keep what is not acknowledged."
            )
            yield Task("warn", _("Backlog: more comes in than is stored"), todo)
        elif fault.part == "redis" and not redis.why:
            yield Task(
                "warn",
                _("Redis: ingest cannot announce changes"),
                _("See whether Redis answers ingest's machine."),
            )
    ingest = alive.get("ingest")
    if ingest and (ingest.detail.get("broker_rates") or {}).get("broker_dropped", 0) > 0:
        todo = _(
            "A client is slower than its queue: see who in the broker's log; devices send again what was not covered."
        )
        yield Task("warn", _("Broker: it drops messages now"), todo)


def _of_disk(disk: servers.Disk, pulses: dict[str, Pulse], now: datetime) -> Iterator[Task]:
    days = disk.outlook.full_in_days
    if days is not None and days <= _SOON_DAYS:
        todo = _("Make the disk larger, or lower TELEMETRY_DAYS; the oldest days are let go within the hour.")
        level: Level = "bad" if days <= _NOW_DAYS else "warn"
        yield Task(level, _("Disk: full in about %(days)d days") % {"days": days}, todo)
    if disk.late_days:
        todo = _(
            "The courier lets old days go each hour: see in its log why it did not (manage.py prune does it by hand)."
        )
        said = ngettext(
            "Disk: %(n)d day is kept beyond its time",
            "Disk: %(n)d days are kept beyond their time",
            disk.late_days,
        )
        yield Task("warn", said % {"n": disk.late_days}, todo)
    elif "prune" in pulses and now - pulses["prune"].at > servers.PRUNED_WITHIN:
        yield Task(
            "warn",
            _("Housekeeping: has not run for two hours"),
            _("See in the courier's log why; manage.py prune does it by hand."),
        )


def _days(disk: servers.Disk, now: datetime) -> list[tuple[str, int, int]]:
    """Return (day, bytes, per mille of the largest) of the last days of telemetry, the newest first."""
    shown = sorted((day for day in disk.sizes.days if day <= now.astimezone(UTC).date()), reverse=True)[
        :DAYS_SHOWN
    ]
    most = max((disk.sizes.days[day] for day in shown), default=0) or 1
    return [(day.isoformat(), disk.sizes.days[day], disk.sizes.days[day] * 1000 // most) for day in shown]
