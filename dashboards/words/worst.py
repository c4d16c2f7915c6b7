"""Which of several devices is worst off: the one order of trouble, for home and for a wall "by trouble".  Pure.

`rank` takes what `dashboards.words.faces.face` takes and returns, so a twin in the browser needs no more.  0 is the
worst; equal ranks stand by place, so that nothing moves while only numbers change.
"""

from collections.abc import Iterable, Mapping
from typing import Any

MAY_FLOW = 0
"""Silent, and current flowed when it was last heard: it may flow now, and nobody sees it."""
CONTRADICTS = 1
"""Current flows in a state that should have none."""
CONFLICT = 2
"""Two devices under one name: whatever is shown may be the other one's."""
FAULT = 3
"""The device stopped itself, was stopped at the device, or has a high alert: it waits for somebody."""
SILENT = 4
"""Silent in a session, output off when last heard."""
COMPLAINS = 5
"""Anything else that somebody should look at: an electrode, heat, the battery."""
LOST = 6
"""Out of contact or in a state not known, outside a session."""
ON, PAUSED, QUIET, NEVER = 7, 8, 9, 10
"""Nothing is wrong: treating, paused, standing by, never heard."""

_OF_TONE = {
    "conflict": CONFLICT,
    "fault": FAULT,
    "silent": SILENT,
    "lost": LOST,
    "unknown": LOST,
    "on": ON,
    "ramping": ON,
    "paused": PAUSED,
    "never": NEVER,
}
_STOPPED = ("estop", "fault")


def rank(device: Mapping[str, Any], face: Mapping[str, Any]) -> int:
    """Return how badly off a device is, 0 worst.

    Args:
        device: The API's device object: `output`, `state` and `conditions` are read.
        face: What its tile shows: `tone`, `alert` and `attention` are read.
    """
    tone, flows = face["tone"], device["output"] in ("on", "ramping")
    if tone == "silent" and flows:
        return MAY_FLOW
    if flows and tone not in ("conflict", "silent") and device["state"] != "running":
        return CONTRADICTS
    known = _OF_TONE.get(tone, QUIET)
    if known <= SILENT:
        return known
    if face["attention"] and face.get("alert") == "high":
        return FAULT
    if any(condition.partition(":")[0] in _STOPPED for condition in device["conditions"]):
        return FAULT
    return COMPLAINS if face["attention"] else known


def worst_of(
    devices: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]],
) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """Return the (device, face) that is worst off; None for none.

    Of equals those in a session come first; of silent ones the one not heard for longest.
    """
    return min(devices, key=_order, default=None)


def _order(one: tuple[Mapping[str, Any], Mapping[str, Any]]) -> tuple[Any, ...]:
    device, face = one
    found = rank(device, face)
    since = (device["heard_at"] or "~") if found in (MAY_FLOW, SILENT) else ""
    return found, not face["in_session"], since, device["serial"]
