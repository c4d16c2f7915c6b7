"""Messages of accounts without an enrolled device: kept apart within bounds, and claimed once there is one."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from devices.models import UnknownRecord
from devices.state import from_ms
from devices.store import sql

MOST_UNKNOWN = 10_000
UNKNOWN_DAYS = 7


def keep(messages: Sequence[tuple[str, str, bytes, int]]) -> None:
    """Keep (serial, kind, body, arrival ms), the newest 10,000 of each account."""
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


def claimed(most: int) -> list[UnknownRecord]:
    """Return what is to be taken in, oldest first."""
    return list(UnknownRecord.objects.filter(claimed=True).order_by("id")[:most])


def forget(some: Sequence[UnknownRecord]) -> None:
    """They were taken in."""
    UnknownRecord.objects.filter(id__in=[one.pk for one in some]).delete()


def prune(now: datetime) -> None:
    """Forget what nobody claimed in time."""
    UnknownRecord.objects.filter(received_at__lt=now - timedelta(days=UNKNOWN_DAYS)).delete()
