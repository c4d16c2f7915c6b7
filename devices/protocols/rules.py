"""Physics and policy, rule by rule; what is not known yet is not judged.  Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from devices.plan import MAX_SEGMENTS
from devices.protocols.finding import Finding
from devices.protocols.physics import CARRIED, PHASES, Figures, figures, rms_limit_name
from devices.protocols.policy import LIMITS, WHOLE_BODY, WHOLE_BODY_CHANNELS, Policy
from devices.protocols.reading import cycle_s, length_s, number, numbers, steps_of

_MUSCLE: Final = "work"
Document = Mapping[str, Any]


def of_steps(document: Document) -> Iterator[Finding]:
    """Yield what is wrong with the steps as a course in time, and with their currents among themselves."""
    for at, step in steps_of(document):
        path = f"steps.{at}"
        on_s, up_s, cycle = number(step, "on_s"), number(step, "ramp_up_s"), cycle_s(step)
        if cycle == 0:
            yield Finding(f"{path}.on_s", "error", "no_length")
        elif on_s == 0 and step.get("kind") == _MUSCLE:
            yield Finding(f"{path}.on_s", "error", "no_on")
        if up_s == 0 and on_s:
            yield Finding(f"{path}.ramp_up_s", "warning", "no_ramp")
        if number(step, "off_s") == 0 and (number(step, "repeat") or 1) > 1 and on_s:
            yield Finding(f"{path}.off_s", "warning", "no_rest")
        yield from _targets(step, path)
    yield from _unused(document)
    yield from _too_many(document)


def _targets(step: Mapping[str, Any], path: str) -> Iterator[Finding]:
    pairs = zip(numbers(step, "target_ma"), numbers(step, "max_ma"), strict=False)
    for place, (target, most) in enumerate(pairs):
        if target is not None and most is not None and target > most:
            facts = {"target_ma": target, "max_ma": most}
            yield Finding(f"{path}.target_ma.{place}", "error", "target_above_max", facts)


def _unused(document: Document) -> Iterator[Finding]:
    used = document.get("channels_used")
    maxima = [numbers(step, "max_ma") for _at, step in steps_of(document)]
    for place, channel in enumerate(used if isinstance(used, list | tuple) else ()):
        told = [one[place] for one in maxima if place < len(one)]
        if told and len(told) == len(maxima) and all(one == 0 for one in told):
            yield Finding(f"channels_used.{place}", "warning", "no_current", {"channel": channel})


def _too_many(document: Document) -> Iterator[Finding]:
    count = 0.0
    for _at, step in steps_of(document):
        parts = [number(step, name) or 0 for name in ("ramp_up_s", "on_s", "ramp_down_s", "off_s")]
        count += (number(step, "repeat") or 0) * sum(round(1000 * one) > 0 for one in parts)
    if count > MAX_SEGMENTS:
        yield Finding("steps", "error", "too_many_phases", {"seen": int(count), "limit": MAX_SEGMENTS})


def of_pulses(document: Document, policy: Policy) -> Iterator[Finding]:
    """Yield what is wrong with the pulses of each step and channel: charge, heat, net charge, fit."""
    waveform = document.get("waveform")
    if not isinstance(waveform, str):
        return
    if waveform in CARRIED:
        yield Finding("waveform", "warning", "carrier_unknown", {"waveform": waveform})
    elif waveform == "asymmetric_biphasic":
        yield Finding("waveform", "warning", "balance_unknown")
    elif waveform == "monophasic":
        yield Finding("waveform", "warning", "net_charge")
    for at, step in steps_of(document):
        hz, us = number(step, "frequency_hz"), number(step, "phase_us")
        if not hz or not us:
            continue
        path = f"steps.{at}"
        yield from _fit(step, path, waveform, hz, us)
        if us > policy["phase_us"]:
            yield _over(f"{path}.phase_us", "phase_us", us, policy)
        for place, ma in enumerate(numbers(step, "max_ma")):
            if ma is not None:
                where = f"{path}.max_ma.{place}"
                seen = figures(waveform=waveform, frequency_hz=hz, phase_us=us, ma=ma, pad_cm2=policy.pad_cm2)
                yield from _over_limits(where, ma, us, seen, rms_limit_name(waveform, hz), policy)


def _fit(step: Mapping[str, Any], path: str, waveform: str, hz: float, us: float) -> Iterator[Finding]:
    """Phases and the gap between them have to fit between the beginnings of two pulses."""
    phases = PHASES.get(waveform, 1)
    gap_us = number(step, "interphase_us") or 0.0
    needed_us = phases * us + (gap_us if phases > 1 else 0.0)
    if needed_us * hz > 1e6:
        facts = {"phases": phases, "phase_us": us, "interphase_us": gap_us, "frequency_hz": hz}
        yield Finding(f"{path}.phase_us", "error", "phases_overlap", {**facts, "period_us": 1e6 / hz})


def _over_limits(
    path: str, ma: float, us: float, seen: Figures, rms_name: str, policy: Policy
) -> Iterator[Finding]:
    values: dict[str, float | None] = {
        "peak_ma": ma,
        "charge_uc": seen.charge_uc,
        rms_name: seen.rms_ma,
        "mean_ma": seen.mean_ma,
        "power_w_per_cm2": seen.power_w_per_cm2,
        "energy_mj": seen.energy_mj,
        "galvanic_ma_per_cm2": None if seen.net_ma is None else seen.net_ma / policy.pad_cm2,
    }
    for name, value in values.items():
        if value is not None and value > policy[name]:
            yield _over(path, name, value, policy)
    envelope_uc = policy["fda_charge_uc"] + 28 * us / 1000
    if envelope_uc < seen.charge_uc <= policy["charge_uc"]:
        facts = {"seen": seen.charge_uc, "limit": envelope_uc, "phase_us": us}
        yield Finding(path, "warning", "fda_charge_uc", facts)
    if seen.density_ma_per_cm2 is not None:
        yield from density(path, seen.density_ma_per_cm2, policy.pad_cm2, policy)


def density(path: str, seen: float, pad_cm2: float, policy: Policy) -> Iterator[Finding]:
    """Yield the error above the limit, else the warning above its beginning."""
    for name in ("density_ma_per_cm2", "density_warn_ma_per_cm2"):
        if seen > policy[name]:
            facts = {"seen": seen, "limit": policy[name], "pad_cm2": pad_cm2}
            yield Finding(path, LIMITS[name].severity, name, facts)
            return


def of_sessions(document: Document, policy: Policy) -> Iterator[Finding]:
    """Yield what is wrong with length and frequency of sessions."""
    limits = document.get("limits")
    if not isinstance(limits, Mapping):
        return
    session_s, per_day, rest_h = (
        number(limits, name) for name in ("max_session_s", "max_sessions_per_day", "min_rest_h")
    )
    planned_s = length_s(document)
    if session_s is not None:
        path = "limits.max_session_s"
        for name in ("session_s", "long_session_s"):
            if session_s > policy[name]:
                yield _over(path, name, session_s, policy)
                break
        if planned_s is not None and planned_s > session_s:
            lengths = {"planned_s": planned_s, "max_session_s": session_s}
            yield Finding(path, "warning", "cut_short", lengths)
    if per_day is not None and per_day > policy["sessions_per_day"]:
        yield _over("limits.max_sessions_per_day", "sessions_per_day", per_day, policy)
    if per_day is not None and rest_h is not None and per_day > 1 and per_day * rest_h > 24:
        facts: dict[str, float] = {"max_sessions_per_day": per_day, "min_rest_h": rest_h}
        yield Finding("limits.min_rest_h", "warning", "rest_contradicts", facts)
    yield from _whole_body(document, session_s, per_day, rest_h, policy)


def _whole_body(
    document: Document, session_s: float | None, per_day: float | None, rest_h: float | None, policy: Policy
) -> Iterator[Finding]:
    """Whole-body EMS can break down muscle: errors where it is named so, warnings where it only looks like it."""
    used = document.get("channels_used")
    named = document.get("indication") == WHOLE_BODY
    if not named and len(used if isinstance(used, list | tuple) else ()) < WHOLE_BODY_CHANNELS:
        return
    over = []
    if session_s is not None and session_s > policy["wb_session_s"]:
        over.append(_over("limits.max_session_s", "wb_session_s", session_s, policy))
    elif session_s is not None and session_s > policy["wb_novice_s"]:
        over.append(_over("limits.max_session_s", "wb_novice_s", session_s, policy))
    if per_day is not None and per_day > policy["wb_sessions_per_day"]:
        over.append(_over("limits.max_sessions_per_day", "wb_sessions_per_day", per_day, policy))
    if rest_h is not None and rest_h < policy["wb_rest_h"]:
        over.append(_over("limits.min_rest_h", "wb_rest_h", rest_h, policy))
    for one in over:
        yield one if named else Finding(one.path, "warning", one.code, one.facts)


def _over(path: str, name: str, seen: float, policy: Policy) -> Finding:
    return Finding(path, LIMITS[name].severity, name, {"seen": seen, "limit": policy[name]})
