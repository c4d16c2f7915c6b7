"""Is this protocol sound, is it legal on this device, and what differs between two?  Pure.

Limits are those of `policy`, each with its source; they are software defaults, and no claim of compliance.
"""

from devices.protocols.changes import Change, carried, difference, value_at
from devices.protocols.findings import (
    Finding,
    blocks,
    findings,
    is_complete,
    misshapen,
    step_figures,
)
from devices.protocols.fit import DeviceFacts, facts_of, legal_on
from devices.protocols.physics import Figures, figures
from devices.protocols.policy import LIMITS, POLICY, Limit, Policy

__all__ = [
    "LIMITS",
    "POLICY",
    "Change",
    "DeviceFacts",
    "Figures",
    "Finding",
    "Limit",
    "Policy",
    "blocks",
    "carried",
    "difference",
    "facts_of",
    "figures",
    "findings",
    "is_complete",
    "legal_on",
    "misshapen",
    "step_figures",
    "value_at",
]
