"""Battery and temperature, whoever tells of them.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fleet.safety.conditions import Found, Slot
from fleet.safety.finders.look import NOTHING
from fleet.safety.words import Priority
from fleet.safety.yardstick import Yardstick

Mine = Mapping[int, Slot] | None
_CANNOT_SAY = (Found(0, None, {}),)


def _is_held(mine: Mine) -> bool:
    return mine is not None and 0 in mine and mine[0].is_true


def temperature(temp_c: float | None, yard: Yardstick, mine: Mine) -> Sequence[Found]:
    """Above the warning medium, above the limit high; what holds is held until it is a deadband cooler."""
    if temp_c is None:
        return _CANNOT_SAY if mine else NOTHING
    limits = yard.limits["over_temperature"]
    warn, limit = limits["warn_c"], limits["limit_c"]
    if mine is not None and _is_held(mine):
        warn -= limits["deadband_c"]
        limit -= limits["deadband_c"] if mine[0].priority is Priority.HIGH else 0
    if temp_c < warn:
        return NOTHING
    is_high = temp_c >= limit
    facts = {"temp_c": temp_c, "limit_c": limits["limit_c" if is_high else "warn_c"]}
    return [Found(0, Priority.HIGH if is_high else Priority.MEDIUM, facts, temp_c)]


def battery_low(soc: float | None, yard: Yardstick, mine: Mine, *, in_session: bool) -> Sequence[Found]:
    """Low; medium while somebody is being treated and it is lower still.  A charging battery is seen to."""
    if soc is None:
        return _CANNOT_SAY if mine else NOTHING
    limits = yard.limits["battery_low"]
    ease = limits["deadband_percent"] if _is_held(mine) else 0
    if soc >= limits["idle_percent"] + ease or yard.charging:
        return NOTHING
    was_medium = mine is not None and _is_held(mine) and mine[0].priority is Priority.MEDIUM
    bound = limits["session_percent"] + (ease if was_medium else 0)
    return [Found(0, Priority.MEDIUM if in_session and soc < bound else Priority.LOW, {"soc": soc})]


def battery_dying(soc: float | None, mv: int | None, yard: Yardstick, mine: Mine) -> Sequence[Found]:
    """Nearly empty, or a voltage that sags whatever the percentage says."""
    if soc is None and mv is None:
        return _CANNOT_SAY if mine else NOTHING
    if yard.charging:
        return NOTHING
    limits = yard.limits["battery_dying"]
    ease = limits["deadband_percent"] if _is_held(mine) else 0
    is_empty = soc is not None and soc < limits["dying_percent"] + ease
    sags = mv is not None and mv < limits["dying_mv"] * (1 + ease / 100)
    if not (is_empty or sags):
        return NOTHING
    facts = {name: value for name, value in (("soc", soc), ("mv", mv)) if value is not None}
    return [Found(0, Priority.MEDIUM, facts)]
