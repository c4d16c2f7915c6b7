"""How a rollout is to go on: waves, thresholds, pace, windows.  Pure; read strictly, so that nothing runs on a guess.

Thresholds are shares in (0, 1].  A plan that lacks one, or has one that is no number, is no plan: `read` raises, and
`faults` of a plan that was put together otherwise says the same, so that the step function never runs on it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Any, Final

LONGEST_DEADLINE_S: Final = 3_600  # an offer lives for an hour on the wire
LONGEST_SOAK_S: Final = 14 * 86_400
MOST_A_MINUTE: Final = 100_000
MOST_RETRIES: Final = 10
MOST_WAVES: Final = 100
MOST_DEVICES: Final = 1_000_000  # of a number in a plan, not of a rollout
_YEARS: Final = range(2000, 2200)  # of a start; beyond them calendars and databases end
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


NONE: Final = Plan(
    waves=(),
    success_threshold=math.nan,
    failure_threshold=None,
    failure_count=None,
    min_evaluated=1,
    deadline_ms=LONGEST_DEADLINE_S * 1_000,
    soak_ms=0,
    pace_per_minute=1,
    retries=0,
    advance=Advance.MANUAL,
)
"""Of a rollout whose row holds no plan: nothing goes on by it, but it can be ended, and what is out asked back."""


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
    """Return what makes a plan unusable, however it was put together; nothing may run on one that has any."""
    checks = (
        _thresholds(plan.success_threshold, plan.failure_threshold, plan.failure_count),
        _number("failure_count", plan.failure_count, 1, MOST_DEVICES)
        if plan.failure_count is not None
        else None,
        _number("min_evaluated", plan.min_evaluated, 1, MOST_DEVICES),
        _number("deadline_s", plan.deadline_ms, 1, LONGEST_DEADLINE_S * 1_000),
        _number("soak_s", plan.soak_ms, 0, LONGEST_SOAK_S * 1_000),
        _number("pace_per_minute", plan.pace_per_minute, 1, MOST_A_MINUTE),
        _number("retries", plan.retries, 0, MOST_RETRIES),
        None if plan.waves else Fault("waves", "no_waves", {}),
    )
    return [one for one in checks if one is not None]


def read(given: Mapping[str, Any]) -> Plan:
    """Return the plan that is asked for, in the words of the API.

    `waves`, `success_threshold`, `deadline_s` and `pace_per_minute` have to be there, and one of `failure_threshold`
    and `failure_count`.  `start_at` is ISO 8601 with an offset.  Numbers are numbers: none is read out of a text.

    Raises:
        Unusable: With everything that is wrong.
    """
    reading = _Reading(given)
    plan = Plan(
        waves=reading.waves(),
        success_threshold=given.get("success_threshold", math.nan),  # both are looked at below
        failure_threshold=given.get("failure_threshold"),
        failure_count=reading.whole("failure_count", 1, MOST_DEVICES, None),
        min_evaluated=reading.whole("min_evaluated", 1, MOST_DEVICES, 1) or 1,
        deadline_ms=(reading.whole("deadline_s", 1, LONGEST_DEADLINE_S) or 0) * 1_000,
        soak_ms=(reading.whole("soak_s", 0, LONGEST_SOAK_S, 0) or 0) * 1_000,
        pace_per_minute=reading.whole("pace_per_minute", 1, MOST_A_MINUTE) or 0,
        retries=reading.whole("retries", 0, MOST_RETRIES, 0) or 0,
        advance=reading.advance(),
        start_ms=reading.start(),
        window=reading.window(),
    )
    threshold = _thresholds(plan.success_threshold, plan.failure_threshold, given.get("failure_count"))
    if threshold is not None:
        reading.found.append(threshold)
    if reading.found:
        raise Unusable(reading.found)
    return plan


def is_share(value: object) -> bool:
    """Whether this is a number in (0, 1]."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value) and 0 < value <= 1


_NEEDED: Final = object()


class _Reading:
    """Reads one value after the other, and keeps what is wrong."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given
        self.found: list[Fault] = []

    def fault(self, path: str, code: str, **facts: Any) -> None:
        self.found.append(Fault(path, code, facts))

    def whole(self, name: str, least: int, most: int, default: object = _NEEDED) -> int | None:
        value = self.given.get(name)
        if value is None and default is not _NEEDED:
            return default  # type: ignore[return-value]
        wrong = _number(name, value, least, most)
        if wrong is not None:
            self.found.append(wrong)
            return None
        return value

    def waves(self) -> tuple[Reach, ...]:
        value = self.given.get("waves")
        if not isinstance(value, Sequence) or isinstance(value, str) or not value:
            self.fault("waves", "no_waves")
            return ()
        if len(value) > MOST_WAVES:
            self.fault("waves", "too_many_waves", most=MOST_WAVES, seen=len(value))
            return ()
        return tuple(
            reach for number, one in enumerate(value) if (reach := self._reach(f"waves.{number}", one))
        )

    def _reach(self, path: str, one: object) -> Reach | None:
        if not isinstance(one, Mapping) or len(one) != 1:
            self.fault(path, "wave")
            return None
        ((name, value),) = one.items()
        if name == "count" and _number("", value, 1, MOST_DEVICES) is None:
            return Count(value)
        if name == "percent" and _is_number(value) and is_share(value / 100):
            return Percent(value)
        if name == "risk_class" and value in (*(risk.value for risk in Risk), "rest"):
            return OfClass(Risk("" if value == "rest" else value))
        known = name in ("count", "percent", "risk_class")
        self.fault(f"{path}.{name}" if known else path, f"wave_{name}" if known else "wave")
        return None

    def advance(self) -> Advance:
        value = self.given.get("advance", Advance.AUTOMATIC.value)
        if value not in tuple(Advance):
            self.fault("advance", "advance")
            return Advance.MANUAL
        return Advance(value)

    def start(self) -> int | None:
        value = self.given.get("start_at")
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            moment = None
        if moment is None or moment.tzinfo is None or moment.year not in _YEARS:
            self.fault("start_at", "moment")
            return None
        return round(moment.timestamp() * 1_000)

    def window(self) -> Window | None:
        value = self.given.get("window")
        if value is None:
            return None
        if not isinstance(value, Mapping) or value.keys() - {"days", "from", "to"}:
            self.fault("window", "window")
            return None
        since, until = self._time("from", value), self._time("to", value)
        days = value.get("days", DAYS)  # none named is no window, and never every day
        if not isinstance(days, list | tuple) or not days or any(one not in DAYS for one in days):
            self.fault("window.days", "days")
            return None
        if since is None or until is None:
            return None
        if since == until:
            self.fault("window.to", "empty_window")
            return None
        return Window(since, until, frozenset(DAYS.index(one) for one in days))

    def _time(self, name: str, window: Mapping[str, Any]) -> time | None:
        try:
            found = time.fromisoformat(window.get(name))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            found = None
        if found is None or found.tzinfo is not None:
            self.fault(f"window.{name}", "wall_clock")
            return None
        return found


def _thresholds(success: object, failure: object, count: object) -> Fault | None:
    if not is_share(success):
        return Fault("success_threshold", "share", {})
    if failure is not None and not is_share(failure):
        return Fault("failure_threshold", "share", {})
    return (
        Fault("failure_threshold", "no_failure_threshold", {}) if failure is None and count is None else None
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(path: str, value: object, least: int, most: int) -> Fault | None:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return None
    return Fault(path, "missing" if value is None else "number", {"least": least, "most": most})
