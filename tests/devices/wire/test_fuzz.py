"""Whatever a device sends: a message that PostgreSQL can take, or a WireError."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import msgspec
import pytest

from devices.wire import codec, strict
from devices.wire.commands import args_of
from devices.wire.data import data_of
from devices.wire.errors import MAX_DETAIL, REASONS, WireError
from devices.wire.messages import Command, Event
from devices.wire.units import INT8_MAX, INT8_MIN, MAX_COUNT, T_MAX_MS, T_MIN_MS

from . import mutate

COUNT = 100_000
DECODE_REASONS = list(REASONS)[list(REASONS).index("size") : list(REASONS).index("ranges") + 1]


@pytest.mark.timeout(120)
def test_of_100_000_hostile_payloads_nothing_but_wire_errors_comes_out():
    outcomes: Counter[str] = Counter()
    details: list[str] = []
    began = time.process_time()
    for kind, payload in mutate.payloads(seed=2, count=COUNT):
        try:
            message = codec.decode(kind, payload)
        except WireError as error:
            outcomes[error.reason] += 1
            details.append(error.detail)
            _check_peek(payload)
        else:
            outcomes["let through"] += 1
            _check_storable(message, payload)
            assert codec.decode(kind, codec.encode(message)) == message
    assert outcomes.total() == COUNT
    assert all(detail.isprintable() and len(detail) <= MAX_DETAIL for detail in details)
    assert set(outcomes) <= set(REASONS) | {"let through"}
    assert outcomes["let through"] > COUNT / 10, "a fuzz test that refuses everything tests nothing"
    assert {reason for reason in DECODE_REASONS if outcomes[reason] < 10} == set()
    assert time.process_time() - began < 60


def test_peek_survives_noise():
    for _kind, payload in mutate.payloads(seed=3, count=2_000):
        _check_peek(payload)


def test_the_same_seed_gives_the_same_payloads():
    assert list(mutate.payloads(seed=5, count=200)) == list(mutate.payloads(seed=5, count=200))


def _check_peek(payload: bytes) -> None:
    seen = codec.peek(payload)
    if seen is not None:
        boot, seq = seen
        assert 0 <= boot <= MAX_COUNT
        assert 1 <= seq <= MAX_COUNT


def _check_storable(message: Any, payload: bytes) -> None:
    """PostgreSQL takes the text, the integers and the times; the body is whole JSON of this contract."""
    strict.parse(payload)  # the fast path let nothing through that the strict reader refuses
    _check_value(msgspec.json.decode(codec.encode(message)))
    assert T_MIN_MS <= getattr(message, "t", 0) <= T_MAX_MS
    if isinstance(message, Event):
        data_of(message)
        _check_value(message.data)
    elif isinstance(message, Command):
        args_of(message)


def _check_value(value: Any) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _check_value(key)
            _check_value(item)
    elif isinstance(value, list):
        for item in value:
            _check_value(item)
    elif isinstance(value, str):
        assert "\x00" not in value
        value.encode("utf-8")  # no half surrogates
        assert len(value) <= 200
    elif isinstance(value, int):
        assert INT8_MIN <= value <= INT8_MAX
    elif isinstance(value, float):
        assert abs(value) < float("inf")
