"""Which device is worst off: who reads one line only must read the right one."""

from typing import Any

import pytest

from dashboards.words import texts, worst
from dashboards.words.faces import face

WORDS = texts.wall_texts()
IDLE: dict[str, Any] = {
    "serial": "B",
    "link": "online",
    "state": "idle",
    "output": "off",
    "session": None,
    "heard_at": "2026-11-22T10:00:00.000Z",
    "age_ms": 1000,
    "clock_skew_ms": None,
    "battery": None,
    "channels": [],
    "phase": None,
    "cycle": None,
    "elapsed_ms": None,
    "conditions": [],
    "held": None,
    "locked": None,
}
RUNNING = {"state": "running", "output": "on", "session": "S-1"}
FROM_WORST: list[dict[str, Any]] = [
    {**RUNNING, "link": "offline"},
    {**RUNNING, "state": "fault"},
    {**RUNNING, "link": "conflict"},
    {"state": "fault", "conditions": ["estop"]},
    {**RUNNING, "link": "suspect", "state": "paused", "output": "off"},
    {**RUNNING, "channels": [{"n": 1, "contact": "electrode", "ma": 0, "set_ma": 30}]},
    {"link": "offline"},
    RUNNING,
    {"state": "paused", "session": "S-1"},
    {},
    {"link": "never", "state": None, "output": None, "heard_at": None},
]


def rank(**other: Any) -> int:
    device = IDLE | other
    return worst.rank(device, face(device, WORDS))


def pair(**other: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    device = IDLE | other
    return device, face(device, WORDS)


def test_trouble_is_ordered_by_what_may_hurt_somebody_first() -> None:
    ranks = [rank(**one) for one in FROM_WORST]
    assert ranks == sorted(set(ranks)) == list(range(11))


def test_an_emergency_stop_is_a_fault_whatever_the_state_says() -> None:
    assert rank(conditions=["estop"]) == rank(conditions=["fault:hv"]) == worst.FAULT


@pytest.mark.parametrize("link", ["suspect", "offline"])
def test_current_that_may_flow_unseen_beats_current_that_is_seen(link: str) -> None:
    assert rank(**RUNNING | {"state": "fault"}, link=link) == worst.MAY_FLOW


def test_what_asks_for_attention_beats_whatever_does_not() -> None:
    for one in FROM_WORST:
        device = IDLE | one
        shown = face(device, WORDS)
        assert (worst.rank(device, shown) <= worst.COMPLAINS) == shown["attention"], one


def test_of_silent_ones_the_one_not_heard_for_longest_is_named() -> None:
    older = pair(**RUNNING, link="offline", serial="Z", heard_at="2026-11-22T09:00:00.000Z")
    newer = pair(**RUNNING, link="offline", serial="A")
    never = pair(link="never", state=None, output=None, heard_at=None)
    assert worst.worst_of([newer, never, older]) == older
    assert worst.worst_of([]) is None


def test_of_equals_the_one_that_treats_is_named() -> None:
    stored = pair(link="offline", conditions=["electrode_off:1"], serial="A")
    treats = pair(**RUNNING, conditions=["electrode_off:1"], serial="Z")
    assert worst.worst_of([stored, treats]) == treats
