"""Live events: keyed, so that the newest of each key wins, and only what changed.  Pure."""

from collections.abc import Mapping
from typing import Any, Final

from devices import state
from devices.state import LiveState

Event = dict[str, Any]

PULSE_GROUP = "live.pulse"


def site_group(site_id: int) -> str:
    """Return the group of everybody who watches a site."""
    return f"site.{site_id}"


def alert_group(site_id: int | None) -> str:
    """Return the group of everybody who hears the alerts of a site; without one: of the server itself."""
    return f"alerts.{'all' if site_id is None else site_id}"


def alert_key(alert_id: int) -> str:
    return f"alert:{alert_id}"


def command_key(command_id: str) -> str:
    return f"command:{command_id}"


def rollout_key(rollout_id: str) -> str:
    return f"rollout:{rollout_id}"


def worst_event(serial: str, rev: int, worst: dict[str, Any] | None) -> Event:
    """Return the event of a device whose worst alert changed, and nothing else of it."""
    return {"kind": "device", "serial": serial, "since": rev - 1, "rev": rev, "worst_alert": worst}


def device_key(serial: str) -> str:
    return f"device:{serial}"


def device_event(serial: str, before: dict[str, Any] | None, now: dict[str, Any]) -> Event:
    """Return what changed between two views of a device; all of it where the one before is not known.

    `since` is the `rev` of the one before: whoever holds another cannot build on it, and reads afresh.
    A model that the device has not told is left out: until it does, what was enrolled stands.
    """
    if now["model"] is None:
        now = {name: value for name, value in now.items() if name != "model"}
    if before is None:
        return {"kind": "device", "serial": serial, **now}
    changed = {name: value for name, value in now.items() if before.get(name) != value}
    return {"kind": "device", "serial": serial, "since": before["rev"], "rev": now["rev"], **changed}


def link_event(serial: str, live: LiveState) -> Event:
    """Return the event of a link that silence changed."""
    return {"kind": "device", "serial": serial, "since": live.rev - 1, "rev": live.rev, "link": live.link}


SENDS_MS: Final = 5_000
"""A dispatcher that has said nothing for longer sends nothing, as far as is known."""


def sends(now_ms: int, at_ms: int | None, detail: Mapping[str, Any]) -> bool:
    """Whether what is asked of devices goes out: dispatch lives, and has its broker.

    Args:
        at_ms: When dispatch last said that it lives; None: never.
        detail: What it said of itself.
    """
    return at_ms is not None and now_ms - at_ms <= SENDS_MS and detail.get("broker") is not False


def pulse_event(now_ms: int, at_ms: dict[str, int | None], *, sends: bool) -> Event:
    """Return the pulse: when each part of the server last said it lives, and whether commands go out."""
    return {
        "kind": "pulse",
        "now": state.iso(now_ms),
        "ingest_at": state.iso(at_ms.get("ingest")),
        "dispatch_at": state.iso(at_ms.get("dispatch")),
        "worker_at": state.iso(at_ms.get("worker")),
        "sends": sends,
    }
