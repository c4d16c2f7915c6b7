"""Figures of rollouts for `/metrics`: how many stand where, and their devices."""

from dataclasses import dataclass
from typing import Final

from django.db.models import Count

from fleet.rollouts.models import Rollout, Target
from fleet.rollouts.states import RolloutState, TargetState

AT_WORK: Final = (
    RolloutState.SCHEDULED,
    RolloutState.RUNNING,
    RolloutState.PAUSED,
    RolloutState.ROLLING_BACK,
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What `/metrics` tells of rollouts.

    Attributes:
        rollouts: How many there are, by state; those that are at work also where it is none.
        targets: Devices of the rollouts at work, by state.
    """

    rollouts: dict[str, int]
    targets: dict[str, int]


def figures() -> Figures:
    rollouts = {state.value: 0 for state in AT_WORK}
    rollouts |= dict(Rollout.objects.order_by().values_list("state").annotate(Count("pk")))
    targets = {state.value: 0 for state in TargetState}
    of_them = Target.objects.filter(rollout__state__in=[state.value for state in AT_WORK])
    targets |= dict(of_them.order_by().values_list("state").annotate(Count("pk")))
    return Figures(rollouts, targets)
