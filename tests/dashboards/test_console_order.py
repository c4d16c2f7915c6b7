"""Which alerts the console shows, in which order, and which of them one press may acknowledge."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.dashboards.browser_modules import Ask, asked

RANK = {"high": 0, "medium": 1, "low": 2, "info": 3}


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder = tmp_path_factory.mktemp("console")
    with asked("console.mjs", ("console-order", "alerts-store"), folder) as put:
        yield put


def alert(number: int, priority: str = "medium", *, s: int = 0, **other: Any) -> dict[str, Any]:
    """One open alert that rose `s` seconds after twelve."""
    usual = {"state": "raised", "site": "north", "device": f"EMS-{number}", "device_name": f"Bike {number}"}
    usual |= {"room": "Room 3", "duty": "care", "cause": None, "shelved_until": None, "acknowledged_at": None}
    at = f"2026-11-22T12:{s // 60:02}:{s % 60:02}.000Z"
    return {"id": number, "priority": priority, "text": f"alert {number}", "raised_at": at, **usual, **other}


def ids(answer: dict[str, Any]) -> list[int]:
    return [line["id"] for line in answer["lines"]]


def test_alerts_stand_by_priority_and_then_the_newest_first(ask: Ask) -> None:
    alerts = [alert(1, "low", s=9), alert(2, "high", s=1), alert(3, "medium"), alert(4, "high", s=5)]
    assert ids(ask("arrange", alerts=alerts)) == [4, 2, 3, 1]


def test_what_is_true_stands_above_what_is_over_of_the_same_priority(ask: Ask) -> None:
    over = alert(1, "high", s=9, state="cleared")
    alerts = [
        over,
        alert(2, "high", s=1),
        alert(3, "high", s=2, state="acknowledged"),
        alert(4, "medium", s=10),
    ]
    assert ids(ask("arrange", alerts=alerts)) == [3, 2, 1, 4]


def test_a_high_alert_of_a_device_stands_above_a_silent_group_however_old_it_is(ask: Ask) -> None:
    group = alert(1, "high", s=50, device=None, site="north")
    theirs = [alert(n, "low", s=49, cause=1) for n in range(10, 70)]
    needle = alert(2, "high", s=1)
    found = ask("arrange", alerts=[group, *theirs, needle])
    assert found["lines"] == [
        {"id": 2, "explains": 0, "depth": 0, "gone": False},
        {"id": 1, "explains": 60, "depth": 0, "gone": False},
    ]
    assert found["explained"] == 60
    assert found["counts"] == {"high": 2, "medium": 0, "low": 0, "info": 0}


def test_what_a_cause_explains_is_listed_under_it_once_it_is_unfolded(ask: Ask) -> None:
    alerts = [alert(1, "high"), alert(2, "low", cause=1), alert(3, "medium", cause=1), alert(4, "medium")]
    found = ask("arrange", alerts=alerts, unfolded=[1])
    assert [(line["id"], line["depth"]) for line in found["lines"]] == [(1, 0), (3, 1), (2, 1), (4, 0)]


def test_what_was_explained_by_an_alert_that_is_gone_stands_by_itself(ask: Ask) -> None:
    assert ids(ask("arrange", alerts=[alert(2, cause=99)])) == [2]


def test_a_shelf_hides_what_is_below_high_and_a_high_one_only_once_it_is_true_no_longer(ask: Ask) -> None:
    until = "2026-11-22T13:00:00.000Z"
    alerts = [
        alert(1, "medium", shelved_until=until),
        alert(2, "high", shelved_until=until),
        alert(3, "high", shelved_until=until, state="cleared"),
    ]
    assert ids(ask("arrange", alerts=alerts)) == [2]
    assert sorted(ids(ask("arrange", alerts=alerts, search="?show=shelved"))) == [1, 2, 3]
    assert sorted(ids(ask("arrange", alerts=alerts, search="?show=all"))) == [1, 2, 3]


@pytest.mark.parametrize(
    "search, shown",
    [
        ("?priority=high", [1]),
        ("?site=far", [2]),
        ("?duty=technical", [3]),
        ("?q=bike%202", [2]),
        ("?q=ROOM%203", [1, 2, 3, 4]),
        ("?q=nothing%20like%20it", []),
        ("?show=nobody", [1, 2, 3]),
        ("?show=nonsense&priority=urgent", [1, 2, 3, 4]),
    ],
)
def test_the_address_says_what_is_shown(ask: Ask, search: str, shown: list[int]) -> None:
    alerts = [
        alert(1, "high"),
        alert(2, s=3, site="far"),
        alert(3, s=2, duty="technical"),
        alert(4, s=1, state="acknowledged", acknowledged_at="2026-11-22T12:01:00.000Z"),
    ]
    assert ids(ask("arrange", alerts=alerts, search=search)) == shown


def test_counts_tell_all_priorities_whichever_is_chosen(ask: Ask) -> None:
    alerts = [alert(1, "high"), alert(2, "low"), alert(3, "low")]
    assert ask("arrange", alerts=alerts, search="?priority=high")["counts"]["low"] == 2


def test_under_a_hand_lines_stay_a_new_high_comes_on_top_and_others_wait(ask: Ask) -> None:
    before = [alert(1, "high"), alert(2), alert(3)]
    now = [alert(1, "high"), alert(3), alert(4, s=9), alert(5, "high", s=9)]
    held = ask("hold", before=before, alerts=now)
    assert [(line["id"], line["gone"]) for line in held["lines"]] == [
        (5, False),
        (1, False),
        (3, False),
        (2, True),
    ]
    assert held["waiting"] == 1


def test_one_press_acknowledges_what_could_be_read_and_never_a_high_one(ask: Ask) -> None:
    alerts = [
        alert(1, "high"),
        alert(2),
        alert(3, state="acknowledged", acknowledged_at="2026-11-22T12:01:00.000Z"),
        alert(4, "low", state="cleared"),
        alert(5, "low"),
        alert(6, "low"),
        alert(7, "low", cause=2),
    ]
    seen_ms = {"1": 5000, "2": 5000, "3": 5000, "4": 5000, "5": 200, "7": 5000}  # 6 is not on the screen
    found = ask("together", alerts=alerts, seen_ms=seen_ms, unfolded=[2])
    assert sorted(found) == [2, 4]


def test_keys_go_from_line_to_line_and_on_to_the_next_that_nobody_has(ask: Ask) -> None:
    alerts = [
        alert(1, s=9),
        alert(2, s=8, state="acknowledged", acknowledged_at="2026-11-22T12:01:00.000Z"),
        alert(3, s=7),
    ]
    assert ask("neighbour", alerts=alerts, id=0, by=1) == 1
    assert ask("neighbour", alerts=alerts, id=1, by=1) == 2
    assert ask("neighbour", alerts=alerts, id=1, by=-1) == 1
    assert ask("next", alerts=alerts, id=1) == 3
    assert ask("next", alerts=alerts, id=3) == 3


def test_what_is_usual_is_left_out_of_the_address(ask: Ask) -> None:
    assert ask("address", search="?show=open&q=") == ""
    assert ask("address", search="?q=bike&priority=high&show=all") == "?show=all&priority=high&q=bike"
