"""What the rules find in one telemetry message: every sample of every channel is judged.  Pure.

Each finder gets the message, the device's yardstick, the look at it, and the rule's slots by channel where it has
found something before (None where it has not), and returns what it finds: nothing said of a channel means that it
does not hold there.  The highest sample stands for all of a message where a bound is on the sample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import Any, Final

from devices.statuses import FLOWS_MA, is_refuted
from devices.wire.messages import Status, Telemetry
from devices.wire.words import Contact, Phase
from fleet.safety.conditions import Found, Slot
from fleet.safety.finders.look import NOTHING, Look
from fleet.safety.finders.power import battery_dying, battery_low, temperature
from fleet.safety.words import Priority
from fleet.safety.yardstick import LEAST_CONTACT, Bounds, Yardstick

Mine = Mapping[int, Slot] | None
Finder = Callable[[Telemetry, Yardstick, Look, Mine], Sequence[Found]]

MEASURABLE_MA: Final = 15.0  # below, a stimulator cannot tell a load from none
_ON: Final = Phase.ON
_UNKNOWN, _OFF, _LOW, _ELECTRODE, _TIMEOUT = (
    Contact.UNKNOWN,
    Contact.OFF,
    Contact.LOW_CURRENT,
    Contact.ELECTRODE,
    Contact.TIMEOUT,
)


def over_current(message: Telemetry, yard: Yardstick, look: Look, _mine: Mine) -> Sequence[Found]:
    """More than was set, or than the device or the protocol allows."""
    found: list[Found] | None = None
    ratio, floor = yard.excess, yard.excess_floor_ma
    bounds = yard.bounds(message.step)
    for peak, set_ma, most in zip(look.peaks, look.set_ma, bounds.most_ma, strict=False):
        if peak > most or (peak > set_ma * ratio and peak > set_ma + floor):
            found = found if found is not None else _over_current(message, yard, look, bounds)
    return NOTHING if found is None else found


def current_while_off(message: Telemetry, status: Status, look: Look) -> Sequence[Found]:
    """Current, though the newest status says that none can flow."""
    if look.peak <= FLOWS_MA or not is_refuted(status, message):
        return NOTHING
    return [Found(0, Priority.HIGH, {"ma": look.peak, "state": status.state}, look.peak)]


def _over_current(message: Telemetry, yard: Yardstick, look: Look, bounds: Bounds) -> list[Found]:
    before = look.before
    if before is not None and before.step != message.step:
        earlier = yard.bounds(before.step)  # a step with a lower maximum began within this message
        most_ma = tuple(map(max, bounds.most_ma, earlier.most_ma))
        max_ma = tuple(map(max, bounds.max_ma, earlier.max_ma))
    else:
        most_ma, max_ma = bounds.most_ma, bounds.max_ma
    found = []
    for n, (peak, set_ma) in enumerate(zip(look.peaks, look.set_ma, strict=False)):
        facts: dict[str, Any] = {"ma": peak, "set_ma": set_ma}
        if peak > most_ma[n]:
            is_protocols = max_ma[n] < yard.device_max_ma
            facts |= {
                "max_ma": max_ma[n] if is_protocols else yard.device_max_ma,
                "max_of": "protocol" if is_protocols else "device",
            }
        elif not (peak > set_ma * yard.excess and peak > set_ma + yard.excess_floor_ma):
            continue
        found.append(Found(n + 1, Priority.HIGH, facts, peak))
    return found


def current_density(message: Telemetry, yard: Yardstick, look: Look, mine: Mine) -> Sequence[Found]:
    """R.m.s. current through the part of the pad that touches, as far as its impedance tells.

    I_rms = I x sqrt(duty); J = I_rms / (area x share in contact).  Nothing is said without a pad's area.
    """
    rms = yard.bounds(message.step).rms_per_ma
    least = yard.density_warn * LEAST_CONTACT  # at the smallest contact that is assumed
    if rms is None:
        return _measured_density(message, yard, look, mine)
    if mine is None:
        for peak, area in zip(look.peaks, yard.area_cm2, strict=False):
            if area is not None and peak * rms >= least * area:
                break
        else:
            return NOTHING
    return [
        found
        for n, (peak, area) in enumerate(zip(look.peaks, yard.area_cm2, strict=False))
        if (found := _density(message, yard, n, peak * rms, area, mine)) is not None
    ]


def _measured_density(message: Telemetry, yard: Yardstick, look: Look, mine: Mine) -> Sequence[Found]:
    """Without a known pulse, the charge that flowed since the last message tells the duty.

    The leading phase carries dQ/dt = I x duty / 2 of a balanced pulse, so duty = 2 dQ/dt / I.
    """
    before = look.before
    if before is None:
        return [Found(channel, None, {}) for channel in mine] if mine else NOTHING
    if mine is None and not yard.knows_area:
        return NOTHING
    found = []
    took_s = (message.up_ms - before.up_ms) / 1000
    for n, (peak, area) in enumerate(zip(look.peaks, yard.area_cm2, strict=False)):
        lead_ma = (message.charge_uc[n] - before.charge_uc[n]) / took_s / 1000
        mean = sum(message.ma[n]) / len(message.ma[n])
        if mean <= 1 or lead_ma < 0:
            continue
        one = _density(message, yard, n, peak * sqrt(min(1.0, 2 * lead_ma / mean)), area, mine)
        if one is not None:
            found.append(one)
    return found


def _density(
    message: Telemetry, yard: Yardstick, n: int, rms_ma: float, area: float | None, mine: Mine
) -> Found | None:
    """Judge one channel (from 0); one that was found before is held until it is below its deadband.

    Where contact is unknown or was not measured, the whole pad is taken to touch, which raises what is too much
    even so, and clears or eases nothing.
    """
    slot = None if mine is None else mine.get(n + 1)
    if area is None:
        return None if slot is None else Found(n + 1, None, {})
    ohm = None if message.contact[n] is _UNKNOWN else message.ohm[n]
    share = contact_share(ohm, area)
    density = rms_ma / (area * share)
    limits = yard.limits["current_density"]
    warn, limit = limits["warn_ma_per_cm2"], limits["limit_ma_per_cm2"]
    ease = 1 - limits["deadband_percent"] / 100
    if slot is not None and slot.is_true:
        warn *= ease
        limit *= ease if slot.priority is Priority.HIGH else 1
    if slot is not None and not ohm and density < (limit if slot.priority is Priority.HIGH else warn):
        # How much touches is not known now: it is better only if it were so even at the least.
        return Found(n + 1, None, {}) if rms_ma >= warn * area * LEAST_CONTACT else None
    if density < warn:
        return None
    is_high = density >= limit
    facts = {
        "ma_per_cm2": round(density, 2),
        "limit_ma_per_cm2": limits["limit_ma_per_cm2" if is_high else "warn_ma_per_cm2"],
        "contact_percent": round(share * 100),
    }
    return Found(n + 1, Priority.HIGH if is_high else Priority.MEDIUM, facts, density)


def contact_share(ohm: float | None, area_cm2: float) -> float:
    """Return what share of a pad is likely to touch, 0.2…1: a good pair of its size against what is measured.

    A good pair: 886 µS at 20 cm² and 1,286 µS at 60 cm², measured on the quadriceps; linear between.
    """
    if not ohm:
        return 1.0
    good_ohm = 1e6 / (686 + 10 * area_cm2)
    return min(1.0, max(LEAST_CONTACT, good_ohm / ohm))


def charge_per_phase(message: Telemetry, yard: Yardstick, look: Look, mine: Mine) -> Sequence[Found]:
    """What one phase carries, by the protocol's pulse; and by the totals that the device counts."""
    bounds, before = yard.bounds(message.step), look.before
    if mine is None and look.peak <= bounds.charge_ma:
        if before is None:
            return NOTHING
        limit = yard.charge_uc
        for charge, was, pulses, had in zip(
            message.charge_uc, before.charge_uc, message.pulses, before.pulses, strict=False
        ):
            if charge - was > limit * (pulses - had) > 0:
                break
        else:
            return NOTHING
    return [
        found
        for n in range(len(look.peaks))
        if (found := _charge(message, yard, look, bounds, n, mine)) is not None
    ]


def _charge(
    message: Telemetry, yard: Yardstick, look: Look, bounds: Bounds, n: int, mine: Mine
) -> Found | None:
    limits, before = yard.limits["charge_per_phase"], look.before
    charge_uc = look.peaks[n] * bounds.phase_us / 1000 if bounds.phase_us else 0.0
    if before is not None and message.pulses[n] > before.pulses[n]:
        pulses = message.pulses[n] - before.pulses[n]
        charge_uc = max(charge_uc, (message.charge_uc[n] - before.charge_uc[n]) / pulses)
    slot = None if mine is None else mine.get(n + 1)
    held = slot is not None and slot.is_true
    if bounds.phase_us is None and before is None:
        return Found(n + 1, None, {}) if held else None
    bound = limits["limit_uc"] * (1 - limits["deadband_percent"] / 100 if held else 1)
    if charge_uc <= bound:
        return None
    facts = {"uc": round(charge_uc, 1), "limit_uc": limits["limit_uc"], "ma": look.peaks[n]}
    return Found(n + 1, Priority.MEDIUM, facts, charge_uc)


def electrode_off(message: Telemetry, yard: Yardstick, look: Look, mine: Mine) -> Sequence[Found]:
    """The device says that a pad is off, or measures a pair that can be no pad on skin."""
    contacts = message.contact
    limit_ohm = yard.limit_ohm
    if mine is None and _is_well(message, look, limit_ohm):
        return NOTHING
    found = []
    for n, (contact, ohm) in enumerate(zip(contacts, message.ohm, strict=False)):
        slot = None if mine is None else mine.get(n + 1)
        if contact is _UNKNOWN or contact is _TIMEOUT:
            if slot is not None:
                found.append(Found(n + 1, None, {}))
            continue
        limit = limit_ohm
        if slot is not None and slot.is_true:
            limit *= 1 - yard.limits["electrode_off"]["deadband_percent"] / 100
        if contact is _ELECTRODE or (contact is not _OFF and ohm is not None and ohm > limit):
            found.append(_pad_off(message, yard, n, ohm))
        elif slot is not None and ohm is None and contact is not _OFF and "by_ohm" in slot.facts:
            found.append(Found(n + 1, None, {}))  # the device never said so, and does not measure now
    return found


def _is_well(message: Telemetry, look: Look, limit_ohm: float) -> bool:
    """Whether nothing speaks of a pad that is off; asked of every message, so the usual one is answered at once."""
    for ohm in message.ohm:
        if ohm is not None and ohm > limit_ohm:
            return False
    return look.is_touching or _ELECTRODE not in message.contact


def _pad_off(message: Telemetry, yard: Yardstick, n: int, ohm: float | None) -> Found:
    """Current that flows in the very moment in which the pad is said to be off makes it urgent."""
    now_ma = message.ma[n][-1]
    is_live = now_ma >= yard.limits["electrode_off"]["live_ma"]
    facts: dict[str, Any] = {"ma": now_ma if is_live else message.set_ma[n]}
    if ohm is not None:
        facts["ohm"] = ohm
    if message.contact[n] is not _ELECTRODE:
        facts["by_ohm"] = True
    return Found(n + 1, Priority.HIGH if is_live else Priority.MEDIUM, facts, now_ma if is_live else 0.0)


def low_current(message: Telemetry, yard: Yardstick, look: Look, mine: Mine) -> Sequence[Found]:
    """The device says so; or a whole message within a contraction fell short of what was set."""
    before = look.before
    is_on = message.phase is _ON and before is not None and before.phase is _ON
    if mine is None and (look.is_touching or _LOW not in message.contact):
        if not is_on:
            return NOTHING
        shortfall = yard.shortfall
        for peak, set_ma in zip(look.peaks, message.set_ma, strict=False):
            if peak < set_ma * shortfall:
                break  # if it is also meant to be enough to measure, and in contact
        else:
            return NOTHING
    found = []
    rows = zip(message.contact, look.peaks, message.set_ma, strict=False)
    for n, (contact, peak, set_ma) in enumerate(rows):
        is_short = (
            is_on and contact is Contact.OK and set_ma >= MEASURABLE_MA and peak < set_ma * yard.shortfall
        )
        if contact is _LOW or is_short:
            facts = {"ma": peak, "set_ma": set_ma}
            if message.ohm[n] is not None:
                facts["ohm"] = message.ohm[n] or 0.0
            found.append(Found(n + 1, Priority.MEDIUM, facts))
        elif (
            mine is not None
            and n + 1 in mine
            and not _says_enough(contact, message.phase, peak, set_ma, yard)
        ):
            found.append(Found(n + 1, None, {}))
    return found


def _says_enough(contact: Contact, phase: Phase, peak: float, set_ma: float, yard: Yardstick) -> bool:
    """Whether a channel was asked for current and gave it; the first second of a contraction may hold its ramp."""
    if contact is not Contact.OK:
        return contact is _OFF
    return phase is Phase.ON and set_ma >= MEASURABLE_MA and peak >= set_ma * yard.shortfall


def overrun(message: Telemetry, yard: Yardstick, planned_ms: int | None) -> Sequence[Found]:
    """The session runs past its planned end; the plan is the device's own, or the protocol's longest session."""
    planned = planned_ms or yard.max_session_ms
    if planned is None:
        return NOTHING
    over_ms = message.elapsed_ms - planned
    if over_ms <= yard.grace_ms:
        return NOTHING
    facts: dict[str, Any] = {"over_s": over_ms // 1000, "planned_s": planned // 1000}
    if not planned_ms:
        facts["planned_by"] = "protocol"
    return [Found(0, Priority.MEDIUM, facts, over_ms)]


def over_temperature(message: Telemetry, yard: Yardstick, _look: Look, mine: Mine) -> Sequence[Found]:
    """The device measures that it is too hot."""
    temp_c = message.temp_c
    if temp_c is not None and temp_c < yard.warn_c and mine is None:
        return NOTHING
    return temperature(temp_c, yard, mine)


def low(message: Telemetry, yard: Yardstick, _look: Look, mine: Mine) -> Sequence[Found]:
    """The battery, in session."""
    if mine is None and (message.soc is None or message.soc >= yard.low_percent):
        return NOTHING
    return battery_low(message.soc, yard, mine, in_session=True)


def dying(message: Telemetry, yard: Yardstick, _look: Look, mine: Mine) -> Sequence[Found]:
    """The battery is nearly empty, or its voltage sags."""
    soc, mv = message.soc, message.mv
    if mine is None and (soc is None or soc >= yard.dying_percent) and (mv is None or mv >= yard.dying_mv):
        return NOTHING
    return battery_dying(soc, mv, yard, mine)


FINDERS: Final[dict[str, Finder]] = {
    "over_current": over_current,
    "current_density": current_density,
    "charge_per_phase": charge_per_phase,
    "electrode_off": electrode_off,
    "low_current": low_current,
    "over_temperature": over_temperature,
    "battery_low": low,
    "battery_dying": dying,
}
"""By rule; `overrun` needs the plan, and is asked apart."""
