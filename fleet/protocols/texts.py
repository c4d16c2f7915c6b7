"""What protocols say to people: findings at a field, differences, and why something is not done now.

In the users' words: mA, µs of ONE phase, Hz, seconds; steps and channels are counted from 1.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.protocols import Change, Finding, Policy
from fleet.protocols.lifecycle import State
from fleet.protocols.models import Version

STATES: Final[dict[str, Promise]] = {
    State.DRAFT: gettext_lazy("Draft"),
    State.SUBMITTED: gettext_lazy("Waits for approval"),
    State.APPROVED: gettext_lazy("Approved"),
    State.REJECTED: gettext_lazy("Rejected"),
    State.WITHDRAWN: gettext_lazy("Withdrawn"),
}
FIELDS: Final[dict[str, Promise]] = {
    "id": gettext_lazy("Id"),
    "version": gettext_lazy("Version"),
    "title": gettext_lazy("Title"),
    "indication": gettext_lazy("Indication"),
    "channels_used": gettext_lazy("Channels in use"),
    "waveform": gettext_lazy("Waveform"),
    "steps": gettext_lazy("Steps"),
    "limits": gettext_lazy("Limits"),
    "name": gettext_lazy("Name"),
    "kind": gettext_lazy("Kind"),
    "repeat": gettext_lazy("Cycles"),
    "frequency_hz": gettext_lazy("Frequency"),
    "phase_us": gettext_lazy("Length of one phase"),
    "interphase_us": gettext_lazy("Gap between the phases"),
    "ramp_up_s": gettext_lazy("Ramp up"),
    "on_s": gettext_lazy("On"),
    "ramp_down_s": gettext_lazy("Ramp down"),
    "off_s": gettext_lazy("Off"),
    "target_ma": gettext_lazy("Target current"),
    "max_ma": gettext_lazy("Highest current"),
    "max_session_s": gettext_lazy("Longest session"),
    "max_sessions_per_day": gettext_lazy("Sessions a day"),
    "min_rest_h": gettext_lazy("Least rest between sessions"),
}
WAVEFORMS: Final[dict[str, Promise]] = {
    "symmetric_biphasic": gettext_lazy("symmetric biphasic"),
    "asymmetric_biphasic": gettext_lazy("asymmetric biphasic"),
    "monophasic": gettext_lazy("monophasic"),
    "burst_ac": gettext_lazy("burst-modulated alternating current"),
    "burst_biphasic": gettext_lazy("bursts of biphasic pulses"),
    "interferential": gettext_lazy("interferential"),
}
KINDS: Final[dict[str, Promise]] = {
    "warm_up": gettext_lazy("warm-up"),
    "work": gettext_lazy("work"),
    "active_rest": gettext_lazy("active rest"),
    "cool_down": gettext_lazy("cool-down"),
}
_UNITS: Final = {
    "frequency_hz": "Hz",
    "phase_us": "µs",
    "interphase_us": "µs",
    "ramp_up_s": "s",
    "on_s": "s",
    "ramp_down_s": "s",
    "off_s": "s",
    "target_ma": "mA",
    "max_ma": "mA",
    "max_session_s": "s",
    "min_rest_h": "h",
}
_EXPECTED: Final[dict[str, Promise]] = {
    "number": gettext_lazy("a number is expected"),
    "whole_number": gettext_lazy("a whole number is expected"),
    "text": gettext_lazy("text is expected"),
    "list": gettext_lazy("a list is expected"),
    "object": gettext_lazy("an object is expected"),
}
_OVER: Final[dict[str, Promise]] = {
    "peak_ma": gettext_lazy(
        "%(seen)s mA is more than the strongest stimulator that is known here gives (%(limit)s mA)."
    ),
    "charge_uc": gettext_lazy("%(seen)s µC in one phase; at most %(limit)s µC is allowed."),
    "fda_charge_uc": gettext_lazy(
        "%(seen)s µC in one phase is above FDA's envelope of limited output, %(limit)s µC at %(phase_us)s µs"
        " (from memory, not checked against its text)."
    ),
    "mean_ma": gettext_lazy(
        "Mean current %(seen)s mA is above %(limit)s mA, FDA's envelope of limited output (from memory)."
    ),
    "phase_us": gettext_lazy(
        "%(seen)s µs for one phase is above %(limit)s µs, FDA's envelope of limited output (from memory)."
        " Did the source mean both phases?"
    ),
    "rms_ma": gettext_lazy("%(seen)s mA r.m.s. while it flows; at most %(limit)s mA below 400 Hz."),
    "rms_mid_ma": gettext_lazy("%(seen)s mA r.m.s. while it flows; at most %(limit)s mA at 400 to 1,500 Hz."),
    "rms_high_ma": gettext_lazy("%(seen)s mA r.m.s. while it flows; at most %(limit)s mA above 1,500 Hz."),
    "density_ma_per_cm2": gettext_lazy(
        "%(seen)s mA/cm² r.m.s. with a pad of %(pad_cm2)s cm²; at most %(limit)s mA/cm², or it can burn."
    ),
    "density_warn_ma_per_cm2": gettext_lazy(
        "%(seen)s mA/cm² r.m.s. with a pad of %(pad_cm2)s cm²: above %(limit)s mA/cm² look after the skin,"
        " and use larger pads."
    ),
    "power_w_per_cm2": gettext_lazy("%(seen)s W/cm² under the pad; at most %(limit)s W/cm², or it can burn."),
    "energy_mj": gettext_lazy("%(seen)s mJ in one pulse; at most %(limit)s mJ is allowed."),
    "galvanic_ma_per_cm2": gettext_lazy(
        "Direct current of %(seen)s mA/cm² under the pad; at most %(limit)s mA/cm², or it etches the skin."
    ),
    "session_s": gettext_lazy("A session of %(seen)s s is longer than any in the trials read (%(limit)s s)."),
    "long_session_s": gettext_lazy("A session of more than an hour (%(seen)s s): meant so?"),
    "sessions_per_day": gettext_lazy("%(seen)s sessions a day; the trials read have at most %(limit)s."),
    "wb_session_s": gettext_lazy(
        "Whole-body EMS lasts at most %(limit)s s, not %(seen)s s: longer can break down muscle."
    ),
    "wb_novice_s": gettext_lazy(
        "Too long for somebody with fewer than 10 sessions of whole-body EMS: for them at most %(limit)s s,"
        " once in 7 days."
    ),
    "wb_sessions_per_day": gettext_lazy("Whole-body EMS at most once a day, not %(seen)s times."),
    "wb_rest_h": gettext_lazy(
        "Whole-body EMS needs at least %(limit)s h of rest, not %(seen)s h: sooner can break down muscle."
    ),
}
_PLAIN: Final[dict[str, Promise]] = {
    "missing": gettext_lazy("Fill this in."),
    "control_character": gettext_lazy("Characters that cannot be printed are in it."),
    "token": gettext_lazy("Letters, digits, “-” and “_” only, at most 64."),
    "twice": gettext_lazy("Channel %(channel)s is named twice."),
    "count": gettext_lazy("One current a channel: %(expected)s, not %(seen)s."),
    "length": gettext_lazy("At most %(most)s, not %(seen)s."),
    "unknown_field": gettext_lazy("There is no field “%(name)s” here: is it spelled wrong?"),
    "no_length": gettext_lazy("The step lasts no time at all."),
    "no_on": gettext_lazy("A step of work needs some time on."),
    "no_ramp": gettext_lazy("Without a ramp the current comes at once: that startles, and can hurt."),
    "no_rest": gettext_lazy("No time off between the cycles: muscles tire."),
    "target_above_max": gettext_lazy("The target, %(target_ma)s mA, is above the highest, %(max_ma)s mA."),
    "no_current": gettext_lazy("Channel %(channel)s is in use, but never has current."),
    "too_many_phases": gettext_lazy("%(seen)s phases are more than devices can be told (%(limit)s)."),
    "phases_overlap": gettext_lazy(
        "%(phases)s × %(phase_us)s µs and a gap of %(interphase_us)s µs do not fit between two pulses:"
        " at %(frequency_hz)s Hz these are %(period_us)s µs apart."
    ),
    "carrier_unknown": gettext_lazy(
        "In this waveform the frequency is that of the bursts. The document does not say what is in a burst, so heat is"
        " judged by the lowest limit, or not at all."
    ),
    "balance_unknown": gettext_lazy(
        "The document does not say whether both phases carry the same charge: the device has to balance them."
    ),
    "net_charge": gettext_lazy(
        "Monophasic pulses leave charge behind, which can etch the skin: use a biphasic waveform if you can."
    ),
    "cut_short": gettext_lazy(
        "The steps last %(planned_s)s s, but a session ends after %(max_session_s)s s."
    ),
    "rest_contradicts": gettext_lazy(
        "%(max_sessions_per_day)s sessions a day and %(min_rest_h)s h of rest between them do not fit into a day."
    ),
    # On one device.
    "cannot_apply": gettext_lazy("This device takes no protocols."),
    "no_such_channel": gettext_lazy("Channel %(channel)s: this device has %(channels)s."),
    "above_device": gettext_lazy(
        "Channel %(channel)s: %(seen)s mA, but this device gives at most %(limit)s mA."
    ),
    "channels_not_told": gettext_lazy("This device has never said how many channels it has."),
    "max_not_told": gettext_lazy("This device has never said how much current it gives at most."),
}


def policy() -> Policy:
    """Return what protocols are judged by at this installation."""
    return Policy(pad_cm2=settings.PROTOCOL_PAD_CM2)


def number(value: Any) -> str:
    """Return a number as people write it: at most three digits behind the point, none that says nothing."""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1 else f"{round(value, 2):g}"
    return str(value)


def finding(one: Finding) -> str:
    """Return what a finding says, without its field."""
    facts = {name: number(value) for name, value in one.facts.items()}
    match one.code:
        case "range":
            return _range(one.facts)
        case "type":
            return _sentence(str(_EXPECTED[one.facts["expected"]]))
        case "word":
            return _("One of these is expected: %(words)s.") % {"words": ", ".join(one.facts["expected"])}
    text = _OVER.get(one.code) or _PLAIN.get(one.code)
    return str(text) % facts if text else one.code


def _range(facts: Mapping[str, Any]) -> str:
    told = {name: number(value) for name, value in facts.items()}
    if "least" in facts and "most" in facts:
        return _("From %(least)s to %(most)s, not %(seen)s.") % told
    if "above" in facts and "most" in facts:
        return _("More than %(above)s and at most %(most)s, not %(seen)s.") % told
    return _("At least %(least)s, not %(seen)s.") % told


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + "."


def field(path: str) -> str:
    """Return what a path is called: "Step 2, on", "Step 1, highest current, 2nd channel in use"."""
    if not path:
        return _("The whole document")
    parts, words = path.split("."), []
    if parts[0] == "steps" and len(parts) > 1:
        words.append(_("Step %(n)d") % {"n": int(parts[1]) + 1})
        parts = parts[2:]
    elif parts[0] == "limits" and len(parts) > 1:
        parts = parts[1:]
    if parts:
        words.append(str(FIELDS.get(parts[0], parts[0])))
    if len(parts) > 1 and parts[1].isdigit():
        words.append(_("entry %(n)d") % {"n": int(parts[1]) + 1})
    return ", ".join([words[0], *(one[:1].lower() + one[1:] for one in words[1:])])


# --- differences ---


def change(one: Change) -> str:
    """Return one difference: "Step 2 “work”, channel 1: highest current 80 mA (was 60 mA), +33 %"."""
    about = _about(one.facts)
    text = _CHANGES[one.code](one.facts) if one.code in _CHANGES else _value(one)
    return f"{about}: {text}" if about else _capital(text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _about(facts: Mapping[str, Any]) -> str:
    parts = []
    if "step" in facts:
        name = f" “{facts['step_name']}”" if facts.get("step_name") else ""
        parts.append(_("Step %(n)d") % {"n": facts["step"]} + name)
        if "channel" in facts:
            parts.append(_("channel %(n)d") % {"n": facts["channel"]})
    return ", ".join(parts)


def _value(one: Change) -> str:
    name = str(FIELDS.get(one.code, one.code))
    told = {
        "name": name[:1].lower() + name[1:],
        "new": shown(one.code, one.facts.get("new")),
        "old": shown(one.code, one.facts.get("old")),
    }
    text = _("%(name)s %(new)s (was %(old)s)") % told
    percent = one.facts.get("percent")
    return text if percent is None else f"{text}, {percent:+.0f} %"


def shown(name: str, value: Any) -> str:
    """Return a value of a document with its unit, in the users' words; nothing yet is said as such."""
    if value is None:
        return _("to tolerance") if name == "target_ma" else _("not filled in")
    if name == "waveform":
        return str(WAVEFORMS.get(value, value))
    if name == "kind":
        return str(KINDS.get(value, value))
    if isinstance(value, str):
        return f"“{value}”"
    unit = _UNITS.get(name)
    return f"{number(value)} {unit}" if unit else number(value)


_CHANGES: Final[dict[str, Callable[[Mapping[str, Any]], str]]] = {
    "step_added": lambda _facts: _("added"),
    "step_removed": lambda _facts: _("removed"),
    "step_moved": lambda facts: _("moved (was step %(old)d)") % {"old": facts["old"]},
    "channel_added": lambda facts: _("Channel %(n)d is used now") % {"n": facts["channel"]},
    "channel_removed": lambda facts: _("Channel %(n)d is not used any more") % {"n": facts["channel"]},
}

DIRECTIONS: Final[dict[str, Promise]] = {
    "stronger": gettext_lazy("stronger"),
    "weaker": gettext_lazy("weaker"),
    "other": gettext_lazy("different"),
}

# --- why not now ---


def no_longer_a_draft(version: Version) -> str:
    """Return why a version is not edited."""
    return _("%(version)s is %(state)s, and never changes: make a new version.") % {
        "version": version, "state": _lower(version.state),
    }  # fmt: skip


def not_from_here(version: Version, to: State) -> str:
    """Return why a version does not come to that state from where it stands."""
    wanted = {
        State.SUBMITTED: _("only a draft is submitted"),
        State.APPROVED: _("only what was submitted is approved"),
        State.REJECTED: _("only what was submitted is rejected"),
        State.WITHDRAWN: _("only what is approved is withdrawn"),
    }[to]
    return _("%(version)s: %(wanted)s; it is %(state)s.") % {
        "version": version, "wanted": wanted, "state": _lower(version.state),
    }  # fmt: skip


def _lower(state: str) -> str:
    return {
        State.DRAFT: _("a draft"),
        State.SUBMITTED: _("waiting for approval"),
        State.APPROVED: _("approved"),
        State.REJECTED: _("rejected"),
        State.WITHDRAWN: _("withdrawn"),
    }[State(state)]
