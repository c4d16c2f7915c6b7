"""What every open page asks for is asked of the database once for all of them, and nobody goes back in time."""

from collections.abc import Collection
from itertools import count
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from dashboards.live import shared
from dashboards.live.alertwatch import AlertWatch


def test_a_second_page_is_told_what_the_first_one_read() -> None:
    numbers = count()
    first = shared.read("first", lambda: next(numbers))
    assert shared.read("first", lambda: next(numbers)) == first
    assert shared.read("another", lambda: next(numbers)) != first


def test_whoever_may_miss_nothing_asks_afresh_and_the_others_get_that_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = count()
    old = shared.read("fresh", lambda: next(numbers))
    new = shared.read("fresh", lambda: next(numbers), fresh=True)
    assert new > old
    assert shared.read("fresh", lambda: next(numbers)) == new
    monkeypatch.setattr(shared, "FRESH_S", 0.0)
    assert shared.read("fresh", lambda: next(numbers)) > new


def test_an_answer_that_did_not_come_is_not_kept() -> None:
    with pytest.raises(ZeroDivisionError):
        shared.read("none", lambda: 1 // 0)
    assert shared.read("none", lambda: 1) == 1


def test_of_much_that_was_lost_the_most_urgent_is_told_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.live.alertwatch.MEND_MOST", 2)
    asked: list[Collection[int]] = []

    class Watched(AlertWatch):
        async def _read_revs(self, *, fresh: bool = False) -> dict[int, int]:
            return {9: 1, 7: 1, 3: 1}  # in the order of urgency

        async def _read(self, only: Collection[int]) -> list[dict[str, Any]]:
            asked.append(only)
            return []

    watch = Watched([1])
    async_to_sync(watch.look)()
    async_to_sync(watch.mend)()
    assert asked == [[9, 7]]
