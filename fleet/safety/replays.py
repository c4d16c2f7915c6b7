"""Stored days tried with changed rules: asked for by an engineer, judged by the courier, kept with its result."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from devices.moments import to_ms
from fleet.access import service as access
from fleet.access.errors import Refused
from fleet.access.models import Site
from fleet.safety import replay_reads, rulesets
from fleet.safety.changes import Changes, standing, tidy
from fleet.safety.models import Replay
from fleet.safety.outcome import outcome
from fleet.safety.protocols_known import Protocols
from fleet.safety.rehearsal import Run
from fleet.safety.rules import limits_of

log = structlog.get_logger(__name__)

SLICE: Final = timedelta(minutes=10)
STUCK: Final = timedelta(minutes=2)  # without a step forward for so long, nobody works on it any more
State = Literal["waiting", "running", "stuck", "failed", "done"]


class Interrupted(Exception):
    """Whoever judges is asked to stop."""


def of_site(site: Site) -> "QuerySet[Replay]":
    """Return what was tried at the site, the newest first."""
    return Replay.objects.filter(site=site).select_related("by", "site").order_by("-asked_at", "-pk")


def days(site: Site, now: datetime) -> tuple[date, date]:
    """Return the first and the last day that can be tried: those of which telemetry may be stored.

    Telemetry is let go in whole days of UTC, so that of the oldest day there a part may be gone: that one is none.
    """
    zone = ZoneInfo(site.time_zone)
    kept = now.astimezone(UTC).date() - timedelta(days=settings.TELEMETRY_DAYS)
    since = datetime.combine(kept, time.min, tzinfo=UTC)
    first = since.astimezone(zone).date()
    if bounds(first, site.time_zone)[0] < since:
        first += timedelta(days=1)
    return first, now.astimezone(zone).date()


def state(replay: Replay, now: datetime) -> State:
    """Return how far it is."""
    if replay.error:
        return "failed"
    if replay.ended_at is not None:
        return "done"
    if now - (replay.moved_at or replay.asked_at) > STUCK:
        return "stuck"
    return "waiting" if replay.started_at is None else "running"


def ask(*, actor: User, site: Site, day: date, changes: Changes, now: datetime) -> Replay:
    """Have a stored day judged by the rules that hold and by these.

    Raises:
        NotVisible, Denied: As `access.require`, for `write_rule`.
        rules.WrongChange: A value cannot be.
        Refused: The day is not stored, or one is being judged already.
    """
    access.require(actor, "write_rule", site, subject=site.slug)
    wanted = tidy(changes)
    first, last = days(site, now)
    if not first <= day <= last:
        raise Refused(
            _("Of %(day)s nothing is stored; choose a day from %(first)s to %(last)s.")
            % {"day": day, "first": first, "last": last}
        )
    with transaction.atomic():
        Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        going = Replay.objects.filter(site=site, ended_at=None)
        going = going.filter(Q(moved_at__gt=now - STUCK) | Q(moved_at=None, asked_at__gt=now - STUCK))
        if going.exists():
            raise Refused(_("A day of this site is being judged; wait for its result, then try the next."))
        replay = Replay.objects.create(site=site, day=day, changes=wanted, by=actor, asked_at=now)
        access.record(actor, "rules.tried", site=site, subject=f"{site.slug} {day}", day=str(day))
    return replay


def run_next(*, should_stop: Callable[[], bool] = lambda: False) -> bool:
    """Judge the day that waits for longest; return whether there was one.

    The row says how far it is, and how it ended.  Whoever stops in between leaves it to the next that asks; one whose
    judge died is taken up again.
    """
    now = datetime.now(UTC)
    left = Q(started_at=None) | Q(moved_at__lt=now - STUCK)
    if Replay.objects.filter(ended_at=None, moved_at__gt=now - STUCK).exists():
        return False  # one at a time: the courier has more to do
    with transaction.atomic():
        waiting = Replay.objects.select_for_update(skip_locked=True, of=("self",)).filter(left, ended_at=None)
        replay = waiting.select_related("site").order_by("asked_at", "pk").first()
        if replay is None:
            return False
        Replay.objects.filter(pk=replay.pk).update(started_at=now, moved_at=now, done=0.0)
    row = Replay.objects.filter(pk=replay.pk)
    try:
        result = _judge(replay, now, should_stop)
    except Interrupted:
        row.update(started_at=None, moved_at=None, done=0.0)
    except Exception:
        log.exception("a stored day could not be judged", replay=replay.pk)
        text = _("Judging the day failed; the courier's log says why. The rules that hold are not touched.")
        row.update(ended_at=datetime.now(UTC), error=text)
    else:
        row.update(ended_at=datetime.now(UTC), done=1.0, result=result)
    return True


def _judge(replay: Replay, now: datetime, should_stop: Callable[[], bool]) -> dict[str, object]:
    site = replay.site
    start, end = bounds(replay.day, site.time_zone)
    until = min(end, now)
    held = rulesets.current(site.pk)
    devices = replay_reads.spots(site.pk)
    knows = Protocols()
    runs = [
        Run(limits_of(standing(changes), version=version), site.pk, devices, knows)
        for version, changes in ((held.version, held.changes), (0, replay.changes))
    ]
    records = 0
    for feed in replay_reads.before(devices, start):
        for one in runs:
            feed(one)
    at = start
    tick_ms = to_ms(start)
    while at < until:
        till = min(at + SLICE, until)
        for received_ms, feed in replay_reads.told(devices, at, till):
            if records % 1_000 == 0 and should_stop():
                raise Interrupted
            tick_ms = _pass_time(runs, tick_ms, received_ms)
            for one in runs:
                feed(one)
            records += 1
        tick_ms = _pass_time(runs, tick_ms, to_ms(till))
        at = till
        share = (at - start) / (end - start)
        Replay.objects.filter(pk=replay.pk).update(done=share, moved_at=datetime.now(UTC))
    result = outcome(runs[0], runs[1], devices, to_ms(start))
    until_ms = to_ms(until) if until < end else None
    return {
        **result,
        "version": held.version,
        "records": records,
        "devices": len(devices),
        "until_ms": until_ms,  # null: the whole day
    }


def _pass_time(runs: list[Run], from_ms: int, to_ms: int) -> int:
    """Let the clock tick each second up to then, while it has anything to bring; return the last tick."""
    if to_ms - from_ms < 1_000:
        return from_ms
    going = [one for one in runs if not one.is_calm]
    while from_ms + 1_000 <= to_ms:
        from_ms += 1_000
        for one in going:
            one.pass_time(from_ms)
    return from_ms


def bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """Return the first instant of the day there, and of the next one: 23, 24 or 25 hours later."""
    first, last = (
        datetime.combine(one, time.min, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        for one in (day, day + timedelta(days=1))
    )
    return first, last
