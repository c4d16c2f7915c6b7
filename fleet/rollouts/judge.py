"""Whether a wave is good: its thresholds over its evaluated targets.  Pure.

Evaluated are verified, already current, failed, rejected and timed out; everybody else is in neither share.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleet.rollouts.plan import Plan
from fleet.rollouts.states import EVALUATED, SUCCEEDED, WENT_WRONG, TargetState


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a wave stops the rollout: the threshold by name, and the numbers."""

    reason: str
    facts: Mapping[str, Any]


@dataclass(slots=True)
class Tally:
    """How the targets of one wave stand."""

    number: int
    states: Counter[TargetState]
    waiting: int = 0  # reachable and not settled: the wave waits for these
    unreachable: int = 0  # planned, or held, and not to be reached now

    @property
    def targets(self) -> int:
        return self.states.total()

    def of(self, states: frozenset[TargetState]) -> int:
        return sum(self.states[one] for one in states)

    def facts(self) -> dict[str, Any]:
        """Return the numbers that a sentence is made of."""
        return {
            "wave": self.number,
            "succeeded": self.of(SUCCEEDED),
            "failed": self.states[TargetState.FAILED],
            "rejected": self.states[TargetState.REJECTED],
            "timed_out": self.states[TargetState.TIMED_OUT],
            "evaluated": self.of(EVALUATED),
            "unreachable": self.unreachable,
        }


def beyond(tally: Tally, plan: Plan) -> Verdict | None:
    """Return the failure threshold that the wave has reached, at any time; None: neither."""
    wrong, evaluated = tally.of(WENT_WRONG), tally.of(EVALUATED)
    if plan.failure_count is not None and wrong >= plan.failure_count:
        return Verdict("failure_count", tally.facts() | {"limit": plan.failure_count})
    enough = evaluated >= max(1, plan.min_evaluated)
    if plan.failure_threshold is not None and enough and wrong / evaluated >= plan.failure_threshold:
        return Verdict("failure_share", tally.facts() | {"limit": plan.failure_threshold})
    return None


def fallen_short(tally: Tally, plan: Plan) -> Verdict | None:
    """Return why a wave that is over is not good; None: it is."""
    evaluated = tally.of(EVALUATED)
    if evaluated < max(1, plan.min_evaluated):
        return Verdict("too_few", tally.facts() | {"limit": max(1, plan.min_evaluated)})
    if tally.of(SUCCEEDED) / evaluated < plan.success_threshold:
        return Verdict("success_share", tally.facts() | {"limit": plan.success_threshold})
    return None


THRESHOLDS = frozenset({"failure_count", "failure_share", "success_share", "too_few"})
"""Reasons for which a rollout stops itself by its numbers."""
