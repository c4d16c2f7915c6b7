"""When a status was said, and whether that is sure."""

from fleet.control.placing import Clocks
from fleet.control.proof import Point

NOW_MS = 1_000_000


def heard(clocks, *, up_ms, at_ms, boot=7):
    clocks.hear(1, Point(boot, up_ms), at_ms)
    return clocks.place(1, Point(boot, up_ms), at_ms)


def connected(at_ms=NOW_MS):
    clocks = Clocks()
    clocks.connected(at_ms)
    return clocks


def test_a_device_that_begins_while_we_listen_is_placed_by_what_it_says():
    clocks = connected(NOW_MS - 60_000)
    assert heard(clocks, up_ms=100, at_ms=NOW_MS) == (NOW_MS, True, True)
    assert heard(clocks, up_ms=5_100, at_ms=NOW_MS + 5_002) == (NOW_MS + 5_000, True, True)


def test_what_waited_over_five_seconds_on_its_way_did_not_come_live():
    clocks = connected(NOW_MS - 60_000)
    heard(clocks, up_ms=100, at_ms=NOW_MS)
    assert heard(clocks, up_ms=2_100, at_ms=NOW_MS + 7_001) == (NOW_MS + 2_000, False, True)
    assert heard(clocks, up_ms=3_100, at_ms=NOW_MS + 8_000) == (NOW_MS + 3_000, True, True)


def test_a_boot_that_is_heard_first_in_what_waited_for_us_is_not_sure_until_it_speaks_afterwards():
    clocks = connected()
    assert heard(clocks, up_ms=90_000, at_ms=NOW_MS + 100) == (NOW_MS + 100, True, False)
    assert heard(clocks, up_ms=150_000, at_ms=NOW_MS + 110) == (NOW_MS + 110, True, False)
    assert heard(clocks, up_ms=155_000, at_ms=NOW_MS + 5_110) == (NOW_MS + 5_110, True, True)


def test_what_ingest_heard_before_we_listened_is_sure_at_once_and_old_mail_is_known_as_old():
    clocks = connected()
    clocks.hear(1, Point(7, 90_000), NOW_MS + 100)
    assert clocks.unknown([(1, 7)]) == {(1, 7)}
    clocks.learn(1, 7, NOW_MS - 150_000, NOW_MS - 100_000, NOW_MS)
    assert clocks.place(1, Point(7, 90_000), NOW_MS + 100) == (NOW_MS - 60_000, False, True)
    assert heard(clocks, up_ms=150_050, at_ms=NOW_MS + 110) == (NOW_MS + 50, True, True)
    assert clocks.unknown([(1, 7)]) == set()


def test_what_ingest_heard_first_after_we_listened_may_have_waited_for_it_too():
    clocks = connected()
    clocks.hear(1, Point(7, 90_000), NOW_MS + 100)
    clocks.learn(1, 7, NOW_MS - 90_000, NOW_MS + 50, NOW_MS)
    assert clocks.place(1, Point(7, 90_000), NOW_MS + 100)[2] is False


def test_once_nothing_comes_for_a_moment_what_waited_has_come():
    clocks = connected()
    clocks.quiet(NOW_MS + 500)  # the broker may not have begun
    assert clocks.may_have_waited(NOW_MS + 600)
    clocks.quiet(NOW_MS + 1_200)
    assert not clocks.may_have_waited(NOW_MS + 1_300)
    assert heard(clocks, up_ms=10, at_ms=NOW_MS + 1_300) == (NOW_MS + 1_300, True, True)


def test_of_a_device_that_starts_over_and_over_only_the_last_boots_are_kept():
    clocks = connected(NOW_MS - 60_000)
    for boot in range(50):
        heard(clocks, up_ms=10, at_ms=NOW_MS + boot, boot=boot)
    assert clocks.place(1, Point(3, 10), NOW_MS) == (NOW_MS, True, False)
    assert clocks.place(1, Point(49, 10), NOW_MS + 49) == (NOW_MS + 49, True, True)
