"""What to do about a device: one short instruction for the worst thing it says.  Pure.

`static/dashboards/js/steps.js` says the same in the browser; a test holds the two together.  The words are in
`texts.py`, short enough for two lines of a tile on a screen across the room.
"""

from collections.abc import Mapping
from typing import Any

Step = tuple[str, int | str]
"""A key of `texts` (without `next.`) and the channel it speaks of, if any."""

NOTHING: Step = ("", "")
_PADS = {"electrode": "pad", "timeout": "cable"}


def step(device: Mapping[str, Any], tone: str, *, low: bool) -> Step:
    """Return the next step; `low` says that the battery is low and not charging.

    `tone` is that of `faces.face`: what is silent, at fault or in conflict is decided there.
    """
    flows = device["output"] in ("on", "ramping")
    names = [condition.partition(":")[0] for condition in device["conditions"]]
    if tone == "silent":
        return ("maybe_on" if flows else "look", "")
    if tone == "conflict":
        return ("conflict", "")
    if flows and device["link"] == "online" and device["state"] != "running":
        return ("is_on", "")
    if "estop" in names:
        return ("estop", "")
    if tone == "fault" or "fault" in names:
        return ("fault", "")
    return _pad(device) or _complaint(device, names) or _upkeep(device, tone, low=low)


def _pad(device: Mapping[str, Any]) -> Step | None:
    for channel in device["channels"]:
        if channel["contact"] in _PADS:
            return _PADS[channel["contact"]], channel["n"]
    return _named(device, "electrode_off")


def _named(device: Mapping[str, Any], kind: str) -> Step | None:
    """Return the pad that a condition of this kind speaks of."""
    for condition in device["conditions"]:
        name, _, what = condition.partition(":")
        if name == kind:
            return ("pad", what) if what else ("pads", "")
    return None


def _complaint(device: Mapping[str, Any], names: list[str]) -> Step | None:
    if not names:
        return None
    if "overtemp" in names:
        return ("hot", "")
    weak = _named(device, "low_current")
    return weak or (_charge(device) if set(names) == {"low_battery"} else ("complains", ""))


def _upkeep(device: Mapping[str, Any], tone: str, *, low: bool) -> Step:
    """What does not call anybody at once."""
    if tone == "never":
        return ("connect", "")
    if tone == "lost":
        # Who said goodbye was switched off by somebody; who is only late is waited for.
        return ("power", "") if device["link"] == "offline" and device["state"] != "offline" else NOTHING
    if tone == "unknown":
        return ("complains", "")
    for channel in device["channels"]:
        if channel["contact"] == "low_current":
            return "pad", channel["n"]
    if low:
        return _charge(device)
    return _office(device)


def _office(device: Mapping[str, Any]) -> Step:
    if device["locked"] is not None:
        return ("locked", "")
    if device["held"] == "user":
        return ("confirm", "")
    skew_ms = device["clock_skew_ms"]
    return ("clock", "") if skew_ms is not None and abs(skew_ms) > 30_000 else NOTHING


def _charge(device: Mapping[str, Any]) -> Step:
    return ("charge_after" if device["session"] is not None else "charge", "")
