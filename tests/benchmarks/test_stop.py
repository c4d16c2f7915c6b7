"""What is promised of a stop is judged from what was measured, and what was not proved is told."""

from typing import Any

from benchmarks import figures, stop

ROW: dict[str, Any] = {
    "what": "stop", "devices": 50, "stored_per_s": 2_049.0, "p50_ms": 41.0, "p95_ms": 151.6, "max_ms": 180.0,
    "never_confirmed": 0, "confirmed_p50_ms": 60.0, "confirmed_p95_ms": 90.0, "site_published_ms": 290.0,
    "site_heard_ms": 250.0, "direct_p50_ms": 9.0, "direct_p95_ms": 20.0, "frozen_p50_ms": 9.0, "frozen_max_ms": 30.0,
}  # fmt: skip


def _judged(row: dict[str, Any]) -> dict[str, bool | None]:
    return {one.name: one.met for one in figures.of([row])}


def test_a_stop_is_judged_by_when_devices_have_it_and_by_when_a_whole_site_is_published() -> None:
    met = _judged(ROW)
    assert met["click → the device has it, p50"] is True
    assert met["click → the device has it, p95"] is False
    assert met["a site of 50: click → all published, slowest"] is True
    assert met["messages stored meanwhile"] is True


def test_stops_that_nothing_proved_are_a_missed_figure_and_not_a_percentile_of_nothing() -> None:
    assert stop._spread("confirmed_", []) == {}
    unproved = {key: value for key, value in ROW.items() if not key.startswith("confirmed_")}
    met = _judged(unproved | {"never_confirmed": 100})
    assert met["stops that were not confirmed"] is False
    assert "click → confirmed by the device, p50" not in met
