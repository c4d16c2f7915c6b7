"""The live state of one device: newest wins, silence moves the link and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import state
from devices.state import LiveState
from devices.wire import codec
from devices.wire.messages import Battery, Will
from tests.devices import history

T0 = 1_763_788_000_000


class Device:
    """One device's live state; moments are seconds since boot 7 began, in the server's time."""

    def __init__(self) -> None:
        self.live = LiveState(1)

    def status(
        self,
        up_s: float,
        *,
        at_s: float | None = None,
        is_live: bool = True,
        retained: bool = False,
        **other: Any,
    ) -> tuple[str, ...]:
        said = history.status(**({"up_ms": round(up_s * 1000), "t": T0 + round(up_s * 1000)} | other))
        placed_ms = T0 + round(up_s * 1000)
        arrival_ms = placed_ms if at_s is None else T0 + round(at_s * 1000)
        return state.hear_status(
            self.live, said, codec.encode(said), placed_ms, arrival_ms,
            is_live=is_live and not retained, is_retained=retained,
        )  # fmt: skip

    def telemetry(self, up_s: float, **other: Any) -> None:
        said = history.telemetry(max(1, int(up_s)), **({"up_ms": round(up_s * 1000)} | other))
        at_ms = T0 + round(up_s * 1000)
        state.hear_telemetry(self.live, said, codec.encode(said), at_ms, at_ms)

    def will(self, at_s: float, *, boot: int = 7, conn: int = 2) -> bool:
        return state.hear_will(self.live, Will(boot=boot, conn=conn), T0 + round(at_s * 1000))

    def time_passes(self, at_s: float) -> str:
        """What the sweep does at that moment; returns the link."""
        now_ms = T0 + round(at_s * 1000)
        if self.live.silent_after_ms is not None and self.live.silent_after_ms <= now_ms:
            link = state.silence(self.live, now_ms)
            if link is not None:
                self.live.link = link
            self.live.silent_after_ms = state.deadline_ms(self.live)
            assert self.live.silent_after_ms is None or self.live.silent_after_ms > now_ms, "due for ever"
        return self.live.link


@pytest.fixture
def device() -> Device:
    return Device()


# --- silence ---


@pytest.mark.parametrize("session, suspect_s, offline_s", [("S1", 6, 10), (None, 20, 45)])
def test_silence_makes_a_device_suspect_and_then_offline(
    device: Device, session: str | None, suspect_s: int, offline_s: int
) -> None:
    device.status(0, session=session)
    assert device.time_passes(suspect_s - 0.001) == "online"
    assert device.time_passes(suspect_s) == "suspect"
    assert device.time_passes(offline_s - 0.001) == "suspect"
    assert device.time_passes(offline_s) == "offline"
    assert device.live.silent_after_ms is None


def test_silence_changes_nothing_but_the_link(device: Device) -> None:
    device.status(0)
    before = device.live.copy()
    device.time_passes(60)
    for name in ("state", "output", "session", "soc", "heard_ms", "status_ms", "boot", "up_ms"):
        assert getattr(device.live, name) == getattr(before, name), name
    assert device.live.output == "on"  # was on, a minute ago, unknown now


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["status", "telemetry", "goodbye", "retained", "will", "old", "late"]),
            st.floats(0.1, 30),
        ),
        max_size=25,
    ),
    st.sampled_from(["S1", None]),
)
def test_a_due_deadline_always_leads_somewhere(steps: list[tuple[str, float]], session: str | None) -> None:
    """The sweep must not find the same row due for ever (`time_passes` checks it), nor miss a silent one."""
    device, now = Device(), 0.0
    for what, seconds in steps:
        now += seconds
        device.time_passes(now)
        match what:
            case "status":
                device.status(now, session=session)
            case "telemetry":
                device.telemetry(now)
            case "goodbye":
                device.status(now, state="offline", output="off", session=None)
            case "retained":
                device.status(now, retained=True, session=session)
            case "will":
                device.will(now)
            case "old":
                device.status(max(0, now - 4), at_s=now, session=session)
            case "late":
                device.status(now, at_s=now + 20, is_live=False, session=session)
    device.time_passes(now)
    ends = (
        "never",
        "offline",
        "conflict",
    )  # who speaks in two lines of time is two devices, until a person ends it
    assert device.time_passes(now + 60) in ends


# --- wills and goodbyes ---


def test_a_will_takes_a_silent_device_offline_after_five_seconds(device: Device) -> None:
    device.status(0)
    assert device.will(1)
    assert device.time_passes(5.999) == "online"
    assert device.time_passes(6) == "offline"


def test_a_stale_will_never_takes_a_reconnected_device_offline(device: Device) -> None:
    device.status(0, conn=2)
    device.status(1, conn=3)
    assert not device.will(1.1, conn=2)
    assert device.time_passes(6.9) == "online"


def test_a_will_that_comes_just_before_the_new_birth_takes_nobody_offline(device: Device) -> None:
    """A takeover: the broker publishes the old will and then the birth, which is placed 30 ms earlier."""
    device.status(0, conn=2)
    device.will(10.0, conn=2)
    device.status(9.98, at_s=10.01, conn=3)
    assert device.time_passes(15.1) == "online"


def test_a_will_older_than_a_birth_that_waited_in_the_broker_takes_nobody_offline(device: Device) -> None:
    """Ingest was away while the device reconnected: will and birth come out of the queue, both old."""
    device.status(0, conn=2)
    device.will(60, conn=2)
    device.status(20, at_s=60.1, conn=3, is_live=False)
    assert device.live.will_ms is None


def test_a_message_newer_than_the_will_takes_it_back(device: Device) -> None:
    device.status(0)
    device.will(1)
    device.telemetry(2)
    assert device.time_passes(6.5) == "online"


def test_a_message_sent_before_the_will_does_not_bring_the_device_back(device: Device) -> None:
    device.status(0)
    device.will(3)
    device.time_passes(8)
    device.status(2, at_s=8.1)
    assert device.time_passes(8.2) == "offline"


def test_a_repeated_will_gives_no_new_grace(device: Device) -> None:
    device.status(0)
    device.will(1)
    device.will(4)
    assert device.time_passes(6) == "offline"


def test_a_will_of_a_device_never_heard_makes_it_offline(device: Device) -> None:
    device.will(0)
    assert device.time_passes(5) == "offline"


def test_a_will_of_a_boot_known_by_telemetry_alone_counts(device: Device) -> None:
    device.status(0)
    device.telemetry(1, boot=8)
    assert device.will(2, boot=8, conn=1)


def test_a_goodbye_needs_no_grace_and_changes_only_the_link(device: Device) -> None:
    device.status(0)
    assert device.status(5, state="offline", output="off", session=None) == ("goodbye",)
    assert (device.live.link, device.live.state, device.live.output) == ("offline", "running", "on")
    assert device.live.silent_after_ms is None


def test_what_was_said_before_the_goodbye_does_not_bring_the_device_back(device: Device) -> None:
    device.status(0)
    device.status(5, state="offline", output="off", session=None)
    device.status(4, at_s=6)
    device.telemetry(4.5)
    assert device.live.link == "offline"


def test_a_birth_after_a_goodbye_brings_the_device_back(device: Device) -> None:
    device.status(0)
    device.status(5, state="offline", output="off", session=None)
    assert "birth" in device.status(9, conn=3)
    assert device.live.link == "online"


# --- old news ---


def test_a_retained_status_is_known_but_no_sign_of_life(device: Device) -> None:
    device.status(60, retained=True)
    assert (device.live.link, device.live.heard_ms, device.live.output) == ("never", None, "on")


def test_a_retained_status_takes_no_silent_device_back_online(device: Device) -> None:
    device.status(0, session=None)
    device.time_passes(50)
    device.status(0, at_s=51, retained=True, session=None)
    assert device.time_passes(51) == "offline"


def test_a_status_that_waited_tells_of_a_session_but_not_of_life(device: Device) -> None:
    device.status(0, session=None, state="idle", output="off")
    device.status(2, at_s=12, is_live=False)
    assert (device.live.session, device.live.heard_ms) == (history.SESSION, T0)
    assert device.time_passes(12) in ("suspect", "offline")  # by the limits of a session


LIVE = ("status", "telemetry")


@given(
    st.lists(
        st.tuples(st.sampled_from(LIVE), st.integers(7, 9), st.integers(0, 300), st.integers(1, 3)),
        max_size=30,
    )
)
def test_live_values_never_move_backwards(messages: list[tuple[str, int, int, int]]) -> None:
    device = Device()
    for kind, boot, up_s, conn in messages:
        before = device.live.copy()
        if kind == "status":
            device.status(up_s, boot=boot, conn=conn)
        else:
            device.telemetry(up_s, boot=boot)
        now = device.live
        assert (now.boot, now.up_ms) >= (before.boot or 0, before.up_ms or 0)
        assert now.heard_ms >= (before.heard_ms or 0)
        if before.status is not None and now.status is not before.status:
            assert (now.status.boot, now.status.up_ms) > (before.status.boot, before.status.up_ms)
        if before.telemetry is not None and now.telemetry is not before.telemetry:
            assert (now.telemetry.boot, now.telemetry.up_ms) > (before.telemetry.boot, before.telemetry.up_ms)


def test_battery_and_temperature_follow_whichever_is_newer(device: Device) -> None:
    device.telemetry(10, soc=80.0, temp_c=33.0)
    device.status(9, battery=Battery(soc=81.0, mv=3900, charging=False), temp_c=32.0)
    assert (device.live.soc, device.live.temp_c) == (80.0, 33.0)
    device.status(11, battery=Battery(soc=79.0, mv=3850, charging=False), temp_c=34.0)
    assert (device.live.soc, device.live.temp_c) == (79.0, 34.0)


# --- current that a status denies ---

OFF: dict[str, Any] = {"state": "idle", "output": "off", "session": None}
CALM = ((0.0,) * 10, (0.0,) * 10)


def test_what_measures_current_is_on_whatever_it_said_before(device: Device) -> None:
    device.status(10, **OFF)
    device.telemetry(11)
    assert (device.live.state, device.live.output) == ("idle", "on")


def test_what_flowed_before_it_said_off_is_over(device: Device) -> None:
    device.status(10)
    device.telemetry(11)
    device.status(11.0, **OFF)
    assert device.live.output == "off"
    device.telemetry(12, ma=((31.9, 31.9, *[0.0] * 8), CALM[1]))
    assert device.live.output == "off"


def test_its_word_for_off_does_not_count_while_it_measures_in_a_session_it_does_not_name(
    device: Device,
) -> None:
    device.status(10, **OFF)
    device.telemetry(11)
    assert device.status(11.5, **OFF) == ()
    assert device.live.output == "on"
    device.telemetry(12, ma=CALM)  # a rest between two contractions
    device.status(12.5, **OFF)
    assert device.live.output == "on"


@pytest.mark.parametrize(
    "at_s, said",
    [(14.1, OFF), (12.1, OFF | {"state": "paused", "session": history.SESSION}), (12.1, OFF | {"boot": 8})],
    ids=["nothing is measured", "it is paused", "it began anew"],
)
def test_it_is_believed_again_when_what_it_measures_agrees(
    device: Device, at_s: float, said: dict[str, Any]
) -> None:
    device.status(10, **OFF)
    device.telemetry(11)
    device.telemetry(12, ma=CALM)
    assert device.status(at_s, **said)
    assert device.live.output == "off"


def test_that_it_is_believed_again_is_a_change_though_it_says_what_it_said(device: Device) -> None:
    device.status(10, **OFF)
    device.telemetry(11)
    assert device.status(20, **OFF) == ("output",)


# --- what is kept as a change ---


def test_a_heartbeat_that_says_nothing_new_is_no_change(device: Device) -> None:
    assert device.status(0) == ("birth",)
    assert device.status(5, rssi_dbm=-70, seq=99) == ()


@pytest.mark.parametrize(
    "name, value",
    [
        ("state", "paused"), ("output", "off"), ("session", None), ("held", "session"), ("locked", "recall"),
        ("conditions", ()), ("protocol", None), ("firmware", "2.4.0"), ("temp_c", 32.2), ("conn", 3),
        ("battery", Battery(soc=86.0, mv=3890, charging=False)), ("battery", Battery(soc=87.0, mv=3890, charging=True)),
    ],
)  # fmt: skip
def test_a_status_that_changes_more_than_its_clocks_is_a_change(
    device: Device, name: str, value: object
) -> None:
    device.status(0)
    assert device.status(5, **{name: value}) == (("birth",) if name == "conn" else (name,))


def test_a_slow_drift_is_told_each_degree_and_a_jitter_is_not(device: Device) -> None:
    device.status(0, temp_c=31.0)
    told = [device.status(5 * n, temp_c=31.0 + 0.25 * n) for n in range(1, 13)]
    assert [n for n, changed in enumerate(told, 1) if changed] == [4, 8, 12]
    assert not any(device.status(60 + n, temp_c=34.0 + 0.3 * (n % 2)) for n in range(1, 10))


# --- what is shown ---


def test_an_identity_conflict_shows_the_worse_of_both_and_stays(device: Device) -> None:
    device.status(0, boot=7, conn=1)
    device.status(10, boot=9, conn=1, output="off", state="idle", session=None)
    assert device.live.output == "off"
    device.status(20, boot=7, conn=2)
    assert (device.live.link, device.live.output) == ("conflict", "on")
    device.status(22, boot=9, conn=1, output="off", state="idle", session=None)
    assert device.live.output == "on"
    assert device.time_passes(300) == "conflict"


def test_a_skew_is_shown_and_its_noise_is_not(device: Device) -> None:
    device.status(0, t=T0 + 3_600_000)
    device.status(5, t=T0 + 3_605_400)
    assert device.live.skew_ms == 3_600_000


def test_telemetry_of_another_session_is_not_shown_as_this_one_s(device: Device) -> None:
    device.telemetry(1, session="OLD")
    device.status(2, session="NEW")
    shown = state.view(device.live)
    assert shown["phase"] is None
    assert [channel["ma"] for channel in shown["channels"]] == [None, None]
    device.telemetry(3, session="NEW")
    assert state.view(device.live)["channels"][0]["ma"] == 31.9


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_times_survive_the_round_trip(ms: int) -> None:
    assert state.to_ms(state.from_ms(ms)) == ms
