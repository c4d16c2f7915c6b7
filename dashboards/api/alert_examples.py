"""Examples of alerts for the API's description, beside `dashboards.api.examples`."""

from typing import Any, Final

ALERT: Final[dict[str, Any]] = {
    "id": 5120,
    "device": "EMS-0001",
    "device_name": "Bed 1",
    "room": "Room 3",
    "site": "north",
    "rule": "electrode_off",
    "rule_version": 2,
    "duty": "care",
    "priority": "medium",
    "channel": 2,
    "subject": "",
    "title": "Electrode off",
    "text": "Channel 2: electrode off at 34 mA",
    "facts": {"ma": 34.0},
    "state": "acknowledged",
    "session": "01JD2",
    "in_session": True,
    "raised_at": "2026-11-22T07:40:00.123Z",
    "risen_at": "2026-11-22T07:40:00.123Z",
    "noted_at": "2026-11-22T07:40:00.181Z",
    "acknowledged_at": "2026-11-22T07:40:21.904Z",
    "acknowledged_by": "nurse",
    "cleared_at": None,
    "closed_at": None,
    "closed_by": None,
    "disposition": None,
    "note": "",
    "assignee": None,
    "shelved_until": None,
    "shelved_by": None,
    "shelf_reason": "",
    "one_shot": False,
    "latched": False,
    "late": False,
    "chattering": False,
    "cause": None,
    "count": 1,
    "episode": 1,
    "close_at": None,
    "rev": 2,
}
_JOURNAL: Final = [
    {
        "at": "2026-11-22T07:40:00.123Z",
        "kind": "raised",
        "by": None,
        "text": "",
        "data": {"priority": "medium"},
    },
    {"at": "2026-11-22T07:40:21.904Z", "kind": "acknowledged", "by": "nurse", "text": "", "data": {}},
]
ALERT_IN_FULL: Final[dict[str, Any]] = ALERT | {
    "to_do": "Press the electrode of this channel on again, or put on a new one.",
    "why": "Current through a small rest of an electrode burns.",
    "journal": _JOURNAL,
}
_SHELF_REASON: Final = "a new electrode is on its way"
_SHELVED: Final = {
    "shelved_until": "2026-11-22T08:10:00.000Z",
    "shelved_by": "nurse",
    "shelf_reason": _SHELF_REASON,
    "rev": 3,
}
_CLOSED: Final = {
    "state": "closed",
    "cleared_at": "2026-11-22T07:44:02.123Z",
    "closed_at": "2026-11-22T07:45:10.000Z",
    "closed_by": "nurse",
    "disposition": "actionable",
    "note": "electrode renewed",
    "rev": 4,
}
METRICS: Final[dict[str, Any]] = {
    "from": "2026-11-22T07:20:00Z",
    "to": "2026-11-22T07:40:00Z",
    "bin_s": 600,
    "days_for_a_verdict": 30,
    "items": [
        {
            "site": "north",
            "duty": "care",
            "from": "2026-11-22T07:20:00Z",
            "to": "2026-11-22T07:40:00Z",
            "days": 0.014,
            "enough_data": False,
            "alarms": 3,
            "per_10_min": 1.5,
            "per_hour": 9.0,
            "per_day": 216.0,
            "busy_share": 0.0,
            "most_in_10_min": 2,
            "most_in_10_min_at": "2026-11-22T07:31:04Z",
            "flood_share": 0.0,
            "floods": [],
            "top": [
                {
                    "rule": "electrode_off",
                    "device": "EMS-0001",
                    "channel": 2,
                    "subject": None,
                    "alarms": 3,
                    "share": 1.0,
                }
            ],
            "top_share": 1.0,
            "chattering": 0,
            "fleeting": 1,
            "stale": 0,
            "stale_now": [],
            "priority_share": {"high": 0.0, "medium": 1.0, "low": 0.0},
            "non_actionable_120_min": {"now": 1, "most": 1, "bins": [0, 1]},
            "closed_with_a_verdict": 2,
            "without_a_verdict": 1,
            "answer_ms": 21_800,
            "slow_answer_ms": 48_000,
            "shelved_beyond_a_shift": 0,
            "refused_suppressions": 0,
            "standing": {"per_10_min": "watch", "chattering": "good"},
            "bins": [1, 2],
        }
    ],
}
CURSOR: Final = "WyIyMDI2LTExLTIyVDA3OjQwOjAwKzAwOjAwIiw1MTIwXcn5IAE"

ANSWERS: Final[dict[str, Any]] = {
    "listAlerts": {"items": [ALERT], "next": CURSOR},
    "getAlertMetrics": METRICS,
    "getAlert": ALERT_IN_FULL,
    "acknowledgeAlerts": {"items": [ALERT], "next": None},
    "acknowledgeAlert": ALERT,
    "shelveAlert": ALERT | _SHELVED,
    "unshelveAlert": ALERT | {"rev": 4},
    "closeAlert": ALERT | _CLOSED,
    "assignAlert": ALERT | {"assignee": "clinician", "rev": 3},
    "commentAlert": ALERT_IN_FULL
    | {
        "journal": [
            *_JOURNAL,
            {
                "at": "2026-11-22T07:41:00.000Z",
                "kind": "comment",
                "by": "nurse",
                "text": "skin is dry",
                "data": {},
            },
        ]
    },
}
BODIES: Final[dict[str, Any]] = {
    "acknowledgeAlerts": {"ids": [5120]},
    "shelveAlert": {"minutes": 30, "reason": _SHELF_REASON, "one_shot": False},
    "closeAlert": {"disposition": "actionable", "note": "electrode renewed"},
    "assignAlert": {"to": "clinician"},
    "commentAlert": {"text": "skin is dry"},
}
PARAMETERS: Final[dict[str, Any]] = {
    "alert_id": 5120,
    "priority": "high",
    "rule": "electrode_off",
    "duty": "care",
}
"""Of each parameter, by name."""

STATE: Final = "open"
"""Devices have a parameter of that name, too."""
