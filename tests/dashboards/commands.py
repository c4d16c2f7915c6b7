"""Commands as the API tells them, made up."""

from datetime import UTC, datetime, timedelta
from typing import Any

from devices.moments import iso, to_ms

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOON_MS = to_ms(NOON)
STEPS = ("published_at", "received_at", "done_at", "confirmed_at", "unconfirmed_at", "refuted_at")

Command = dict[str, Any]


def at(seconds: float) -> str:
    """Return the moment so many seconds after noon, as the API tells it."""
    return iso(to_ms(NOON + timedelta(seconds=seconds)))


def command(number: str = "c1", verb: str = "stop", state: str = "requested", **other: Any) -> Command:
    """Return a command that was asked for at noon; times as seconds after it."""
    due = {"stop": 3, "pause": 3, "lower": 3, "lock": 60, "unlock": 60}.get(verb)
    usual: Command = {
        "id": number,
        "rev": 1,
        "device": "EMS-1",
        "device_name": "Bike 1",
        "room": "Room 3",
        "site": "north",
        "verb": verb,
        "args": {"channel": None, "to_ma": 20} if verb == "lower" else {},
        "state": state,
        "actor": "nurse",
        "via": "house",
        "stop": None,
        "reason": "",
        "reason_by": None,
        "answer": None,
        "acks": 0,
        "requested_at": at(0),
        **dict.fromkeys((*STEPS, "refused_at", "expired_at", "reason_at")),
        "expires_at": at(60 if verb in ("lock", "unlock") else 10),
        "proof_due_at": None if due is None else at(due),
    }
    return usual | {
        name: at(value) if name.endswith("_at") and isinstance(value, int | float) else value
        for name, value in other.items()
    }
