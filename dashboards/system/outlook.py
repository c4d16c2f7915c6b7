"""How long the disk lasts: from the sizes of the last whole days, and honest where they say nothing yet.  Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

AVERAGED_DAYS = 7
HORIZON_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the sizes say; None: not known.

    `telemetry_day` and `rest_day` are bytes a day; `rest` is what is kept for good.  `steady_in_days`: when telemetry
    stops growing, because each new day lets an old one go.  `full_in_days`: None with
    `free` known: not within ten years.
    """

    averaged_days: int
    telemetry_day: int | None
    rest_day: int | None
    kept_days: int
    steady_in_days: int | None
    steady_bytes: int | None
    free: int | None
    full_in_days: int | None

    @property
    def growth_day(self) -> int | None:
        if self.telemetry_day is None or self.rest_day is None:
            return None
        return self.rest_day + (self.telemetry_day if self.steady_in_days else 0)


def outlook(
    sizes: Mapping[date, int], *, today: date, keep_days: int, rest: int, since: date | None, free: int | None
) -> Outlook:
    """Look ahead.

    Args:
        sizes: Bytes of each day's partition of telemetry, empty ones and those of days to come too.
        keep_days: TELEMETRY_DAYS.
        rest: Bytes of everything else in the database.
        since: The day of the first record; `rest` has grown since then.
        free: Bytes free on the disk; None if that is not known.
    """
    kept = {day: size for day, size in sizes.items() if day <= today and (since is None or day >= since)}
    whole = sorted(day for day in kept if day < today and (since is None or day > since))[-AVERAGED_DAYS:]
    telemetry_day = round(sum(kept[day] for day in whole) / len(whole)) if whole else None
    days_kept_for_good = (today - since).days if since is not None else 0
    rest_day = round(rest / days_kept_for_good) if days_kept_for_good > 0 and whole else None
    steady_in = max(0, keep_days - (today - min(kept)).days) if kept and telemetry_day is not None else None
    full_in = None
    if free is not None and telemetry_day is not None and rest_day is not None:
        full_in = _full_in(kept, today, keep_days, telemetry_day, rest_day, free)
    return Outlook(
        averaged_days=len(whole),
        telemetry_day=telemetry_day,
        rest_day=rest_day,
        kept_days=len(kept),
        steady_in_days=steady_in,
        steady_bytes=None if telemetry_day is None else telemetry_day * keep_days,
        free=free,
        full_in_days=full_in,
    )


def overdue(days: Iterable[date], *, now: datetime, keep_days: int) -> int:
    """Return of how many days of UTC the time to be kept was over at that moment."""
    today = now.astimezone(UTC).date()
    return sum((today - day).days > keep_days for day in days)


def _full_in(
    kept: Mapping[date, int], today: date, keep_days: int, telemetry_day: int, rest_day: int, free: int
) -> int | None:
    """Go on day by day: each adds a day of telemetry and of the rest, and lets go what is older than is kept."""
    coming = dict(kept)
    for ahead in range(1, HORIZON_DAYS + 1):
        day = today + timedelta(days=ahead)
        coming[day] = telemetry_day
        free -= telemetry_day + rest_day - coming.pop(day - timedelta(days=keep_days + 1), 0)
        if free <= 0:
            return ahead
    return None
