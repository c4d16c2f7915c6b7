"""Examples of the library for the API's description, beside `dashboards.api.examples`."""

from typing import Any, Final

from dashboards.api.protocol_examples import ANSWERS as _PROTOCOLS

_FOUND: Final = {"confidence": "found", "certainty": None, "sources": ["S47"]}
LIBRARY: Final[dict[str, Any]] = {
    "items": [
        {
            "number": 6,
            "slug": "tka-valdes",
            "title": "Knee replacement, Valdés",
            "kind": "draft",
            "indications": ["weakness", "atrophy"],
            "cells": {
                "muscle": [{"text": "quadriceps", **_FOUND}],
                "waveform": [{"text": "biphasic", **_FOUND}],
                "phase": [{"text": "300", **_FOUND}],
                "frequency": [{"text": "65", **_FOUND}],
                "on_off": [],
                "ramp": [],
                "session": [{"text": "15 min", **_FOUND}],
                "schedule": [{"text": "1/day", **_FOUND}],
                "intensity": [{"text": "15–30 mA", **_FOUND}],
            },
            "source": [{"text": "", **_FOUND}],
            "caution": [],
            "notes": [],
            "draft": {
                "id": "tka-valdes",
                "version": 1,
                "title": "Knee replacement, Valdés",
                "steps": [{"name": "work", "kind": "work", "frequency_hz": 65, "phase_us": 300}],
                "limits": {"max_session_s": 900, "max_sessions_per_day": 1},
            },
            "missing": [
                {
                    "path": "steps.0.target_ma",
                    "field": "Step 1, target current",
                    "low": 15,
                    "high": 30,
                    "choices": [],
                    "usual": None,
                    "text": "15–30 mA",
                }
            ],
            "to_confirm": [],
            "hindrances": [],
        }
    ],
    "indications": [
        {"slug": "weakness", "name": "Weakness", "rows": [4, 5, 6], "note": "After operations on the knee."}
    ],
    "guidance": [{"text": "A wide phase (400–600 µs) gives more torque.", "sources": ["S73"]}],
    "sources": {"S47": "Meta-analysis of NMES after total knee arthroplasty, PMC8677678, table 1"},
}
ANSWERS: Final[dict[str, Any]] = {"getLibrary": LIBRARY, "draftLibraryRow": _PROTOCOLS["createProtocol"]}
BODIES: Final[dict[str, Any]] = {"draftLibraryRow": {"id": "knee-team"}}
PARAMETERS: Final[dict[str, Any]] = {"row": 6}
OWN_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "getLibrary": {"indication": "weakness", "kind": "draft", "q": "quadriceps"},
}
