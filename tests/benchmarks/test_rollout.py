"""What is promised of a rollout is judged by its slowest tick, and its slowest stop."""

from typing import Any

from benchmarks import figures

ROW: dict[str, Any] = {
    "what": "rollout", "devices": 10_000, "failures": 20, "written_s": 1.0, "started_s": 1.5,
    "ticks_s": {"offering": [0.9, 2.3], "waiting": [0.3, 0.2], "claiming": [1.2], "verifying": [1.9]},
    "stops_s": [0.4, 1.1, 2.01],
}  # fmt: skip


def test_a_tick_is_judged_by_the_slowest_of_its_kind_and_a_stop_by_the_slowest() -> None:
    met = {one.name: one.met for one in figures.of([ROW])}
    assert met["a tick that offers, slowest"] is False
    assert met["a tick in which 10,000 devices have shown the hash"] is True
    assert met["the 20th refusal → stopped, slowest of 3"] is False


def test_what_is_no_promise_is_shown_without_a_verdict() -> None:
    met = {one.name: one.met for one in figures.of([ROW])}
    assert met["the 20th refusal → stopped, p50"] is None
    assert met["started"] is None
