"""Day partitions of telemetry: made days ahead, dropped whole when their time is over."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import structlog
from django.db import IntegrityError, ProgrammingError, connection, transaction

from devices.store import sql

log = structlog.get_logger(__name__)

DAYS_AHEAD = 7
_NAME = re.compile(r"^devices_telemetry_(\d{4})(\d{2})(\d{2})$")


def _name(day: date) -> str:
    return f"devices_telemetry_{day:%Y%m%d}"


def existing() -> dict[date, str]:
    """Return the day partitions there are."""
    names = sql.rows(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'devices_telemetry'::regclass"
    )
    found = {}
    for (name,) in names:
        if match := _NAME.match(name):
            found[date(*map(int, match.groups()))] = name
    return found


def make_ahead(now: datetime, days: int = DAYS_AHEAD) -> list[date]:
    """Make the partitions of today and the days ahead; return those that were new.

    A day that cannot be made (rows of it already lie in the default partition) stays there: reads and prune see
    them all the same, so it is a note in the log, not a reason to stop.
    """
    today = now.astimezone(UTC).date()
    there = existing()
    made = []
    for offset in range(days + 1):
        day = today + timedelta(days=offset)
        if day in there:
            continue
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    f"CREATE TABLE {_name(day)} PARTITION OF devices_telemetry"
                    f" FOR VALUES FROM ('{day} 00:00+00') TO ('{day + timedelta(days=1)} 00:00+00')"
                )
            made.append(day)
        except (ProgrammingError, IntegrityError) as error:
            log.warning("partition not made, the default one takes this day", day=str(day), error=str(error))
    return made


def drop_before(now: datetime, keep_days: int, stopped: Callable[[], bool] = lambda: False) -> list[date]:
    """Drop the partitions of days that ended over `keep_days` ago; what else is older goes row by row.

    The ledger notes up to which number a boot was pruned, so that a pruned record is known from a lost one.
    `stopped` is asked before each day.  Returns the days that were dropped.
    """
    limit = now.astimezone(UTC).date() - timedelta(days=keep_days)
    dropped: list[date] = []
    for day in sorted(day for day in existing() if day < limit):
        if stopped():
            return dropped
        with transaction.atomic():
            _note_pruned(_name(day), None)
            sql.execute(f"DROP TABLE {_name(day)}")
        dropped.append(day)
    with transaction.atomic():
        if _note_pruned("devices_telemetry_rest", limit):
            sql.execute("DELETE FROM devices_telemetry_rest WHERE received_at < %s", [limit])
    return dropped


def _note_pruned(table: str, before: date | None) -> int:
    return sql.execute(
        f"""UPDATE devices_ledger l SET pruned_to = greatest(l.pruned_to, p.seq)
            FROM (SELECT device_id, boot, max(seq) AS seq FROM {table}
                  WHERE %s::date IS NULL OR received_at < %s::date GROUP BY 1, 2) p
            WHERE l.device_id = p.device_id AND l.boot = p.boot""",
        [before, before],
    )
