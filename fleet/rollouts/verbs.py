"""What people ask of a rollout: start, pause, resume, advance, abort, retry, roll back.  Pure.

Who may ask is not decided here; approving is not either (`fleet.rollouts.service`), but nothing unapproved starts.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fleet.rollouts.scene import NOTHING, State, Step


class Verb(StrEnum):
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    ADVANCE = "advance"
    ABORT = "abort"
    ROLLBACK = "rollback"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The state forbids it: a word why, and what the sentence is made of."""

    reason: str
    facts: Mapping[str, Any] = NOTHING


def asked(
    state: State,
    verb: Verb,
    now_ms: int,
    *,
    wave: int | None = None,
    also: Collection[str] = (),
    unusable_before: Mapping[str, str] = NOTHING,
) -> Step | Forbidden:
    """Return what is decided when somebody asks for this, or why it cannot be.

    Args:
        wave: For `advance`, the wave that the person saw open; None: whichever is.
        also: For `retry`, `failed` and `timed_out`: those too.
        unusable_before: For `rollback`, by hash, why it may not be offered: `before_withdrawn`,
            `before_not_approved`, `nothing_before` (we do not have the document).
    """
    return Forbidden("not_built")
