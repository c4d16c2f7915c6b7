"""Lists in parts: each item once, in order, to the end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from devices.models import Device, Ledger, Reject, Session
from tests.dashboards.api.ward import Get, Ward
from tests.devices import history


def _devices(ward: Ward) -> None:
    Device.objects.bulk_create(Device(serial=f"P-{number}", site=ward.north) for number in range(4))


def _records(ward: Ward) -> None:
    for boot in (6, 7):
        messages = [history.telemetry(seq, boot=boot) for seq in range(1, 4)]
        history.store_telemetry(ward.running, ward.now, messages, received_at=ward.now, rolled_up=False)
        history.store_event(
            ward.running, ward.now, history.event(4, "session_paused", boot=boot), received_at=ward.now
        )


def _ledgers(ward: Ward) -> None:
    for boot in (0, 3, 5, 8, 2**53 - 1):
        Ledger.objects.create(device=ward.running, boot=boot, first_seq=1, stored=[(1, 9)])


def _sessions(ward: Ward) -> None:
    for number in range(5):  # two of them at one moment
        at = ward.now - timedelta(seconds=number // 2)
        Session.objects.create(
            device=ward.running, session=f"S-{number}", boot=7, last_at=at, last_up_ms=number
        )


def _rejects(ward: Ward) -> None:
    for number in range(5):
        at = ward.now - timedelta(seconds=number // 2)
        Reject.objects.create(
            at=at, hour=at, serial="EMS-0001", device=ward.running, topic="t", reason="json", excerpt=b"{"
        )


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    "path,fill,count",
    [
        ("devices", _devices, 7),
        ("devices/EMS-0001/records", _records, 8),
        ("devices/EMS-0001/ledger", _ledgers, 5),
        ("sessions", _sessions, 5),
        ("rejects", _rejects, 5),
    ],
)
def test_every_item_comes_once_and_in_order(
    get: Get, ward: Ward, path: str, fill: Callable[[Ward], None], count: int, limit: int
) -> None:
    fill(ward)
    whole = get(path).json()["items"]
    assert len(whole) == count
    items: list[Any] = []
    cursor = None
    while True:
        page = get(path, limit=limit, cursor=cursor).json()
        assert 0 < len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [_named(one) for one in items] == [_named(one) for one in whole]


def _named(item: dict[str, Any]) -> dict[str, Any]:
    """Without what moves between two requests."""
    return {name: value for name, value in item.items() if name != "age_ms"}


def test_a_page_that_ends_with_the_list_says_so(get: Get) -> None:
    assert get("devices", limit=3).json()["next"] is None


def test_records_can_be_followed_within_one_boot_by_cursor_or_by_seq(get: Get, ward: Ward) -> None:
    _records(ward)
    page = get("devices/EMS-0001/records", boot=6, after_seq=1, limit=2).json()
    assert [one["seq"] for one in page["items"]] == [2, 3]
    rest = get("devices/EMS-0001/records", boot=6, limit=2, cursor=page["next"]).json()
    assert [(one["boot"], one["seq"]) for one in rest["items"]] == [(6, 4)]
    assert rest["next"] is None


def test_filters_hold_on_every_page(get: Get, ward: Ward) -> None:
    _devices(ward)
    page = get("devices", q="P-", limit=3).json()
    rest = get("devices", q="P-", limit=3, cursor=page["next"]).json()
    assert [one["serial"] for one in page["items"] + rest["items"]] == ["P-0", "P-1", "P-2", "P-3"]


def test_a_cursor_opens_nothing_that_its_reader_may_not_see(get: Get, ward: Ward) -> None:
    cursor = get("devices", "nurse", limit=1).json()["next"]
    assert [one["serial"] for one in get("devices", "stranger", cursor=cursor).json()["items"]] == [
        "EMS-0100"
    ]
