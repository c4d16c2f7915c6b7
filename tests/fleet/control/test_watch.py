"""What dispatch keeps an eye on."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from fleet.control.watch import Watch

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIRST, SECOND = uuid4(), uuid4()


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def test_the_next_proof_is_due_when_the_earliest_is_and_no_longer_once_that_is_settled():
    watch = Watch()
    watch.add([(FIRST, 1, at(3)), (SECOND, 2, at(4))])
    assert watch.due_at() == at(3)
    watch.settle([FIRST])
    assert watch.due_at() == at(4)
    assert watch.is_watched(1), "what it says may still refute"
    watch.settle([SECOND])
    assert watch.due_at() is None


def test_what_nothing_can_prove_is_not_watched():
    watch = Watch()
    watch.add([(FIRST, 1, None)])
    assert not watch.is_watched(1)


def test_the_rows_hold():
    watch = Watch()
    watch.add([(FIRST, 1, at(3))])
    watch.begin([(SECOND, 2, None)], wishes=[9])
    assert watch.due_at() is None
    assert [watch.is_watched(one) for one in (1, 2, 9)] == [False, True, True]
