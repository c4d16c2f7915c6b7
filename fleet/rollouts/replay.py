"""The rows of a rollout, made again from its decisions.  Pure."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

from fleet.rollouts.deeds import fold
from fleet.rollouts.scene import Action, Kind, State, Target
from fleet.rollouts.states import RolloutState


def pristine(state: State, decided: Iterable[Action]) -> State:
    """Return the rollout as it was when it was approved: who was to have it, and nothing done yet.

    Args:
        decided: Everything that was decided: who joined later was not there.
    """
    joined = {one.target for one in decided if one.kind is Kind.JOINED}
    return replace(
        state,
        state=RolloutState.APPROVED,
        targets={serial: _new(row, state) for serial, row in state.targets.items() if serial not in joined},
        waves=(),
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


def _new(row: Target, state: State) -> Target:
    return Target(row.serial, row.wave, row.place, state.sha256, row.joined_ms, row.zone)
