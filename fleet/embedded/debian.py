"""Debian's Mosquitto, unpacked below `.tools/` without root, where the machine has none."""

from fleet.embedded import mosquitto
from fleet.embedded.mosquitto import Installation


def broker() -> Installation:
    """Return the machine's broker.

    Raises:
        RuntimeError: If there is none; the text says what to install.
    """
    found = mosquitto.find()
    if found is None:
        raise RuntimeError(
            "there is no Mosquitto on this machine: install it (Debian: apt-get install mosquitto)"
        )
    return Installation(found)
