"""Which id a command has when one press asks many devices.  Pure.

The same on every path: what was asked twice, through the house and past it, is one command that a device carries
out once.
"""

from uuid import UUID, uuid5


def of_stop(stop_id: UUID, serial: str) -> UUID:
    """Return the id of the command to this device that is part of a stop of a room or site."""
    return uuid5(stop_id, serial)
