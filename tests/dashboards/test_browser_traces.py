"""The device page's own modules, run by Node: records merge without doubling, and a gap is never joined over."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dashboards.browser_modules import Ask, asked

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with asked("traces.mjs", ("traces", "zoom"), tmp_path_factory.mktemp("modules")) as ask:
        yield ask


def record(
    second: float, seq: int, *, late: bool = False, boot: int = 7, session: str = "S"
) -> dict[str, Any]:
    """One second of two channels, ten samples, the last one `second` s after noon; channel 2 is off."""
    at = (NOON + timedelta(seconds=second)).isoformat(timespec="milliseconds")
    body = {
        "session": session, "every_ms": 100, "elapsed_ms": round(second * 1000), "set_ma": [30, 0],
        "ma": [[float(seq)] * 10, [0] * 10], "ohm": [800 + seq, None], "contact": ["ok", "off"],
    }  # fmt: skip
    return {"type": "telemetry", "boot": boot, "seq": seq, "placed_at": at, "late": late, "body": body}


def merged(ask: Ask, *batches: list[dict[str, Any]], open_s: float | None = None) -> dict[str, Any]:
    until = None if open_s is None else NOON_MS + open_s * 1000
    found: dict[str, Any] = ask("merged", batches=batches, n=1, **{"from": 0}, open=until)
    return found


def test_every_sample_of_every_record_is_drawn(ask: Ask) -> None:
    found = merged(ask, [record(1, 1), record(2, 2)])
    assert len(found["samples"]["t"]) == 20
    assert None not in found["samples"]["ma"]
    assert found["samples"]["t"][0] == NOON_MS / 1000 + 0.1
    assert found["slow"]["ohm"] == [801, 802]
    assert found["channels"] == [1]


def test_a_record_that_comes_twice_is_drawn_once(ask: Ask) -> None:
    found = merged(ask, [record(1, 1), record(2, 2)], [record(2, 2), record(3, 3)], [record(1, 1)])
    assert found["fresh"] == [2, 1, 0]
    assert len(found["samples"]["t"]) == 30


def test_a_lost_record_is_a_gap_in_the_line_and_a_band(ask: Ask) -> None:
    found = merged(ask, [record(1, 1), record(3, 3)])
    assert found["samples"]["ma"].count(None) == 1
    assert found["samples"]["ma"].index(None) == 10
    [band] = found["bands"]
    assert band["kind"] == "gap"
    assert round(band["to"] - band["from"], 3) == 1.1


def test_a_number_that_an_event_took_is_no_gap(ask: Ask) -> None:
    found = merged(ask, [record(1, 1), record(2, 3)])
    assert None not in found["samples"]["ma"]
    assert found["bands"] == []


def test_a_late_record_closes_its_gap_and_is_marked(ask: Ask) -> None:
    found = merged(ask, [record(1, 1), record(3, 3)], [record(2, 2, late=True)])
    assert None not in found["samples"]["ma"]
    [band] = found["bands"]
    assert band["kind"] == "late"
    assert band["to"] == NOON_MS / 1000 + 2


def test_a_session_that_is_open_and_silent_shows_a_gap_up_to_now(ask: Ask) -> None:
    assert merged(ask, [record(1, 1)], open_s=3)["bands"] == []
    [band] = merged(ask, [record(1, 1)], open_s=5)["bands"]
    assert (band["kind"], band["to"]) == ("gap", NOON_MS / 1000 + 5)


@pytest.mark.parametrize("other", [{"boot": 8}, {"session": "T"}])
def test_two_boots_or_sessions_are_never_joined_by_a_line(ask: Ask, other: dict[str, Any]) -> None:
    assert ask("gap", before=record(1, 1), after=record(2, 2, **other))
    assert not ask("gap", before=record(1, 1), after=record(2, 2))


def test_what_is_too_old_is_forgotten_and_may_come_again(ask: Ask) -> None:
    found = ask("pruned", records=[record(1, 1), record(9, 9)], keep=5000, now=NOON_MS + 10_000)
    assert found == {"left": [9], "again": 1}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.integers(1, 30), unique=True, min_size=1),
    st.randoms(use_true_random=False),
    st.integers(1, 5),
)
def test_whatever_the_order_and_however_often_the_trace_is_the_same(
    ask: Ask, seqs: list[int], random: Any, times: int
) -> None:
    records = [record(seq, seq) for seq in sorted(seqs)]
    shuffled = [random.choice(records) for _ in range(times)] + random.sample(records, len(records))
    once, again = merged(ask, records), merged(ask, shuffled)
    assert once["samples"] == again["samples"]
    assert once["bands"] == again["bands"]
    times_s = once["samples"]["t"]
    assert times_s == sorted(set(times_s))


def trace(*seconds: float, step_ms: int = 1000) -> dict[str, Any]:
    values = [float(at) for at in seconds]
    channel = {"n": 1, "set_ma": values, "ma": values, "ma_min": values, "ma_max": values, "ohm": values}
    times = [(NOON + timedelta(seconds=at)).isoformat() for at in seconds]
    return {"t": times, "step_ms": step_ms, "channels": [channel], "soc": values, "temp_c": values}


def test_history_breaks_where_points_are_missing_in_every_column(ask: Ask) -> None:
    found = ask("columns", trace=trace(1, 2, 3, 60, 61))
    [channel] = found["channels"]
    for column in (
        channel["ma"],
        channel["min"],
        channel["max"],
        channel["set"],
        found["soc"],
        found["temp"],
    ):
        assert column == [1, 2, 3, None, 60, 61]
    assert found["t"] == sorted(found["t"])
    assert len(found["t"]) == 6


def test_history_of_minutes_does_not_break_between_neighbours(ask: Ask) -> None:
    assert None not in ask("columns", trace=trace(0, 60, 120, step_ms=60_000))["channels"][0]["ma"]
    assert ask("columns", trace=trace(step_ms=60_000))["t"] == []


def test_a_plan_is_read_between_its_corners(ask: Ask) -> None:
    line = {"t": [0, 2, 2, 5, 5, 8], "ma": [0, 60, 60, 60, None, None]}
    assert ask("planned", line=line, at=[-1, 0, 1, 2, 4, 6, 9]) == [None, 0, 30, 60, 60, None, None]


@pytest.mark.parametrize(
    "search, hours",
    [("", 6), ("?last=1d", 24), ("?last=nonsense", 6), ("?from=x&to=y", 6)],
)
def test_an_address_names_a_range_and_what_cannot_be_is_six_hours(ask: Ask, search: str, hours: int) -> None:
    found = ask("asked", search=search, now=NOON_MS)
    assert (found["to"] - found["from"], found["to"]) == (hours * 3_600_000, NOON_MS)


def test_a_shared_address_leads_back_to_the_same_range(ask: Ask) -> None:
    search = "?from=2026-11-21T08:00:00.000Z&to=2026-11-21T09:30:00.000Z"
    assert ask("asked", search=search, now=NOON_MS)["address"] == search
    live = ask("asked", search="?last=7d", now=NOON_MS)
    assert live["address"] == "?last=7d"


def test_zooming_and_moving_stay_within_what_can_be_asked(ask: Ask) -> None:
    whole = {"from": NOON_MS - 3_600_000, "to": NOON_MS, "last": "1h"}
    inner = ask("zoomed", range=whole, factor=0.5, now=NOON_MS)
    assert inner["to"] - inner["from"] == 1_800_000
    later = ask("moved", range=whole, share=0.5, now=NOON_MS)
    assert later["to"] == NOON_MS
    assert later["last"] is None
    least = ask("zoomed", range=whole, factor=1e-9, now=NOON_MS)
    assert least["to"] - least["from"] == 10_000
    most = ask("zoomed", range=whole, factor=1e9, now=NOON_MS)
    assert most["to"] - most["from"] == 92 * 86_400_000
