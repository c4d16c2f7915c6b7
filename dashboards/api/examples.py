"""Examples for the API's description: one believable answer of each kind, one value of each parameter.

They are held against the schemas by `tests/dashboards/api/test_description.py`.
"""

from typing import Any, Final

from dashboards.api import (
    alert_examples,
    command_examples,
    library_examples,
    protocol_examples,
    rollout_examples,
)

_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_PROTOCOL = {"id": "quad-strength", "version": 3, "sha256": _SHA256}

CURSORS: Final = {
    "listDevices": "WyJFTVMtMDEwMCJdb-N_qg",
    "listRecords": "WzcsMTIwMF0SlpJo",
    "getLedger": "Wzdd241D0w",
    "listSessions": "WyIyMDI2LTExLTIyVDA3OjQwOjAwKzAwOjAwIiwxMjNd0itoYQ",
    "listRejects": "WyIyMDI2LTExLTIyVDA3OjQwOjAwKzAwOjAwIiwzMV3DLv7Y",
    "listAudit": "WyIyMDI2LTExLTIyVDA3OjQwOjAwKzAwOjAwIiw0NzExXbH3F3g",
    "listAlerts": alert_examples.CURSOR,
    "listCommands": command_examples.CURSOR_OF_COMMANDS,
    "listStops": command_examples.CURSOR_OF_STOPS,
    **protocol_examples.CURSORS,
    **rollout_examples.CURSORS,
}
"""Of each list, by operation id: a cursor belongs to its list."""

DEVICE: Final[dict[str, Any]] = {
    "serial": "EMS-0001",
    "name": "Bed 1",
    "site": "north",
    "room": "Room 3",
    "uplink": "ap-3",
    "tags": ["knee"],
    "model": "RX-4",
    "firmware": "2.3.1",
    "link": "online",
    "state": "running",
    "output": "on",
    "session": "01JD2",
    "heard_at": "2026-11-22T07:40:00.123Z",
    "age_ms": 412,
    "clock_skew_ms": -31,
    "battery": {"soc": 86.9, "mv": 3889, "charging": False},
    "temp_c": 31.4,
    "channels": [{"n": 1, "set_ma": 32.0, "ma": 31.9, "ohm": 820, "contact": "ok", "charge_uc": 184233.1}],
    "protocol": _PROTOCOL,
    "phase": "on",
    "cycle": 12,
    "step": 0,
    "elapsed_ms": 310000,
    "conditions": [],
    "held": None,
    "locked": None,
    "status_at": "2026-11-22T07:39:58.000Z",
    "telemetry_at": "2026-11-22T07:40:00.123Z",
    "rev": 1042,
    "worst_alert": None,
}
RECORD: Final[dict[str, Any]] = {
    "boot": 7,
    "seq": 1201,
    "type": "event",
    "kind": "session_paused",
    "placed_at": "2026-11-22T07:40:00.123Z",
    "placed_by": "live",
    "received_at": "2026-11-22T07:40:00.181Z",
    "late": False,
    "disputed": False,
    "body": {
        "v": 1, "boot": 7, "seq": 1201, "t": 1763797200123, "up_ms": 612345,
        "kind": "session_paused", "session": "01JD2", "elapsed_ms": 310000, "by": "patient",
    },
}  # fmt: skip
LEDGER_ENTRY: Final[dict[str, Any]] = {
    "boot": 7,
    "first_seq": 1,
    "contiguous_seq": 1200,
    "highest_seq": 1233,
    "stored": 1230,
    "dropped": 2,
    "rejected": 0,
    "pruned_to": None,
    "closed": False,
    "gaps": [
        {"from": 88, "to": 89, "reason": "dropped"},
        {"from": 1201, "to": 1201, "reason": "awaited"},
    ],
}
TRACE: Final[dict[str, Any]] = {
    "from": "2026-11-22T07:39:00.000Z",
    "to": "2026-11-22T07:40:00.000Z",
    "source": "telemetry",
    "step_ms": 100,
    "t": ["2026-11-22T07:39:00.000Z", "2026-11-22T07:39:00.100Z"],
    "channels": [
        {
            "n": 1,
            "set_ma": [32.0, 32.0],
            "ma_min": [31.7, 31.8],
            "ma_max": [32.0, 32.1],
            "ma": [31.9, 31.9],
            "ohm": [820.0, None],
        }
    ],
    "soc": [86.9, 86.9],
    "temp_c": [31.4, 31.4],
    "gaps": [["2026-11-22T07:39:20.000Z", "2026-11-22T07:39:31.000Z"]],
    "gap_reasons": ["awaited"],
    "sessions": [["2026-11-22T07:39:00.000Z", "2026-11-22T07:40:00.000Z"]],
}
SESSION: Final[dict[str, Any]] = {
    "id": "01JD2",
    "device": "EMS-0001",
    "site": "north",
    "subject": "p-7f3a",
    "protocol": _PROTOCOL,
    "planned_ms": 1_200_000,
    "started_at": "2026-11-22T07:34:50.000Z",
    "last_at": "2026-11-22T07:40:00.123Z",
    "ended_at": None,
    "end_reason": None,
    "elapsed_ms": 310000,
    "channels": [
        {
            "n": 1,
            "charge_uc": 184233.1,
            "pulses": 10250,
            "set_ma_mean": 32.0,
            "ma_mean": 14.6,
            "ma_max": 32.1,
        }
    ],
    "contractions": 12,
    "disputed": False,
    "gaps": [],
}
SESSION_IN_FULL: Final[dict[str, Any]] = SESSION | {
    "prescribed": {
        "length_ms": 960_000,
        "contractions": 15,
        "channels": [
            {
                "n": 1,
                "on_ms": 225_000,
                "at_target_ms": 231_000,
                "pulses": 14_250.0,
                "charge_uc": 191_250.0,
                "ma_mean": 60.0,
                "ma_max": 60.0,
                "limit_ma": 80.0,
            }
        ],
    },
    "dose": {
        "recorded_ms": 310_000,
        "messages": 310,
        "late": 0,
        "disputed": 0,
        "deleted": 0,
        "verdict": {"finding": "open", "planned": 15, "reached": 4, "unseen": 0, "channel": 1},
        "channels": [
            {
                "n": 1,
                "on_ms": 75_000,
                "at_target_ms": 62_300,
                "contractions_at_target": 4,
                "set_ma_mean": 58.2,
                "ma_mean": 57.9,
                "ma_max": 60.0,
                "ohm_mean": 812.4,
                "contact_ms": {
                    "ok": 96_000,
                    "low_current": 0,
                    "electrode": 0,
                    "timeout": 0,
                    "unknown": 214_000,
                    "off": 0,
                },
            }
        ],
        "pauses": [
            {
                "from": "2026-11-22T07:36:10.000Z",
                "to": "2026-11-22T07:36:25.000Z",
                "length_ms": 15_000,
                "by": "patient",
                "resumed_by": "patient",
            }
        ],
        "intensity_changes": 9,
        "reconnects": 0,
    },
}
REJECT: Final[dict[str, Any]] = {
    "id": 31,
    "at": "2026-11-22T07:40:00.123Z",
    "topic": "ems/v1/EMS-0001/event",
    "serial": "EMS-0001",
    "reason": "json",
    "detail": "JSON is malformed: invalid character (byte 17)",
    "excerpt": '{"v":1,"boot":7,"\\xff',
    "count": 1,
}
AUDIT_ENTRY: Final[dict[str, Any]] = {
    "id": 42,
    "number": 42,
    "at": "2026-11-22T07:40:00.123Z",
    "actor": "ada",
    "action": "membership.granted",
    "site": "north",
    "subject": "alice",
    "detail": {"role": "nurse"},
    "hash": _SHA256,
}
PROBLEM: Final[dict[str, Any]] = {
    "type": "about:blank",
    "title": "Not Found",
    "status": 404,
    "detail": "There is no device 'EMS-0009' that you may see.",
    "instance": "/api/v1/devices/EMS-0009",
}
ENDED: Final[dict[str, Any]] = {"reason": "RX-1003 was cloned; the copy is off"}


def _page(item: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    return {"items": [item], "next": following}


ANSWERS: Final[dict[str, Any]] = {
    "listDevices": _page(DEVICE, CURSORS["listDevices"]),
    "getDevice": DEVICE,
    "endConflict": DEVICE | {"link": "suspect", "session": None, "state": "idle", "output": "off"},
    "listRecords": _page(RECORD),
    "getLedger": _page(LEDGER_ENTRY),
    "getTrace": TRACE,
    "listSessions": _page(SESSION),
    "getSession": SESSION_IN_FULL,
    "listRejects": _page(REJECT),
    "listAudit": _page(AUDIT_ENTRY),
    **alert_examples.ANSWERS,
    **command_examples.ANSWERS,
    **protocol_examples.ANSWERS,
    **library_examples.ANSWERS,
    **rollout_examples.ANSWERS,
}
"""Of each operation's success, by operation id."""

BODIES: Final[dict[str, Any]] = {
    "endConflict": ENDED,
    **alert_examples.BODIES,
    **command_examples.BODIES,
    **protocol_examples.BODIES,
    **library_examples.BODIES,
    **rollout_examples.BODIES,
}

PARAMETERS: Final[dict[str, Any]] = {
    "serial": "EMS-0001",
    "id": "01JD2",
    "slug": "north",
    "actor": "ada",
    "action": "membership.granted",
    "site": "north",
    "room": "Room 3",
    "tag": "knee",
    "link": "online",
    "state": "running",
    "q": "bed",
    "limit": 100,
    "boot": 7,
    "after_seq": 1200,
    "from": "2026-11-22T07:39:00Z",
    "to": "2026-11-22T07:40:00Z",
    "points": 1000,
    "device": "EMS-0001",
    "subject": "p-7f3a",
    "reason": "json",
    **alert_examples.PARAMETERS,
    **command_examples.PARAMETERS,
    **protocol_examples.PARAMETERS,
    **library_examples.PARAMETERS,
    **rollout_examples.PARAMETERS,
}
"""Of each parameter, by name."""

OWN_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "listAlerts": {"state": alert_examples.STATE},
    "listCommands": {"state": command_examples.STATE},
    **protocol_examples.OWN_PARAMETERS,
    **library_examples.OWN_PARAMETERS,
    **rollout_examples.OWN_PARAMETERS,
}
"""Where a name means something else in one operation, by operation id."""
