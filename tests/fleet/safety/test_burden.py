"""The figures of the burden page, each against a case that one can count by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.safety import burden
from fleet.safety.burden import BIN_MS, DAY_MS, LIMITS, Ring, Source, Stand, Told, Verdict
from fleet.safety.words import Disposition, Priority

PAD = Source("electrode_off", "EMS-0000A1B2", 2)
LINK = Source("link_lost", "EMS-0000A1B2", None)
MINUTE = 60_000


def rings(*minutes: float, source: Source = PAD, priority: Priority = Priority.MEDIUM) -> list[Ring]:
    return [Ring(round(one * MINUTE), priority, source) for one in minutes]


def test_rates_are_of_the_whole_span_not_only_of_its_busy_hours():
    found = burden.burden(Told(rings(*range(150))), 0, DAY_MS)
    assert (found.alarms, found.per_day, found.per_hour) == (150, 150, 6.25)
    assert found.per_10_min == pytest.approx(150 / 144)
    assert found.standing("per_day") == "good"
    assert found.standing("per_10_min") == "watch"


def test_a_quiet_day_has_rates_of_zero_and_no_shares():
    found = burden.burden(Told(), 0, DAY_MS)
    assert (found.per_day, found.flood_share, found.busy_share, found.most_in_10_min) == (0, 0, 0, 0)
    assert found.top_share is None
    assert found.mix == {}
    assert found.standing("high_share") == "unknown"


def test_no_time_at_all_tells_no_rate():
    found = burden.burden(Told(), 0, 0)
    assert (found.per_day, found.flood_share, found.busy_share, found.bins) == (None, None, None, [])


def test_the_most_in_any_ten_minutes_is_found_across_two_bins():
    """Six at the end of one bin and six at the start of the next are twelve in a row for whoever is there."""
    times = [9.5 + n / 20 for n in range(6)] + [10 + n / 20 for n in range(6)]
    found = burden.burden(Told(rings(*times)), 0, 3 * BIN_MS)
    assert found.bins == [6, 6, 0]
    assert (found.most_in_10_min, found.most_at_ms) == (12, round(9.5 * MINUTE))
    assert found.busy_share == 0


def test_two_alarms_ten_minutes_apart_are_never_in_the_same_ten_minutes():
    assert burden.most_in_any([0, BIN_MS], BIN_MS) == (1, 0)
    assert burden.most_in_any([0, BIN_MS - 1], BIN_MS) == (2, 0)


def test_a_flood_begins_at_ten_alarms_and_ends_below_five():
    found = burden.floods([9, 10, 5, 5, 4, 12, 3], 0, 7 * BIN_MS)
    assert [(one.from_ms // BIN_MS, one.to_ms // BIN_MS, one.alarms) for one in found] == [
        (1, 4, 20),
        (5, 6, 12),
    ]


def test_a_flood_that_goes_on_ends_with_the_span():
    assert burden.floods([0, 10], 0, 2 * BIN_MS - 1)[0].to_ms == 2 * BIN_MS - 1


def test_bad_actors_are_told_apart_by_rule_device_and_channel():
    other = PAD._replace(channel=3)
    told = Told([*rings(1, 2, 3), *rings(4, source=other), *rings(5, source=LINK)])
    found = burden.burden(told, 0, BIN_MS)
    assert [(one.source, one.alarms) for one in found.top] == [(PAD, 3), (other, 1), (LINK, 1)]
    assert found.top[0].share == pytest.approx(0.6)


def test_few_alarms_tell_nothing_of_the_share_of_the_ten_most_frequent_sources():
    few = burden.burden(Told(rings(*range(99))), 0, DAY_MS)
    enough = burden.burden(Told(rings(*range(100))), 0, DAY_MS)
    assert (few.top_share, few.standing("top_share")) == (None, "unknown")
    assert (enough.top_share, enough.standing("top_share")) == (pytest.approx(1), "over")


def test_a_minute_of_data_is_not_told_as_a_day():
    """One alarm in the first minute would be 1,440 a day."""
    found = burden.burden(Told(rings(0.5)), 0, MINUTE)
    assert (found.per_day, found.per_hour, found.per_10_min) == (None, None, None)
    assert found.standing("per_day") == "unknown"


def test_the_mix_leaves_out_what_calls_nobody():
    told = Told([*rings(1, priority=Priority.HIGH), *rings(2, 3, 4), *rings(5, priority=Priority.INFO)])
    assert burden.burden(told, 0, BIN_MS).mix == {
        Priority.HIGH: 0.25,
        Priority.MEDIUM: 0.75,
        Priority.LOW: 0,
    }


def test_an_alert_is_stale_after_a_whole_day_of_being_true():
    stands = [Stand(0, DAY_MS, PAD), Stand(0, DAY_MS + 1, LINK)]
    assert burden.most_stale(stands, [0, DAY_MS, 2 * DAY_MS], 3 * DAY_MS) == 1


def test_the_worst_day_counts_for_stale_alerts_not_their_sum():
    midnights = [n * DAY_MS for n in range(6)]
    stands = [Stand(0, 2 * DAY_MS, PAD), Stand(3 * DAY_MS, 5 * DAY_MS, PAD)]
    assert burden.most_stale(stands, midnights, 6 * DAY_MS) == 1


def test_an_alert_that_is_still_true_is_stale_now():
    found = burden.burden(Told(stands=[Stand(0, None, LINK)]), 0, 2 * DAY_MS, [0, DAY_MS])
    assert (found.stale, [one.source for one in found.stale_now]) == (1, [LINK])


def test_what_nobody_could_decide_never_counts_as_non_actionable():
    told = Told(
        verdicts=[
            Verdict(1, Disposition.FALSE_DATA),
            Verdict(2, Disposition.EXPECTED),
            Verdict(3, Disposition.UNDETERMINED),
            Verdict(4, None),
            Verdict(5, Disposition.ACTIONABLE),
        ]
    )
    found = burden.burden(told, 0, BIN_MS)
    assert (found.regard_now, found.regard_most, found.judged, found.unjudged) == (2, 2, 3, 2)


def test_non_actionable_alarms_are_forgotten_after_two_hours():
    told = Told(verdicts=[Verdict(0, Disposition.FALSE_RULE)])
    found = burden.burden(told, 0, 13 * BIN_MS)
    assert found.regard == [1] * 12 + [0]
    assert found.regard_now == 0


def test_an_alert_gone_within_ten_seconds_is_fleeting_one_that_still_holds_is_not():
    stands = [Stand(0, 9_999, PAD), Stand(0, 10_000, PAD), Stand(0, None, LINK)]
    assert burden.burden(Told(stands=stands), 0, BIN_MS).fleeting == 1


def test_nine_of_ten_were_answered_faster_than_the_slow_answer():
    found = burden.burden(Told(answers_ms=[n * 1000 for n in range(1, 11)]), 0, BIN_MS)
    assert (found.answer_ms, found.slow_answer_ms) == (6000, 10_000)


@pytest.mark.parametrize(
    "name, value, standing",
    [
        ("per_10_min", 1.0, "good"),
        ("per_10_min", 2.0, "watch"),
        ("per_10_min", 2.01, "over"),
        ("flood_share", 0.01, "over"),
        ("stale", 4, "good"),
        ("stale", 5, "over"),
        ("regard_most", 29, "good"),
        ("regard_most", 30, "watch"),
        ("regard_most", 80, "over"),
        ("chattering", 1, "over"),
        ("most_in_10_min", None, "unknown"),
    ],
)
def test_a_figure_stands_to_its_limit_as_the_standard_words_it(name, value, standing):
    assert LIMITS[name].standing(value) == standing


@given(st.lists(st.integers(0, 20 * BIN_MS - 1)), st.integers(1, 20 * BIN_MS))
def test_every_alarm_of_the_span_is_in_exactly_one_bin(times, to_ms):
    told = Told([Ring(one, Priority.LOW, PAD) for one in times])
    found = burden.burden(told, 0, to_ms)
    assert sum(found.bins) == found.alarms == sum(one < to_ms for one in times)
    assert found.most_in_10_min >= max(found.bins)
