"""Reads for people: devices as they are now, what they said, what became of every record.

The API, the live snapshot and the pages' first render all read here, so that they say the same.  Who may see
a device is not decided here: callers pass querysets of what their reader may see.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet

from devices import state
from devices.batch import sequence
from devices.fields import spans_of
from devices.gaps import Stretch, missing
from devices.models import Device, Link, Pulse, Reject, Session, State
from devices.store.records import PLACED_BY
from devices.store.states import live_of

MAX_NUMBER = 2**53 - 1  # of boot, seq and every other count on the wire
STATES = ("idle", "ready", "running", "paused", "fault", "charging", "offline")


# --- Devices as they are now ---


def in_service(devices: QuerySet[Device]) -> QuerySet[Device]:
    """Leave out what was revoked: it is on no wall and in no list, but its history stays readable."""
    return devices.filter(revoked_at__isnull=True)


@dataclass(frozen=True, slots=True)
class DeviceFilter:
    """What `GET devices` can ask for; None asks for nothing.  `q` looks in serial, name, room and model."""

    site: str | None = None
    room: str | None = None
    tag: str | None = None
    link: str | None = None
    state: str | None = None
    q: str | None = None

    def of(self, devices: QuerySet[Device]) -> QuerySet[Device]:
        exact = {
            "site__slug": self.site,
            "room": self.room,
            "tags__contains": None if self.tag is None else [self.tag],
            "live__state": self.state,
        }
        devices = devices.filter(**{name: value for name, value in exact.items() if value is not None})
        if self.link == Link.NEVER:  # a device that never spoke may have no row of its own yet
            devices = devices.filter(Q(live__isnull=True) | Q(live__link=Link.NEVER))
        elif self.link is not None:
            devices = devices.filter(live__link=self.link)
        if self.q:
            words = Q(serial__icontains=self.q) | Q(name__icontains=self.q)
            devices = devices.filter(words | Q(room__icontains=self.q) | Q(model__icontains=self.q))
        return devices


def device_objects(devices: QuerySet[Device], now: datetime) -> list[dict[str, Any]]:
    """Return the API's device objects, in the queryset's order.  One query, however many devices."""
    now_ms = state.to_ms(now)
    return [_device_object(device, now_ms) for device in devices.select_related("site", "live")]


def _device_object(device: Device, now_ms: int) -> dict[str, Any]:
    live = live_of(getattr(device, "live", None), device.pk)
    moving = state.view(live)
    model = moving.pop("model") or device.model or None  # what the device says beats what was enrolled
    return {
        "serial": device.serial,
        "name": device.name,
        "site": device.site.slug,
        "room": device.room,
        "uplink": device.uplink or device.room,
        "tags": device.tags,
        "model": model,
        **moving,
        "age_ms": None if live.heard_ms is None else max(0, now_ms - live.heard_ms),
    }


def site_counts(devices: QuerySet[Device]) -> dict[str, Any]:
    """Return how many devices in service there are, are in session, and have each link and state."""
    rows = (
        in_service(devices)
        .order_by()
        .values("live__link", "live__state")
        .annotate(devices=Count("pk"), in_session=Count("pk", filter=Q(live__session__isnull=False)))
    )
    links = dict.fromkeys(Link.values, 0)
    states = dict.fromkeys(STATES, 0)
    total = in_session = 0
    for row in rows:
        total += row["devices"]
        in_session += row["in_session"]
        links[row["live__link"] or Link.NEVER.value] += row["devices"]
        if row["live__state"] in states:
            states[row["live__state"]] += row["devices"]
    return {"devices": total, "in_session": in_session, "links": links, "states": states}


# --- What a device said ---

_RECORDS = """
(SELECT boot, seq, 'telemetry' AS type, NULL AS kind, placed_at, placed_by::text, received_at, late, disputed,
    body
 FROM devices_telemetry
 WHERE device_id = %(device)s AND (boot, seq) > (%(boot)s, %(seq)s) AND boot <= %(last_boot)s
 ORDER BY boot, seq LIMIT %(limit)s)
UNION ALL
(SELECT boot, seq, 'event', kind, placed_at, placed_by, received_at, late, disputed, body
 FROM devices_event
 WHERE device_id = %(device)s AND (boot, seq) > (%(boot)s, %(seq)s) AND boot <= %(last_boot)s
 ORDER BY boot, seq LIMIT %(limit)s)
ORDER BY boot, seq LIMIT %(limit)s
"""


def records(device: Device, *, after: tuple[int, int], boot: int | None, limit: int) -> list[dict[str, Any]]:
    """Return stored records beyond `after` (boot, seq), oldest first; of one boot, or of all.

    `body` holds the device's own bytes.
    """
    values = {
        "device": device.pk,
        "boot": after[0],
        "seq": after[1],
        "last_boot": MAX_NUMBER if boot is None else boot,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RECORDS, values)
        return [record_object(*row) for row in cursor]


def record_object(
    boot: int,
    seq: int,
    type_: str,
    kind: str | None,
    placed_at: datetime,
    placed_by: str,
    received_at: datetime,
    late: bool,
    disputed: bool,
    body: memoryview | bytes,
) -> dict[str, Any]:
    """Return one stored record as people and programs read it."""
    return {
        "boot": boot,
        "seq": seq,
        "type": type_,
        "kind": kind,
        "placed_at": moment(placed_at),
        "placed_by": PLACED_BY.get(placed_by, placed_by),
        "received_at": moment(received_at),
        "late": late,
        "disputed": disputed,
        "body": bytes(body),
    }


# --- What became of every record ---

_LEDGER = """
SELECT boot, first, beyond, stored, dropped, rejected, stored + dropped + rejected AS settled,
    whole * dropped AS gap_dropped, whole * rejected AS gap_rejected,
    whole - stored - dropped - rejected AS gap_rest,
    coalesce(pruned_to, 0) AS pruned_to, closed_at IS NOT NULL AS closed
FROM (
    SELECT *, int8multirange(int8range(first, beyond)) AS whole
    FROM (
        SELECT *,
            coalesce(first_seq, least(lower(stored), lower(dropped), lower(rejected))) AS first,
            greatest(upper(stored), upper(dropped), upper(rejected), first_seq) AS beyond
        FROM devices_ledger
        WHERE device_id = %s AND boot > %s
        ORDER BY boot LIMIT %s
    ) AS ends
) AS ledger
ORDER BY boot
"""


def ledger(device: Device, *, after_boot: int, limit: int) -> list[dict[str, Any]]:
    """Return one entry a boot, lowest first: what of first…highest is stored, and why the rest is not.

    A gap nobody has given a reason for is `lost` once the boot is closed, and `awaited` before; where the
    telemetry around it was pruned meanwhile, it is waited for no longer: `pruned`.  Pruned records themselves
    stay in `stored` and are no gap.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LEDGER, [device.pk, after_boot, limit])
        names = [column.name for column in cursor.description or ()]
        return [_boot(dict(zip(names, row, strict=True))) for row in cursor]


def _boot(row: Mapping[str, Any]) -> dict[str, Any]:
    stored, dropped, rejected = (spans_of(row[name]) for name in ("stored", "dropped", "rejected"))
    first, heard = row["first"], stored or dropped or rejected
    return {
        "boot": row["boot"],
        "first_seq": first,
        "contiguous_seq": None if first is None else sequence.contiguous(first, spans_of(row["settled"])),
        "highest_seq": row["beyond"] - 1 if heard else None,
        "stored": sequence.count(stored),
        "dropped": sequence.count(dropped),
        "rejected": sequence.count(rejected),
        "pruned_to": row["pruned_to"] or None,
        "closed": row["closed"],
        "gaps": _gaps(row),
    }


def _gaps(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    gaps = [(*span, "dropped") for span in spans_of(row["gap_dropped"])]
    gaps += [(*span, "rejected") for span in spans_of(row["gap_rejected"])]
    pruned_to = row["pruned_to"]
    for low, high in spans_of(row["gap_rest"]):
        if row["closed"]:
            gaps.append((low, high, "lost"))
            continue
        if low <= pruned_to:
            gaps.append((low, min(high, pruned_to), "pruned"))
        if high > pruned_to:
            gaps.append((max(low, pruned_to + 1), high, "awaited"))
    return [{"from": low, "to": high, "reason": reason} for low, high, reason in sorted(gaps)]


# --- Sessions ---


def session_objects(sessions: Iterable[Session], now: datetime) -> list[dict[str, Any]]:
    """Return the API's session objects, in their order.  Two queries at most, however many.

    The sessions come with `device__site` and `device__live` selected.
    """
    rows = list(sessions)
    gaps = session_gaps(rows, now)
    return [_session_object(row, missing_) for row, missing_ in zip(rows, gaps, strict=True)]


def session_gaps(sessions: Sequence[Session], now: datetime) -> list[list[tuple[datetime, datetime]]]:
    """Return, for each session, where its telemetry is missing.  A session with all its messages has none."""
    asked = [(n, one) for n, one in enumerate(sessions) if not is_whole(one)]
    found = missing([stretch_of(one, now) for _n, one in asked])
    gaps: list[list[tuple[datetime, datetime]]] = [[] for _ in sessions]
    for (n, _one), these in zip(asked, found, strict=True):
        gaps[n] = these
    return gaps


def is_in(session: Session) -> bool:
    """Whether the device's newest word is that it is in this session."""
    live: State | None = getattr(session.device, "live", None)
    return live is not None and live.session == session.session


def stretch_of(session: Session, now: datetime) -> Stretch:
    """Return the time in which the session should have sent telemetry.

    One that is still open lasts until now if its device says it is in it, else until the last record of it.
    """
    low = session.started_at or session.last_at
    high = session.ended_at or session.last_at
    if session.ended_at is None and is_in(session):
        high = now
    return Stretch(session.device_id, min(low, high), high)


def is_whole(session: Session) -> bool:
    """Whether the number of messages alone shows that none is missing: one a second, bar the ends."""
    if session.ended_at is None or session.started_at is None or session.disputed:
        return False
    return session.messages >= (session.ended_at - session.started_at).total_seconds() - 1


def _session_object(row: Session, gaps: Iterable[tuple[datetime, datetime]]) -> dict[str, Any]:
    elapsed_ms = row.elapsed_ms
    if elapsed_ms is None and row.started_up_ms is not None:
        elapsed_ms = row.last_up_ms - row.started_up_ms
    return {
        "id": row.session,
        "device": row.device.serial,
        "site": row.device.site.slug,
        "subject": row.subject,
        "protocol": {"id": row.protocol_id, "version": row.protocol_version, "sha256": row.protocol_sha256}
        if row.protocol_id is not None
        else None,
        "planned_ms": row.planned_ms,
        "started_at": moment_or_none(row.started_at),
        "last_at": moment(row.last_at),
        "ended_at": moment_or_none(row.ended_at),
        "end_reason": row.end_reason,
        "elapsed_ms": elapsed_ms,
        "channels": [_channel(row, at) for at in range(len(row.charge_uc))],
        "contractions": row.contractions,
        "disputed": row.disputed,
        "gaps": [[moment(low), moment(high)] for low, high in gaps],
    }


def _channel(row: Session, at: int) -> dict[str, Any]:
    pulses = _entry(row.pulses, at)
    return {
        "n": at + 1,
        "charge_uc": _entry(row.charge_uc, at),
        "pulses": None if pulses is None else round(pulses),
        "set_ma_mean": _mean(_entry(row.set_sum, at), row.messages),
        "ma_mean": _mean(_entry(row.ma_sum, at), row.samples),
        "ma_max": _entry(row.ma_max, at),
    }


def _entry(values: Sequence[float], at: int) -> float | None:
    return values[at] if at < len(values) else None


def _mean(total: float | None, count: int) -> float | None:
    return None if total is None or not count else round(total / count, 3)


# --- Rejects ---


def reject_objects(rejects: Iterable[Reject]) -> list[dict[str, Any]]:
    """Return what was refused on the wire.  Bytes that are no UTF-8 are shown as `\\xNN`."""
    return [
        {
            "id": row.pk,
            "at": moment(row.at),
            "topic": row.topic,
            "serial": row.serial,
            "reason": row.reason,
            "detail": row.detail,
            "excerpt": bytes(row.excerpt).decode("utf-8", "backslashreplace"),
            "count": row.count,
        }
        for row in rejects
    ]


# --- The parts of the server ---


def pulses() -> dict[str, Pulse]:
    """Return the newest sign of life of each part."""
    return {pulse.part: pulse for pulse in Pulse.objects.all()}


# --- Moments ---


def moment(at: datetime) -> str:
    """Return ISO 8601 UTC with milliseconds."""
    return str(state.iso(state.to_ms(at)))


def moment_or_none(at: datetime | None) -> str | None:
    return None if at is None else moment(at)
