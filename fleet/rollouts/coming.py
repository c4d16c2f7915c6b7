"""What comes next in a rollout as its rows stand: one answer, for pages and API alike."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from devices.moments import to_ms
from fleet.rollouts import looking, plan, rows
from fleet.rollouts.foresight import Next, what_next
from fleet.rollouts.models import Rollout
from fleet.rollouts.states import RolloutState

_OVER: Final = frozenset({RolloutState.COMPLETED, RolloutState.ROLLED_BACK})


def coming(rollout: Rollout, now: datetime) -> Next:
    """Return what the rollout waits for; all its devices are read, unless it is over."""
    if rollout.state in _OVER:
        return Next("nothing")
    try:
        hears, _counts = looking.hearing(now)
        return what_next(replace(rows.load(rollout, now).state, hears=hears), to_ms(now))
    except plan.Unusable:  # nothing runs on it
        return Next("person" if rollout.state == RolloutState.PAUSED else "nothing")
