"""A stored day, from the tables to its result; and who may ask for one."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from devices.models import Device
from devices.moments import from_ms
from fleet.access.errors import Denied, Refused
from fleet.access.models import AuditEntry, Membership, Role, Site
from fleet.safety import replays
from fleet.safety.models import Alert, Entry, Replay
from fleet.safety.rules import WrongChange
from tests.devices import history
from tests.devices.store.tables import T0, Ingest, packet

pytestmark = pytest.mark.django_db
DAY = from_ms(T0).date()
NOW = from_ms(T0) + timedelta(hours=2)
OFF = ("electrode", "off")
SLOWER = {"electrode_off": {"on_delay_s": 5}}


@pytest.fixture
def device() -> Device:
    site = Site.objects.create(slug="north", name="North")
    return Device.objects.create(serial="EMS-0001", site=site)


@pytest.fixture
def engineer(device: Device) -> User:
    user = User.objects.create_user("engineer")
    Membership.objects.create(user=user, site=device.site, role=Role.ENGINEER)
    return user


def lives(device: Device) -> None:
    """Two seconds of a pad that is off, within 20 s of a session, taken in and judged live."""
    ingest = Ingest()
    calm = {"conditions": (), "protocol": None, "up_ms": 0, "t": T0}
    ingest.take(packet(device.serial, history.status(**calm), T0 + 20))
    for seq in range(1, 21):
        contact = OFF if seq in (10, 11) else ("ok", "off")
        message = history.telemetry(seq, contact=contact)
        ingest.take(packet(device.serial, message, T0 + 1000 * seq + 20))
    over = calm | {"up_ms": 21_000, "t": T0 + 21_000, "state": "idle", "output": "off", "session": None}
    ingest.take(packet(device.serial, history.status(**over), T0 + 21_020))


def test_a_stored_day_comes_to_the_same_alerts_as_live_and_to_none_with_a_longer_delay(
    device: Device, engineer: User
) -> None:
    lives(device)
    live = Alert.objects.filter(rule="electrode_off").count()
    before = (Alert.objects.count(), Entry.objects.count())
    replay = replays.ask(actor=engineer, site=device.site, day=DAY, changes=SLOWER, now=NOW)
    assert replays.state(replay, NOW) == "waiting"
    assert replays.run_next()
    replay.refresh_from_db()
    assert replays.state(replay, NOW) == "done"
    assert replay.result is not None
    assert (live, replay.result["held"]["by_rule"]["electrode_off"]) == (1, 1)
    assert "electrode_off" not in replay.result["changed"]["by_rule"]
    gone = [one for one in replay.result["alerts"] if one["fate"] == "gone"]
    assert [(one["serial"], one["channel"], one["at_ms"]) for one in gone] == [
        ("EMS-0001", 1, round(Alert.objects.get(rule="electrode_off").raised_at.timestamp() * 1000))
    ]
    assert (Alert.objects.count(), Entry.objects.count()) == before  # nothing was raised, nobody was told


def test_asking_is_on_record_and_takes_an_engineer(device: Device, engineer: User) -> None:
    nurse = User.objects.create_user("nurse")
    Membership.objects.create(user=nurse, site=device.site, role=Role.NURSE)
    with pytest.raises(Denied):
        replays.ask(actor=nurse, site=device.site, day=DAY, changes=SLOWER, now=NOW)
    replays.ask(actor=engineer, site=device.site, day=DAY, changes=SLOWER, now=NOW)
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "denied.write_rule",
        "rules.tried",
    ]


@pytest.mark.parametrize("days", [-3660, 1])
def test_a_day_of_which_nothing_can_be_stored_is_refused(device: Device, engineer: User, days: int) -> None:
    day = DAY + timedelta(days=days)
    with pytest.raises(Refused, match="choose a day from"):
        replays.ask(actor=engineer, site=device.site, day=day, changes=SLOWER, now=NOW)


@pytest.mark.parametrize(
    "zone,at,first,last",
    [
        ("UTC", datetime(2026, 11, 22, 23, 30, tzinfo=UTC), date(2026, 11, 12), date(2026, 11, 22)),
        ("Europe/Berlin", datetime(2026, 11, 22, 22, 30, tzinfo=UTC), date(2026, 11, 13), date(2026, 11, 22)),
        ("Europe/Berlin", datetime(2026, 11, 22, 23, 30, tzinfo=UTC), date(2026, 11, 13), date(2026, 11, 23)),
        (
            "America/New_York",
            datetime(2026, 11, 22, 3, 0, tzinfo=UTC),
            date(2026, 11, 12),
            date(2026, 11, 21),
        ),
    ],
)
def test_a_site_tries_its_own_days_of_which_the_whole_is_stored(
    settings: Settings, zone: str, at: datetime, first: date, last: date
) -> None:
    settings.TELEMETRY_DAYS = 10  # whole days of UTC: from 12 November on, each time
    assert replays.days(Site(time_zone=zone), at) == (first, last)


def test_a_number_out_of_its_bounds_is_refused_before_anything_is_judged(
    device: Device, engineer: User
) -> None:
    wrong = {"electrode_off": {"on_delay_s": 99}}
    with pytest.raises(WrongChange):
        replays.ask(actor=engineer, site=device.site, day=DAY, changes=wrong, now=NOW)
    assert not Replay.objects.exists()


def test_one_day_at_a_time_and_the_next_once_its_judge_has_died(device: Device, engineer: User) -> None:
    ask = {"actor": engineer, "site": device.site, "day": DAY, "changes": SLOWER}
    first = replays.ask(**ask, now=NOW)
    with pytest.raises(Refused, match="is being judged"):
        replays.ask(**ask, now=NOW + timedelta(seconds=30))
    later = NOW + replays.STUCK + timedelta(seconds=1)
    assert replays.state(first, later) == "stuck"
    replays.ask(**ask, now=later)


def test_a_day_whose_judge_died_is_taken_up_again(device: Device, engineer: User) -> None:
    replay = replays.ask(actor=engineer, site=device.site, day=DAY, changes=SLOWER, now=NOW)
    long_ago = datetime.now(UTC) - 2 * replays.STUCK
    Replay.objects.filter(pk=replay.pk).update(started_at=long_ago, moved_at=long_ago)
    assert replays.run_next()
    replay.refresh_from_db()
    assert replays.state(replay, NOW) == "done"


def test_a_courier_that_stops_leaves_the_day_to_the_next(device: Device, engineer: User) -> None:
    lives(device)
    replay = replays.ask(actor=engineer, site=device.site, day=DAY, changes=SLOWER, now=NOW)
    assert replays.run_next(should_stop=lambda: True)
    replay.refresh_from_db()
    assert (replay.started_at, replay.ended_at) == (None, None)
    assert replays.run_next()
    assert not replays.run_next()


def test_a_day_that_cannot_be_judged_says_so(
    device: Device, engineer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = replays.ask(actor=engineer, site=device.site, day=DAY, changes=SLOWER, now=NOW)

    def fails(*_args: object) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr("fleet.safety.replay_reads.spots", fails)
    assert replays.run_next()
    replay.refresh_from_db()
    assert replays.state(replay, NOW) == "failed"
    assert "courier's log" in replay.error


@pytest.mark.parametrize("day, hours", [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-22", 24)])
def test_a_day_is_as_long_as_it_is_there(day: str, hours: int) -> None:
    start, end = replays.bounds(date.fromisoformat(day), "Europe/Berlin")
    assert end - start == timedelta(hours=hours)
    assert start.astimezone(ZoneInfo("Europe/Berlin")).hour == 0
