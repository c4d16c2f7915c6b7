"""What a decision does to the rows.  Pure: the clock, people's verbs and the replay all go through here."""

from collections.abc import Iterable

from fleet.rollouts.scene import Action, Order, State


def apply(state: State, action: Action, at_ms: int) -> State:
    """Return the rows after one decision."""
    return fold(state, [action], at_ms)


def fold(state: State, actions: Iterable[Action], at_ms: int) -> State:
    """Return the rows after these decisions, all taken at this moment."""
    return state


def orders(actions: Iterable[Action], state: State) -> list[Order]:
    """Return the commands that these decisions ask for, in order; `state` is the one after them."""
    return []
