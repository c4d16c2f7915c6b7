"""What the rules find in a full status: what holds now, whatever event was lost.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from devices.wire.messages import Status
from fleet.safety.conditions import Found
from fleet.safety.finders.look import NOTHING
from fleet.safety.finders.power import Mine, battery_dying, battery_low, temperature
from fleet.safety.words import Priority
from fleet.safety.yardstick import Yardstick

URGENT_FAULTS: Final = frozenset({"hv", "stim"})  # the stages that make the current
_OWN: Final = frozenset(
    {"estop", "overtemp", "watchdog", "fault", "electrode_off", "low_current", "low_battery"}
)


class Said(NamedTuple):
    """A status, with its clock's error."""

    status: Status
    skew_ms: int


Finder = Callable[[Said, Yardstick, Mine], Sequence[Found]]


def estop(said: Said, _yard: Yardstick, _mine: Mine) -> Sequence[Found]:
    """The emergency stop is latched at the device."""
    names = said.status.conditions
    return [Found(0, Priority.HIGH, {})] if "estop" in names or "fault:estop" in names else NOTHING


def current_while_off(said: Said, _yard: Yardstick, _mine: Mine) -> Sequence[Found]:
    """The output is on in a state in which it is to be off; an output that ramps down is on its way there."""
    status = said.status
    if status.output == "off" or status.state == "running":
        return NOTHING
    if status.output == "ramping" and status.state in ("paused", "fault"):
        return NOTHING
    return [Found(0, Priority.HIGH, {"state": status.state})]


def watchdog(said: Said, _yard: Yardstick, _mine: Mine) -> Sequence[Found]:
    """The device still says that its watchdog stopped it."""
    return [Found(0, Priority.HIGH, {})] if "watchdog" in said.status.conditions else NOTHING


def fault(said: Said, _yard: Yardstick, _mine: Mine) -> Sequence[Found]:
    """A fault by class; a condition that no rule knows; or a state of fault that nothing explains."""
    status = said.status
    if not status.conditions and status.state != "fault":
        return NOTHING
    classes = [_class_of(name) for name in status.conditions if _is_fault(name)]
    if not classes and status.state == "fault" and not _explains(status.conditions):
        classes = ["other"]
    return found_fault(classes)


def found_fault(classes: Sequence[str], **more: Any) -> Sequence[Found]:
    """Return what faults of these classes come to: one alert, as urgent as the worst of them."""
    if not classes:
        return NOTHING
    priority = Priority.HIGH if URGENT_FAULTS & set(classes) else Priority.MEDIUM
    facts = {"classes": sorted(set(classes))} | {
        name: value for name, value in more.items() if value is not None
    }
    return [Found(0, priority, facts, len(set(classes)))]


def _is_fault(name: str) -> bool:
    kind = name.partition(":")[0]
    return (kind == "fault" and name != "fault:estop") or kind not in _OWN


def _class_of(name: str) -> str:
    kind, _, what = name.partition(":")
    return (what or "other")[:32] if kind == "fault" else name[:32].replace("_", " ")


def _explains(names: Sequence[str]) -> bool:
    return bool({"estop", "fault:estop", "overtemp", "watchdog"} & set(names))


def electrode_off(said: Said, _yard: Yardstick, _mine: Mine) -> Sequence[Found]:
    """Pads that the device says are off, in session."""
    return _by_channel(said.status, "electrode_off")


def low_current(said: Said, _yard: Yardstick, _mine: Mine) -> Sequence[Found]:
    """Channels that the device says give too little, in session."""
    return _by_channel(said.status, "low_current")


def _by_channel(status: Status, kind: str) -> Sequence[Found]:
    if not status.conditions or status.session is None:
        return NOTHING
    found = []
    for name in status.conditions:
        own, _, channel = name.partition(":")
        if own == kind:
            n = int(channel) if channel.isdecimal() and len(channel) <= 2 else 0
            found.append(Found(n if n <= 16 else 0, Priority.MEDIUM, {}))
    return found


def over_temperature(said: Said, yard: Yardstick, mine: Mine) -> Sequence[Found]:
    """The device says that it is too hot, or measures it."""
    status = said.status
    if "overtemp" in status.conditions:
        return [Found(0, Priority.HIGH, {} if status.temp_c is None else {"temp_c": status.temp_c})]
    return temperature(status.temp_c, yard, mine)


def low(said: Said, yard: Yardstick, mine: Mine) -> Sequence[Found]:
    """The battery; `low_battery` is the device's own word for it."""
    status = said.status
    found = battery_low(
        None if status.battery is None else status.battery.soc,
        yard,
        mine,
        in_session=status.session is not None,
    )
    if "low_battery" in status.conditions and not yard.charging and (not found or found[0].priority is None):
        facts = {"is_reported": True} | ({} if status.battery is None else {"soc": status.battery.soc})
        return [Found(0, Priority.MEDIUM if status.session is not None else Priority.LOW, facts)]
    return found


def dying(said: Said, yard: Yardstick, mine: Mine) -> Sequence[Found]:
    """The battery is nearly empty, or its voltage sags."""
    battery = said.status.battery
    if battery is None:
        return battery_dying(None, None, yard, mine)
    return battery_dying(battery.soc, battery.mv, yard, mine)


def protocol_unknown(said: Said, yard: Yardstick, _mine: Mine) -> Sequence[Found]:
    """The protocol on the device is not kept here, not approved, or withdrawn; a device without one is no finding."""
    protocol = said.status.protocol
    if protocol is None or yard.knowledge.is_approved:
        return NOTHING
    facts = {
        "protocol": protocol.id,
        "version": protocol.version,
        "is_known": yard.knowledge.document is not None,
    }
    if yard.knowledge.is_withdrawn:
        facts["is_withdrawn"] = True
    if yard.knowledge.is_other:
        facts["is_other"] = True
    return [Found(0, Priority.MEDIUM if said.status.session is not None else Priority.LOW, facts)]


def clock_skew(said: Said, yard: Yardstick, mine: Mine) -> Sequence[Found]:
    """The device's own clock is far off; it is told, not obeyed."""
    limits = yard.limits["clock_skew"]
    bound_s = limits["limit_s"] - (limits["deadband_s"] if mine and 0 in mine and mine[0].is_true else 0)
    if abs(said.skew_ms) <= bound_s * 1000:
        return NOTHING
    return [Found(0, Priority.LOW, {"skew_s": round(said.skew_ms / 1000)})]


FINDERS: Final[dict[str, Finder]] = {
    "current_while_off": current_while_off,
    "estop": estop,
    "watchdog": watchdog,
    "fault": fault,
    "electrode_off": electrode_off,
    "low_current": low_current,
    "over_temperature": over_temperature,
    "battery_low": low,
    "battery_dying": dying,
    "protocol_unknown": protocol_unknown,
    "clock_skew": clock_skew,
}
