"""What was refused on the wire, kept within bounds; and messages of accounts without an enrolled device."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from devices.batch.desk import Refused
from devices.models import Device, Reject
from devices.state import from_ms
from devices.store import sql, unknown

MOST_AN_HOUR = 100  # rows a device and hour; what is beyond is counted on the newest row of its reason
_HOUR_MS = 3_600_000

_Hour = tuple[str, int]  # serial, Unix ms of its beginning
_Like = tuple[str, int, str]  # the same, and the reason


def write(refused: Sequence[Refused]) -> None:
    """Keep each refusal as a row, or add it to the count of one like it where the hour is full.

    Four statements at most, however many refusals: a flood of them must not delay what is good.
    """
    if not refused:
        return
    by_hour: dict[_Hour, list[Refused]] = defaultdict(list)
    serials = _serials(refused)
    for one in refused:
        by_hour[serials.get(one.device_id or 0, one.serial), one.at_ms // _HOUR_MS * _HOUR_MS].append(one)
    filled = _filled(by_hour)
    kept: list[Reject] = []
    rest: dict[_Like, list[Refused]] = defaultdict(list)
    for (serial, hour_ms), some in sorted(by_hour.items()):
        room = max(0, MOST_AN_HOUR - filled.get((serial, hour_ms), 0))
        kept += [_row(one, serial, hour_ms) for one in some[:room]]
        for one in some[room:]:
            rest[serial, hour_ms, one.reason[:32]].append(one)
    Reject.objects.bulk_create(kept)
    if rest:
        counted = _count_on({like: len(some) for like, some in rest.items()})
        fresh = [like for like in rest if like not in counted]
        Reject.objects.bulk_create(_row(rest[like][-1], like[0], like[1], len(rest[like])) for like in fresh)


def _serials(refused: Sequence[Refused]) -> dict[int, str]:
    ids = {one.device_id for one in refused if one.device_id is not None}
    return dict(Device.objects.filter(id__in=ids).values_list("id", "serial")) if ids else {}


def _filled(hours: Collection[_Hour]) -> dict[_Hour, int]:
    """How many rows each serial and hour has already."""
    query = f"""SELECT r.serial, a.hour_ms, count(*) FROM devices_reject r
        JOIN unnest(%s::text[], %s::bigint[]) AS a(serial, hour_ms)
        ON r.serial = a.serial AND r.hour = {sql.MS.format("a.hour_ms")} GROUP BY 1, 2"""
    found = sql.rows(query, [sql.texts(hour[0] for hour in hours), sql.numbers(hour[1] for hour in hours)])
    return {(serial, hour_ms): count for serial, hour_ms, count in found}


def _row(one: Refused, serial: str, hour_ms: int, count: int = 1) -> Reject:
    return Reject(
        at=from_ms(one.at_ms),
        hour=from_ms(hour_ms),
        serial=serial,
        device_id=one.device_id,
        topic=one.topic[:300],
        reason=one.reason[:32],
        detail=one.detail[:300],
        excerpt=one.excerpt[:200],
        count=count,
    )


def _count_on(counts: Mapping[_Like, int]) -> set[_Like]:
    """Add to the newest row of each serial, hour and reason; return those that had one."""
    likes = list(counts)
    query = f"""UPDATE devices_reject r SET count = r.count + newest.n FROM (
            SELECT DISTINCT ON (a.serial, a.hour_ms, a.reason) r.id, a.hour_ms, a.n
            FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::bigint[]) AS a(serial, hour_ms, reason, n)
            JOIN devices_reject r
            ON r.serial = a.serial AND r.hour = {sql.MS.format("a.hour_ms")} AND r.reason = a.reason
            ORDER BY a.serial, a.hour_ms, a.reason, r.id DESC
        ) AS newest WHERE r.id = newest.id RETURNING r.serial, newest.hour_ms, r.reason"""
    values = [
        sql.texts(like[0] for like in likes),
        sql.numbers(like[1] for like in likes),
        sql.texts(like[2] for like in likes),
        sql.numbers(counts.values()),
    ]
    return {(serial, hour_ms, reason) for serial, hour_ms, reason in sql.rows(query, values)}


def prune(now: datetime, *, reject_days: int) -> None:
    """Forget what is past its time."""
    Reject.objects.filter(at__lt=now - timedelta(days=reject_days)).delete()
    unknown.prune(now)


def by_reason(now: datetime) -> list[tuple[str, int, int]]:
    """Return (reason, of the last hour, of the last 24 hours), the most frequent first."""
    query = """SELECT reason, coalesce(sum(count) FILTER (WHERE at > %s), 0)::bigint, sum(count)::bigint
        FROM devices_reject WHERE at > %s GROUP BY reason ORDER BY 3 DESC, 1"""
    rows = sql.rows(query, [now - timedelta(hours=1), now - timedelta(hours=24)])
    return [(reason, hour, day) for reason, hour, day in rows]
