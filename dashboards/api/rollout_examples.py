"""Examples of rollouts for the API's description, beside `dashboards.api.examples`."""

from typing import Any, Final

ROLLOUT_ID: Final = "5f3a91c2-6a0d-4c59-9f0e-2b7d3f1a8c44"
_SHA256: Final = "9b1c5d2f4e6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e"
_BEFORE: Final = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f809"

PLAN: Final[dict[str, Any]] = {
    "waves": [{"count": 4}, {"percent": 50}, {"percent": 100}],
    "success_threshold": 0.95,
    "failure_threshold": 0.1,
    "failure_count": 2,
    "min_evaluated": 1,
    "deadline_s": 600,
    "soak_s": 60,
    "pace_per_minute": 60,
    "retries": 1,
    "advance": "automatic",
    "start_at": None,
    "window": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "06:00", "to": "20:00"},
}
ASKED: Final[dict[str, Any]] = {
    "protocol": "quad-strength",
    "version": 3,
    "targets": {"site": "north", "tag": "knee"},
    **PLAN,
}
_PROGRESS: Final[dict[str, Any]] = {
    "wave": 1,
    "opened_at": "2026-11-22T07:40:00.000Z",
    "over_at": None,
    "passed_at": None,
    "waived_at": None,
    "waived_by": None,
    "devices": 4,
    "counts": {"held": 1, "planned": 1, "verified": 2},
    "reasons": {"held": {"session": 1}, "planned": {"unreachable": 1}},
    "evaluated": 2,
    "succeeded": 2,
    "went_wrong": 0,
    "unreachable": 1,
}
ROLLOUT: Final[dict[str, Any]] = {
    "id": ROLLOUT_ID,
    "title": "Quadriceps, softer ramps",
    "protocol": "quad-strength",
    "version": 3,
    "sha256": _SHA256,
    "sites": ["north"],
    "other_sites": 0,
    "state": "running",
    "reason": None,
    "facts": {},
    "text": "Running",
    "wave": 1,
    "devices": 4,
    "counts": {"held": 1, "planned": 1, "verified": 2},
    "progress": [_PROGRESS],
    **PLAN,
    "created_at": "2026-11-21T15:10:00.000Z",
    "created_by": "engineer",
    "submitted_at": "2026-11-21T15:12:00.000Z",
    "submitted_by": "engineer",
    "decided_at": "2026-11-21T16:30:00.000Z",
    "decided_by": "clinician",
    "decision_reason": "as discussed on Friday",
    "started_at": "2026-11-22T07:40:00.000Z",
    "started_by": "engineer",
    "ended_at": None,
    "decisions": 14,
    "rev": 23,
}
IN_FULL: Final[dict[str, Any]] = ROLLOUT | {
    "targets": {"site": "north", "tag": "knee"},
    "next": {"what": "held", "at": None, "facts": {"open": 1, "held": 1}},
}
_DRAFT: Final[dict[str, Any]] = IN_FULL | {
    "state": "draft",
    "wave": 0,
    "devices": 0,
    "counts": {},
    "progress": [],
    "submitted_at": None,
    "submitted_by": None,
    "decided_at": None,
    "decided_by": None,
    "decision_reason": "",
    "started_at": None,
    "started_by": None,
    "decisions": 0,
    "rev": 1,
    "text": "Draft",
    "next": {"what": "submit", "at": None, "facts": {}},
}
TARGET: Final[dict[str, Any]] = {
    "serial": "EMS-0001",
    "name": "Bed 1",
    "room": "Room 3",
    "site": "north",
    "wave": 1,
    "state": "held",
    "reason": "session",
    "facts": {},
    "text": "In a session: the device takes it over after that, never inside.",
    "direction": "out",
    "attempts": 1,
    "want_sha256": _SHA256,
    "before": {"id": "quad-strength", "version": 2, "sha256": _BEFORE},
    "changed": False,
    "reports": {
        "protocol": {"id": "quad-strength", "version": 2, "sha256": _BEFORE},
        "is_wanted": False,
        "heard": True,
        "told_at": "2026-11-22T07:41:10.000Z",
        "age_ms": 1200,
    },
    "command": "7d4a1c52-0b0e-5b7e-9d57-64a4ab7c4d02",
    "joined_at": "2026-11-22T07:40:00.000Z",
    "offered_at": "2026-11-22T07:40:02.000Z",
    "held_since": "2026-11-22T07:40:02.412Z",
    "claimed_at": None,
    "verified_at": None,
    "settled_at": None,
    "rev": 4,
}
DECISION: Final[dict[str, Any]] = {
    "number": 14,
    "at": "2026-11-22T07:40:04.000Z",
    "kind": "held",
    "serial": "EMS-0001",
    "wave": 1,
    "to": "held",
    "reason": "session",
    "facts": {},
    "actor": None,
}
PREVIEW: Final[dict[str, Any]] = {
    "protocol": "quad-strength",
    "version": 3,
    "sha256": _SHA256,
    "sites": ["north"],
    "devices": 2,
    "reached": 1,
    "counts": {"in_session": 1, "unreachable": 1},
    "waves": [
        {"wave": 1, "devices": 1, "reached": 1, "counts": {"in_session": 1}},
        {"wave": 2, "devices": 1, "reached": 0, "counts": {"unreachable": 1}},
    ],
    "items": [
        {
            "serial": "EMS-0001",
            "name": "Bed 1",
            "room": "Room 3",
            "site": "north",
            "risk_class": "staff",
            "wave": 1,
            "outcome": "in_session",
            "facts": {"before": {"id": "quad-strength", "version": 2, "sha256": _BEFORE}},
            "text": "In a session: gets its offer, and takes it over after that.",
        },
        {
            "serial": "EMS-0002",
            "name": "Bed 2",
            "room": "Room 4",
            "site": "north",
            "risk_class": None,
            "wave": 2,
            "outcome": "unreachable",
            "facts": {"link": "offline"},
            "text": "Offline: gets its offer when it is online again.",
        },
    ],
}
CURSORS: Final = {
    "listRollouts": "WyIyMDI2LTExLTIxVDE1OjEwOjAwKzAwOjAwIiwiNWYzYTkxYzItNmEwZC00YzU5LTlmMGUtMmI3ZDNmMWE4YzQ0Il12VXJN",
    "listRolloutTargets": "WzEsMSw3Xe4FF3E",
    "listRolloutDecisions": "WzE0XfWmZ9I",
}
ANSWERS: Final[dict[str, Any]] = {
    "listRollouts": {"items": [ROLLOUT], "next": CURSORS["listRollouts"]},
    "getRollout": IN_FULL,
    "listRolloutTargets": {"items": [TARGET], "next": CURSORS["listRolloutTargets"]},
    "listRolloutDecisions": {"items": [DECISION], "next": CURSORS["listRolloutDecisions"]},
    "writeRollout": _DRAFT,
    "previewRollout": PREVIEW,
    "rewriteRollout": _DRAFT | {"rev": 2},
    "askRollout": IN_FULL
    | {"state": "paused", "reason": "by_hand", "text": "Somebody paused it.", "decisions": 15, "rev": 24},
}
BODIES: Final[dict[str, Any]] = {
    "writeRollout": ASKED | {"id": ROLLOUT_ID},
    "previewRollout": ASKED,
    "rewriteRollout": ASKED | {"rev": 1},
    "askRollout": {"reason": "two pads came off in Room 3"},
}
PARAMETERS: Final[dict[str, Any]] = {"rollout_id": ROLLOUT_ID, "wave": 1}
"""Of each parameter, by name."""
OWN_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "listRollouts": {"state": "running", "protocol": "quad-strength"},
    "listRolloutTargets": {"state": "planned", "reason": "unreachable"},
    "askRollout": {"verb": "pause"},
}
"""Where a name means something else in one operation, by operation id."""
