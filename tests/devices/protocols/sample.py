"""One sound document, and others that differ from it in a step."""

import copy
from typing import Any, Final

DOCUMENT: Final[dict[str, Any]] = {
    "id": "quad-strength", "version": 3, "title": "Quadriceps strengthening", "indication": "tka",
    "channels_used": [1, 2], "waveform": "symmetric_biphasic",
    "steps": [{
        "name": "work", "kind": "work", "repeat": 15, "frequency_hz": 50, "phase_us": 250, "interphase_us": 0,
        "ramp_up_s": 3, "on_s": 15, "ramp_down_s": 1, "off_s": 45, "target_ma": [60, 60], "max_ma": [80, 80],
    }],
    "limits": {"max_session_s": 1200, "max_sessions_per_day": 2, "min_rest_h": 4},
}  # fmt: skip


def sample(
    *, limits: dict[str, Any] | None = None, of: dict[str, Any] | None = None, **step: Any
) -> dict[str, Any]:
    """Return the document with values of its step, its limits, or (`of`) of the document changed."""
    told = copy.deepcopy(DOCUMENT) | (of or {})
    told["steps"][0] |= step
    told["limits"] |= limits or {}
    return told
