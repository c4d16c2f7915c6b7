"""How pages name what a protocol is made of."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fleet.protocols.lifecycle import State

STATES: Final[dict[str, Promise]] = {
    State.DRAFT.value: _("draft"),
    State.SUBMITTED.value: _("waits for approval"),
    State.APPROVED.value: _("approved"),
    State.REJECTED.value: _("rejected"),
    State.WITHDRAWN.value: _("withdrawn"),
}
KINDS: Final[dict[str, Promise]] = {
    "warm_up": _("warm-up"),
    "work": _("work"),
    "active_rest": _("active rest"),
    "cool_down": _("cool-down"),
}
WAVEFORMS: Final[dict[str, Promise]] = {
    "symmetric_biphasic": _("symmetric biphasic"),
    "asymmetric_biphasic": _("asymmetric biphasic"),
    "monophasic": _("monophasic"),
    "burst_ac": _("bursts of alternating current"),
    "burst_biphasic": _("bursts of biphasic pulses"),
    "interferential": _("interferential"),
}


def state(value: str) -> str:
    return str(STATES[value])
