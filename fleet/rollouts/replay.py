"""The rows of a rollout, made again from its decisions.  Pure."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

from fleet.rollouts.deeds import fold
from fleet.rollouts.scene import Action, Kind, State, Target, Wave
from fleet.rollouts.states import RolloutState


def pristine(state: State, decided: Iterable[Action]) -> State:
    """Return the rollout as it was when it was approved: who was to have it, and nothing done yet.

    Args:
        decided: Everything that was decided: who joined later was not there.
    """
    joined: dict[str | None, Action] = {}
    for one in decided:
        if one.kind is Kind.JOINED:
            joined.setdefault(one.target, one)
    known = (
        row for row in state.targets.values() if row.serial not in joined or "was" in joined[row.serial].facts
    )
    return replace(
        state,
        state=RolloutState.APPROVED,
        targets={row.serial: _new(row, state, joined.get(row.serial)) for row in known},
        waves=tuple(Wave(number) for number in range(1, len(state.plan.waves) + 1)),
        reason="",
        facts={},
        wave=0,
        started_ms=None,
        ended_ms=None,
        recent_ms=(),
    )


def replay(first: State, decided: Iterable[tuple[int, Action]]) -> State:
    """Return the rows after these decisions, each with its time (Unix ms), in the order in which they were taken."""
    state = first
    for at_ms, taken in groupby(decided, key=itemgetter(0)):
        state = fold(state, [action for _at_ms, action in taken], at_ms)
    return state


def _new(row: Target, state: State, joined: Action | None) -> Target:
    """The target as it was planned; of one that left and came back, where it stood at first."""
    at_first = joined.facts["was"] if joined is not None else {"wave": row.wave, "place": row.place}
    return Target(row.serial, at_first["wave"], at_first["place"], state.sha256, row.joined_ms, row.zone)
