"""Examples of commands and stops for the API's description, beside `dashboards.api.examples`."""

from typing import Any, Final

COMMAND_ID: Final = "0192f0a4-7c1e-7a52-9b60-3f1c5d2e8a90"
STOP_ID: Final = "3f0c8f3e-52a1-4a0e-8f5c-7b1d2f9a6c11"

_STEPS: Final[dict[str, Any]] = {
    "requested_at": "2026-11-22T07:40:00.000Z",
    "published_at": "2026-11-22T07:40:00.012Z",
    "received_at": None,
    "done_at": "2026-11-22T07:40:00.151Z",
    "confirmed_at": "2026-11-22T07:40:00.402Z",
    "unconfirmed_at": None,
    "refuted_at": None,
    "refused_at": None,
    "expired_at": None,
    "reason_at": None,
    "expires_at": "2026-11-22T07:40:10.000Z",
    "proof_due_at": "2026-11-22T07:40:03.000Z",
}
COMMAND: Final[dict[str, Any]] = {
    "id": COMMAND_ID,
    "device": "EMS-0001",
    "device_name": "Bed 1",
    "room": "Room 3",
    "site": "north",
    "verb": "stop",
    "args": {},
    "state": "confirmed",
    "actor": "nurse",
    "via": "house",
    "stop": None,
    "reason": "",
    "reason_by": None,
    "answer": {"outcome": "done", "reason": None},
    "acks": 1,
    **_STEPS,
    "rev": 4,
}
REQUESTED: Final[dict[str, Any]] = COMMAND | {
    "state": "requested",
    "answer": None,
    "acks": 0,
    "published_at": None,
    "done_at": None,
    "confirmed_at": None,
    "rev": 1,
}
_STATUS: Final = {"boot": 7, "up_ms": 813650, "at_ms": 1763797200402, "output": "off", "state": "idle"}
COMMAND_IN_FULL: Final[dict[str, Any]] = COMMAND | {
    "text": "Stop confirmed: output off, 0.4 s after it was asked for.",
    "to_do": "",
    "evidence": {"status": _STATUS},
}
_OF_STOP: Final = COMMAND | {"stop": STOP_ID}
_LOST: Final[dict[str, Any]] = _OF_STOP | {
    "id": "7d4a1c52-0b0e-5b7e-9d57-64a4ab7c4d02",
    "device": "EMS-0002",
    "device_name": "Bed 2",
    "state": "unconfirmed",
    "answer": None,
    "acks": 0,
    "done_at": None,
    "confirmed_at": None,
    "unconfirmed_at": "2026-11-22T07:40:03.000Z",
}
STOP_IN_SHORT: Final[dict[str, Any]] = {
    "id": STOP_ID,
    "site": "north",
    "room": "Room 3",
    "actor": "nurse",
    "via": "house",
    "requested_at": "2026-11-22T07:40:00.000Z",
    "reason": "",
    "reason_at": None,
    "reason_by": None,
    "asked": 2,
    "confirmed": 1,
    "unconfirmed": 1,
    "waiting": 0,
}
STOP: Final[dict[str, Any]] = STOP_IN_SHORT | {
    "rooms": [
        {
            "room": "Room 3",
            "asked": 2,
            "confirmed": 1,
            "go_to": [
                {
                    "device": "EMS-0002",
                    "name": "Bed 2",
                    "state": "unconfirmed",
                    "command": _LOST["id"],
                    "why": "Stop not confirmed: no answer within 3.0 s.",
                }
            ],
        }
    ],
    "commands": [_OF_STOP, _LOST],
}
IDENTIFIED: Final[dict[str, Any]] = {
    "commands": [REQUESTED | {"verb": "identify", "args": {"seconds": 10}, "proof_due_at": None}],
    "left_out": [
        {
            "device": "EMS-0009",
            "why": "EMS-0009 says that it cannot do this (identify); nothing was sent.  Stop is always sent.",
        }
    ],
}
CURSOR_OF_COMMANDS: Final = (
    "WyIyMDI2LTExLTIyVDA3OjQwOjAwKzAwOjAwIiwiMDE5MmYwYTQtN2MxZS03YTUyLTliNjAtM2YxYzVkMmU4YTkwIl1sAJ3U"
)
CURSOR_OF_STOPS: Final = (
    "WyIyMDI2LTExLTIyVDA3OjQwOjAwKzAwOjAwIiwiM2YwYzhmM2UtNTJhMS00YTBlLThmNWMtN2IxZDJmOWE2YzExIl1PUPLE"
)

LOCK: Final[dict[str, Any]] = {
    "device": "EMS-0001",
    "wanted": True,
    "reason": "maintenance",
    "note": "cable torn",
    "by": "nurse",
    "since": "2026-11-22T07:40:00.000Z",
    "read_back_at": "2026-11-22T07:40:00.640Z",
    "says": "maintenance",
    "said_at": "2026-11-22T07:44:58.000Z",
}

ANSWERS: Final[dict[str, Any]] = {
    "askDevice": REQUESTED,
    "getLock": LOCK,
    "listCommands": {"items": [COMMAND], "next": CURSOR_OF_COMMANDS},
    "getCommand": COMMAND_IN_FULL,
    "giveCommandReason": COMMAND_IN_FULL
    | {"reason": "skin reddened", "reason_by": "nurse", "reason_at": "2026-11-22T07:44:10.000Z", "rev": 5},
    "stopSite": STOP,
    "listStops": {"items": [STOP_IN_SHORT], "next": CURSOR_OF_STOPS},
    "getStop": STOP,
    "giveStopReason": STOP
    | {"reason": "fire drill", "reason_by": "nurse", "reason_at": "2026-11-22T07:44:10.000Z"},
    "identifySite": IDENTIFIED,
    "getPermit": {
        "site": "north",
        "permit": "eyJ1c2VyIjo3fQ:1tXk2g:1b4fTq0xJm7W",
        "expires_at": "2026-11-22T07:55:00.000Z",
    },
}
BODIES: Final[dict[str, Any]] = {
    "askDevice": {"verb": "stop", "args": {}, "id": COMMAND_ID},
    "giveCommandReason": {"reason": "skin reddened"},
    "stopSite": {"room": "Room 3", "id": STOP_ID},
    "giveStopReason": {"reason": "fire drill"},
    "identifySite": {"room": "Room 3", "seconds": 10},
}
PARAMETERS: Final[dict[str, Any]] = {
    "command_id": COMMAND_ID,
    "stop_id": STOP_ID,
    "verb": "stop",
    "stop": STOP_ID,
}
"""Of each parameter, by name."""

STATE: Final = "unconfirmed"
"""Devices have a parameter of that name, too."""
