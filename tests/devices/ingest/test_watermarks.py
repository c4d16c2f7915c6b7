"""When a device is told what it may forget: soon, seldom, and never too much."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from devices.batch import sequence
from devices.batch.books import Book
from devices.ingest.watermarks import Watermarks

T0 = 1_763_788_000_000


class Told:
    """One book and its publisher, looked at five times a second; `told` holds (second, payload)."""

    def __init__(self, *, stuck_ms: int = 10_000) -> None:
        self.marks = Watermarks(stuck_ms=stuck_ms)
        self.book = Book(1, 7)
        self.told: list[tuple[float, dict[str, Any]]] = []
        self.is_online = True
        self._looked_s = 0.0

    def stores(self, at_s: float, *seqs: int, late: bool = False, repeat: bool = False) -> None:
        self.until(at_s)
        now_ms = self._ms(at_s)
        for seq in seqs:
            self.book.start_at(seq, now_ms)
            self.book.store(seq)
        self.book.touched_ms = now_ms
        self.book.urgent |= late or repeat
        self.marks.touch([self.book], now_ms)

    def until(self, at_s: float) -> "Told":
        while self._looked_s <= at_s:
            due = self.marks.due(
                self._ms(self._looked_s), busy=False, reachable=lambda _device: self.is_online
            )
            self.told += [(round(self._looked_s, 1), json.loads(payload)) for _book, payload in due]
            self._looked_s += 0.2
        return self

    def seqs(self) -> list[int]:
        return [payload["seq"] for _at, payload in self.told]

    def times(self) -> list[float]:
        return [at for at, _payload in self.told]

    @staticmethod
    def _ms(at_s: float) -> int:
        return T0 + round(at_s * 1000)


@pytest.fixture
def told() -> Told:
    return Told()


def test_within_two_seconds_of_a_birth_even_at_seq_0(told: Told) -> None:
    told.book.urgent = True
    told.marks.touch([told.book], T0)
    told.until(2)
    assert told.seqs() == [0]


def test_within_two_seconds_once_traffic_pauses(told: Told) -> None:
    for second in range(1, 6):
        told.stores(second, second)
    told.until(7)
    assert told.seqs()[-1] == 5
    assert told.times()[-1] <= 7


def test_every_ten_seconds_in_a_steady_stream_and_not_more_often(told: Told) -> None:
    for second in range(1, 61):
        told.stores(second, second)
    gaps = [later - earlier for earlier, later in zip(told.times(), told.times()[1:], strict=False)]
    assert 4 <= len(gaps) <= 6
    assert all(9.5 <= gap <= 11 for gap in gaps)


def test_at_most_once_a_second_while_a_buffer_is_flushed(told: Told) -> None:
    for step in range(1, 100):
        told.stores(step / 10, step, late=True)
    gaps = [later - earlier for earlier, later in zip(told.times(), told.times()[1:], strict=False)]
    assert gaps
    assert min(gaps) >= 0.99
    assert max(gaps) <= 1.3


def test_unmoved_when_a_covered_record_arrives_again(told: Told) -> None:
    told.stores(1, 1)
    told.until(5)
    told.stores(5, repeat=True)
    told.until(7)
    assert told.seqs() == [1, 1]


def test_unmoved_and_unasked_it_says_nothing(told: Told) -> None:
    told.stores(1, 1)
    told.until(60)
    assert told.seqs() == [1]


def test_an_offline_device_is_told_nothing(told: Told) -> None:
    told.is_online = False
    told.stores(1, 1)
    told.until(30)
    assert told.told == []
    told.is_online = True
    told.stores(31, 2, repeat=True)  # its birth, say
    told.until(33)
    assert told.seqs() == [2]


def test_what_is_missing_is_asked_for_after_ten_seconds_and_again_every_ten(told: Told) -> None:
    told.stores(1, 1, 2, 5)
    told.until(45)
    asked = [(at, payload["missing"]) for at, payload in told.told if payload["missing"]]
    assert asked[0][1] == [[3, 4]]
    assert 11 <= asked[0][0] <= 15
    assert 3 <= len(asked) <= 4
    told.stores(46, 3, 4, late=True)
    told.until(60)
    assert told.told[-1][1]["seq"] == 5
    assert told.told[-1][1]["missing"] == []
    assert told.times()[-1] <= 48


def test_a_failed_batch_is_not_told_of(told: Told) -> None:
    told.stores(1, 1)
    told.stores(1.1, 2)
    told.marks.forget({1})
    told.until(20)
    assert told.told == []


@pytest.mark.parametrize("step", [lambda n: n, lambda n: 100 - n, lambda n: (n * 37) % 100 + 1])
def test_it_never_covers_what_is_not_stored_and_never_falls(told: Told, step: Callable[[int], int]) -> None:
    for n in range(1, 100):
        told.stores(n / 2, step(n), late=n % 2 == 0)
        last = told.told[-1][1]["seq"] if told.told else 0
        first = told.book.first_seq or 1
        assert not sequence.subtract([(first, last)] if last >= first else [], told.book.stored)
    told.until(60)
    assert told.seqs() == sorted(told.seqs())
