"""Reads for the burden page and `GET alerts/metrics`: journals of alerts, told as rings, stands and verdicts."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min, Q

from devices.state import to_ms
from fleet.access.models import AuditEntry, Site
from fleet.safety import burden
from fleet.safety.burden import Burden, Ring, Source, Stand, Told, Verdict
from fleet.safety.life import Kind, above, is_above
from fleet.safety.models import Alert, Entry
from fleet.safety.words import OPEN, TRUE, Disposition, Duty, Priority

SHIFT: Final = timedelta(hours=8)
SOON_MS: Final = 10_000  # an alert whose cause is known so soon called nobody: pages wait so long for causes
_SUPPRESSING: Final = ("shelve", "shelve_beyond_shift", "out_of_service", "write_rule")
_REGARD: Final = timedelta(milliseconds=burden.REGARD_MS)
_FIELDS: Final = (
    "pk", "site_id", "duty", "rule", "device__serial", "channel", "subject", "priority", "late",
    "raised_at", "cleared_at", "closed_at", "state", "disposition", "cause_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Position:
    """One operator position, with its figures."""

    site: Site
    duty: Duty
    since: datetime  # where the data begins: never before alerts were judged there
    days: float
    burden: Burden
    shelved_long: int  # shelves of more than a shift
    refused: int  # tries to shelve, to take out of service or to change rules that were refused

    @property
    def is_enough(self) -> bool:
        return self.days >= burden.ENOUGH_DAYS


@dataclass(slots=True)
class _Gathered:
    rings: list[Ring] = field(default_factory=list)
    stands: list[Stand] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    answers_ms: list[int] = field(default_factory=list)
    chatters: int = 0
    shelved_long: int = 0


def positions(sites: Sequence[Site], since: datetime, until: datetime, now: datetime) -> list[Position]:
    """Return the figures of each site's two positions, in the order of the sites.

    Alerts about the server itself, which are of no site, are for the technical position of each.
    """
    until = min(until, now)
    told = _gather(sites, since, until)
    firsts = _firsts(sites)
    refused = _refusals(sites, since, until)
    found = []
    for site in sites:
        begins = min(max(since, firsts[site.pk]), until)
        midnights = [to_ms(one) for one in _midnights(begins, until, site.time_zone)]
        for duty in Duty:
            gathered = told[site.pk, duty]
            known = Told(
                gathered.rings,
                gathered.stands,
                gathered.verdicts,
                gathered.chatters,
                gathered.answers_ms,
            )
            found.append(
                Position(
                    site=site,
                    duty=duty,
                    since=begins,
                    days=(until - begins) / timedelta(days=1),
                    burden=burden.burden(known, to_ms(begins), to_ms(until), midnights),
                    shelved_long=gathered.shelved_long,
                    refused=refused[site.pk],
                )
            )
    return found


def metrics(sites: Sequence[Site], since: datetime, until: datetime, now: datetime) -> dict[str, Any]:
    """Return the answer of `GET alerts/metrics`."""
    return {
        "from": since,
        "to": min(until, now),
        "bin_s": burden.BIN_MS // 1000,
        "days_for_a_verdict": burden.ENOUGH_DAYS,
        "items": [as_json(one) for one in positions(sites, since, until, now)],
    }


def as_json(position: Position) -> dict[str, Any]:
    """Return a position's figures as the API tells them; null: not known."""
    known = position.burden
    plain = {name: getattr(known, name) for name in _PLAIN}
    return {
        "site": position.site.slug,
        "duty": position.duty.value,
        "from": position.since,
        "to": _moment(known.to_ms),
        "days": round(position.days, 3),
        "enough_data": position.is_enough,
        **plain,
        "most_in_10_min_at": _moment(known.most_at_ms),
        "floods": [
            {"from": _moment(one.from_ms), "to": _moment(one.to_ms), "alarms": one.alarms}
            for one in known.floods
        ],
        "top": [{**_source(one.source), "alarms": one.alarms, "share": one.share} for one in known.top],
        "stale_now": [
            {**_source(one.source), "since": _moment(one.from_ms)} for one in known.stale_now
        ],
        "priority_share": {one.value: share for one, share in known.mix.items()},
        "non_actionable_120_min": {
            "now": known.regard_now,
            "most": known.regard_most,
            "bins": known.regard,
        },
        "closed_with_a_verdict": known.judged,
        "without_a_verdict": known.unjudged,
        "shelved_beyond_a_shift": position.shelved_long,
        "refused_suppressions": position.refused,
        "standing": {name: known.standing(name) for name in burden.LIMITS},
        "bins": known.bins,
    }  # fmt: skip


_PLAIN: Final = (
    "alarms", "per_10_min", "per_hour", "per_day", "busy_share", "most_in_10_min", "flood_share", "top_share",
    "chattering", "fleeting", "stale", "answer_ms", "slow_answer_ms",
)  # fmt: skip


def _source(source: Source) -> dict[str, Any]:
    return {
        "rule": source.rule,
        "device": source.device or None,
        "channel": source.channel,
        "subject": source.subject or None,
    }


def _moment(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)


# --- reading ---


def _gather(
    sites: Sequence[Site], since: datetime, until: datetime
) -> defaultdict[tuple[int, str], _Gathered]:
    ids = [site.pk for site in sites]
    wanted = Q(raised_at__gte=since - _REGARD) | Q(state__in=OPEN) | Q(closed_at__gte=since)
    alerts = (
        Alert.objects.filter(wanted, Q(site__in=ids) | Q(site=None), raised_at__lt=until)
        .order_by("pk")
        .values(*_FIELDS)
    )
    entries = Entry.objects.filter(alert__in=alerts.values("pk"), at__lt=until).order_by("alert", "pk")
    journals: defaultdict[int, list[tuple[str, datetime, Any]]] = defaultdict(list)
    for alert_id, kind, at, data in entries.values_list("alert_id", "kind", "at", "data").iterator():
        journals[alert_id].append((kind, at, data))
    found: defaultdict[tuple[int, str], _Gathered] = defaultdict(_Gathered)
    for alert in alerts.iterator():
        places = ids if alert["site_id"] is None else [alert["site_id"]]
        duty = Duty.TECHNICAL.value if alert["site_id"] is None else alert["duty"]
        for site_id in places:
            _add(found[site_id, duty], alert, journals[alert["pk"]], since, until)
    return found


def _add(
    to: _Gathered,
    alert: dict[str, Any],
    journal: list[tuple[str, datetime, Any]],
    since: datetime,
    until: datetime,
) -> None:
    """Tell one alert's journal as rings, stands and a verdict.  Late ones called nobody."""
    source = Source(alert["rule"], alert["device__serial"] or "", alert["channel"] or None, alert["subject"])
    rings = _rings(journal, source, is_explained=alert["cause_id"] is not None)
    to.rings.extend(rings)
    is_over = alert["state"] not in TRUE and alert["cleared_at"] is not None and alert["cleared_at"] < until
    to.stands.extend(_stands(journal, source, alert["cleared_at"] if is_over else None))
    if not alert["late"] and rings:
        disposition = alert["disposition"]
        verdict = Disposition(disposition) if disposition else None
        to.verdicts.append(Verdict(to_ms(alert["raised_at"]), verdict))
    to.chatters += sum(kind == Kind.CHATTERS and at >= since for kind, at, _data in journal)
    to.shelved_long += sum(_is_long(kind, at, data, since) for kind, at, data in journal)
    to.answers_ms.extend(_answers(rings, journal, since))


def _rings(journal: list[tuple[str, datetime, Any]], source: Source, *, is_explained: bool) -> list[Ring]:
    """Return the moments at which the alert was told anew, but not those that a cause explained."""
    found: list[Ring] = []
    episode, priority = 0, Priority.INFO
    peak = priority  # the highest since it was raised, or since a person last saw to it
    for n, (kind, at, data) in enumerate(journal):
        if kind == Kind.RAISED:
            episode, priority, rings = 1, Priority(data["priority"]), True
            peak = priority
        elif kind == Kind.RETURNED:
            rings, episode = data.get("episode", 0) > episode, data.get("episode", episode)
            priority = Priority(data.get("priority", priority))
            peak = above(priority, peak)
        elif kind == Kind.WORSENED:
            priority = Priority(data["to"])
            rings, peak = is_above(priority, peak), above(priority, peak)
            episode += rings
        elif kind == Kind.GREW:
            rings, episode = True, episode + 1
        elif kind in (Kind.EASED, Kind.ACKNOWLEDGED, Kind.SHELVED):
            priority = Priority(data["to"]) if kind == Kind.EASED else priority
            peak = peak if kind == Kind.EASED else priority
            continue
        elif kind == Kind.SURFACED:
            rings = _is_true(journal[:n])
        else:
            continue
        if rings and not _explained(journal[n + 1 :], to_ms(at), is_explained=is_explained):
            found.append(Ring(to_ms(at), priority, source))
    return found


def _is_true(journal: Iterable[tuple[str, datetime, Any]]) -> bool:
    is_true = False
    for kind, _at, _data in journal:
        if kind in (Kind.RAISED, Kind.RETURNED):
            is_true = True
        elif kind in (Kind.CLEARED, Kind.CLOSED):
            is_true = False
    return is_true


def _explained(rest: Iterable[tuple[str, datetime, Any]], at_ms: int, *, is_explained: bool) -> bool:
    """Whether a cause explained the alert by then, or within seconds: the next entry about a cause tells."""
    for kind, at, _data in rest:
        if kind == Kind.SURFACED:
            return True
        if kind == Kind.EXPLAINED:
            return to_ms(at) - at_ms <= SOON_MS
    return is_explained


def _stands(
    journal: Iterable[tuple[str, datetime, Any]], source: Source, cleared_at: datetime | None
) -> list[Stand]:
    """Return the stretches in which it was true; chatter in between is one stretch.

    While it chatters the journal tells no end, so `cleared_at` ends what is over by now.
    """
    found: list[Stand] = []
    since: int | None = None
    for kind, at, _data in journal:
        if kind in (Kind.RAISED, Kind.RETURNED):
            since = to_ms(at) if since is None else since
        elif kind in (Kind.CLEARED, Kind.CLOSED) and since is not None:
            found.append(Stand(since, to_ms(at), source))
            since = None
    if since is not None:
        found.append(Stand(since, None if cleared_at is None else to_ms(cleared_at), source))
    return found


def _answers(
    rings: Sequence[Ring], journal: Iterable[tuple[str, datetime, Any]], since: datetime
) -> list[int]:
    """Return how long each acknowledgement took since its alert was last told."""
    found = []
    for kind, at, _data in journal:
        if kind == Kind.ACKNOWLEDGED and at >= since:
            before = [one.at_ms for one in rings if one.at_ms <= to_ms(at)]
            found += [to_ms(at) - max(before)] if before else []
    return found


def _is_long(kind: str, at: datetime, data: Any, since: datetime) -> bool:
    until_ms = data.get("until_ms") if kind == Kind.SHELVED else None
    return until_ms is not None and at >= since and until_ms - to_ms(at) > SHIFT / timedelta(milliseconds=1)


# --- since when, and what was refused ---


def _firsts(sites: Sequence[Site]) -> dict[int, datetime]:
    """Return since when alerts are judged at each site: since both the site and the rules are there.

    An older alert, such as one of data that was brought along, moves it back.
    """
    recorder = MigrationRecorder(connection)
    ruled = recorder.migration_qs.filter(app="safety").aggregate(first=Min("applied"))["first"]
    of_places = Alert.objects.filter(Q(site__in=[site.pk for site in sites]) | Q(site=None))
    oldest = dict(of_places.values_list("site").annotate(first=Min("raised_at")))
    begun = {site.pk: max(site.created_at, ruled or site.created_at) for site in sites}
    servers = oldest.get(None)
    return {
        pk: min(one for one in (at, oldest.get(pk), servers) if one is not None) for pk, at in begun.items()
    }


def _refusals(sites: Sequence[Site], since: datetime, until: datetime) -> defaultdict[int, int]:
    found: defaultdict[int, int] = defaultdict(int)
    denied = AuditEntry.objects.filter(
        site__in=[site.pk for site in sites],
        action__in=[f"denied.{verb}" for verb in _SUPPRESSING],
        at__gte=since,
        at__lt=until,
    )
    for site_id in denied.values_list("site_id", flat=True):
        found[site_id] += 1
    return found


def _midnights(since: datetime, until: datetime, zone: str) -> list[datetime]:
    """Return the first instants of the site's days, from the one in which `since` lies."""
    day = since.astimezone(ZoneInfo(zone)).date()
    found = []
    while (first := datetime.combine(day, time.min, tzinfo=ZoneInfo(zone))) < until:
        found.append(first)
        day += timedelta(days=1)
    return found
