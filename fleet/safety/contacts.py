"""Reads for the sweep of silence: what the live states say of every device, and what was found before."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from devices.moments import to_ms
from fleet.safety.causes import QUIET_MS, WINDOW_MS
from fleet.safety.models import Alert, Condition
from fleet.safety.silence import ABOUT_DEVICES, Heard, Known
from fleet.safety.words import OPEN, TRUE

CAUSES: Final = ("group_silent", "site_silent")
PAUSE_MS: Final = 2_000
"""A device in session that has not spoken for so long is looked at."""
BROKEN_MS: Final = 5_500
"""A device in session speaks every 5 s if nothing but its status comes: contact that lasts has no longer pause."""

_HEARD: Final = """
SELECT s.device_id, d.site_id, coalesce(nullif(d.uplink, ''), d.room), s.link, s.heard_at, s.session, s.output,
       greatest(s.telemetry_at, x.started_at), x.started_at IS NULL
FROM devices_state s
JOIN devices_device d ON d.id = s.device_id
LEFT JOIN devices_session x ON x.device_id = s.device_id AND x.session = s.session
WHERE d.revoked_at IS NULL AND s.heard_at IS NOT NULL AND (
    CASE WHEN s.session IS NULL THEN s.heard_at <= %(idle)s
    ELSE least(s.heard_at, greatest(s.telemetry_at, x.started_at)) <= %(treated)s OR x.started_at IS NULL END
    OR s.device_id = ANY(%(known)s)
)
"""
_SPOKEN: Final = """
SELECT d.site_id, coalesce(nullif(d.uplink, ''), d.room), count(*)
FROM devices_state s JOIN devices_device d ON d.id = s.device_id
WHERE d.revoked_at IS NULL AND s.heard_at > %(since)s GROUP BY 1, 2
"""
_WHY_OFFLINE: Final = """
SELECT DISTINCT ON (device_id) device_id, why FROM devices_change
WHERE device_id = ANY(%s) AND link = 'offline' ORDER BY device_id, placed_at DESC, id DESC
"""
_FIRST_OF_SESSION: Final = """
SELECT c.device_id, min(c.placed_at) FROM devices_change c
JOIN devices_state s ON s.device_id = c.device_id AND s.session = c.session
WHERE c.device_id = ANY(%s) GROUP BY c.device_id
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A device as the sweep sees it: what was heard, and whose silence explains its own."""

    heard: Heard
    site_id: int
    group: str


@dataclass(frozen=True, slots=True)
class OpenCause:
    """An open alert that explains others."""

    id: int
    site_id: int
    subject: str
    rule: str
    is_true: bool
    cleared_ms: int | None
    cause_id: int | None
    silent: int
    in_session: int
    told_ms: int  # when people were last told how many are in session


@dataclass(frozen=True, slots=True)
class Explained:
    """An open alert that follows from silence, or has a cause."""

    id: int
    device_id: int | None
    rule: str
    is_true: bool
    cause_id: int | None


@dataclass(slots=True)
class Answers:
    """What was asked of the history once, so as not to ask it again each second."""

    _goodbyes: dict[int, tuple[int, bool]] = field(
        default_factory=dict
    )  # by device: of which silence, whether
    _began: dict[int, tuple[str, int | None]] = field(
        default_factory=dict
    )  # by device: which session, when, ms

    _met_ms: dict[int, int] = field(
        default_factory=dict
    )  # by device: when it was last seen silent in a session

    def goodbyes(self, offline: Iterable[Heard]) -> set[int]:
        """Return which of these devices, all offline, said that they would be."""
        heard_ms = {one.device_id: one.heard_ms for one in offline}
        fresh = [device for device, ms in heard_ms.items() if self._goodbyes.get(device, (None,))[0] != ms]
        why = dict(_rows(_WHY_OFFLINE, [fresh])) if fresh else {}
        self._goodbyes |= {
            device: (heard_ms[device], "goodbye" in why.get(device, "").split(",")) for device in fresh
        }
        return {device for device in heard_ms if self._goodbyes[device][1]}

    def met(self, heard: Heard, now_ms: int) -> int:
        """Return since when there is contact with a device again, as far as was seen from here; 0: not known."""
        if now_ms - heard.heard_ms >= BROKEN_MS:
            self._met_ms[heard.device_id] = now_ms
        return self._met_ms.get(heard.device_id, 0)

    def began(self, unsure: Iterable[Heard]) -> dict[int, int]:
        """Return when the open session of each was first told, ms, where that is known."""
        sessions = {one.device_id: one.session or "" for one in unsure}
        fresh = [device for device, name in sessions.items() if self._began.get(device, (None,))[0] != name]
        first = dict(_rows(_FIRST_OF_SESSION, [fresh])) if fresh else {}
        self._began |= {
            device: (sessions[device], to_ms(first[device]) if device in first else None) for device in fresh
        }
        return {device: ms for device in sessions if (ms := self._began[device][1]) is not None}


def _rows(query: str, parameters: list[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


def spoken(now: datetime) -> dict[int, dict[str, int]]:
    """Return how many devices are in contact, by site and group."""
    found: dict[int, dict[str, int]] = {}
    for site, group, count in _rows(_SPOKEN, {"since": now - timedelta(milliseconds=WINDOW_MS)}):
        found.setdefault(site, {})[group] = count
    return found


def places(now: datetime, answers: Answers, known: Collection[int]) -> list[Place]:
    """Return the devices that have not spoken as they should, and these, unless they are revoked.

    All the others, nearly all of a fleet nearly always, are counted by the database only (`spoken`).
    """
    found: list[Place] = []
    unsure: list[Heard] = []
    about = {
        "idle": now - timedelta(milliseconds=QUIET_MS[False]),
        "treated": now - timedelta(milliseconds=PAUSE_MS),
        "known": list(known),
    }
    rows = _rows(_HEARD, about)
    for device, site, group, link, heard_at, session, output, measured_at, start_unknown in rows:
        measured_ms = None if session is None or measured_at is None else to_ms(measured_at)
        heard = Heard(device, link, to_ms(heard_at), session, output, measured_ms)
        if session is not None:
            heard = replace(heard, met_ms=answers.met(heard, to_ms(now)))
        found.append(Place(heard, site, group))
        if session is not None and start_unknown:
            unsure.append(heard)
    began = answers.began(unsure)
    idle = (one.heard for one in found if not one.heard.in_session)
    gone = answers.goodbyes(one for one in idle if one.link == "offline")
    return [_completed(one, began, gone) for one in found]


def _completed(place: Place, began: Mapping[int, int], gone: set[int]) -> Place:
    """Add what only few devices need to be asked for."""
    device = place.heard.device_id
    if device in gone:
        return replace(place, heard=replace(place.heard, said_goodbye=True))
    if device in began:
        measured_ms = max(began[device], place.heard.measured_ms or 0)
        return replace(place, heard=replace(place.heard, measured_ms=measured_ms))
    return place


def known() -> dict[int, dict[str, Known]]:
    """Return the silences that were found and have not ended, by device and rule."""
    found: dict[int, dict[str, Known]] = {}
    rows = Condition.objects.filter(rule__in=ABOUT_DEVICES, is_true=True)
    for device, rule, since, seen in rows.values_list("device_id", "rule", "since", "seen_at"):
        found.setdefault(device, {})[rule] = Known(to_ms(since), to_ms(seen))
    return found


def open_causes() -> list[OpenCause]:
    """Return the open alerts that explain others."""
    rows = Alert.objects.filter(rule__in=CAUSES, state__in=OPEN, site__isnull=False)
    return [
        OpenCause(
            alert.pk,
            alert.site_id,
            alert.subject,
            alert.rule,
            alert.state in TRUE,
            None if alert.cleared_at is None else to_ms(alert.cleared_at),
            alert.cause_id,
            int(alert.facts.get("silent", 0)),
            int(alert.facts.get("in_session", 0)),
            max(int(alert.facts.get("told_ms", 0)), to_ms(alert.risen_at)),
        )
        for alert in rows
        if alert.site_id is not None
    ]


def followers(rules: Iterable[str]) -> list[Explained]:
    """Return the open alerts of these rules."""
    rows = Alert.objects.filter(rule__in=list(rules), state__in=OPEN)
    return [
        Explained(pk, device, rule, state in TRUE, cause)
        for pk, device, rule, state, cause in rows.values_list("pk", "device_id", "rule", "state", "cause_id")
    ]
