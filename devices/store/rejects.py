"""What was refused on the wire, kept within bounds; and messages of accounts without an enrolled device."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from devices.batch.desk import Refused
from devices.models import Device, Reject, UnknownRecord
from devices.state import from_ms
from devices.store import sql

MOST_AN_HOUR = 100  # rows a device and hour; what is beyond is counted on the newest row of its reason
MOST_UNKNOWN = 10_000
UNKNOWN_DAYS = 7


def write(refused: Sequence[Refused]) -> None:
    """Keep each refusal as a row, or add it to the count of one like it where the hour is full."""
    by_hour: dict[tuple[str, datetime], list[Refused]] = defaultdict(list)
    serials = _serials(refused)
    for one in refused:
        hour = datetime.fromtimestamp(one.at_ms // 3_600_000 * 3600, UTC)
        by_hour[serials.get(one.device_id or 0, one.serial), hour].append(one)
    for (serial, hour), some in sorted(by_hour.items()):
        room = MOST_AN_HOUR - Reject.objects.filter(serial=serial, hour=hour).count()
        kept, rest = some[: max(0, room)], some[max(0, room) :]
        Reject.objects.bulk_create([_row(one, serial, hour) for one in kept])
        if rest:
            _count_on(serial, hour, rest)


def _serials(refused: Sequence[Refused]) -> dict[int, str]:
    ids = {one.device_id for one in refused if one.device_id is not None}
    return dict(Device.objects.filter(id__in=ids).values_list("id", "serial")) if ids else {}


def _row(one: Refused, serial: str, hour: datetime, count: int = 1) -> Reject:
    return Reject(
        at=from_ms(one.at_ms),
        hour=hour,
        serial=serial,
        device_id=one.device_id,
        topic=one.topic[:300],
        reason=one.reason[:32],
        detail=one.detail[:300],
        excerpt=one.excerpt[:200],
        count=count,
    )


def _count_on(serial: str, hour: datetime, rest: Iterable[Refused]) -> None:
    newest = {one.reason: one for one in rest}
    for reason, count in Counter(one.reason for one in rest).items():
        touched = sql.execute(
            """UPDATE devices_reject SET count = count + %s WHERE id =
               (SELECT id FROM devices_reject WHERE serial = %s AND hour = %s AND reason = %s
                ORDER BY id DESC LIMIT 1)""",
            [count, serial, hour, reason],
        )
        if not touched:
            _row(newest[reason], serial, hour, count).save()


def keep_unknown(messages: Sequence[tuple[str, str, bytes, int]]) -> None:
    """Keep (serial, kind, body, arrival ms) of accounts without a device apart, the newest 10,000 of each."""
    if not messages:
        return
    UnknownRecord.objects.bulk_create(
        [
            UnknownRecord(serial=serial, kind=kind, body=body, received_at=from_ms(at_ms))
            for serial, kind, body, at_ms in messages
        ]
    )
    for serial in {message[0] for message in messages}:
        sql.execute(
            """DELETE FROM devices_unknownrecord WHERE serial = %s AND id <= (SELECT id FROM devices_unknownrecord
               WHERE serial = %s ORDER BY id DESC OFFSET %s LIMIT 1)""",
            [serial, serial, MOST_UNKNOWN],
        )


def prune(now: datetime, *, reject_days: int) -> None:
    """Forget what is past its time."""
    Reject.objects.filter(at__lt=now - timedelta(days=reject_days)).delete()
    UnknownRecord.objects.filter(received_at__lt=now - timedelta(days=UNKNOWN_DAYS)).delete()
