"""What a rollout, and each of its devices, is said to be: one word a state, what that word means, and its mark.

The words and the sentences that name numbers and reasons are those of `fleet.rollouts.texts`; the API tells them, too.
"""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fleet.rollouts import texts
from fleet.rollouts.judge import THRESHOLDS
from fleet.rollouts.plan import Risk
from fleet.rollouts.states import RolloutState, TargetState

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Said:
    """A state as pages say it; `tone`: a key of marks in css/rollouts.css."""

    label: Text
    meaning: Text
    tone: str


_ROLLOUTS: Final[dict[RolloutState, tuple[Text, str]]] = {
    RolloutState.DRAFT: (_("Being written. No device is offered anything."), "draft"),
    RolloutState.SUBMITTED: (_("A clinician who did not write it approves or rejects it."), "waits"),
    RolloutState.APPROVED: (_("Nothing is offered until somebody starts it."), "waits"),
    RolloutState.SCHEDULED: (_("Starts by itself at the time set."), "waits"),
    RolloutState.RUNNING: (_("Devices are offered the version, wave by wave."), "busy"),
    RolloutState.PAUSED: (
        _("No new offers. What was offered already may still be taken over."),
        "stopped",
    ),
    RolloutState.COMPLETED: (_("Every wave is over."), "good"),
    RolloutState.ABORTED: (
        _("No new offers; what was offered and not taken over is taken back."),
        "over",
    ),
    RolloutState.ROLLING_BACK: (_("Changed devices are offered what each had before."), "busy"),
    RolloutState.ROLLED_BACK: (
        _("Nobody who can be reached is left to go back; who stays as it is says why."),
        "over",
    ),
}
_TARGETS: Final[dict[TargetState, tuple[Text, str]]] = {
    TargetState.PLANNED: (_("No offer is out to it."), "planned"),
    TargetState.OFFERED: (_("The offer is on its way; no answer yet."), "open"),
    TargetState.RECEIVED: (_("The device says that it has the offer."), "open"),
    TargetState.HELD: (
        _("The device keeps the offer, and applies it later: never inside a session."),
        "held",
    ),
    TargetState.APPLYING: (_("The device says that it is taking it over."), "open"),
    TargetState.CLAIMED: (_("The device's word; its hash was not read back yet."), "open"),
    TargetState.VERIFIED: (_("The hash was read back in the device's own live status."), "good"),
    TargetState.ALREADY_CURRENT: (_("It reported this hash already, and was offered nothing."), "good"),
    TargetState.REJECTED: (_("It will not take it, and is not asked again."), "bad"),
    TargetState.FAILED: (
        _("It says something else than what was wanted, or took it over inside a session."),
        "bad",
    ),
    TargetState.TIMED_OUT: (_("No proof within its time, as often as it was asked."), "bad"),
    TargetState.WITHDRAWN: (_("It is offered nothing, or no longer."), "out"),
}

ROLLOUTS: Final = {state: Said(texts.STATES[state], *said) for state, said in _ROLLOUTS.items()}
TARGETS: Final = {state: Said(texts.TARGET_STATES[state], *said) for state, said in _TARGETS.items()}

PARTS: Final[tuple[tuple[str, Text, tuple[TargetState, ...]], ...]] = (
    ("good", _("verified"), (TargetState.VERIFIED, TargetState.ALREADY_CURRENT)),
    ("bad", _("went wrong"), (TargetState.FAILED, TargetState.REJECTED, TargetState.TIMED_OUT)),
    ("held", _("held"), (TargetState.HELD,)),
    (
        "open",
        _("offered"),
        (TargetState.OFFERED, TargetState.RECEIVED, TargetState.APPLYING, TargetState.CLAIMED),
    ),
    ("planned", _("waiting"), (TargetState.PLANNED,)),
    ("out", _("left out"), (TargetState.WITHDRAWN,)),
)
"""What a bar is made of, from left to right: its key, its words, the states that it sums."""

UNREACHABLE: Final = _("out of reach")


RISKS: Final[dict[Risk, Text]] = {
    Risk.BENCH: _("bench: on no person"),
    Risk.STAFF: _("staff: used on staff, who know it"),
    Risk.LOW_RISK: _("low risk: people who feel, and can say, that something is wrong"),
    Risk.REST: _("none of these: reached last"),
}

DEAD_ENDS: Final = frozenset({"version_withdrawn", "plan_unusable", "no_plan"})
"""Reasons for which a rollout stops itself, and nobody can go on."""

_STOPPED_ITSELF: Final = THRESHOLDS | DEAD_ENDS


def rollout_words(state: str, reason: str = "") -> Said:
    """Return what is said of a rollout.  One that stopped itself does not look like one that somebody paused."""
    if state == RolloutState.PAUSED and reason in _STOPPED_ITSELF:
        return Said(_("Stopped itself"), ROLLOUTS[RolloutState.PAUSED].meaning, "alarm")
    return ROLLOUTS[RolloutState(state)]


def target_words(state: str) -> Said:
    return TARGETS[TargetState(state)]


def risk_words(risk_class: str) -> Text:
    """Return what a device's risk class is called; a word that is none of ours is shown as it is."""
    known = {risk.value: words for risk, words in RISKS.items()}
    return known.get(risk_class) or _("%(word)s: reached last, as this is no class of rollouts") % {
        "word": risk_class[:40]
    }
