"""Time's look at contacts that get worse slowly, from the minutes that are rolled up.

Each look tells the difference to what the alerts say, so it needs no memory and survives any crash.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q

from devices.models import Minute, Session, State
from devices.moments import to_ms
from fleet.safety import rulesets, service
from fleet.safety.finders import drift
from fleet.safety.models import Alert
from fleet.safety.rules import PRODUCT, RULES, Limits
from fleet.safety.signals import Fall, Key, News, Rise
from fleet.safety.words import TRUE

EVERY: Final = timedelta(seconds=30)
_RULE: Final = RULES["contact_drift"]
_LIFTED: Final = timedelta(
    minutes=3
)  # so long the newest minutes of a trend may hold an electrode that was off
_LONGEST: Final = timedelta(minutes=62)  # the longest window that a site may choose, and a little

Series = dict[int, list[tuple[int, float]]]  # channel → (minute, Ω)


class Drift:
    """Looks every half minute, however often it is asked."""

    def __init__(self) -> None:
        self._next: datetime | None = None

    def look(self, now: datetime) -> int:
        """Tell what has begun or ended; return how many news that were."""
        if self._next is not None and now < self._next:
            return 0
        self._next = now + EVERY
        return look(now)


def look(now: datetime) -> int:
    """Look at every open session once."""
    told = {
        (alert.device_id, alert.channel): alert
        for alert in Alert.objects.filter(rule=_RULE.id, state__in=TRUE, device__isnull=False)
    }
    news: list[News] = []
    watched = {
        row.device_id: row
        for row in State.objects.filter(session__isnull=False, telemetry_at__gte=now - timedelta(minutes=3))
        .select_related("device")
        .only("device__site_id", "session")
    }
    limits = rulesets.limits_everywhere()
    series, lifted = _series(watched, now), _lifted(watched, now)
    for device_id, state in watched.items():
        of_site = limits.get(state.device.site_id, PRODUCT)
        for channel, minutes in series.get(device_id, {}).items():
            if (device_id, channel) in lifted:
                continue
            alert = told.get((device_id, channel))
            news += _judge(device_id, channel, minutes, alert, of_site, str(state.session), now)
    news += _over(told, now)
    if news:
        service.take(news, now)
    return len(news)


def _judge(
    device_id: int,
    channel: int,
    minutes: list[tuple[int, float]],
    alert: Alert | None,
    limits: Limits,
    session: str,
    now: datetime,
) -> list[News]:
    numbers, now_ms = limits[_RULE.id], to_ms(now)
    found = drift.trend(minutes, now_ms=now_ms, window_min=numbers["window_min"])
    if found is None:
        return []  # missing data neither raises nor clears
    key = Key(_RULE.id, device_id, channel)
    before = None if alert is None else alert.facts.get("ohm_before")
    if not drift.holds(found, numbers, before):
        return [] if alert is None else [Fall(key, now_ms)]
    if alert is not None:
        return []
    looked_at_min = (minutes[-1][0] - minutes[0][0]) / drift.MINUTE_MS + 1
    facts = {
        "ohm_before": round(found.ohm_before),
        "ohm": round(found.ohm),
        "window_min": round(min(looked_at_min, numbers["window_min"])),
    }
    return [
        Rise(
            key,
            now_ms,
            _RULE.priorities[0],
            duty=_RULE.duty,
            facts=facts,
            session=session,
            in_session=True,
            rule_version=limits.version,
        )
    ]


def _lifted(watched: Iterable[int], now: datetime) -> set[tuple[int | None, int | None]]:
    """Return (device, channel) whose electrode is off or just was: an open circuit is no slow drying."""
    off = Alert.objects.filter(rule="electrode_off", device__in=watched)
    lately = off.filter(Q(state__in=TRUE) | Q(cleared_at__gte=now - _LIFTED))
    return set(lately.values_list("device_id", "channel"))


def _over(told: Mapping[tuple[int | None, int | None], Alert], now: datetime) -> list[News]:
    """A pad whose session is over, as the device said itself, is no longer worn."""
    if not told:
        return []
    states = State.objects.filter(device__in={device_id for device_id, _channel in told}).only(
        "session", "link"
    )
    session_of = {row.device_id: row.session for row in states if row.link in ("online", "suspect")}
    return [
        Fall(Key(_RULE.id, device_id, channel), to_ms(now))
        for (device_id, channel), alert in told.items()
        if device_id is not None and device_id in session_of and session_of[device_id] != alert.session
    ]


def _series(watched: Mapping[int, State], now: datetime) -> dict[int, Series]:
    """Return the impedance of each channel by minute, within the session that is open."""
    starts = _starts(watched)
    found: dict[int, Series] = defaultdict(lambda: defaultdict(list))
    rows = Minute.objects.filter(device__in=watched, minute__gte=now - _LONGEST).order_by("minute")
    for device_id, minute, sums, counts in rows.values_list("device_id", "minute", "ohm_sum", "ohm_n"):
        if minute < starts.get(device_id, now):
            continue
        for n, (total, count) in enumerate(zip(sums, counts, strict=False), 1):
            if count:
                found[device_id][n].append((to_ms(minute), total / count))
    return found


def _starts(watched: Mapping[int, Any]) -> dict[int, datetime]:
    """Return the first whole minute of each open session."""
    names: Iterable[str] = {str(state.session) for state in watched.values()}
    rows = Session.objects.filter(device__in=watched, session__in=names).values_list(
        "device_id", "session", "started_at"
    )
    return {
        device_id: started_at + timedelta(minutes=1)
        for device_id, session, started_at in rows
        if started_at is not None and session == watched[device_id].session
    }
