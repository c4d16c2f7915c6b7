"""A stored day judged again: the same rules, causes and life cycle, without a database."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from fleet.safety import judging
from fleet.safety.outcome import outcome
from fleet.safety.rehearsal import Changed, Run, Spot
from fleet.safety.rules import limits_of
from fleet.safety.yardstick import Knowledge
from tests.fleet.safety.bedside import SESSION, T0, document, status, telemetry

OFF = {"contact": ["electrode", "ok", "off"]}
KNOWN = Knowledge(document(), is_approved=True)


class Day:
    """Devices 1…n in session at an access point; `go` plays seconds, in which they speak as told."""

    def __init__(self, count: int = 1, changes: dict[str, Any] | None = None) -> None:
        self.spots = {n: Spot(f"D-{n}", "ap-1") for n in range(1, count + 1)}
        self.run = Run(limits_of(changes or {}), 1, self.spots, lambda _sha256: KNOWN)
        self.at_s = 0
        for device_id in self.spots:
            self.status(device_id, 0)

    def status(self, device_id: int, second: float, link: str = "online", **other: Any) -> None:
        said = status(second, **other)
        at_ms = T0 + int(1000 * second)
        self.run.changed(Changed(device_id, at_ms, link, said.session, said.output, "state", said), at_ms)

    def falls_silent(self, device_id: int, second: float) -> None:
        """Silence is noted 6 s after the last message, as it is live."""
        at_ms = T0 + int(1000 * second)
        self.run.changed(
            Changed(device_id, at_ms + 6_000, "suspect", SESSION, "on", "silence"), at_ms + 6_000
        )

    def go(
        self,
        until_s: int,
        speaking: Iterable[int] = (1,),
        saying: Callable[[int], dict[str, Any]] = lambda _second: {},
    ) -> None:
        while self.at_s < until_s:
            self.at_s += 1
            now_ms = T0 + 1000 * self.at_s
            self.run.pass_time(now_ms)
            for device_id in speaking:
                said = telemetry(self.at_s, **saying(self.at_s))
                self.run.telemetry(device_id, said, now_ms, late=False, disputed=False, now_ms=now_ms)

    def result(self) -> dict[str, int]:
        return outcome(self.run, self.run, self.spots, T0)["held"]["by_rule"]  # type: ignore[no-any-return]


def test_a_calm_day_raises_nothing():
    day = Day()
    day.go(60)
    assert day.result() == {}


def test_a_flutter_that_a_longer_delay_lets_pass_is_gone_with_the_change():
    """A pad off for 2 s: told at once by the product's rule, never with an on-delay of 5 s."""
    flutter = lambda second: OFF if 10 <= second < 12 else {}  # noqa: E731
    held, changed = Day(), Day(changes={"electrode_off": {"on_delay_s": 5}})
    for day in (held, changed):
        day.go(30, saying=flutter)
    found = outcome(held.run, changed.run, held.spots, T0)
    assert (found["held"]["alerts"], found["changed"]["alerts"]) == (1, 0)
    assert [(one["rule"], one["serial"], one["channel"], one["fate"]) for one in found["alerts"]] == [
        ("electrode_off", "D-1", 1, "gone")
    ]


def test_what_rises_by_both_sets_stays_with_how_often_by_each():
    flutter = lambda second: OFF if second % 10 < 3 else {}  # noqa: E731
    held, changed = Day(), Day(changes={"electrode_off": {"off_delay_s": 30}})
    for day in (held, changed):
        day.go(60, saying=flutter)
    (one,) = outcome(held.run, changed.run, held.spots, T0)["alerts"]
    assert (one["fate"], one["count"] > 1, one["count_then"]) == ("stays", True, 1)


def test_silence_in_session_is_one_high_alert_that_ends_when_the_device_is_back():
    day = Day()
    day.go(20)
    day.falls_silent(1, 20)
    day.at_s = 26
    day.go(40, speaking=())
    (lost,) = [one for one in day.run.alerts if one.key.rule == "link_lost"]
    assert lost.life.raised_ms == T0 + 27_000
    assert lost.life.state == "raised"
    day.go(42)
    assert lost.life.state == "cleared"


def test_a_silence_that_the_changed_limit_lets_pass_raises_nothing():
    day = Day(changes={"link_lost": {"after_s": 15}})
    day.go(20)
    day.falls_silent(1, 20)
    day.at_s = 26
    day.go(32, speaking=())
    day.go(40)
    assert "link_lost" not in day.result()


def test_an_access_point_that_dies_is_one_line_and_theirs_are_listed_under_it():
    day = Day(count=6)
    day.go(20, speaking=day.spots)
    for device_id in day.spots:
        day.falls_silent(device_id, 20)
    day.at_s = 26
    day.go(60, speaking=())
    assert day.result() == {"group_silent": 1}
    explained = [one.key.rule for one in day.run.alerts if one.was_explained]
    assert explained.count("link_lost") == 6


def test_what_is_over_closes_itself_after_ten_minutes_though_it_was_high():
    """Nobody is there to close it; else one bad minute would hide all that comes after."""
    day = Day()
    day.go(700, saying=lambda second: OFF if second == 10 or second == 690 else {})
    off = [one for one in day.run.alerts if one.key.rule == "electrode_off"]
    assert [one.life.state for one in off] == ["closed", "cleared"]


def test_a_gap_of_the_server_itself_is_not_judged_as_devices_that_do_not_measure():
    """Without any record, and without a link that was noted as silent, nobody knows."""
    day = Day(count=2)
    day.go(20, speaking=day.spots)
    day.go(50, speaking=())
    day.go(60, speaking=day.spots)
    assert day.result() == {}


def test_a_device_that_does_not_measure_while_another_does_is_told():
    day = Day(count=2)
    day.go(20, speaking=day.spots)
    day.go(40, speaking=[2])
    assert day.result() == {"no_measurements": 1}


def test_a_rule_that_fails_is_named_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch):
    def fails(*_args: Any) -> None:
        raise ZeroDivisionError("by zero")

    broken = tuple((rule, fails if rule == "over_current" else finder) for rule, finder in judging._TELEMETRY)
    monkeypatch.setattr(judging, "_TELEMETRY", broken)
    day = Day()
    day.go(20, saying=lambda _second: OFF)
    assert list(day.run.broken) == ["over_current"]
    assert day.result() == {"electrode_off": 1}


def test_late_records_are_judged_and_count_as_no_alert():
    day = Day()
    day.go(20)
    said = telemetry(5, **OFF)
    day.run.telemetry(1, said, T0 + 5_000, late=True, disputed=False, now_ms=T0 + 21_000)
    assert [one.life.late for one in day.run.alerts] == [True]
    assert day.result() == {}


def test_late_records_between_live_ones_end():
    day = Day()
    for second in range(1, 41):
        day.go(second + 20, saying=lambda at: OFF if at % 3 == 0 else {})
        late = telemetry(second, **(OFF if second % 2 else {}))
        day.run.telemetry(1, late, T0 + 1000 * second, late=True, disputed=False, now_ms=T0 + 1000 * day.at_s)
    assert day.result() == {"electrode_off": 1}


def test_what_was_true_before_the_day_is_not_counted_as_its_own():
    day = Day()
    day.go(20, saying=lambda _second: OFF)
    assert outcome(day.run, day.run, day.spots, T0 + 10_000)["held"]["alerts"] == 0


def test_time_has_nothing_to_do_where_nobody_is_treated_and_nothing_is_open():
    day = Day()
    assert not day.run.is_calm
    day.status(1, 2, state="idle", output="off", session=None)
    assert day.run.is_calm
