"""Reads for a replay: what was stored of a site's devices, in the order in which it arrived."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from django.db import connection
from django.db.models import CharField, Value
from django.db.models.functions import Coalesce, NullIf

from devices.batch.desk import Happened
from devices.models import Change, Device, Event, Reject, Session
from devices.moments import to_ms
from devices.wire import codec, messages
from devices.wire.data import data_of
from devices.wire.errors import WireError
from fleet.safety.rehearsal import Changed, Run, Spot

Feed = Callable[[Run], None]
LIVE_WITHIN: Final = timedelta(seconds=10)  # a status that came later than this had waited somewhere

_TELEMETRY: Final = """
SELECT received_at, placed_at, device_id, late, disputed, body FROM devices_telemetry
WHERE device_id = ANY(%s) AND received_at >= %s AND received_at < %s
"""


def spots(site_id: int) -> dict[int, Spot]:
    """Return the devices that stand at the site, where they stand today."""
    group = Coalesce(NullIf("uplink", Value("")), "room", output_field=CharField())
    rows = Device.objects.filter(site=site_id, revoked_at=None).annotate(group=group)
    return {pk: Spot(serial, name) for pk, serial, name in rows.values_list("pk", "serial", "group")}


def before(devices: Mapping[int, Spot], start: datetime) -> Iterator[Feed]:
    """Yield what was known of each device as the day began: its newest status, its link, its session's plan."""
    known = Change.objects.filter(device__in=devices, received_at__lt=start)
    for rows in (known.exclude(body=None), known):
        for row in rows.order_by("device_id", "-placed_at", "-pk").distinct("device_id"):
            yield _change(row, to_ms(start))
    sessions = Session.objects.filter(device__in=devices, started_at__lt=start, planned_ms__isnull=False)
    for session in sessions.order_by("device_id", "-started_at").distinct("device_id"):
        yield _plan(session.device_id, session.session, session.planned_ms)


def told(devices: Mapping[int, Spot], since: datetime, until: datetime) -> list[tuple[int, Feed]]:
    """Return what arrived from `since` until before `until`, with when, Unix ms."""
    found = [
        *_telemetry(devices, since, until),
        *_events(devices, since, until),
        *_changes(devices, since, until),
        *_refusals(devices, since, until),
    ]
    found.sort(key=lambda one: one[0])
    return [(to_ms(arrived), feed) for (arrived, _placed), feed in found]


When = tuple[datetime, datetime]  # arrived, placed


def _telemetry(devices: Mapping[int, Spot], since: datetime, until: datetime) -> Iterator[tuple[When, Feed]]:
    with connection.cursor() as cursor:
        cursor.execute(_TELEMETRY, [list(devices), since, until])
        rows = cursor.fetchall()
    for received_at, placed_at, device_id, late, disputed, body in rows:
        message = _decoded("telemetry", bytes(body))
        if isinstance(message, messages.Telemetry):
            yield (
                (received_at, placed_at),
                _measured(device_id, message, to_ms(placed_at), late, disputed, to_ms(received_at)),
            )


def _measured(
    device_id: int, message: messages.Telemetry, at_ms: int, late: bool, disputed: bool, now_ms: int
) -> Feed:
    return lambda run: run.telemetry(device_id, message, at_ms, late=late, disputed=disputed, now_ms=now_ms)


def _events(devices: Iterable[int], since: datetime, until: datetime) -> Iterator[tuple[When, Feed]]:
    rows = Event.objects.filter(device__in=devices, received_at__gte=since, received_at__lt=until)
    for row in rows.iterator():
        message = _decoded("event", bytes(row.body))
        if isinstance(message, messages.Event):
            one = Happened(
                row.device_id, message, data_of(message), to_ms(row.placed_at), row.late, row.disputed
            )
            yield (row.received_at, row.placed_at), _happened(one, to_ms(row.received_at))


def _happened(one: Happened, now_ms: int) -> Feed:
    return lambda run: run.happened(one, now_ms)


def _changes(devices: Iterable[int], since: datetime, until: datetime) -> Iterator[tuple[When, Feed]]:
    rows = Change.objects.filter(device__in=devices, received_at__gte=since, received_at__lt=until)
    for row in rows.order_by("pk").iterator():
        yield (row.received_at, row.placed_at), _change(row, to_ms(row.received_at))


def _change(row: Change, now_ms: int) -> Feed:
    status = None if row.body is None else _decoded("status", bytes(row.body))
    one = Changed(
        row.device_id,
        to_ms(row.placed_at),
        row.link,
        row.session,
        row.output,
        row.why,
        status if isinstance(status, messages.Status) else None,
        row.received_at - row.placed_at < LIVE_WITHIN,
    )
    return lambda run: run.changed(one, now_ms)


def _plan(device_id: int, session: str, planned_ms: int | None) -> Feed:
    return lambda run: run.plan(device_id, session, planned_ms)


def _refusals(devices: Iterable[int], since: datetime, until: datetime) -> Iterator[tuple[When, Feed]]:
    rows = Reject.objects.filter(device__in=devices, at__gte=since, at__lt=until)
    for device_id, at, count, reason in rows.values_list("device_id", "at", "count", "reason"):
        yield (at, at), _refused(device_id, count, to_ms(at), reason)


def _refused(device_id: int, times: int, at_ms: int, reason: str) -> Feed:
    return lambda run: run.refused(device_id, times, at_ms, reason, at_ms)


def _decoded(kind: Literal["telemetry", "event", "status"], body: bytes) -> Any:
    """Return the message; None if a stricter contract refuses what was good when it was stored."""
    try:
        return codec.decode(kind, body)
    except WireError:
        return None
