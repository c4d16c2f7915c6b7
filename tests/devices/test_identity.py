"""A, B, then A again: two devices under one serial.  Everything else is none."""

from hypothesis import given
from hypothesis import strategies as st

from devices import identity
from devices.identity import Life

T0 = 1_763_788_000_000


class Watch:
    """Hears statuses under one serial; `conflict` once two devices were noticed."""

    def __init__(self) -> None:
        self.lives: list[Life] = []
        self.conflict = False

    def hears(
        self, boot: int, conn: int, up_s: float, at_s: float, *, is_live: bool = True, output: str = "off"
    ) -> "Watch":
        seen = Life(boot, conn, round(up_s * 1000), T0 + round(at_s * 1000), output, None, "idle")
        self.lives, found = identity.meet(self.lives, seen, is_live=is_live)
        self.conflict |= found
        return self


def test_two_boots_that_take_turns_are_two_devices() -> None:
    watch = Watch().hears(7, 1, 100, 0).hears(9, 1, 5, 10)
    assert not watch.conflict
    assert watch.hears(7, 2, 120, 20).conflict


def test_one_boot_whose_up_ms_runs_backwards_between_connections_is_two_devices() -> None:
    """The second's clock stands 480 s back, so that its messages are placed as late: it is judged all the same."""
    watch = Watch().hears(7, 1, 500, 0).hears(7, 2, 20, 10, is_live=False)
    assert not watch.conflict
    assert watch.hears(7, 3, 520, 20).conflict


def test_a_clone_whose_clock_stands_ahead_is_noticed_too() -> None:
    assert Watch().hears(7, 1, 20, 0).hears(7, 1, 500, 10).hears(7, 2, 40, 20, is_live=False).conflict


def test_a_clone_with_the_same_boot_and_conn_is_noticed_once_it_runs_with_real_time() -> None:
    watch = Watch()
    for step in range(4):
        watch.hears(7, 1, 500 + 5 * step, 5 * step)
        watch.hears(7, 1, 20 + 5 * step, 5 * step + 2, is_live=False)
    assert watch.conflict


def test_one_step_back_alone_is_a_restored_device() -> None:
    watch = Watch().hears(9, 4, 500, 0)
    for step in range(40):
        watch.hears(8, 1, 5 * step, 5 + 5 * step)
    assert not watch.conflict


def test_beyond_ten_minutes_nothing_is_held_against_anybody() -> None:
    assert not Watch().hears(7, 1, 0, 0).hears(9, 1, 5, 10).hears(7, 1, 611, 611).conflict


def test_a_repeat_after_redelivery_is_no_second_device() -> None:
    watch = Watch().hears(7, 3, 100, 0).hears(7, 4, 110, 10)
    watch.hears(7, 3, 100, 13).hears(7, 4, 110, 13.01)  # three seconds later, all again
    assert not watch.hears(7, 4, 115, 15).conflict


def test_repeats_at_a_steady_distance_are_no_second_device() -> None:
    watch = Watch()
    for step in range(40):
        watch.hears(7, 1, 5 * step, 5 * step)
        watch.hears(7, 1, 5 * step, 5 * step + 4)
    assert not watch.conflict


def test_a_repeat_of_the_boot_before_is_no_second_device() -> None:
    watch = Watch().hears(7, 1, 100, 0).hears(8, 1, 3, 10)
    assert not watch.hears(7, 1, 100, 11).hears(8, 1, 8, 15).conflict


@given(
    st.lists(
        st.tuples(st.floats(0.5, 120), st.sampled_from(["heartbeat", "reconnect", "reboot"])), max_size=40
    )
)
def test_a_device_that_reconnects_and_reboots_at_will_is_one(steps: list[tuple[float, str]]) -> None:
    watch, boot, conn, began, at = Watch(), 1, 1, 0.0, 0.0
    for seconds, what in steps:
        at += seconds
        if what == "reboot":
            boot, conn, began = boot + 1, 1, at
        conn += what == "reconnect"
        watch.hears(boot, conn, at - began, at)
    assert not watch.conflict


@given(
    st.lists(st.floats(0.2, 20), min_size=2, max_size=30),
    st.lists(st.floats(0, 5), min_size=30, max_size=30),
    st.data(),
)
def test_delays_and_redelivered_bursts_of_one_device_are_no_conflict(
    pauses: list[float], delays: list[float], data: st.DataObject
) -> None:
    """Each status comes up to 5 s late, in order; now and then the broker delivers a stretch of them again."""
    watch, up, arrival = Watch(), 0.0, 0.0
    said: list[tuple[int, float]] = []
    for number, (pause, delay) in enumerate(zip(pauses, delays, strict=False)):
        up += pause
        arrival = max(arrival, up + delay)
        said.append((1 + number // 4, up))
        watch.hears(7, *said[-1], arrival)
        if data.draw(st.booleans()):
            for conn, up_s in said[-data.draw(st.integers(1, 20)) :]:
                watch.hears(7, conn, up_s, arrival)
    assert not watch.conflict


def test_the_worst_of_both_is_shown_and_a_doubtful_one_counts_for_nothing() -> None:
    watch = Watch().hears(7, 1, 100, 0, output="on").hears(9, 1, 5, 10, output="off")
    danger: dict[str | None, int] = {None: 0, "off": 1, "ramping": 2, "on": 3}
    worst = identity.worst(watch.lives, danger)
    assert worst is not None
    assert (worst.boot, worst.output) == (7, "on")
    assert identity.worst([], danger) is None
