"""What counts as drawn, and when."""

import pytest

from benchmarks import latency


def test_a_message_counts_from_its_sending_to_its_own_draw() -> None:
    found = latency.of({"A": [(1, 10.0), (2, 11.0)]}, {"A": [(1, 10.1), (2, 11.3)]})
    assert found.shown_ms == pytest.approx([100, 300])
    assert (found.superseded, found.never_shown) == (0, 0)


def test_a_message_that_newer_ones_overtook_counts_until_they_are_drawn() -> None:
    found = latency.of({"A": [(1, 10.0), (2, 10.5), (3, 11.0)]}, {"A": [(3, 11.2)]})
    assert found.shown_ms == pytest.approx([1200, 700, 200])
    assert found.superseded == 2


def test_a_state_drawn_again_does_not_count_twice_and_an_older_one_not_at_all() -> None:
    found = latency.of({"A": [(2, 10.0)]}, {"A": [(1, 9.9), (1, 10.1), (2, 10.2), (2, 10.4)]})
    assert found.shown_ms == pytest.approx([200])


def test_a_message_without_a_draw_is_told_and_not_hidden_in_the_percentiles() -> None:
    found = latency.of({"A": [(1, 10.0), (2, 11.0)], "B": [(1, 10.0)]}, {"A": [(1, 10.1)]})
    assert found.never_shown == 2
    assert found.shown_ms == pytest.approx([100])


@pytest.mark.parametrize("share, expected", [(0.5, 50.0), (0.95, 95.0), (0.99, 99.0), (1.0, 100.0)])
def test_a_percentile_is_what_that_share_did_not_exceed(share: float, expected: float) -> None:
    found = latency.Latencies(shown_ms=[float(n) for n in range(100, 0, -1)])
    assert found.percentile_ms(share) == expected
