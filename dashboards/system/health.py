"""/healthz, /readyz, /metrics: for supervisors, load balancers and Prometheus."""

import ipaddress
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from dashboards.api import problems
from dashboards.system import metrics, servers
from dashboards.system.heart import HEART
from devices import queries
from devices.models import Device, Pulse
from fleet.access import queries as access
from fleet.control import figures as command_figures
from fleet.protocols import queries as protocol_queries
from fleet.rollouts import figures as rollout_figures
from fleet.safety import queries as alert_queries

SILENT_AFTER = {
    "ingest": timedelta(seconds=5),  # when the wall greys out, too
    "dispatch": timedelta(seconds=5),
    "worker": timedelta(seconds=10),
    "courier": timedelta(seconds=10),
    "beat": timedelta(seconds=10),
}
REDIS_TIMEOUT_S = 1.0
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one part can do its work; `why` says what is wrong, and is empty if nothing is."""

    part: str
    why: str = ""
    age_ms: int | None = None  # of its pulse
    took_ms: float | None = None  # to answer, for those that are asked

    def as_json(self) -> dict[str, Any]:
        optional = {"age_ms": self.age_ms, "took_ms": self.took_ms, "why": self.why or None}
        return {"ok": not self.why, **{name: value for name, value in optional.items() if value is not None}}


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Alive: this process answers.  Asks nobody else, so that a dead database restarts no web."""
    return _uncached(JsonResponse({"status": "alive"}))


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Able to do its job: 200 if every part is, else 503; either way with the age of each part's pulse."""
    verdicts = list(_verdicts(timezone.now()))
    ready = not any(verdict.why for verdict in verdicts)
    body = {
        "status": "ready" if ready else "not ready",
        "parts": {verdict.part: verdict.as_json() for verdict in verdicts},
    }
    return _uncached(JsonResponse(body, status=200 if ready else 503))


@require_safe
def prometheus(request: HttpRequest) -> HttpResponse:
    """Figures of every process, for loopback or the token of somebody who may `see_system`."""
    own = HEART.detail()
    try:
        if not _is_local(request) and (refused := _why_not(request)) is not None:
            return refused
        now = timezone.now()
        pulses = list(Pulse.objects.order_by("part"))
        counts = queries.site_counts(Device.objects.all())
        alerts: alert_queries.Figures | None = alert_queries.figures(now)
        commands: command_figures.Figures | None = command_figures.figures(now)
        versions: dict[str, int] | None = protocol_queries.standing()
        rollouts: rollout_figures.Figures | None = rollout_figures.figures()
        own["gauges"] |= servers.disk.get().gauges()
    except DatabaseError:  # what this process knows by itself is worth telling all the same
        if not _is_local(request):
            return problems.answer(request, 503, "The database does not answer, so no token can be checked.")
        now, pulses = timezone.now(), []
        counts, alerts, commands, versions, rollouts = None, None, None, None, None
    # The web's own word is fresher than its pulse, and housekeeping has one an hour: its age would alarm everybody.
    others = [pulse for pulse in pulses if pulse.part not in ("web", "prune")]
    parts = [metrics.Part(pulse.part, _age(pulse, now).total_seconds(), pulse.detail) for pulse in others]
    every = [metrics.Part("web", None, own), *parts]
    return _uncached(
        HttpResponse(
            metrics.text(every, counts, alerts, commands, versions, rollouts),
            content_type=CONTENT_TYPE_LATEST,
        )
    )


def _verdicts(now: datetime) -> Iterator[Verdict]:
    started_s = time.monotonic()
    try:
        pulses = queries.pulses()
        yield Verdict("database", took_ms=_since_ms(started_s))
    except DatabaseError as error:
        pulses = {}
        yield Verdict("database", why=f"does not answer: {type(error).__name__}")
    yield _redis()
    for part in SILENT_AFTER:
        seen = _of_pulse(part, pulses.get(part), now)
        is_cut = part == "dispatch" and not seen.why and pulses[part].detail.get("broker") is False
        yield replace(seen, why="it is not connected to the broker") if is_cut else seen
    yield _broker(pulses.get("ingest"), now)


def _of_pulse(part: str, pulse: Pulse | None, now: datetime) -> Verdict:
    if pulse is None:
        return Verdict(part, why="no pulse is known")
    age, limit = _age(pulse, now), SILENT_AFTER[part]
    why = f"silent for more than {limit.total_seconds():g} s" if age > limit else ""
    return Verdict(part, why, age_ms=age // timedelta(milliseconds=1))


def _broker(ingest: Pulse | None, now: datetime) -> Verdict:
    """The broker is seen through ingest, which is connected to it."""
    seen = _of_pulse("ingest", ingest, now)
    if seen.why or ingest is None:
        return Verdict("broker", why=f"unknown, because of ingest: {seen.why}", age_ms=seen.age_ms)
    why = "" if ingest.detail.get("broker") else "ingest is not connected to it"
    return Verdict("broker", why, age_ms=seen.age_ms)


def _redis() -> Verdict:
    started_s = time.monotonic()
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=REDIS_TIMEOUT_S, socket_timeout=REDIS_TIMEOUT_S
        ) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        return Verdict("redis", why=f"does not answer: {type(error).__name__}")
    return Verdict("redis", took_ms=_since_ms(started_s))


def _age(pulse: Pulse, now: datetime) -> timedelta:
    return max(now - pulse.at, timedelta())


def _since_ms(started_s: float) -> float:
    return round((time.monotonic() - started_s) * 1000, 1)


def _is_local(request: HttpRequest) -> bool:
    """Whether it came over loopback by itself; what a proxy on this machine passes on names who sent it."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _why_not(request: HttpRequest) -> HttpResponse | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    user = access.authenticate_token(token.strip()) if scheme.lower() == "bearer" else None
    if user is None:
        return problems.answer(request, 401, "Metrics are for loopback, or a good bearer token.")
    if not access.may_anywhere(user, "see_system"):
        return problems.answer(request, 403, "Metrics are for engineers and administrators.")
    return None


def _uncached(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
