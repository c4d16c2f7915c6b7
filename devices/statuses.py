"""A status beside the one before it, and beside what was measured.  Pure; all times are ms of the device's boot."""

from typing import Final

from devices.wire.messages import Status, Telemetry

FLOWS_MA: Final = 0.5  # less is what a measurement reads when nothing flows
GRACE_MS: Final = 200
"""docs/wire.md: a sample taken later than this after a word of "off", with current in it, refutes that word."""
QUIET_MS: Final = 2_000
"""A device whose status was wrong before is believed again when so long no current was seen, in its own time: while a
session is open it sends samples once a second."""

_WATCHED = (
    "state",
    "output",
    "session",
    "held",
    "locked",
    "conditions",
    "protocol",
    "firmware",
    "model",
    "channels",
)


def changes_of(
    old: Status | None, new: Status, *, told_soc: float | None = None, told_temp_c: float | None = None
) -> tuple[str, ...]:
    """Return the names of what a status changed beyond its clocks.

    Battery counts by 1 % and temperature by 1 °C since they were last told, so that a slow drift is told too.
    """
    if old is None:
        return ("birth",)
    changed = [name for name in _WATCHED if getattr(old, name) != getattr(new, name)]
    if (old.boot, old.conn) != (new.boot, new.conn):
        changed.append("birth")
    soc = None if new.battery is None else new.battery.soc
    was_charging = old.battery is not None and old.battery.charging
    is_charging = new.battery is not None and new.battery.charging
    if was_charging != is_charging or _moved(told_soc, soc):
        changed.append("battery")
    if _moved(told_temp_c, new.temp_c):
        changed.append("temp_c")
    return tuple(changed)


def _moved(told: float | None, now: float | None) -> bool:
    """Whether a value came, went, or moved by 1."""
    if told is None or now is None:
        return (told is None) != (now is None)
    return abs(now - told) >= 1


def newest_current(message: Telemetry) -> int | None:
    """Return when the last of its samples with current in it was taken, ms since boot; None: none has any."""
    least_back = None
    for samples in message.ma:
        for back, ma in enumerate(reversed(samples)):
            if ma > FLOWS_MA:
                least_back = back if least_back is None else min(back, least_back)
                break
    return None if least_back is None else message.up_ms - least_back * message.every_ms


def is_refuted(status: Status, message: Telemetry) -> bool:
    """Whether a status says that no current can flow, and current was measured later all the same."""
    if status.output != "off":
        return False
    flowed = newest_current(message)
    return flowed is not None and (message.boot, flowed) > (status.boot, status.up_ms + GRACE_MS)


def is_credible(status: Status, newest: Telemetry | None) -> bool:
    """Whether a device is believed again that said "off" while current flowed.

    Between two contractions nothing flows, and the session goes on: so not while it measures in a session that its
    status does not know of.
    """
    if status.output != "off" or newest is None:
        return True
    if is_refuted(status, newest):
        return False
    if (newest.boot, newest.up_ms) < (status.boot, status.up_ms - QUIET_MS):
        return True
    return newest_current(newest) is None and newest.session == status.session
