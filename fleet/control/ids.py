"""Which id a command has when one deed asks many devices.  Pure.

The same on every path: what was asked twice, through the house and past it, or by two clocks, is one command that a
device carries out once.
"""

from uuid import UUID, uuid5


def of_stop(stop_id: UUID, serial: str) -> UUID:
    """Return the id of the command to this device that is part of a stop of a room or site."""
    return uuid5(stop_id, serial)


def of_offer(rollout_id: UUID, serial: str, direction: str, attempt: int) -> UUID:
    """Return the id of a rollout's offer to this device: the `attempt`-th in this direction, over everything."""
    return uuid5(rollout_id, f"{serial} {direction} {attempt}")


def of_withdrawal(offer_id: UUID) -> UUID:
    """Return the id of the command that takes an offer back."""
    return uuid5(offer_id, "withdraw")
