"""Reads for people: what is asked in one query, and what became of every record."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from devices import queries
from devices.models import Device, Event, Ledger, Session
from fleet.access.models import Site
from tests.devices import history

NOW = timezone.now()


@pytest.fixture
def site(db: None) -> Site:
    return Site.objects.create(slug="north", name="North")


@pytest.fixture
def device(site: Site) -> Device:
    return Device.objects.create(serial="EMS-0001", site=site, room="Room 3")


# --- Devices as they are now ---


def test_any_number_of_devices_costs_one_query(
    site: Site, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        history.say(Device.objects.create(serial=f"D-{number:02}", site=site), NOW)
    with django_assert_num_queries(1):
        assert len(queries.device_objects(Device.objects.order_by("serial"), NOW)) == 20


def test_a_running_device_shows_what_it_last_said(device: Device) -> None:
    history.say(device, NOW - timedelta(milliseconds=1500))
    [seen] = queries.device_objects(Device.objects.all(), NOW)
    assert (seen["state"], seen["output"], seen["session"], seen["phase"]) == (
        "running",
        "on",
        history.SESSION,
        "on",
    )
    assert seen["channels"][0] == {
        "n": 1, "set_ma": 32.0, "ma": 31.9, "ohm": 820.0, "contact": "ok", "charge_uc": 6030.0,
    }  # fmt: skip
    assert seen["battery"] == {"soc": 86.9, "mv": 3889, "charging": False}
    assert 1499 <= seen["age_ms"] <= 1501
    assert seen["heard_at"].endswith("Z")
    assert seen["uplink"] == "Room 3"  # its room, for want of better


def test_a_device_never_heard_claims_nothing(device: Device) -> None:
    [seen] = queries.device_objects(Device.objects.all(), NOW)
    assert seen["link"] == "never"
    unknown = (
        "state",
        "output",
        "session",
        "heard_at",
        "age_ms",
        "temp_c",
        "protocol",
        "elapsed_ms",
        "firmware",
    )
    assert [seen[name] for name in unknown] == [None] * len(unknown)
    assert seen["channels"] == []


def test_a_clock_that_runs_behind_shows_no_negative_age(device: Device) -> None:
    history.say(device, NOW + timedelta(seconds=2))
    assert queries.device_objects(Device.objects.all(), NOW)[0]["age_ms"] == 0


@pytest.mark.parametrize(
    "asked,found",
    [
        ({"link": "never"}, {"B-2", "B-3"}),
        ({"link": "online"}, {"A-1"}),
        ({"state": "running"}, {"A-1"}),
        ({"room": "Room 1", "link": "never"}, {"B-2"}),
        ({"tag": "knee"}, {"A-1", "B-3"}),
        ({"q": "b-"}, {"B-2", "B-3"}),
        ({"q": "window"}, {"B-3"}),
        ({"q": "%"}, set()),
        ({"site": "south"}, set()),
    ],
)
def test_filters_must_all_hold(site: Site, asked: dict[str, str], found: set[str]) -> None:
    history.say(Device.objects.create(serial="A-1", site=site, room="Room 1", tags=["knee"]), NOW)
    Device.objects.create(serial="B-2", site=site, room="Room 1")
    Device.objects.create(serial="B-3", site=site, name="Window", tags=["knee", "loan"])
    assert (
        set(queries.DeviceFilter(**asked).of(Device.objects.all()).values_list("serial", flat=True)) == found
    )


def test_counts_of_a_site_leave_out_what_is_out_of_service(site: Site) -> None:
    history.say(Device.objects.create(serial="A-1", site=site), NOW)
    history.say(Device.objects.create(serial="A-2", site=site), NOW, state="idle", session=None)
    Device.objects.create(serial="A-3", site=site)
    history.say(Device.objects.create(serial="A-4", site=site, revoked_at=NOW), NOW)
    counts = queries.site_counts(Device.objects.filter(site=site))
    assert (counts["devices"], counts["in_session"]) == (3, 1)
    assert (counts["links"]["online"], counts["links"]["never"], counts["links"]["offline"]) == (2, 1, 0)
    assert (counts["states"]["running"], counts["states"]["idle"]) == (1, 1)


# --- Records ---


def _records(device: Device, **asked: Any) -> list[tuple[int, int, str]]:
    options = {"after": (-1, 0), "boot": None, "limit": 100} | asked
    return [(one["boot"], one["seq"], one["type"]) for one in queries.records(device, **options)]


@pytest.fixture
def recorded(device: Device) -> Device:
    """Boot 7: telemetry 1, 2, 4 and event 3; boot 6, stored later: telemetry 9."""
    for messages in ([history.telemetry(seq) for seq in (1, 2, 4)], [history.telemetry(9, boot=6)]):
        history.store_telemetry(device, NOW, messages, received_at=NOW, rolled_up=False)
    event = history.event(3, "electrode_off", channel=1)
    history.store_event(device, NOW, event, received_at=NOW)
    other = Device.objects.create(serial="EMS-0002", site=device.site)
    history.store_telemetry(other, NOW, [history.telemetry(5)], received_at=NOW, rolled_up=False)
    return device


def test_records_come_oldest_first_telemetry_and_events_together(recorded: Device) -> None:
    assert _records(recorded) == [
        (6, 9, "telemetry"), (7, 1, "telemetry"), (7, 2, "telemetry"), (7, 3, "event"), (7, 4, "telemetry"),
    ]  # fmt: skip


def test_records_of_one_boot_end_with_it_and_begin_after_a_seq(recorded: Device) -> None:
    assert _records(recorded, boot=6, after=(6, 0)) == [(6, 9, "telemetry")]
    assert [seq for _boot, seq, _type in _records(recorded, boot=7, after=(7, 2))] == [3, 4]
    assert _records(recorded, after=(6, 9), limit=2) == [(7, 1, "telemetry"), (7, 2, "telemetry")]


def test_a_record_keeps_the_devices_own_bytes(recorded: Device) -> None:
    record = queries.records(recorded, after=(7, 2), boot=7, limit=1)[0]
    assert (record["kind"], record["placed_by"], record["late"]) == ("electrode_off", "live", False)
    assert record["body"] == bytes(Event.objects.get().body)


# --- The ledger ---


def _ledger(device: Device, **fields: Any) -> dict[str, Any]:
    Ledger.objects.create(device=device, boot=7, **fields)
    [entry] = queries.ledger(device, after_boot=-1, limit=10)
    return entry


def test_each_gap_has_its_reason(device: Device) -> None:
    entry = _ledger(
        device,
        first_seq=1,
        stored=[(1, 10), (13, 20), (25, 30)],
        dropped=[(11, 11)],
        rejected=[(12, 12), (40, 40)],
    )
    assert (entry["first_seq"], entry["contiguous_seq"], entry["highest_seq"]) == (1, 20, 40)
    assert (entry["stored"], entry["dropped"], entry["rejected"]) == (24, 1, 2)
    assert entry["gaps"] == [
        {"from": 11, "to": 11, "reason": "dropped"},
        {"from": 12, "to": 12, "reason": "rejected"},
        {"from": 21, "to": 24, "reason": "awaited"},
        {"from": 31, "to": 39, "reason": "awaited"},
        {"from": 40, "to": 40, "reason": "rejected"},
    ]


def test_what_is_missing_of_a_closed_boot_is_lost(device: Device) -> None:
    entry = _ledger(device, first_seq=1, stored=[(1, 10), (13, 20)], closed_at=NOW)
    assert entry["gaps"] == [{"from": 11, "to": 12, "reason": "lost"}]
    assert entry["closed"]


def test_pruned_records_are_no_gap_and_what_was_awaited_among_them_is_no_longer(device: Device) -> None:
    entry = _ledger(device, first_seq=1, stored=[(1, 10), (13, 20), (25, 30)], pruned_to=22)
    assert entry["stored"] == 24
    assert entry["gaps"] == [
        {"from": 11, "to": 12, "reason": "pruned"},
        {"from": 21, "to": 22, "reason": "pruned"},
        {"from": 23, "to": 24, "reason": "awaited"},
    ]


def test_a_device_first_seen_at_50000_starts_there(device: Device) -> None:
    entry = _ledger(device, first_seq=50_000, stored=[(50_000, 50_010)])
    assert (entry["first_seq"], entry["contiguous_seq"], entry["gaps"]) == (50_000, 50_010, [])


@pytest.mark.parametrize("first", [None, 1, 50_000])
def test_a_boot_of_which_nothing_came_yet_has_no_gaps(device: Device, first: int | None) -> None:
    entry = _ledger(device, first_seq=first)
    assert (entry["highest_seq"], entry["stored"], entry["gaps"]) == (None, 0, [])
    assert entry["contiguous_seq"] == (None if first is None else first - 1)


def test_the_largest_numbers_of_the_wire_fit(device: Device) -> None:
    entry = _ledger(device, first_seq=1, stored=[(1, 1), (queries.MAX_NUMBER, queries.MAX_NUMBER)])
    assert entry["gaps"] == [{"from": 2, "to": queries.MAX_NUMBER - 1, "reason": "awaited"}]


# --- Sessions ---


def _session(device: Device, **fields: Any) -> Session:
    start = NOW - timedelta(minutes=10)
    given = {
        "session": history.SESSION, "boot": 7, "started_at": start, "started_up_ms": 0,
        "last_at": start + timedelta(seconds=60), "last_up_ms": 60_000, "charge_uc": [600.0, 0.0],
        "pulses": [300.0, 0.0], "set_sum": [1920.0, 0.0], "ma_sum": [19140.0, 0.0], "ma_max": [33.0, 0.0],
        "messages": 60, "samples": 600,
    }  # fmt: skip
    return Session.objects.create(device=device, **(given | fields))


def _seen(device: Device) -> dict[str, Any]:
    rows = Session.objects.select_related("device__site", "device__live")
    [seen] = queries.session_objects(rows, NOW)
    return seen


def test_sums_are_told_as_means(device: Device) -> None:
    _session(device, ended_at=NOW - timedelta(minutes=9), end_reason="completed", elapsed_ms=60_000)
    seen = _seen(device)
    assert seen["channels"][0] == {
        "n": 1, "charge_uc": 600.0, "pulses": 300, "set_ma_mean": 32.0, "ma_mean": 31.9, "ma_max": 33.0,
    }  # fmt: skip
    assert (seen["id"], seen["elapsed_ms"], seen["gaps"], seen["protocol"]) == (
        history.SESSION,
        60_000,
        [],
        None,
    )


def test_a_session_without_telemetry_divides_by_nothing(device: Device) -> None:
    _session(device, messages=0, samples=0)
    assert _seen(device)["channels"][0]["ma_mean"] is None


def test_a_session_tells_where_its_telemetry_is_missing(device: Device) -> None:
    start = NOW - timedelta(minutes=10)
    came = [history.telemetry(seq) for seq in (*range(1, 21), 22, *range(31, 56))]  # 21: one second is no gap
    history.store_telemetry(device, start, came, received_at=NOW, rolled_up=False)
    _session(device, ended_at=start + timedelta(seconds=60), messages=46)
    moments = [queries.moment(history.second(start, number)) for number in (22, 31, 55, 60)]
    assert _seen(device)["gaps"] == [moments[:2], moments[2:]]


def test_a_silent_device_in_session_has_a_gap_until_now_unless_it_left_the_session(device: Device) -> None:
    start = NOW - timedelta(minutes=10)
    came = [history.telemetry(seq) for seq in range(1, 61)]
    history.store_telemetry(device, start, came, received_at=NOW, rolled_up=False)
    _session(device)
    assert _seen(device)["gaps"] == []
    history.say(device, NOW - timedelta(minutes=9), link="offline")
    assert _seen(device)["gaps"] == [[queries.moment(history.second(start, 60)), queries.moment(NOW)]]


def test_any_number_of_sessions_costs_the_same_queries(
    device: Device, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(10):
        _session(device, session=f"S-{number}", messages=3)
    with django_assert_max_num_queries(3):
        queries.session_objects(Session.objects.select_related("device__site", "device__live"), NOW)
