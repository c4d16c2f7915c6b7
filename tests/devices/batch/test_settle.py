"""A batch's facts: what is placed when, what is late, what a birth closes, what counts for nothing."""

from itertools import pairwise

import pytest

from devices.batch.settle import Settler
from devices.wire.messages import BufferedRange, Will
from tests.devices.batch.worktop import T0, Worktop, event, heard, status, telemetry

TEN_YEARS = 10 * 365 * 86_400_000
SKEWS = [TEN_YEARS, -T0, -40 * 60_000]


@pytest.fixture
def worktop() -> Worktop:
    return Worktop()


def at(up_s: float) -> int:
    return T0 + round(1000 * up_s) + 20


# --- placing ---


@pytest.mark.parametrize("skew_ms", SKEWS)
def test_a_wrong_clock_is_shown_and_obeyed_by_nothing(worktop: Worktop, skew_ms: int) -> None:
    for seq in range(1, 6):
        worktop.settle(heard(telemetry(seq, t=T0 + 1000 * seq + skew_ms), at(seq)))
    assert [row.placed_ms for row in worktop.all.telemetry] == [at(seq) for seq in range(1, 6)]
    assert not any(row.late for row in worktop.all.telemetry)
    assert worktop.live.skew_ms == pytest.approx(skew_ms, abs=100)


@pytest.mark.parametrize("skew_ms", SKEWS)
def test_a_clock_far_off_is_flagged_once_a_boot(worktop: Worktop, skew_ms: int) -> None:
    for seq in range(1, 4):
        worktop.settle(heard(telemetry(seq, t=T0 + 1000 * seq + skew_ms), at(seq)))
    for seq in range(1, 4):
        worktop.settle(heard(telemetry(seq, boot=8, t=T0 + 1000 * (seq + 9) + skew_ms), at(seq + 9)))
    assert [boot for _device, boot, _skew in worktop.all.skewed] == [7, 8]


def test_a_clock_that_steps_back_in_between_makes_nobody_younger(worktop: Worktop) -> None:
    for seq in range(1, 11):
        worktop.settle(heard(telemetry(seq, t=T0 + 1000 * seq - 3_600_000 * (seq > 5)), at(seq)))
    placed = [row.placed_ms for row in worktop.all.telemetry]
    assert [later - earlier for earlier, later in pairwise(placed)] == [1000] * 9
    assert len(worktop.all.skewed) == 1


def test_a_backlog_of_a_known_boot_is_placed_in_its_past_and_is_no_sign_of_life(worktop: Worktop) -> None:
    worktop.settle(heard(status(up_ms=0), at(0)), heard(telemetry(1), at(1)))
    facts = worktop.settle(
        *(heard(telemetry(seq), at(62)) for seq in range(2, 31))
    )  # ingest was down for a minute
    assert [row.placed_ms for row in facts.telemetry] == [at(seq) for seq in range(2, 31)]
    assert all(row.late for row in facts.telemetry)
    assert worktop.live.heard_ms == at(1)
    assert (facts.prompt, facts.tardy) == (29, 29)


def test_a_backlog_of_a_new_boot_is_placed_by_the_message_that_waited_least(worktop: Worktop) -> None:
    facts = worktop.settle(*(heard(telemetry(seq), at(60)) for seq in range(1, 61)))
    assert [row.placed_ms for row in facts.telemetry] == [at(seq) for seq in range(1, 61)]
    assert [row.late for row in facts.telemetry] == [seq < 55 for seq in range(1, 61)]


def test_a_boot_never_heard_live_is_placed_by_its_clock_corrected_by_the_next_boot_s_skew(
    worktop: Worktop,
) -> None:
    worktop.settle(heard(status(boot=8, up_ms=0, t=T0 + 900_000 - 2_400_000), at(900)))
    facts = worktop.settle(
        *(heard(telemetry(seq, late=True, t=T0 + 1000 * seq - 2_400_000), at(905)) for seq in range(1, 11))
    )
    assert {row.placed_by for row in facts.telemetry} == {"clock"}
    assert [row.placed_ms for row in facts.telemetry] == [at(seq) for seq in range(1, 11)]
    assert all(row.late for row in facts.telemetry)


def test_a_boot_whose_clock_does_not_fit_is_placed_before_the_birth_that_announced_it(
    worktop: Worktop,
) -> None:
    birth = status(boot=8, up_ms=0, t=T0 + 900_000, buffered=(BufferedRange(boot=7, from_=1, to=10),))
    late = [heard(telemetry(seq, late=True, t=1000 * seq), at(905)) for seq in range(1, 11)]  # 1970
    worktop.settle(heard(telemetry(1, boot=6), at(-500)))
    facts = worktop.settle(heard(birth, at(900)), *late)
    placed = [row.placed_ms for row in facts.telemetry]
    assert {row.placed_by for row in facts.telemetry} == {"order"}
    assert [later - earlier for earlier, later in pairwise(placed)] == [1000] * 9
    assert at(880) < placed[0]
    assert placed[-1] < at(900)


def test_what_comes_from_the_buffer_touches_no_live_value(worktop: Worktop) -> None:
    worktop.settle(heard(status(up_ms=0), at(0)), heard(telemetry(100), at(100)))
    before = worktop.live
    facts = worktop.settle(
        heard(telemetry(50, late=True), at(101)),
        heard(telemetry(101, late=True), at(101)),
        heard(event(102, "estop", late=True), at(102)),
    )
    assert worktop.live is before
    assert not facts.states


def test_an_old_record_is_late_even_if_the_device_does_not_say_so(worktop: Worktop) -> None:
    worktop.settle(heard(telemetry(100), at(100)))
    facts = worktop.settle(heard(telemetry(50), at(101)))
    assert facts.telemetry[0].late
    assert worktop.live.up_ms == 100_000


def test_a_record_of_a_boot_gone_by_is_late_even_if_the_device_does_not_say_so(worktop: Worktop) -> None:
    """It is never stamped as fresh, whether it comes with the birth of the next boot or after it."""
    birth = heard(status(boot=8, up_ms=0, t=T0 + 900_000), at(900))
    facts = worktop.settle(birth, heard(telemetry(1), at(900)))
    facts_after = worktop.settle(heard(telemetry(2), at(901)))
    assert [row.late for row in facts.telemetry + facts_after.telemetry] == [True, True]
    assert [row.placed_ms for row in facts.telemetry + facts_after.telemetry] == [at(1), at(2)]
    assert worktop.live.telemetry is None


def test_an_event_of_an_earlier_instant_has_its_true_time(worktop: Worktop) -> None:
    worktop.settle(heard(telemetry(30), at(30)))
    data = {"reason": "power_loss", "of": {"boot": 7, "up_ms": 31_500}}
    facts = worktop.settle(heard(event(1, "session_ended", boot=8, up_ms=500, data=data), at(90)))
    assert facts.events[0].placed_ms == at(31.5)
    assert (facts.sessions[0].boot, facts.sessions[0].up_ms, facts.sessions[0].at_ms) == (7, 31_500, at(31.5))


# --- statuses ---


def test_a_retained_status_is_old_news(worktop: Worktop) -> None:
    facts = worktop.settle(heard(status(t=T0), T0 + 86_400_000, retained=True))
    assert (worktop.live.link, worktop.live.heard_ms) == ("never", None)
    assert worktop.live.status_ms == T0  # not stamped as fresh
    assert not facts.births
    assert not facts.books


def test_a_retained_status_of_a_known_boot_is_placed_by_what_is_known_of_it(worktop: Worktop) -> None:
    worktop.settle(heard(telemetry(1), at(1)))
    worktop.settle(heard(status(up_ms=5_000, t=0), at(600), retained=True))
    assert worktop.live.status_ms == at(5)
    assert worktop.live.heard_ms == at(1)


def test_a_birth_wants_a_watermark_for_its_boot_and_each_that_is_buffered(worktop: Worktop) -> None:
    spans = (BufferedRange(boot=5, from_=88, to=140), BufferedRange(boot=6, from_=1, to=9))
    facts = worktop.settle(heard(status(buffered=spans), at(60)))
    assert {boot for (_device, boot), book in facts.books.items() if book.urgent} == {5, 6, 7}


def test_a_birth_closes_the_boots_it_omits_and_reopens_the_ones_it_names(worktop: Worktop) -> None:
    for boot in (4, 5, 6):
        worktop.settle(heard(telemetry(1, boot=boot), at(boot)))
    worktop.settle(heard(status(buffered=(BufferedRange(boot=5, from_=2, to=3),)), at(60)))
    assert [worktop.book(boot).closed_ms is not None for boot in (4, 5, 6, 7)] == [True, False, True, False]
    worktop.settle(
        heard(status(conn=3, up_ms=70_000, buffered=(BufferedRange(boot=6, from_=2, to=3),)), at(70))
    )
    assert [worktop.book(boot).closed_ms is not None for boot in (4, 5, 6, 7)] == [True, True, False, False]


def test_an_old_birth_that_comes_again_closes_and_reopens_nothing(worktop: Worktop) -> None:
    old = heard(status(conn=2, up_ms=50_000, buffered=(BufferedRange(boot=6, from_=1, to=3),)), at(50))
    worktop.settle(old, heard(telemetry(1, boot=6, late=True), at(51)))
    worktop.settle(heard(status(conn=3, up_ms=60_000), at(60)))
    worktop.settle(old._replace(arrival_ms=at(61)))
    assert worktop.book(6).closed_ms == at(60)


def test_a_heartbeat_is_no_birth(worktop: Worktop) -> None:
    worktop.settle(heard(status(), at(60)))
    worktop.book().urgent = False
    assert not worktop.settle(heard(status(up_ms=65_000), at(65))).births
    assert not worktop.book().urgent


def test_a_birth_and_the_link_it_brings_are_one_row_with_the_rev_it_was_written_under(
    worktop: Worktop,
) -> None:
    facts = worktop.settle(heard(status(), at(60)))
    [change] = facts.changes
    assert (change.why, change.link, change.rev) == ("link,birth", "online", worktop.live.rev)


def test_a_will_and_a_goodbye_touch_nothing_but_the_link(worktop: Worktop) -> None:
    worktop.settle(heard(status(), at(60)))
    worktop.settle(heard(Will(boot=7, conn=2), at(61)))
    worktop.settle(heard(status(state="offline", up_ms=62_000, output="off", session=None), at(62)))
    assert (worktop.live.link, worktop.live.output, worktop.live.state) == ("offline", "on", "running")
    assert worktop.all.changes[-1].why == "link,goodbye"


def test_what_two_devices_say_under_one_name_is_disputed(worktop: Worktop) -> None:
    worktop.settle(heard(status(conn=1), at(60)))
    worktop.settle(heard(status(boot=9, conn=1, up_ms=1000), at(70)))
    worktop.settle(heard(status(conn=2, up_ms=80_000), at(80)))
    data = {"reason": "completed", "elapsed_ms": 80_000, "charge_uc": [9.0, 0.0]}
    facts = worktop.settle(heard(telemetry(81), at(81)), heard(event(82, "session_ended", data=data), at(82)))
    assert worktop.live.link == "conflict"
    assert facts.telemetry[0].disputed
    assert facts.events[0].disputed
    assert facts.sessions[0].disputed
    assert worktop.desk.rollup.sessions[1, "01JD2"].charge_uc == []


# --- numbers ---


def test_numbers_a_device_declares_dropped_are_settled_and_one_that_comes_all_the_same_is_stored(
    worktop: Worktop,
) -> None:
    worktop.settle(heard(telemetry(1), at(1)))
    worktop.settle(heard(event(9, "dropped", data={"boot": 7, "ranges": [[2, 8]]}), at(9)))
    assert worktop.book().contiguous() == 9
    worktop.settle(heard(telemetry(5, late=True), at(10)))
    assert (worktop.book().stored, worktop.book().dropped) == ([(1, 1), (5, 5), (9, 9)], [(2, 4), (6, 8)])


def test_a_device_cannot_have_dropped_what_it_has_not_recorded(worktop: Worktop) -> None:
    worktop.settle(heard(telemetry(1), at(1)))
    ranges = [[2, 2**53 - 1]]
    worktop.settle(heard(event(5, "dropped", data={"boot": 7, "ranges": ranges}), at(5)))
    worktop.settle(heard(event(6, "dropped", data={"boot": 9, "ranges": ranges}), at(6)))
    assert worktop.book().dropped == [(2, 4)]
    assert worktop.book().contiguous() == 6
    assert 9 not in worktop.desk.books[1]


def test_dropped_ranges_of_an_earlier_boot_are_taken_as_they_are_declared(worktop: Worktop) -> None:
    worktop.settle(heard(telemetry(1, boot=6), at(1)), heard(status(up_ms=0), at(60)))
    worktop.settle(heard(event(1, "dropped", data={"boot": 6, "ranges": [[2, 40]]}), at(61)))
    assert worktop.book(6).contiguous() == 40


def test_a_rejected_number_is_passed_and_stored_beats_it(worktop: Worktop) -> None:
    Settler(worktop.desk).settle(
        [heard(telemetry(1), at(1)), heard(telemetry(3), at(3))], [(1, 7, 2, at(2)), (1, 7, 3, at(3))]
    )
    assert (worktop.book().stored, worktop.book().rejected) == ([(1, 1), (3, 3)], [(2, 2)])
    assert worktop.book().contiguous() == 3


def test_a_covered_record_that_comes_again_wants_its_watermark_again(worktop: Worktop) -> None:
    worktop.settle(heard(telemetry(1), at(1)))
    worktop.book().urgent = False
    facts = worktop.settle(heard(telemetry(1), at(2)))
    assert worktop.book().urgent
    assert (len(facts.repeats), len(facts.telemetry)) == (1, 0)
