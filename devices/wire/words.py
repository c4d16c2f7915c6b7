"""The words of the contract.

Closed lists refuse an unknown word, because acting on a guess about them would be unsafe.  Open lists
read an unknown word as `other` or `unknown`, so that newer firmware is never refused for a new one;
the device's own word stays in the stored body.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self

from .units import MAX_TEXT


class _OpenToOther(StrEnum):
    """An unknown word reads as `other`."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls["OTHER"] if _is_word(value) else None


class _OpenToUnknown(StrEnum):
    """An unknown word reads as `unknown`."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls["UNKNOWN"] if _is_word(value) else None


def _is_word(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


OPEN = (_OpenToOther, _OpenToUnknown)

State = Literal["idle", "ready", "running", "paused", "fault", "charging", "offline"]
Output = Literal["off", "ramping", "on"]
Outcome = Literal["received", "done", "refused", "expired", "repeat"]
StepKind = Literal["warm_up", "work", "active_rest", "cool_down"]
Waveform = Literal[
    "symmetric_biphasic", "asymmetric_biphasic", "monophasic", "burst_ac", "burst_biphasic", "interferential"
]


class Phase(_OpenToUnknown):
    """Where in the stimulation cycle a telemetry message ends; a pause is `rest`."""

    RAMP_UP = "ramp_up"
    ON = "on"
    RAMP_DOWN = "ramp_down"
    REST = "rest"
    UNKNOWN = "unknown"


class Contact(_OpenToUnknown):
    """How well an electrode pair sits; `unknown` neither raises nor clears an alert."""

    OK = "ok"
    LOW_CURRENT = "low_current"
    ELECTRODE = "electrode"
    TIMEOUT = "timeout"
    UNKNOWN = "unknown"
    OFF = "off"  # channel not in use


class EventKind(_OpenToOther):
    """What happened."""

    SESSION_STARTED = "session_started"
    SESSION_PAUSED = "session_paused"
    SESSION_RESUMED = "session_resumed"
    SESSION_ENDED = "session_ended"
    INTENSITY_CHANGED = "intensity_changed"
    ELECTRODE_OFF = "electrode_off"
    ELECTRODE_ON = "electrode_on"
    LOW_CURRENT = "low_current"
    FAULT = "fault"
    ESTOP = "estop"
    PROTOCOL_APPLIED = "protocol_applied"
    PROTOCOL_REJECTED = "protocol_rejected"
    DROPPED = "dropped"
    COMMAND_REFUSED = "command_refused"
    BOOT = "boot"
    CLOCK_SET = "clock_set"
    OTHER = "other"


class By(_OpenToOther):
    """Whose act it was."""

    PATIENT = "patient"
    OPERATOR = "operator"
    DEVICE = "device"
    SERVER = "server"
    OTHER = "other"


class EndReason(_OpenToOther):
    """Why a session ended."""

    COMPLETED = "completed"
    PATIENT_STOP = "patient_stop"
    OPERATOR_STOP = "operator_stop"
    SERVER_STOP = "server_stop"
    ELECTRODE = "electrode"
    OVERTEMP = "overtemp"
    LOW_BATTERY = "low_battery"
    WATCHDOG = "watchdog"
    FAULT = "fault"
    POWER_LOSS = "power_loss"
    OTHER = "other"


class FaultClass(_OpenToOther):
    """What part of the device is at fault."""

    HV = "hv"
    STIM = "stim"
    BATTERY = "battery"
    TEMPERATURE = "temperature"
    MEMORY = "memory"
    ESTOP = "estop"
    OTHER = "other"


class RefusalReason(_OpenToOther):
    """Why a command was not carried out, or a protocol not applied."""

    UNSUPPORTED = "unsupported"
    IN_SESSION = "in_session"
    NO_SESSION = "no_session"
    LOCKED = "locked"
    ESTOP = "estop"
    LIMITS = "limits"
    HASH = "hash"
    NO_SERVER_TIME = "no_server_time"
    APPLIED = "applied"
    # an ack with outcome `repeat` carries the first outcome here:
    RECEIVED = "received"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"
    OTHER = "other"


class Held(_OpenToOther):
    """Why a received protocol is not applied yet."""

    SESSION = "session"
    CHARGING = "charging"
    USER = "user"
    OTHER = "other"


class LockReason(_OpenToOther):
    """Why no new session may begin."""

    MAINTENANCE = "maintenance"
    RECALL = "recall"
    OVERDUE = "overdue"
    OTHER = "other"


class Verb(_OpenToUnknown):
    """What a command asks for.  There is no start and no increase."""

    STOP = "stop"
    PAUSE = "pause"
    LOWER = "lower"
    IDENTIFY = "identify"
    LOCK = "lock"
    UNLOCK = "unlock"
    APPLY_PROTOCOL = "apply_protocol"
    WITHDRAW = "withdraw"
    REBIRTH = "rebirth"
    UNKNOWN = "unknown"  # a verb of a later version: answered `refused`, `unsupported`


#: How long a command may be carried out after it was issued, ms.
TTL_MS: dict[Verb, int] = {
    Verb.STOP: 10_000,
    Verb.PAUSE: 10_000,
    Verb.LOWER: 10_000,
    Verb.IDENTIFY: 10_000,
    Verb.LOCK: 60_000,
    Verb.UNLOCK: 60_000,
    Verb.APPLY_PROTOCOL: 3_600_000,
    Verb.WITHDRAW: 3_600_000,
    Verb.REBIRTH: 10_000,
}
