"""Rollouts in words: why one stands where it stands, why a device waits, what was decided, why a wish cannot be met.

What we asked for is told as asked, what a device says as said, and only what was read back as done.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from fleet.protocols.lifecycle import State as VersionState
from fleet.protocols.models import Version
from fleet.rollouts.judge import THRESHOLDS
from fleet.rollouts.models import Rollout
from fleet.rollouts.plan import Fault
from fleet.rollouts.states import RolloutState, TargetState
from fleet.rollouts.verbs import Forbidden

STATES: Final[dict[str, Promise]] = {
    RolloutState.DRAFT: gettext_lazy("Draft"),
    RolloutState.SUBMITTED: gettext_lazy("Waits for approval"),
    RolloutState.APPROVED: gettext_lazy("Approved, not started"),
    RolloutState.SCHEDULED: gettext_lazy("Scheduled"),
    RolloutState.RUNNING: gettext_lazy("Running"),
    RolloutState.PAUSED: gettext_lazy("Paused"),
    RolloutState.COMPLETED: gettext_lazy("Completed"),
    RolloutState.ABORTED: gettext_lazy("Aborted"),
    RolloutState.ROLLING_BACK: gettext_lazy("Rolling back"),
    RolloutState.ROLLED_BACK: gettext_lazy("Rolled back"),
}
TARGET_STATES: Final[dict[str, Promise]] = {
    TargetState.PLANNED: gettext_lazy("Waiting"),
    TargetState.OFFERED: gettext_lazy("Offered"),
    TargetState.RECEIVED: gettext_lazy("Received"),
    TargetState.HELD: gettext_lazy("Held"),
    TargetState.APPLYING: gettext_lazy("Applying"),
    TargetState.CLAIMED: gettext_lazy("Says done"),
    TargetState.VERIFIED: gettext_lazy("Verified"),
    TargetState.ALREADY_CURRENT: gettext_lazy("Had it already"),
    TargetState.REJECTED: gettext_lazy("Refused"),
    TargetState.FAILED: gettext_lazy("Failed"),
    TargetState.TIMED_OUT: gettext_lazy("Timed out"),
    TargetState.WITHDRAWN: gettext_lazy("Left out"),
}
_REFUSALS: Final[dict[str, Promise]] = {
    "unsupported": gettext_lazy("it says that it cannot take protocols over"),
    "in_session": gettext_lazy("it says that it is in a session"),
    "no_session": gettext_lazy("it says that it is in no session"),
    "locked": gettext_lazy("it says that it is locked"),
    "estop": gettext_lazy("it says that its emergency stop is pressed"),
    "limits": gettext_lazy("it says that the protocol is beyond its limits"),
    "hash": gettext_lazy("it says that the protocol arrived with another hash than promised"),
    "no_server_time": gettext_lazy("it says that it does not know the time yet"),
    "applied": gettext_lazy("it says that it has applied it already"),
    "other": gettext_lazy("it gives no reason that we know"),
}
_INCAPABLE: Final[dict[str, Promise]] = {
    "cannot_apply": gettext_lazy("it says that it cannot take protocols over"),
    "no_such_channel": gettext_lazy("it has fewer channels than the protocol uses"),
    "above_device": gettext_lazy("the protocol goes above the device's highest current"),
    "no_document": gettext_lazy("the document of the protocol cannot be read"),
}


def own_work() -> str:
    return _("You wrote or submitted a part of this rollout; somebody else has to decide about it.")


def not_approved(version: Version) -> str:
    """Return why a version cannot be offered."""
    words = {"protocol": version.protocol_id, "number": version.number}
    if version.state == VersionState.WITHDRAWN:
        return _("Version %(number)d of %(protocol)s was withdrawn; it is offered to nobody.") % words
    return _("Version %(number)d of %(protocol)s is not approved; only approved ones are offered.") % words


def not_in_state(row: Rollout, needed: str) -> str:
    """Return what a rollout has to be for this, and what it is."""
    return _("This rollout is in the state “%(state)s”, not “%(needed)s”; look at it again.") % {
        "state": STATES[row.state],
        "needed": STATES[needed],
    }


def rollout(reason: str, facts: Mapping[str, Any]) -> str:
    """Return why a rollout stands where it stands; blank: its state says it all."""
    if reason == "unreachable":
        number = int(facts.get("unreachable", 0))
        return ngettext(
            "%(number)d device could not be reached; the list says what it reports now.",
            "%(number)d devices could not be reached; the list says what they report now.",
            number,
        ) % {"number": number}
    if reason == "some_left":
        number = int(facts.get("left", 0))
        return ngettext(
            "%(number)d device was not rolled back: when this ended it had, or may have had, the version still.",
            "%(number)d devices were not rolled back: when this ended they had, or may have had, the version still.",
            number,
        ) % {"number": number}
    if reason in THRESHOLDS:
        return _stop(reason, facts)
    return str(_ROLLOUT.get(reason, ""))


_ROLLOUT: Final[dict[str, Promise]] = {
    "gate": gettext_lazy("The wave is over and good; somebody has to open the next one."),
    "soak": gettext_lazy("The wave is over and good; the next one opens after the time to soak."),
    "version_withdrawn": gettext_lazy(
        "It stopped itself: the version was withdrawn, and is offered to nobody any more."
    ),
    "plan_unusable": gettext_lazy(
        "It stopped itself: its thresholds cannot be judged. Abort it, and write a new one."
    ),
    "no_plan": gettext_lazy("It stopped itself: its plan cannot be read. Abort it, and write a new one."),
    "by_hand": gettext_lazy("Somebody paused it."),
    "other_rollout": gettext_lazy("Devices that another rollout had an offer out to were left as they are."),
}


def _stop(reason: str, facts: Mapping[str, Any]) -> str:
    numbers = {
        "wave": facts.get("wave", 0),
        "wrong": sum(int(facts.get(name, 0)) for name in ("failed", "rejected", "timed_out")),
        "succeeded": facts.get("succeeded", 0),
        "evaluated": int(facts.get("evaluated", 0)),
        "limit": _limit(facts.get("limit")),
        "unreachable": facts.get("unreachable", 0),
    }
    many = numbers["wrong" if reason == "failure_count" else "evaluated"]
    return _stop_words(reason, many) % numbers


def _stop_words(reason: str, many: int) -> str:
    match reason:
        case "failure_count":
            return ngettext(
                "It stopped itself: in wave %(wave)s it went wrong on %(wrong)s device; it stops at %(limit)s.",
                "It stopped itself: in wave %(wave)s it went wrong on %(wrong)s devices; it stops at %(limit)s.",
                many,
            )
        case "failure_share":
            return ngettext(
                "It stopped itself: in wave %(wave)s it went wrong on %(wrong)s of %(evaluated)s device; it stops"
                " at %(limit)s.",
                "It stopped itself: in wave %(wave)s it went wrong on %(wrong)s of %(evaluated)s devices; it stops"
                " at %(limit)s.",
                many,
            )
        case "success_share":
            return ngettext(
                "It stopped itself: wave %(wave)s is over, and only %(succeeded)s of %(evaluated)s device has it;"
                " at least %(limit)s is needed.",
                "It stopped itself: wave %(wave)s is over, and only %(succeeded)s of %(evaluated)s devices have it;"
                " at least %(limit)s is needed.",
                many,
            )
        case _:
            return ngettext(
                "It stopped itself: wave %(wave)s is over with %(evaluated)s device to judge by, and needs at least"
                " %(limit)s. %(unreachable)s could not be reached.",
                "It stopped itself: wave %(wave)s is over with %(evaluated)s devices to judge by, and needs at least"
                " %(limit)s. %(unreachable)s could not be reached.",
                many,
            )


def target(state: str, reason: str, facts: Mapping[str, Any], *, direction: str = "out") -> str:
    """Return why a device stands where it stands in a rollout; blank: its state says it all."""
    if reason == "incapable":
        return _("It cannot have this protocol: %(why)s.") % {"why": _joined(facts.get("why"), _INCAPABLE)}
    if state == TargetState.REJECTED:
        return _("The device refused it: %(why)s. It is not asked again.") % {"why": _refusal(reason)}
    if state == TargetState.HELD:
        return str(_HELD.get(reason, _HELD[""]))
    if reason == "retry":
        why = str(facts.get("why") or "")
        return _("It is offered again: %(why)s") % {
            "why": _ended(why) or _("the last offer came to nothing.")
        }
    if state in (TargetState.FAILED, TargetState.TIMED_OUT):
        return _ended(reason)
    found = _WAITS.get(reason)
    if found is None and state == TargetState.CLAIMED:
        return _("The device says that it has taken it over; that has not been read back yet.")
    if state == TargetState.VERIFIED and reason == "late":
        return _("Read back after the time for it was over.")
    return "" if found is None else str(found)


_HELD: Final[dict[str, Promise]] = {
    "session": gettext_lazy("In a session: the device takes it over after that, never inside."),
    "charging": gettext_lazy("Charging: the device takes it over after that."),
    "user": gettext_lazy("Somebody at the device has to agree."),
    "": gettext_lazy("The device has it, and waits."),
}
_WAITS: Final[dict[str, Promise]] = {
    "unreachable": gettext_lazy("Not reached: it gets its offer when it is online again."),
    "conflict": gettext_lazy(
        "Two devices speak under this serial: nothing is offered until an engineer ends the conflict."
    ),
    "other_rollout": gettext_lazy("Another rollout has an offer out to it: this one waits."),
    "window": gettext_lazy("Outside the hours in which it may be offered."),
    "dispatch": gettext_lazy(
        "The offer has not left the server yet: it waits for dispatch. The time for an answer has not begun."
    ),
    "not_sent": gettext_lazy(
        "The last offer did not leave the server within its hour, and the device was told nothing: it is offered again."
    ),
    "joined": gettext_lazy("It came to match the filter after the start."),
    "version_withdrawn": gettext_lazy("The version was withdrawn: it is offered to nobody."),
    "revoked": gettext_lazy("The device was revoked."),
    "left": gettext_lazy(
        "It is none of the devices that the rollout is for any more: nothing more is offered to it."
    ),
    "aborted": gettext_lazy("The rollout was aborted."),
    "rollback": gettext_lazy("The rollout was rolled back."),
    "nothing_before": gettext_lazy(
        "It stays as it is: what it had before is not known, or its document is not kept."
    ),
    "before_withdrawn": gettext_lazy("It stays as it is: what it had before was withdrawn since."),
    "before_not_approved": gettext_lazy("It stays as it is: what it had before was never approved."),
}
_ENDED: Final[dict[str, Promise]] = {
    "wrong_hash": gettext_lazy("The device said done, and then showed another protocol, or none."),
    "applied_in_session": gettext_lazy(
        "The device showed it in a session in which it had shown another protocol before: look at the device."
    ),
    "silence": gettext_lazy("No answer within the time for it."),
    "not_sent": gettext_lazy(
        "The broker did not take the offer within the time for it: whether it reached the device is not known."
    ),
    "not_read_back": gettext_lazy("The device said done, and then showed nothing within the time for it."),
    "held_too_long": gettext_lazy("The device held it for an hour, until the offer was over."),
    "expired": gettext_lazy("The device says that the offer came too late."),
    "in_session": gettext_lazy("The device said that it was in a session, until the time was over."),
    "no_server_time": gettext_lazy("The device did not know the time, until the time was over."),
}


def _ended(reason: str) -> str:
    found = _ENDED.get(reason)
    return "" if found is None else str(found)


def foreseen(outcome: str, facts: Mapping[str, Any]) -> str:
    """Return what would become of a device if the rollout began as things are now."""
    if outcome == "incapable":
        return target("", "incapable", facts)
    return str(_FORESEEN[outcome])


_FORESEEN: Final[dict[str, Promise]] = {
    "offered": gettext_lazy("It is offered the version when its wave is open."),
    "in_session": gettext_lazy(
        "In a session: it is offered the version, and takes it over after the session."
    ),
    "already_current": gettext_lazy("It shows this version already: nothing is offered."),
    "window": gettext_lazy("It waits for the hours in which it may be offered."),
    "unreachable": gettext_lazy("Not reached now: it is offered the version when it is online again."),
    "conflict": gettext_lazy(
        "Two devices speak under this serial: nothing is offered until an engineer ends the conflict."
    ),
    "other_rollout": gettext_lazy("Another rollout has an offer out to it: this one waits."),
    "revoked": gettext_lazy("The device was revoked: it is left out."),
}


def _refusal(reason: str) -> str:
    return str(_REFUSALS.get(reason, _REFUSALS["other"]))


def _joined(words: object, known: Mapping[str, Promise]) -> str:
    told = [str(known.get(str(one), one)) for one in words] if isinstance(words, list | tuple) else []
    return "; ".join(dict.fromkeys(told)) or _("of what it says of itself")


def _limit(limit: object) -> str:
    """A share is told in percent, a number as it is."""
    if isinstance(limit, float) and limit <= 1:
        return _("%(percent)s %%") % {"percent": f"{100 * limit:.10g}"}
    return str(limit)


def fault(one: Fault) -> str:
    """Return what is wrong with a field of a plan, and what is expected there."""
    found = _FAULTS.get(one.code)
    words = {"path": one.path, **one.facts}
    if found is None:
        return _("%(path)s: this cannot be.") % words
    try:
        return str(found) % words
    except (KeyError, TypeError):  # facts that the sentence needs were not given
        return _("%(path)s: this cannot be.") % words


_FAULTS: Final[dict[str, Promise]] = {
    "share": gettext_lazy("%(path)s: a share above 0 and up to 1 is expected, such as 0.95."),
    "no_failure_threshold": gettext_lazy(
        "failure_threshold: say a share, or a number of devices (failure_count), at which the rollout stops itself."
    ),
    "missing": gettext_lazy("%(path)s: a whole number from %(least)s to %(most)s is needed."),
    "number": gettext_lazy("%(path)s: a whole number from %(least)s to %(most)s is expected."),
    "no_waves": gettext_lazy("waves: at least one wave is expected."),
    "too_many_waves": gettext_lazy("waves: at most %(most)s; seen: %(seen)s."),
    "wave": gettext_lazy("%(path)s: one of count, percent and risk_class is expected."),
    "wave_count": gettext_lazy("%(path)s: a whole number of devices from 1 is expected."),
    "wave_percent": gettext_lazy("%(path)s: a percentage above 0 and up to 100 is expected."),
    "wave_risk_class": gettext_lazy("%(path)s: one of bench, staff, low_risk and rest is expected."),
    "not_everybody": gettext_lazy(
        "waves: %(left_out)s of %(devices)s devices would be in no wave; let the last wave reach 100 percent."
    ),
    "advance": gettext_lazy("advance: automatic or manual is expected."),
    "moment": gettext_lazy("start_at: a date and time is expected, such as 2026-03-01T08:00+01:00."),
    "window": gettext_lazy("window: days, from and to are expected."),
    "days": gettext_lazy("window.days: a list out of mon, tue, wed, thu, fri, sat and sun is expected."),
    "wall_clock": gettext_lazy("%(path)s: a time of day is expected, such as 18:00."),
    "empty_window": gettext_lazy("window.to: it has to end at another time than it begins."),
}


def forbidden(one: Forbidden) -> str:
    """Return why what was asked for cannot be done as the rollout stands."""
    if one.reason == "state":
        word = STATES.get(str(one.facts.get("state")), one.facts.get("state"))
        return _("The rollout is in the state “%(state)s”, in which that is not done; look at it again.") % {
            "state": word
        }
    if one.reason in THRESHOLDS:
        return _("%(why)s “Go on” (advance) waives that wave; “resume” does not.") % {
            "why": _stop(one.reason, one.facts)
        }
    if one.reason == "not_over":
        return _not_over(one.facts)
    found = _FORBIDDEN.get(one.reason)
    if found is None:
        return _("As this rollout stands, that cannot be done; look at it again.")
    try:
        return str(found) % dict(one.facts)
    except (KeyError, TypeError):
        return _("As this rollout stands, that cannot be done; look at it again.")


def _not_over(facts: Mapping[str, Any]) -> str:
    waiting = int(facts.get("waiting", 0))
    return ngettext(
        "Wave %(wave)s is not over: %(waiting)s device is still waited for.",
        "Wave %(wave)s is not over: %(waiting)s devices are still waited for.",
        waiting,
    ) % {"wave": facts.get("wave", 0), "waiting": waiting}


_FORBIDDEN: Final[dict[str, Promise]] = {
    "no_plan": gettext_lazy("The plan of this rollout cannot be read; nothing runs on it."),
    "plan_unusable": gettext_lazy("%(path)s cannot be judged by; nothing runs on it. Write a new rollout."),
    "no_devices": gettext_lazy("No device matches: there is nobody to offer it to."),
    "no_targets": gettext_lazy("No device of it can be offered anything."),
    "version_withdrawn": gettext_lazy("The version was withdrawn; it is offered to nobody."),
    "other_wave": gettext_lazy("Wave %(wave)s is open by now; look at it, then decide."),
    "last_wave": gettext_lazy("The last wave is open: there is none after it."),
    "paused": gettext_lazy("It is paused; resume it first."),
    "nothing_changed": gettext_lazy(
        "No device has, or may have, taken the version over: nothing is to be rolled back."
    ),
    "nothing_left": gettext_lazy("Nobody is left who could be offered it again."),
    "never_again": gettext_lazy("Who has refused is not asked again."),
}
