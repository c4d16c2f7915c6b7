"""What the bar says and when it sounds: the page's own modules, run by Node."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.words.bar_texts import bar_texts, duty_words
from tests.dashboards.browser_modules import Ask, asked

many = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
MODULES = ("alerts-store", "sound-pattern", "bar-words", "words", "steps")
CARE = ["care"]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with asked("sounds.mjs", MODULES, tmp_path_factory.mktemp("modules")) as ask:
        yield ask


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return bar_texts()


def alert(number: int = 1, priority: str = "high", **other: Any) -> dict[str, Any]:
    said = {"id": number, "rev": 1, "priority": priority, "state": "raised", "duty": "care", "late": False}
    said |= {
        "cause": None,
        "device": None,
        "in_session": False,
        "shelved_until": None,
        "acknowledged_at": None,
        "episode": 1,
    }
    return said | {"raised_at": f"2026-11-22T12:00:{number:02}.000Z"} | other


# --- what is open ---


def test_a_snapshot_counts_once_its_last_part_is_here(ask: Ask) -> None:
    first = {"type": "snapshot", "part": 1, "parts": 2, "alerts": [alert(1)]}
    old = {"type": "snapshot", "part": 1, "parts": 1, "alerts": [alert(9)]}
    assert ask("store", messages=[first])["complete"] is False
    assert [one["id"] for one in ask("store", messages=[old, first])["alerts"]] == [9]
    both = [first, {"type": "snapshot", "part": 2, "parts": 2, "alerts": [alert(2)]}]
    assert [one["id"] for one in ask("store", messages=both)["alerts"]] == [1, 2]


def test_a_part_whose_beginning_was_another_connections_changes_nothing(ask: Ask) -> None:
    held = ask("store", messages=[{"type": "snapshot", "part": 2, "parts": 2, "alerts": [alert(2)]}])
    assert held == {"alerts": [], "complete": False}


def test_a_late_event_changes_nothing_and_a_closed_alert_goes(ask: Ask) -> None:
    snapshot = {"type": "snapshot", "part": 1, "parts": 1, "alerts": [alert(1, rev=5), alert(2)]}
    events = [
        {"kind": "alert", **alert(1, rev=4, state="cleared")},
        {"kind": "alert", **alert(2, rev=2, state="closed")},
        {"kind": "weather"},
    ]
    held = ask("store", messages=[snapshot, {"type": "events", "events": events}])
    assert held["alerts"] == [alert(1, rev=5)]


def test_what_another_alert_explains_or_a_shelf_rests_is_no_line_but_a_high_one_that_is_true_stays(
    ask: Ask,
) -> None:
    shelved = {"shelved_until": "2026-11-22T13:00:00.000Z"}
    alerts = [
        alert(1, cause=7),
        alert(2, **shelved),
        alert(3, "medium", **shelved),
        alert(4, state="cleared", **shelved),
        alert(5, "low"),
    ]
    assert ask("counts", alerts=alerts) == {"high": 1, "medium": 0, "low": 1, "info": 0}


def test_the_bar_names_the_newest_high_alert_that_nobody_has(ask: Ask) -> None:
    answered = {"state": "acknowledged", "acknowledged_at": "2026-11-22T12:01:00.000Z"}
    assert ask("newest", alerts=[alert(1), alert(2), alert(3, "medium")]) == 2
    assert ask("newest", alerts=[alert(1), alert(2, **answered)]) == 1
    assert ask("newest", alerts=[alert(2, **answered)]) == 2
    over = {"state": "cleared"}
    assert ask("newest", alerts=[alert(1), alert(2, **over)]) == 1
    assert ask("newest", alerts=[alert(1, **over), alert(2, **answered)]) == 1
    assert ask("newest", alerts=[alert(1, late=True), alert(2, cause=1)]) is None


def test_alerts_stand_by_priority_then_the_newest_first(ask: Ask) -> None:
    alerts = [alert(1, "low"), alert(2), alert(3, "medium"), alert(4), alert(5, "low")]
    assert ask("order", alerts=alerts) == [4, 2, 3, 5, 1]


names = st.lists(st.sampled_from(("Ada", "Ben", "Cleo", "Dan", "Eve")), max_size=4, unique=True)
sites = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(("North", "South", "Pool")), "care": names, "technical": names}
    ),
    min_size=1,
    max_size=6,
)


@many
@given(sites=sites)
def test_the_page_says_who_is_on_duty_as_the_first_render_does(
    sites: list[dict[str, Any]], ask: Ask, texts: dict[str, str]
) -> None:
    for duty in ("care", "technical"):
        assert ask("duty", sites=sites, duty=duty, texts=texts) == list(duty_words(sites, duty, texts))


def test_nobody_on_duty_is_said_and_where(texts: dict[str, str]) -> None:
    north = {"name": "North", "care": ["Ada"], "technical": []}
    south = {"name": "South", "care": [], "technical": []}
    assert duty_words([north], "care", texts) == ("On duty: Ada", False)
    assert duty_words([south], "care", texts) == ("Nobody is on duty", True)
    assert duty_words([north, south], "care", texts) == ("Nobody is on duty at South", True)


# --- sound ---


def test_the_bursts_keep_to_the_ranges_that_the_standard_is_quoted_with(ask: Ask) -> None:
    bursts = ask("bursts")
    assert [len(bursts[one]["startsMs"]) for one in ("high", "medium", "low")] == [10, 3, 2]
    assert 75 <= bursts["high"]["pulseMs"] <= 200
    assert all(125 <= bursts[one]["pulseMs"] <= 250 for one in ("medium", "low"))
    assert all(150 <= one["hz"] <= 1000 for one in bursts.values())
    for one, low, high in (("high", 2_500, 15_000), ("medium", 2_500, 30_000)):
        silence = bursts[one]["everyMs"] - bursts[one]["startsMs"][-1] - bursts[one]["pulseMs"]
        assert low <= silence <= high
    assert bursts["low"]["everyMs"] is None  # Infinity: once


@pytest.mark.parametrize(
    "other, sounds",
    [
        ({}, "high"),
        ({"state": "acknowledged"}, None),  # somebody has it
        ({"state": "cleared"}, None),  # no longer true
        ({"cause": 7}, None),
        ({"late": True}, None),  # it pages nobody
        ({"shelved_until": "2026-11-22T13:00:00.000Z"}, None),
        ({"duty": "technical"}, "high"),  # a high one is for everybody
        ({"duty": "technical", "priority": "medium"}, None),
        ({"priority": "info"}, None),
    ],
)
def test_what_sounds_is_true_and_nobodys_yet(other: dict[str, Any], sounds: str | None, ask: Ask) -> None:
    assert ask("sounding", alerts=[alert(**other)], duties=CARE) == sounds


def test_a_device_out_of_service_sounds_only_for_a_high_alert_in_a_session(ask: Ask) -> None:
    for priority, in_session, sounds in (
        ("medium", True, None),
        ("high", False, None),
        ("high", True, "high"),
    ):
        alerts = [alert(1, priority, device="EMS-1", in_session=in_session)]
        assert ask("sounding", alerts=alerts, duties=CARE, away=["EMS-1"]) == sounds


def test_a_pause_lasts_two_minutes_at_most_and_a_clock_set_back_makes_none_longer(ask: Ask) -> None:
    alerts = [alert(1)]
    pause = {"untilMs": 120_000, "heard": [ask("rising", alert=alerts[0])]}
    for now, left in ((0, 120_000), (119_000, 1_000), (120_000, 0), (-1_000, 0)):
        assert ask("rests", pause=pause, now=now, alerts=alerts, duties=CARE) == left


@pytest.mark.parametrize(
    "new, left_ms",
    [
        (alert(2), 0),  # a new high one
        (alert(1, episode=2), 0),  # the same one, risen anew
        (alert(2, "medium"), 60_000),
        (alert(2, state="acknowledged"), 60_000),
    ],
)
def test_no_pause_holds_against_a_new_high_alert(new: dict[str, Any], left_ms: int, ask: Ask) -> None:
    pause = {"untilMs": 120_000, "heard": [ask("rising", alert=alert(1))]}
    alerts = [alert(1), new] if new["id"] != 1 else [new]
    assert ask("rests", pause=pause, now=60_000, alerts=alerts, duties=CARE) == left_ms


def test_one_that_worsens_to_high_ends_the_pause(ask: Ask) -> None:
    pause = {"untilMs": 120_000, "heard": [ask("rising", alert=alert(1, "medium"))]}
    assert ask("rests", pause=pause, now=60_000, alerts=[alert(1)], duties=CARE) == 0


def test_a_new_alert_sounds_at_once_and_then_in_its_time(ask: Ask) -> None:
    alerts = [alert(1)]
    rising = ask("rising", alert=alerts[0])
    assert ask("burst", played=[], last=None, at=0, alerts=alerts, duties=CARE) == "high"
    last = {"priority": "high", "atMs": 0}
    for at, sounds in ((1_000, None), (9_999, None), (10_000, "high")):
        assert ask("burst", played=[rising], last=last, at=at, alerts=alerts, duties=CARE) == sounds


def test_a_high_alert_takes_the_place_of_a_lower_one_that_sounds_and_a_lower_one_waits(ask: Ask) -> None:
    low, high = alert(1, "low"), alert(2)
    said = {"alerts": [low, high], "duties": CARE, "at": 100}
    assert (
        ask("burst", played=[ask("rising", alert=low)], last={"priority": "low", "atMs": 0}, **said) == "high"
    )
    assert (
        ask("burst", played=[ask("rising", alert=high)], last={"priority": "high", "atMs": 0}, **said) is None
    )


def test_a_low_alert_sounds_once(ask: Ask) -> None:
    alerts = [alert(1, "low")]
    last = {"priority": "low", "atMs": 0}
    said = {"alerts": alerts, "duties": CARE, "played": [ask("rising", alert=alerts[0])]}
    assert ask("burst", last=last, at=10**9, **said) is None
