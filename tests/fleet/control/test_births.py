"""Who has told its full status since it connected, and who is to be asked for it."""

import pytest

from devices import state
from devices.state import LiveState
from devices.wire.messages import Status, Will
from fleet.control.births import Births, unborn
from tests.devices.history import telemetry

NOW_MS = 1_763_788_000_000


def status(boot=7, conn=1, up_ms=1_000):
    return Status(
        state="running",
        boot=boot,
        conn=conn,
        up_ms=up_ms,
        t=NOW_MS,
        output="on",
        model="RX-4",
        firmware="2.3.1",
        channels=2,
        session="01JD2",
        conditions=(),
        seq=0,
    )


def after(live, hears):
    """(as it was, as it is now), as ingest hands it over."""
    new = live.copy()
    hears(new)
    return live, new


def hears_telemetry(seq, boot=7):
    message = telemetry(seq, boot=boot)
    return lambda live: state.hear_telemetry(live, message, b"", NOW_MS + 1000 * seq, NOW_MS + 1000 * seq)


def hears_status(**fields):
    message = status(**fields)
    at_ms = NOW_MS + message.up_ms
    return lambda live: state.hear_status(live, message, b"", at_ms, at_ms, is_live=True)


def hears_will(at_ms, boot=7, conn=1):
    return lambda live: state.hear_will(live, Will(boot=boot, conn=conn), at_ms)


def asked(*steps):
    """At which of the steps the device is to be asked."""
    live, found = LiveState(5), []
    for step in steps:
        old, live = after(live, step)
        found.append(bool(unborn([(old, live)])))
    return found


def test_a_device_that_is_born_first_is_never_asked():
    assert asked(hears_status(), hears_telemetry(2), hears_telemetry(3)) == [False, False, False]


def test_a_device_that_speaks_before_its_birth_is_asked_once_and_not_with_every_message():
    assert asked(*(hears_telemetry(seq) for seq in (1, 2, 3, 4))) == [True, False, False, False]


def test_a_status_of_an_earlier_boot_does_not_speak_for_this_one():
    assert asked(hears_status(boot=6), hears_telemetry(2, boot=7), hears_telemetry(3, boot=7)) == [
        False,
        True,
        False,
    ]


def test_an_event_is_speech_too():
    live = LiveState(5)
    assert unborn([after(live, lambda new: state.hear_event(new, 7, 1_000, NOW_MS, NOW_MS))]) == [5]


def test_after_its_will_it_has_a_new_connect_and_is_asked_again():
    steps = hears_telemetry(1), hears_will(NOW_MS + 1500), hears_telemetry(3), hears_telemetry(4)
    assert asked(*steps) == [True, False, True, False]


def test_a_will_alone_is_no_speech():
    assert asked(hears_will(NOW_MS)) == [False]


def test_silence_without_a_will_may_be_the_same_connection_and_asks_nothing_again():
    live = LiveState(5)
    _, live = after(live, hears_telemetry(1))
    live.link = "offline"
    assert unborn([after(live, hears_telemetry(60))]) == []


@pytest.mark.parametrize(
    "second, is_birth", [((7, 1), False), ((7, 2), True), ((8, 1), True), ((6, 9), False)]
)
def test_a_birth_is_the_first_status_of_a_newer_connection(second, is_birth):
    births = Births()
    assert births.hear(5, status(7, 1), retained=False)
    assert births.hear(5, status(*second), retained=False) is is_birth


def test_a_retained_status_says_which_connection_is_known_and_is_no_birth():
    births = Births()
    assert not births.hear(5, status(7, 3), retained=True)
    assert not births.hear(5, status(7, 3), retained=False)
    assert births.hear(5, status(7, 4), retained=False)


def test_a_birth_that_could_not_be_worked_off_is_one_again():
    births = Births()
    births.hear(5, status(), retained=False)
    births.forget([5])
    assert births.hear(5, status(), retained=False)
