"""What happens next in a rollout, and when.  Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleet.rollouts.scene import NOTHING, State


@dataclass(frozen=True, slots=True)
class Next:
    """What happens next: a word, when (Unix ms; None: it is not the clock that decides), and what it is made of."""

    what: str
    at_ms: int | None = None
    facts: Mapping[str, Any] = NOTHING


def what_next(state: State, now_ms: int) -> Next:
    """Return what the rollout waits for."""
    return Next("nothing")
