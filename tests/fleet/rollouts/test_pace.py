"""The pace of offers, and the hours of a site."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from fleet.rollouts import pace
from fleet.rollouts.plan import Window

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Window(time(22), time(6), frozenset({4}))  # from Friday evening
DAY = Window(time(8), time(17, 30), frozenset(range(5)))


def _ms(*when: int) -> int:
    return round(datetime(*when, tzinfo=UTC).timestamp() * 1_000)


@given(st.integers(1, 200), st.lists(st.integers(-3_000, 40_000), min_size=1, max_size=120))
def test_no_clock_however_odd_exceeds_the_pace_in_any_minute(per_minute, steps_ms):
    now_ms, sent = 10_000_000, []
    for step_ms in steps_ms:
        now_ms += step_ms
        sent += [now_ms] * pace.allowed(sorted(sent), per_minute, now_ms)
    sent.sort()
    assert all(sent[place + per_minute] - sent[place] >= 60_000 for place in range(len(sent) - per_minute))


def test_within_the_minute_offers_are_spread():
    now_ms, sent, most = 10_000_000, [], 0
    for _ in range(30):
        number = pace.allowed(sent, 60, now_ms)
        sent += [now_ms] * number
        most, now_ms = max(most, number), now_ms + 2_000
    assert (len(sent), most) == (60, 2)


def test_a_pace_of_one_is_one_a_minute():
    now_ms, sent = 10_000_000, []
    for _ in range(91):
        sent += [now_ms] * pace.allowed(sent, 1, now_ms)
        now_ms += 2_000
    assert [one - sent[0] for one in sent] == [0, 60_000, 120_000, 180_000]


def test_a_clock_that_stood_still_catches_up_with_five_seconds_at_most():
    assert pace.allowed([10_000_000], 600, 10_050_000) == 50


def test_the_next_offer_is_foretold():
    sent = [10_000_000 + 1_000 * n for n in range(60)]
    assert pace.next_ms([], 60, 5) == 5
    assert pace.next_ms(sent[:3], 60, 10_002_000) == 10_003_000
    assert pace.next_ms(sent, 60, 10_059_000) == 10_060_000


def test_hours_are_those_on_the_wall_of_the_site():
    assert pace.is_open(DAY, BERLIN, _ms(2026, 11, 23, 7, 0))
    assert not pace.is_open(DAY, BERLIN, _ms(2026, 11, 23, 6, 59))
    assert not pace.is_open(DAY, BERLIN, _ms(2026, 11, 23, 16, 30))
    assert pace.is_open(DAY, BERLIN, _ms(2026, 7, 20, 6, 0))  # summer time
    assert not pace.is_open(DAY, BERLIN, _ms(2026, 11, 22, 12, 0))  # a Sunday


def test_a_night_belongs_to_the_day_on_which_it_begins():
    assert pace.is_open(NIGHT, BERLIN, _ms(2026, 11, 21, 4, 0))  # Saturday, 5 in the morning
    assert not pace.is_open(NIGHT, BERLIN, _ms(2026, 11, 20, 4, 0))


def test_an_opening_that_clocks_jump_over_is_at_the_jump():
    window = Window(time(2, 30), time(5))
    jump_ms = _ms(2026, 3, 29, 1, 0)  # 2:00 becomes 3:00
    assert pace.opens_ms(window, BERLIN, jump_ms - 60_000) == jump_ms
    assert pace.is_open(window, BERLIN, jump_ms)


def test_an_hour_that_clocks_jump_over_is_not_open_that_night_and_the_next_one_is_foretold():
    window = Window(time(2), time(3), frozenset({6}))
    friday_ms, jump_ms = _ms(2026, 3, 27, 12, 0), _ms(2026, 3, 29, 1, 0)
    assert not pace.is_open(window, BERLIN, jump_ms - 1)
    assert not pace.is_open(window, BERLIN, jump_ms)
    for now_ms in (_ms(2026, 3, 22, 2, 0), friday_ms, jump_ms):  # from the end of the opening before
        assert pace.opens_ms(window, BERLIN, now_ms) == _ms(2026, 4, 5, 0, 0)


@given(
    st.integers(_ms(2026, 1, 1), _ms(2027, 1, 1)),
    st.sampled_from((DAY, NIGHT, Window(time(2, 30), time(2)), Window(time(2), time(3), frozenset({6})))),
)
def test_what_is_foretold_to_open_is_open_then_and_not_before(now_ms, window):
    opens_ms = pace.opens_ms(window, BERLIN, now_ms)
    assert now_ms <= opens_ms <= now_ms + 14 * 86_400_000
    assert pace.is_open(window, BERLIN, opens_ms)
    assert opens_ms == now_ms or not pace.is_open(window, BERLIN, opens_ms - 1_000)


def test_without_hours_it_is_always_open():
    assert pace.is_open(None, BERLIN, 0)
