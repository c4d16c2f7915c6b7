"""What a rollout does next.  Pure: the same rows, the same evidence and the same time give the same decisions."""

from fleet.rollouts.scene import State, Step


def next_step(state: State, now_ms: int) -> Step:
    """Return what is decided now, each with its reason, and the rows after it; `state` stays as it is."""
    return Step([], state)
