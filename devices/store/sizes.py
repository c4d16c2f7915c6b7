"""How much the database holds: whole, by day of telemetry, and where it lies."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import DatabaseError, transaction

from devices.store import partitions, sql


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes; `days` by day of arrival; `since` the first day with a record; `folder` None: we may not ask."""

    database: int
    days: dict[date, int]
    since: date | None
    folder: str | None
    is_local: bool

    @property
    def rest(self) -> int:
        """What is not telemetry by day."""
        return max(0, self.database - sum(self.days.values()))


def sizes() -> Sizes:
    """Ask the catalogue; some milliseconds for a hundred days."""
    names = partitions.existing()
    measured = sql.rows(
        "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relname = ANY(%s)",
        [list(names.values())],
    )
    by_name = dict(measured)
    days = {day: by_name.get(name, 0) for day, name in names.items()}
    database, address = sql.rows("SELECT pg_database_size(current_database()), host(inet_server_addr())")[0]
    return Sizes(database, days, _since(), _folder(), address is None or address in ("127.0.0.1", "::1"))


def _since() -> date | None:
    """The day from which on there are records; the ledger outlives the telemetry."""
    first: datetime | None = sql.rows("SELECT min(first_heard_at) FROM devices_ledger")[0][0]
    return None if first is None else first.astimezone(UTC).date()


def _folder() -> str | None:
    try:
        with transaction.atomic():
            return str(sql.rows("SHOW data_directory")[0][0])
    except DatabaseError:
        return None  # only pg_read_all_settings may know


@dataclass(frozen=True, slots=True)
class Health:
    """The database by itself."""

    version: str
    started_at: datetime
    connections: int
    most_connections: int
    longest_s: float | None  # the oldest transaction that is open


def health() -> Health:
    """Ask the server what it is and how busy."""
    row = sql.rows(
        """SELECT current_setting('server_version'), pg_postmaster_start_time(), count(*),
               current_setting('max_connections')::int, extract(epoch FROM now() - min(xact_start))::float8
           FROM pg_stat_activity WHERE backend_type = 'client backend'"""
    )[0]
    return Health(*row)
