"""How long the disk lasts: right where it can be known, and nothing where it cannot."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from dashboards.system.outlook import outlook, overdue

TODAY = date(2026, 11, 22)
MB = 2**20


def days(*megabytes: int) -> dict[date, int]:
    """Sizes of the days up to today; the last is today's."""
    first = TODAY - timedelta(days=len(megabytes) - 1)
    return {first + timedelta(days=n): size * MB for n, size in enumerate(megabytes)}


def test_before_a_whole_day_is_over_nothing_is_foretold() -> None:
    told = outlook(days(500), today=TODAY, keep_days=90, rest=MB, since=TODAY, free=10 * MB)
    assert (told.telemetry_day, told.growth_day, told.full_in_days) == (None, None, None)


def test_the_first_day_is_no_whole_one() -> None:
    sizes = days(3, 100, 100, 40)
    told = outlook(sizes, today=TODAY, keep_days=90, rest=30 * MB, since=min(sizes), free=None)
    assert (told.averaged_days, told.telemetry_day) == (2, 100 * MB)


def test_growth_is_a_day_of_telemetry_and_of_what_is_kept_for_good() -> None:
    sizes = days(*[100] * 11)
    told = outlook(sizes, today=TODAY, keep_days=90, rest=50 * MB, since=min(sizes), free=1050 * MB)
    assert told.growth_day == 105 * MB
    assert told.steady_in_days == 80
    assert told.full_in_days == 10


def test_only_the_last_week_counts() -> None:
    sizes = days(*[1] * 20, *[100] * 7, 5)
    assert (
        outlook(sizes, today=TODAY, keep_days=90, rest=0, since=min(sizes), free=None).telemetry_day
        == 100 * MB
    )


def test_once_days_are_let_go_only_what_is_kept_for_good_grows() -> None:
    sizes = days(*[100] * 91)
    told = outlook(sizes, today=TODAY, keep_days=90, rest=90 * MB, since=min(sizes), free=500 * MB)
    assert (told.steady_in_days, told.growth_day) == (0, MB)
    assert told.full_in_days == 500


def test_a_disk_that_lasts_ten_years_is_not_counted_down() -> None:
    sizes = days(*[100] * 91)
    told = outlook(sizes, today=TODAY, keep_days=90, rest=0, since=min(sizes), free=500 * MB)
    assert told.full_in_days is None


def test_partitions_made_ahead_are_no_days() -> None:
    sizes = days(*[100] * 5) | {TODAY + timedelta(days=n): 16_384 for n in range(1, 8)}
    told = outlook(sizes, today=TODAY, keep_days=90, rest=0, since=min(sizes), free=None)
    assert (told.kept_days, told.averaged_days) == (5, 3)


def test_without_a_known_disk_growth_is_known_and_days_left_are_not() -> None:
    sizes = days(*[100] * 5)
    told = outlook(sizes, today=TODAY, keep_days=90, rest=4 * MB, since=min(sizes), free=None)
    assert told.growth_day == 101 * MB
    assert told.full_in_days is None


def test_a_day_is_over_its_time_by_the_clock_of_greenwich() -> None:
    kept = days(*[100] * 4)
    before = datetime(2026, 11, 23, 0, 59, 59, tzinfo=ZoneInfo("Europe/Berlin"))  # 23:59:59 of the 22nd
    assert overdue(kept, now=before, keep_days=3) == 0
    assert overdue(kept, now=before + timedelta(seconds=1), keep_days=3) == 1
    assert overdue(kept, now=datetime(2026, 11, 24, tzinfo=UTC), keep_days=3) == 2
