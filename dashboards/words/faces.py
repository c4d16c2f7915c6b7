"""What a tile says about a device: the API's device object in, words and numbers out.  Pure.

`static/dashboards/js/words.js` says the same in the browser; a test holds the two together.  Ages are no part
of a face: they tick, and where a device is silent the age stands in the place of `timing`.
"""

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from dashboards.words.steps import step

SCALE_MA = 100.0  # what a full bar stands for, unless the channel is set higher
LOW_BATTERY_PERCENT = 15
_STATES = ("idle", "ready", "running", "paused", "fault", "charging", "offline")
_PHASES = ("ramp_up", "on", "ramp_down", "rest")
_CONTACTS = ("ok", "low_current", "electrode", "timeout", "unknown", "off")
# Characters that turn the direction of the text around them (UAX #9): what stands beside would read otherwise.
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NO_MARK_OF_THEIR_OWN = ("other", "skew", "stalled")
_TRUE = ("raised", "acknowledged")
_BAD_CONTACTS = ("electrode", "timeout")
# Complaints of the device that an alert of these rules says, and more.
_SAME = {
    "estop": ("estop",),
    "fault": ("fault",),
    "overtemp": ("over_temperature",),
    "electrode_off": ("electrode_off",),
    "low_current": ("low_current",),
    "low_battery": ("battery_low", "battery_dying"),
    "stalled": ("no_measurements",),
    "skew": ("clock_skew",),
}
_STALLED_MS = 6_000  # a device in session measures once a second; nothing newer for so long is old news

Texts = Mapping[str, str]
Face = dict[str, Any]


def face(device: Mapping[str, Any], texts: Texts) -> Face:
    """Return what the tile shows.

    `tone` chooses shape and colour (on, ramping, paused, ready, idle, charging, fault, silent, lost, never,
    conflict, unknown); `attention` says whether somebody should look; `silent` and `in_session` are counted;
    `stalled`: the device is heard, but what it measures is not, so that currents and times are old; `alert` is the
    priority of its worst alert that is true, or nothing.
    """
    silent = device["link"] in ("suspect", "offline")
    in_session = device["session"] is not None
    was_on = device["output"] in ("on", "ramping")
    tone, status = _status(device, texts, silent=silent, engaged=in_session or was_on)
    stalled_ms = _stalled_ms(device)
    alert, urgent = device.get("worst_alert"), _urgent(device)
    said = _alert_words(alert, texts)
    marks = _marks(device, texts, stalled_ms)
    bad_contact = any(channel["contact"] in _BAD_CONTACTS for channel in device["channels"])
    power = _battery(device["battery"], texts)
    doing, about = step(device, tone, low=power["power"] == "low")
    is_over = alert is not None and alert["state"] not in _TRUE  # what it does now stands in the note
    step_words = texts[f"next.{doing}"].format(n=about) if doing else said if urgent or is_over else ""
    noted = " · ".join(one for one in (said if step_words != said else "", marks) if one)
    attention = tone in ("fault", "silent", "conflict") or bad_contact or _is_alarming(device, was_on=was_on)
    return {
        "tone": tone,
        "status": status,
        "timing": "" if silent or stalled_ms else _timing(device, texts),
        "note": noted or _phase(device, texts, silent=silent),
        "marked": bool(noted),
        "link": texts[f"word.{device['link']}"],
        "channels": [_channel(channel, texts) for channel in device["channels"]],
        "next": step_words,
        **power,
        "alert": alert["priority"] if alert and alert["state"] in _TRUE else "",
        "attention": attention or urgent,
        "silent": silent,
        "stalled": stalled_ms > 0,
        "in_session": in_session,
    }


def clock(ms: float) -> str:
    """Return a duration as m:ss, or h:mm:ss from an hour on."""
    seconds = max(0, int(ms // 1000))
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def age(ms: float | None, texts: Texts, key: str = "age") -> str:
    """Return an age in its largest whole unit: s, min, h, d."""
    if ms is None:
        return texts["age.never"]
    seconds = max(0, int(ms // 1000))
    for limit, unit, size in ((60, "s", 1), (3600, "min", 60), (172800, "h", 3600)):
        if seconds < limit:
            return texts[f"{key}.{unit}"].format(n=seconds // size)
    return texts[f"{key}.d"].format(n=seconds // 86400)


def amount(ms: float, texts: Texts) -> str:
    """Return a length of time in its largest fitting unit, rounded to the nearest."""
    seconds = math.floor(abs(ms) / 1000 + 0.5)
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (172800, "h", 3600)):
        if seconds < limit:
            return texts[f"age.plain.{unit}"].format(n=(seconds + size // 2) // size)
    return texts["age.plain.d"].format(n=(seconds + 43200) // 86400)


def tenths(value: float | None, texts: Texts) -> str:
    """Return one decimal; halves are rounded up, as the browser's twin does."""
    if value is None:
        return texts["none"]
    tens = math.floor(value * 10 + 0.5)
    return f"{tens // 10}.{tens % 10}"


def _status(device: Mapping[str, Any], texts: Texts, *, silent: bool, engaged: bool) -> tuple[str, str]:
    link, state, output = device["link"], device["state"], device["output"]
    if link == "never":
        return "never", texts["link.never"]
    if link == "conflict":
        return "conflict", texts["link.conflict"]
    if silent and engaged:
        return "silent", texts[f"silent.{_was(state, output)}"]
    tone, words = _state(state, output, texts)
    if link == "offline":
        return "lost", texts["link.lost"]
    if link == "suspect":
        return "lost", texts["link.late"].format(state=words)
    return tone, words


def _was(state: str | None, output: str | None) -> str:
    if output in ("on", "ramping"):
        return output
    return state if state in ("paused", "fault") else "session"


def _state(state: str | None, output: str | None, texts: Texts) -> tuple[str, str]:
    flows = output in ("on", "ramping")
    if state not in _STATES:
        return ("on" if flows else "unknown"), texts["state.unknown"]
    if state == "running":
        if flows:
            return ("on", texts["state.running"]) if output == "on" else ("ramping", texts["state.ramping"])
        return "paused", texts["state.off"]
    tone = "fault" if state == "fault" else "on" if flows else "lost" if state == "offline" else state
    words = texts[f"state.{state}"]
    return tone, texts["state.yet_on"].format(state=words) if flows else words


def _is_alarming(device: Mapping[str, Any], *, was_on: bool) -> bool:
    """The device complains of something, or current flows in a state that should have none."""
    contradicts = device["link"] == "online" and was_on and device["state"] != "running"
    return bool(device["conditions"]) or contradicts


def _timing(device: Mapping[str, Any], texts: Texts) -> str:
    elapsed = device["elapsed_ms"]
    if device["session"] is None or elapsed is None:
        return ""
    planned = (device.get("planned") or {}).get("session_ms")
    if planned is None:
        return texts["elapsed"].format(time=clock(elapsed))
    if elapsed >= planned + 1000:
        return texts["over"].format(time=clock(elapsed - planned))
    return texts["left"].format(time=clock(planned - elapsed))


def _phase(device: Mapping[str, Any], texts: Texts, *, silent: bool) -> str:
    if silent and device["session"] is None:
        return texts["link.lost.was"].format(state=_state(device["state"], device["output"], texts)[1])
    if device["session"] is None or device["phase"] is None:
        return ""
    phase = device["phase"] if device["phase"] in _PHASES else "unknown"
    words = texts[f"phase.{phase}"]
    if device["cycle"] is not None:
        words = f"{words} · {texts['cycle'].format(n=device['cycle'])}"
    return texts["link.lost.was"].format(state=words) if silent else words


def _stalled_ms(device: Mapping[str, Any]) -> int:
    """For how long a device that is heard in a session has told nothing of its currents; 0: it tells them."""
    heard, measured = device.get("heard_at"), device.get("telemetry_at")
    if device["link"] != "online" or device["session"] is None or not heard or not measured:
        return 0
    since = datetime.fromisoformat(heard) - datetime.fromisoformat(measured)
    ms = since // timedelta(milliseconds=1)
    return ms if ms > _STALLED_MS else 0


def _urgent(device: Mapping[str, Any]) -> bool:
    """Whether its worst alert calls somebody now: one that is over, came late or is low does not."""
    alert = device.get("worst_alert")
    return bool(
        alert and alert["state"] in _TRUE and not alert["late"] and alert["priority"] in ("high", "medium")
    )


def _alert_words(alert: Mapping[str, Any] | None, texts: Texts) -> str:
    """What the tile says of it; of what is over only a high one, which waits for a person."""
    if alert is None or alert["priority"] == "info":
        return ""
    if alert["state"] not in _TRUE and alert["priority"] != "high":
        return ""
    kind = "late" if alert["late"] else alert["state"]
    return texts[f"alert.{kind}"].format(text=alert["text"])


def _is_said(device: Mapping[str, Any], name: str, what: str = "") -> bool:
    """Whether its worst alert says this complaint already, with its numbers."""
    alert = device.get("worst_alert")
    if not alert or alert["state"] not in _TRUE or alert["rule"] not in _SAME.get(name, ()):
        return False
    channel = alert["channel"]
    return name not in ("electrode_off", "low_current") or (channel is not None and what == str(channel))


def _marks(device: Mapping[str, Any], texts: Texts, stalled_ms: int) -> str:
    """What the device itself complains of, and what holds or locks it; not what its alert says already."""
    marks = [
        condition_words(condition, texts)
        for condition in device["conditions"]
        if not _is_said(device, condition.partition(":")[0], condition.partition(":")[2])
    ]
    if stalled_ms and not _is_said(device, "stalled"):
        marks.append(texts["mark.stalled"].format(what=amount(stalled_ms, texts)))
    if device["locked"] is not None:
        marks.append(texts.get(f"locked.{device['locked']}", texts["locked.other"]))
    if device["held"] is not None:
        known = texts.get(f"held.{device['held']}")
        marks.append(known or texts["held.other"].format(what=device["held"]))
    skew_ms = device["clock_skew_ms"]
    if skew_ms is not None and abs(skew_ms) > 30_000 and not _is_said(device, "skew"):
        marks.append(texts["mark.skew"].format(what=amount(skew_ms, texts)))
    return " · ".join(marks)


def condition_words(condition: str, texts: Texts) -> str:
    """Return what a device complains of, as `<name>` or `<name>:<class or channel>`, in words."""
    condition = _TURNS.sub("", condition)
    name, _, what = condition.partition(":")
    if name == "fault":
        what = texts.get(f"fault.{what}", what.replace("_", " "))
    known = texts.get(f"mark.{name}") if name not in _NO_MARK_OF_THEIR_OWN else None
    if known and not what:
        known = texts.get(f"mark.{name}.bare", known)
    said = condition.replace("_", " ").replace(":", ": ")
    return (known or texts["mark.other"]).format(what=what if known else said)


def _channel(channel: Mapping[str, Any], texts: Texts) -> Face:
    ma, set_ma = channel["ma"], channel["set_ma"]
    contact = channel["contact"]
    contact = "none" if contact is None else contact if contact in _CONTACTS else "unknown"
    used = contact not in ("off", "none") or bool(ma) or bool(set_ma)
    full = max(SCALE_MA, ma or 0, set_ma or 0)
    return {
        "n": channel["n"],
        "contact": contact,
        "contact_words": texts[f"contact.{contact}"],
        "ma": tenths(ma, texts) if used else texts["none"],
        "set": tenths(set_ma, texts).removesuffix(".0") if used else texts["none"],
        "fill": math.floor((ma or 0) / full * 200 + 0.5) / 2,
        "mark": math.floor((set_ma or 0) / full * 200 + 0.5) / 2,
        "used": used,
    }


def _battery(battery: Mapping[str, Any] | None, texts: Texts) -> Face:
    soc = battery["soc"] if battery else None
    charging = bool(battery and battery["charging"])
    low = soc is not None and soc <= LOW_BATTERY_PERCENT
    words = texts["none"] if soc is None else texts["percent"].format(n=math.floor(soc + 0.5))
    note = texts["battery.charging"] if charging else texts["battery.low"] if low else ""
    return {
        "battery": f"{words} {note}".strip(),
        "power": "charging" if charging else "low" if low else "none" if soc is None else "ok",
        "level": 0 if soc is None else min(100, max(0, math.floor(soc + 0.5))),
    }
