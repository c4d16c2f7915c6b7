"""Pauses and turns of the knob, as the events of a session tell them."""

from typing import Any

from devices.acts import Told, changes_of, pauses_of
from devices.wire.words import By
from tests.devices import history


def told(second: int, kind: str, *, boot: int = 7, **other: Any) -> Told:
    event = history.event(second, kind, boot=boot, **other)
    return Told(1000 * second, late=False, disputed=False, event=event)


def test_a_pause_lasts_until_somebody_resumes() -> None:
    [pause] = pauses_of(
        [
            told(10, "session_paused", data={"by": "patient"}),
            told(25, "session_resumed", data={"by": "operator"}),
        ],
        ended_ms=60_000,
    )
    assert (pause.from_ms, pause.to_ms, pause.length_ms) == (10_000, 25_000, 15_000)
    assert (pause.by, pause.resumed_by) == (By.PATIENT, By.OPERATOR)


def test_the_end_of_the_session_ends_its_pause() -> None:
    [pause] = pauses_of([told(10, "session_paused"), told(30, "session_ended")], ended_ms=30_000)
    assert (pause.length_ms, pause.resumed_by) == (20_000, None)


def test_a_pause_cut_by_lost_power_ends_when_the_session_did() -> None:
    [pause] = pauses_of([told(10, "session_paused")], ended_ms=18_000)
    assert (pause.to_ms, pause.length_ms) == (18_000, 8_000)


def test_a_pause_that_goes_on_has_no_length() -> None:
    [pause] = pauses_of([told(10, "session_paused")], ended_ms=None)
    assert (pause.to_ms, pause.length_ms) == (None, None)


def test_a_pause_whose_end_was_lost_has_no_length() -> None:
    first, second = pauses_of(
        [told(10, "session_paused"), told(30, "session_paused"), told(35, "session_resumed")], ended_ms=60_000
    )
    assert (first.length_ms, second.length_ms) == (None, 5_000)


def test_turns_say_who_turned_what_from_where_to_where() -> None:
    data = {"channel": 2, "from_ma": 20.0, "to_ma": 24.5, "by": "patient"}
    [change] = changes_of([told(5, "intensity_changed", data=data)])
    assert (change.at_ms, change.channel, change.from_ma, change.to_ma, change.by) == (
        5_000, 2, 20.0, 24.5, By.PATIENT,
    )  # fmt: skip


def test_a_turn_without_details_is_a_turn_all_the_same() -> None:
    [change] = changes_of([told(5, "intensity_changed", data={})])
    assert (change.channel, change.from_ma, change.by) == (None, None, None)
