"""Traces: no peak is lost, gaps are gaps, and a day is read quickly."""

import random
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from devices import queries, traces
from devices.models import Device, RollupMark, Session
from devices.wire.messages import Telemetry
from fleet.access.models import Site
from tests.devices import history

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def device(db: None) -> Device:
    return Device.objects.create(serial="EMS-0001", site=Site.objects.create(slug="north", name="North"))


def _store(
    device: Device, seqs: Iterable[int], *, rolled_up: bool = True, received_at: datetime = NOON, **other: Any
) -> None:
    """Telemetry `seq` seconds after noon; each of its samples is its own seq, give or take a little."""
    messages = [_said(seq, **other) for seq in seqs]
    history.store_telemetry(device, NOON, messages, received_at=received_at, rolled_up=rolled_up)


def _said(seq: int, **other: Any) -> Telemetry:
    jitter = random.Random(seq)
    ma = tuple(round(seq + jitter.uniform(-0.4, 0.4), 2) for _ in range(10))
    return history.telemetry(seq, **({"ma": (ma, (0.0,) * 10)} | other))


def _session(device: Device, low: int, high: int, messages: int, *, session: str = history.SESSION) -> None:
    """The session lasted from `low` to `high` seconds after noon; call it when its telemetry is stored."""
    began, ended = NOON + low * SECOND, NOON + high * SECOND
    row = {"boot": 7, "started_at": began, "started_up_ms": low * 1000, "ended_at": ended, "last_at": ended}
    row |= {"last_up_ms": high * 1000, "messages": messages}
    Session.objects.update_or_create(device=device, session=session, defaults=row)


def _trace(device: Device, low: timedelta, high: timedelta, points: int = 1000) -> dict[str, Any]:
    return traces.trace(device, low=NOON + low, high=NOON + high, points=points, now=NOON + 24 * HOUR)


def _seconds(gaps: list[list[str]]) -> list[tuple[float, float]]:
    return [
        tuple((datetime.fromisoformat(end) - NOON).total_seconds() for end in gap)  # type: ignore[misc]
        for gap in gaps
    ]


def _peaks(seqs: Iterable[int]) -> tuple[float, float]:
    samples = [value for seq in seqs for value in _said(seq).ma[0]]
    return min(samples), max(samples)


@pytest.mark.parametrize("points", [1, 7, 100, 599, 10_000])
def test_no_peak_is_lost_however_few_the_points(device: Device, points: int) -> None:
    _store(device, range(1, 601))
    trace = _trace(device, 0 * SECOND, 601 * SECOND, points)
    first = trace["channels"][0]
    assert (min(first["ma_min"]), max(first["ma_max"])) == _peaks(range(1, 601))
    assert 0 < len(trace["t"]) <= points
    assert trace["t"] == sorted(trace["t"])
    lengths = {len(column) for column in [trace["soc"], trace["temp_c"], *list(first.values())[1:]]}
    assert lengths == {len(trace["t"])}


def test_a_peak_stands_where_it_was(device: Device) -> None:
    _store(device, range(1, 601))
    _store(device, [601], ma=((3.0,) * 9 + (99.5,), (0.0,) * 10))
    _store(device, range(602, 1200))
    trace = _trace(device, 0 * SECOND, 1200 * SECOND, 60)  # points of 20 s
    at = trace["channels"][0]["ma_max"].index(max(trace["channels"][0]["ma_max"]))
    assert _seconds([[trace["t"][30], trace["t"][30]]]) == [(600.0, 600.0)]
    assert at == 59  # samples are as large as their seq: the last second is the greatest
    assert trace["channels"][0]["ma_min"][30] == 3.0


def test_a_minute_of_trace_shows_every_sample(device: Device) -> None:
    _store(device, range(1, 61))
    trace = _trace(device, 0 * SECOND, MINUTE)
    assert len(trace["t"]) == 600
    assert trace["step_ms"] == 100
    assert trace["channels"][0]["ma"] == [value for seq in range(1, 61) for value in _said(seq).ma[0]]
    assert trace["t"][-1] == queries.moment(NOON + MINUTE)


def test_what_could_not_be_measured_is_null_and_does_not_pull_a_mean(device: Device) -> None:
    _store(device, range(1, 61))
    _store(device, range(61, 121), ohm=(None, None), soc=None)
    trace = _trace(device, 0 * SECOND, 121 * SECOND, 1)
    assert trace["channels"][0]["ohm"] == [820.0]
    assert trace["channels"][1]["ohm"] == [None]
    assert trace["soc"] == [86.9]


def test_a_long_range_is_read_from_minutes_and_what_is_not_rolled_up_yet(device: Device) -> None:
    _store(device, range(1, 4001))
    _store(device, range(4001, 4011), rolled_up=False, received_at=NOON + SECOND)
    trace = _trace(device, 0 * SECOND, 2 * HOUR)
    assert trace["source"] == "minutes"
    first = trace["channels"][0]
    assert (min(first["ma_min"]), max(first["ma_max"])) == _peaks(range(1, 4011))
    assert first["set_ma"][0] == 32.0
    assert len(trace["t"]) == 67 + 10


def test_what_was_pruned_is_read_from_its_minutes_and_is_no_gap(device: Device) -> None:
    _store(device, range(1, 601))
    _session(device, 0, 600, messages=570)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM devices_telemetry WHERE placed_at <= %s", [NOON + 300 * SECOND])
    trace = _trace(device, 0 * SECOND, 601 * SECOND)
    first = trace["channels"][0]
    assert (min(first["ma_min"]), max(first["ma_max"])) == _peaks(range(1, 601))
    assert trace["gaps"] == []


def test_gaps_are_where_a_session_has_no_telemetry(device: Device) -> None:
    _store(device, [*range(1, 41), *range(50, 101)])
    _store(device, range(1001, 1098), session="S-2")
    _session(device, 0, 100, messages=91)
    _session(device, 1000, 1100, messages=97, session="S-2")
    trace = _trace(device, 0 * SECOND, HOUR)
    assert _seconds(trace["gaps"]) == [(40, 50), (1097, 1100)]
    assert _seconds(trace["sessions"]) == [(0, 100), (1000, 1100)]


def test_time_between_sessions_is_no_gap_and_a_gap_ends_with_the_range(device: Device) -> None:
    _store(device, range(1, 41))
    _session(device, 0, 100, messages=40)
    trace = _trace(device, 30 * SECOND, 60 * SECOND)
    assert _seconds(trace["gaps"]) == [(40, 60)]
    assert _trace(device, 200 * SECOND, 300 * SECOND)["gaps"] == []


def test_another_number_of_channels_leaves_the_others_whole(device: Device) -> None:
    _store(device, range(1, 301))
    third: dict[str, Any] = {"set_ma": (1.0, 2.0, 3.0), "ohm": (700.0,) * 3, "ma": ((5.0,), (6.0,), (7.0,))}
    _store(device, range(301, 601), **third)
    trace = _trace(device, 0 * SECOND, 601 * SECOND, 2)
    assert [channel["n"] for channel in trace["channels"]] == [1, 2, 3]
    assert trace["channels"][2]["ma_max"] == [None, 7.0]
    assert trace["channels"][2]["ma"] == [None, 7.0]


def test_nothing_said_is_an_empty_trace(device: Device) -> None:
    trace = _trace(device, 0 * SECOND, HOUR)
    assert (trace["t"], trace["channels"], trace["soc"], trace["gaps"]) == ([], [], [], [])


DAY_LIMIT_S = 0.1


@pytest.mark.in_time
@pytest.mark.parametrize("lost", [False, True], ids=["whole", "with gaps"])
def test_a_day_with_eight_hours_in_session_takes_a_tenth_of_a_second(device: Device, lost: bool) -> None:
    """28,800 messages of 4 channels × 10 samples; the best of five, since other things run beside."""
    ma = tuple(tuple(round(30 + n + sample / 10, 2) for sample in range(10)) for n in range(4))
    four: dict[str, Any] = {"set_ma": (32.0,) * 4, "ohm": (820.0,) * 4, "ma": ma}
    four |= {"contact": ("ok",) * 4, "charge_uc": (184233.1,) * 4, "pulses": (6100,) * 4}
    seqs = [seq for seq in range(1, 28_801) if not lost or seq % 60 not in (7, 8, 9)]
    for part in range(0, len(seqs), 5_000):
        _store(device, seqs[part : part + 5_000], received_at=NOON + part * SECOND, **four)
    RollupMark.objects.update(through=NOON + 24 * HOUR)
    _session(device, 0, 28_800, messages=len(seqs))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE devices_telemetry")
        cursor.execute("ANALYZE devices_minute")
    took_s = []
    for _ in range(5):
        began_s = time.perf_counter()
        trace = _trace(device, 0 * HOUR, 24 * HOUR)
        took_s.append(time.perf_counter() - began_s)
    assert len(trace["t"]) == 481
    assert len(trace["gaps"]) == (480 if lost else 0)
    print(
        f"24 h, 8 h in session, {'with' if lost else 'without'} gaps: {min(took_s) * 1000:.1f} ms of {took_s}"
    )
    assert min(took_s) <= DAY_LIMIT_S


def test_a_session_whose_end_was_never_told_is_in_no_later_range(device: Device) -> None:
    _store(device, range(1, 101))
    _session(device, 0, 100, messages=100)
    Session.objects.update(ended_at=None)
    assert _seconds(_trace(device, 0 * SECOND, HOUR)["sessions"]) == [(0, 100)]
    later = _trace(device, HOUR, 2 * HOUR)
    assert (later["sessions"], later["gaps"]) == ([], [])
