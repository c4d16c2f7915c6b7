"""Examples of protocols for the API's description, beside `dashboards.api.examples`."""

from typing import Any, Final

DOCUMENT: Final[dict[str, Any]] = {
    "id": "quad-strength",
    "version": 3,
    "title": "Quadriceps strengthening after knee replacement",
    "indication": "tka",
    "channels_used": [1, 2],
    "waveform": "symmetric_biphasic",
    "steps": [
        {
            "name": "work",
            "kind": "work",
            "repeat": 15,
            "frequency_hz": 50,
            "phase_us": 250,
            "interphase_us": 0,
            "ramp_up_s": 3,
            "on_s": 15,
            "ramp_down_s": 1,
            "off_s": 45,
            "target_ma": [60, 60],
            "max_ma": [80, 80],
        }
    ],
    "limits": {"max_session_s": 1200, "max_sessions_per_day": 2, "min_rest_h": 4},
}
_SHA256: Final = "2f7d4e14f4cefa30c44755065d870d16b28d0c78bf4d63a6d7b726f38d17ce6a"
_BEFORE: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_DRAFT: Final[dict[str, Any]] = {
    "id": "quad-strength",
    "version": 3,
    "state": "draft",
    "sha256": _SHA256,
    "title": "Quadriceps strengthening after knee replacement",
    "rev": 1,
    "document": DOCUMENT,
    "authors": ["clinician"],
    "based_on": 2,
    "library_row": 4,
    "to_confirm": [],
    "created_at": "2026-11-22T07:40:00.123Z",
    "edited_at": "2026-11-22T07:40:00.123Z",
    "submitted_at": None,
    "submitted_by": None,
    "decided_at": None,
    "decided_by": None,
    "decision_reason": "",
    "confirmation": "",
    "withdrawn_at": None,
    "withdrawn_by": None,
    "withdrawal_reason": "",
}
_FINDING: Final[dict[str, Any]] = {
    "path": "steps.0.max_ma.1",
    "field": "Step 1, highest current, entry 2",
    "severity": "error",
    "code": "charge_uc",
    "text": "80 µC in one phase; at most 75 µC is allowed.",
    "facts": {"seen": 80.0, "limit": 75},
}
VERSION: Final[dict[str, Any]] = _DRAFT | {"findings": []}
_SUBMITTED: Final = VERSION | {
    "state": "submitted",
    "submitted_at": "2026-11-22T07:50:00.000Z",
    "submitted_by": "clinician",
}
_APPROVED: Final = _SUBMITTED | {
    "state": "approved",
    "decided_at": "2026-11-22T08:10:00.000Z",
    "decided_by": "clinician2",
    "decision_reason": "Read against the trial; the knee team agrees",
}
_SHORT: Final = {"version": 3, "state": "draft", "sha256": _SHA256}
PROTOCOL: Final[dict[str, Any]] = {
    "id": "quad-strength",
    "title": "Quadriceps strengthening after knee replacement",
    "indication": "tka",
    "sites": ["north"],
    "library_row": 4,
    "created_at": "2026-10-01T09:00:00.000Z",
    "created_by": "clinician",
    "versions": 3,
    "newest": _SHORT,
    "approved": {"version": 2, "state": "approved", "sha256": _BEFORE},
}
PROTOCOL_IN_FULL: Final[dict[str, Any]] = PROTOCOL | {"items": [_DRAFT]}
CHECK: Final[dict[str, Any]] = {"complete": True, "sha256": None, "findings": [_FINDING]}
DIFFERENCE: Final[dict[str, Any]] = {
    "version": 3,
    "to": 2,
    "changes": [
        {
            "path": "steps.0.max_ma.0",
            "code": "max_ma",
            "direction": "stronger",
            "text": "Step 1 “work”, channel 1: highest current 80 mA (was 60 mA), +33 %",
            "facts": {"step": 1, "step_name": "work", "channel": 1, "old": 60, "new": 80, "percent": 33.3},
        }
    ],
}
DEVICE: Final[dict[str, Any]] = {
    "serial": "EMS-00B1",
    "name": "Bed 4",
    "room": "Room 3",
    "site": "north",
    "link": "online",
    "heard": True,
    "told_at": "2026-11-22T08:20:00.000Z",
    "age_ms": 4200,
    "session": None,
}
CURSORS: Final = {
    "listProtocols": "WyJxdWFkLXN0cmVuZ3RoIl1IFn1B",
    "listProtocolDevices": "WyJFTVMtMDBCMSJdV-s_yQ",
}

ANSWERS: Final[dict[str, Any]] = {
    "listProtocols": {"items": [PROTOCOL], "next": CURSORS["listProtocols"]},
    "createProtocol": VERSION,
    "checkProtocol": CHECK,
    "getProtocol": PROTOCOL_IN_FULL,
    "getProtocolVersion": VERSION,
    "listProtocolDevices": {"items": [DEVICE], "next": CURSORS["listProtocolDevices"]},
    "editProtocolVersion": VERSION | {"rev": 2, "edited_at": "2026-11-22T07:45:00.000Z"},
    "compareProtocolVersions": DIFFERENCE,
    "submitProtocolVersion": _SUBMITTED,
    "approveProtocolVersion": _APPROVED,
    "rejectProtocolVersion": _SUBMITTED
    | {
        "state": "rejected",
        "decided_at": "2026-11-22T08:10:00.000Z",
        "decided_by": "clinician2",
        "decision_reason": "Too strong for the first week",
    },
    "withdrawProtocolVersion": _APPROVED
    | {
        "state": "withdrawn",
        "withdrawn_at": "2026-11-22T09:00:00.000Z",
        "withdrawn_by": "clinician",
        "withdrawal_reason": "Skin reddened under both pads",
    },
}
BODIES: Final[dict[str, Any]] = {
    "createProtocol": DOCUMENT,
    "checkProtocol": DOCUMENT,
    "editProtocolVersion": {"document": DOCUMENT, "rev": 1},
    "submitProtocolVersion": {"rev": 1},
    "approveProtocolVersion": {"reason": "Read against the trial; the knee team agrees"},
    "rejectProtocolVersion": {"reason": "Too strong for the first week"},
    "withdrawProtocolVersion": {"reason": "Skin reddened under both pads"},
}
PARAMETERS: Final[dict[str, Any]] = {"protocol_id": "quad-strength", "number": 3}
"""Of each parameter, by name."""
OWN_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "listProtocols": {"state": "submitted", "q": "knee"},
    "compareProtocolVersions": {"to": 2},
}
