"""From a draft to what may be offered to devices, and back.  Pure."""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a version stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


BEFORE: Final[dict[State, frozenset[State]]] = {
    State.SUBMITTED: frozenset({State.DRAFT}),
    State.APPROVED: frozenset({State.SUBMITTED}),
    State.REJECTED: frozenset({State.SUBMITTED}),
    State.WITHDRAWN: frozenset({State.APPROVED}),
}
"""From which state a version may come to another; a rejected one is taken up again as a new version."""

APPROVED_ONCE: Final = frozenset({State.APPROVED, State.WITHDRAWN})
"""Other eyes have seen these."""


def allows(state: str, to: State) -> bool:
    """Whether a version in `state` may come to `to`."""
    return state in BEFORE[to]
