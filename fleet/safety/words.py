"""The closed words of alerts, as the API says them.  Pure."""

from enum import StrEnum
from typing import Final


class Priority(StrEnum):
    """How soon somebody must act (IEC 60601-1-8 practice): see docs/safety/rules.md."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class State(StrEnum):
    """Where an alert stands."""

    RAISED = "raised"  # true, nobody has it
    ACKNOWLEDGED = "acknowledged"  # true, somebody has it
    CLEARED = "cleared"  # no longer true, still open
    CLOSED = "closed"


class Disposition(StrEnum):
    """What an alert turned out to be; asked when it is closed, never when it is acknowledged."""

    ACTIONABLE = "actionable"
    EXPECTED = "expected"
    FALSE_DATA = "false_data"
    FALSE_RULE = "false_rule"
    UNDETERMINED = "undetermined"


class Duty(StrEnum):
    """The operator positions of a site: who is first asked to act on an alert."""

    CARE = "care"  # the people with the patients or athletes: nurses, therapists, coaches
    TECHNICAL = "technical"  # the people with the machines: engineers


OPEN: Final = (State.RAISED, State.ACKNOWLEDGED, State.CLEARED)
TRUE: Final = (State.RAISED, State.ACKNOWLEDGED)
RANK: Final = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2, Priority.INFO: 3}
"""0 is the most urgent."""
