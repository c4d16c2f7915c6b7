"""How a rollout is to go on: waves, thresholds, pace, windows.  Pure; read strictly, so that nothing runs on a guess.

Thresholds are shares in (0, 1].  A plan that lacks one, or has one that is no number, is no plan: `read` raises, and
`faults` of a plan that was put together otherwise says the same, so that the step function never runs on it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Any, Final

LONGEST_DEADLINE_S: Final = 3_600  # an offer lives for an hour on the wire
LONGEST_SOAK_S: Final = 14 * 86_400
MOST_A_MINUTE: Final = 100_000
MOST_RETRIES: Final = 10
MOST_WAVES: Final = 100
MOST_DEVICES: Final = 1_000_000
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Advance(StrEnum):
    """What opens the next wave."""

    AUTOMATIC = "automatic"  # the clock, when the wave before was good and the soak is over
    MANUAL = "manual"  # a person


class Risk(StrEnum):
    """What a device is used for, the safest first: the order in which targets have their turn."""

    BENCH = "bench"
    STAFF = "staff"
    LOW_RISK = "low_risk"
    REST = ""


ORDER: Final = tuple(Risk)


@dataclass(frozen=True, slots=True)
class Count:
    """So many targets more."""

    count: int


@dataclass(frozen=True, slots=True)
class Percent:
    """As many as make this share of all targets, those of the waves before included."""

    percent: float


@dataclass(frozen=True, slots=True)
class OfClass:
    """Every target of this class, and of the safer ones."""

    risk_class: Risk


Reach = Count | Percent | OfClass


@dataclass(frozen=True, slots=True)
class Window:
    """When devices may be offered something: by the clock on the wall of each device's site.

    `until` at or before `since` is on the next day; `days` (0: Monday) are those on which a window begins.
    """

    since: time
    until: time
    days: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides how a rollout goes on.  Times are ms; `start_ms` is Unix ms, UTC."""

    waves: tuple[Reach, ...]
    success_threshold: float
    failure_threshold: float | None
    failure_count: int | None
    min_evaluated: int
    deadline_ms: int
    soak_ms: int
    pace_per_minute: int
    retries: int
    advance: Advance
    start_ms: int | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a plan.  `path` is that of the API's object, such as `waves.1.percent`."""

    path: str
    code: str
    facts: Mapping[str, Any]


class Unusable(ValueError):
    """This is no plan; `faults` says why, the first one first."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{one.path}: {one.code}" for one in faults))
        self.faults = tuple(faults)


def faults(plan: Plan) -> list[Fault]:
    """Return what makes a plan unusable; nothing may run on one that has any."""
    found = []
    if not is_share(plan.success_threshold):
        found.append(Fault("success_threshold", "share", {}))
    if plan.failure_threshold is None and plan.failure_count is None:
        found.append(Fault("failure_threshold", "no_failure_threshold", {}))
    if plan.failure_threshold is not None and not is_share(plan.failure_threshold):
        found.append(Fault("failure_threshold", "share", {}))
    if not plan.waves:
        found.append(Fault("waves", "no_waves", {}))
    return found


def is_share(value: object) -> bool:
    """Whether this is a number in (0, 1]."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and 0 < value <= 1
    )
