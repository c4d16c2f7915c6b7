"""From a wish to what became of it.  Pure.

A command is `requested` by the server, `published` once the broker has it, and from there on it is the
device's word that moves it.  Every step is a compare-and-set: `before(state)` names the states it may be
taken from, and a word that comes twice, late, or behind a newer one moves nothing.
"""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from devices.wire.messages import Ack
from devices.wire.words import Verb

LEAST_LEFT: Final = timedelta(seconds=0.5)  # with less, a command would arrive when its time is over


ALARMING: Final = frozenset({Verb.STOP, Verb.PAUSE})
"""What is asked for because current may flow: without proof, somebody is sent there."""
EASING: Final = ALARMING | {Verb.LOWER}
"""What makes current less: it is asked of everybody, and shown within seconds, or somebody has to look."""


class State(StrEnum):
    """Where a command stands."""

    REQUESTED = "requested"
    PUBLISHED = "published"
    RECEIVED = "received"
    DONE = "done"
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    REFUSED = "refused"
    EXPIRED = "expired"


UNANSWERED: Final = frozenset({State.REQUESTED, State.PUBLISHED})
OPEN: Final = UNANSWERED | {State.RECEIVED}

WAITING: Final = OPEN | {State.DONE}
"""In these a command that can be proved waits for its proof; an answer is none."""

PROVABLE: Final = OPEN | {State.DONE, State.UNCONFIRMED}
"""From these a proof may still make a command `confirmed`."""

# `expired` is our own conclusion from silence, and the device's word beats it: it may have acted in the last
# moment, or its answer may have waited in the broker while we were away.
_BEFORE: Final[dict[State, frozenset[State]]] = {
    State.PUBLISHED: frozenset({State.REQUESTED}),
    State.RECEIVED: UNANSWERED,
    State.DONE: OPEN | {State.EXPIRED},
    State.REFUSED: OPEN | {State.EXPIRED},
    State.EXPIRED: OPEN,
    State.CONFIRMED: PROVABLE,
    State.UNCONFIRMED: OPEN | {State.DONE, State.CONFIRMED},  # a later sample with current refutes
}
_OUTCOMES: Final = {
    "received": State.RECEIVED,
    "done": State.DONE,
    "refused": State.REFUSED,
    "expired": State.EXPIRED,
}


def names(words: Iterable[StrEnum]) -> list[str]:
    """Return states or verbs as the database has them, in one order."""
    return sorted(word.value for word in words)


def before(state: State) -> frozenset[State]:
    """Return the states from which a command may come to `state`."""
    return _BEFORE[state]


def answered(ack: Ack) -> State:
    """Return the state that a device's answer asserts.

    A `repeat` carries the first outcome as its reason; one without it says only that the device has it.
    """
    outcome = ack.outcome
    if outcome == "repeat":
        outcome = ack.reason.value if ack.reason is not None else "received"  # type: ignore[assignment]
    return _OUTCOMES.get(outcome, State.RECEIVED)


def may_publish(expires_at: datetime, now: datetime) -> bool:
    """Whether there is time enough for the device to get it."""
    return expires_at - now >= LEAST_LEFT


def expiry_s(expires_at: datetime, now: datetime) -> int:
    """Return what is left of a command's time, in whole seconds rounded up, never 0."""
    return max(1, math.ceil((expires_at - now).total_seconds()))
