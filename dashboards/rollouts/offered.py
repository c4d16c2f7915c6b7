"""What a reader may do with a rollout as it stands, and what each deed will do: said before it is pressed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dashboards.rollouts import plan_words
from dashboards.words.rollouts import DEAD_ENDS, Text, rollout_words
from fleet.rollouts import rights
from fleet.rollouts.judge import THRESHOLDS
from fleet.rollouts.models import Rollout
from fleet.rollouts.states import OPEN, RolloutState, TargetState

S = RolloutState
IN_STATES: Final[dict[str, frozenset[RolloutState]]] = {
    "submit": frozenset({S.DRAFT}),
    "approve": frozenset({S.SUBMITTED}),
    "reject": frozenset({S.SUBMITTED}),
    "start": frozenset({S.APPROVED}),
    "pause": frozenset({S.SCHEDULED, S.RUNNING}),
    "resume": frozenset({S.PAUSED}),
    "advance": frozenset({S.RUNNING, S.PAUSED}),
    "retry": frozenset({S.RUNNING, S.PAUSED, S.COMPLETED, S.ROLLED_BACK}),
    "abort": frozenset({S.APPROVED, S.SCHEDULED, S.RUNNING, S.PAUSED, S.ROLLING_BACK}),
    "rollback": frozenset({S.RUNNING, S.PAUSED, S.COMPLETED, S.ABORTED}),
}
"""In which states a deed is offered at all; what forbids it besides, the service says."""
LEADS_TO: Final[dict[str, frozenset[RolloutState]]] = {
    "submit": frozenset({S.SUBMITTED}),
    "approve": frozenset({S.APPROVED}),
    "reject": frozenset({S.DRAFT}),
    "start": frozenset({S.SCHEDULED, S.RUNNING}),
    "pause": frozenset({S.PAUSED}),
    "resume": frozenset({S.RUNNING, S.SCHEDULED}),
    "abort": frozenset({S.ABORTED}),
    "rollback": frozenset({S.ROLLING_BACK, S.ROLLED_BACK}),
}
"""Where a deed leads: one that was done already, by a double click or a colleague, is no fault of who pressed."""
_AT_REST: Final = frozenset({S.COMPLETED, S.ROLLED_BACK})
_STAYS: Final = frozenset({"nothing_before", "before_withdrawn", "before_not_approved"})
"""Why a device is not rolled back: no retry takes it up."""
_LABELS: Final[dict[str, Promise]] = {
    "submit": gettext_lazy("Submit for approval"),
    "approve": gettext_lazy("Approve"),
    "reject": gettext_lazy("Reject"),
    "start": gettext_lazy("Start"),
    "pause": gettext_lazy("Pause"),
    "resume": gettext_lazy("Resume"),
    "advance": gettext_lazy("Go on"),
    "retry": gettext_lazy("Try again"),
    "abort": gettext_lazy("Abort"),
    "rollback": gettext_lazy("Roll back"),
}


@dataclass(frozen=True, slots=True)
class Deed:
    """A button: `does` says what comes of it; one that `asks` opens first, and wants to be confirmed."""

    verb: str
    label: Text
    does: str
    asks: bool = False
    wants_reason: bool = False
    is_dangerous: bool = False
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many devices a deed is about."""

    planned: int
    open: int
    unreachable: int
    failed: int
    timed_out: int
    changed: int


def numbers(counted: Mapping[tuple[int, str, str], int], changed: int) -> Numbers:
    def of(*states: TargetState) -> int:
        return sum(n for (_wave, state, why), n in counted.items() if state in states and why not in _STAYS)

    unreachable = sum(
        n
        for (_wave, state, reason), n in counted.items()
        if state == TargetState.PLANNED and reason in ("unreachable", "conflict")
    )
    return Numbers(
        planned=of(TargetState.PLANNED),
        open=of(*OPEN),
        unreachable=unreachable,
        failed=of(TargetState.FAILED),
        timed_out=of(TargetState.TIMED_OUT),
        changed=changed,
    )


def deeds(reader: User, rollout: Rollout, told: Mapping[str, Any], known: Numbers) -> list[Deed]:
    """Return what is offered to this reader now, in the order of its page."""
    state = RolloutState(rollout.state)
    found = []
    for verb, states in IN_STATES.items():
        if state in states and _makes_sense(verb, rollout, known) and rights.may(reader, verb, rollout):
            if verb in ("approve", "reject") and wrote(reader, rollout):
                continue
            found.append(_deed(verb, rollout, told, known))
    return found


def wrote(reader: User, rollout: Rollout) -> bool:
    """Whether the reader wrote any part of it: then somebody else approves it, whatever else the reader is."""
    return rights.wrote(reader, rollout)


def is_stopped(rollout: Rollout) -> bool:
    """Whether a threshold stopped it."""
    return rollout.state == S.PAUSED and rollout.reason in THRESHOLDS


def stopped_itself(rollout: Rollout) -> bool:
    return rollout_words(rollout.state, rollout.reason).tone == "alarm"


def _makes_sense(verb: str, rollout: Rollout, known: Numbers) -> bool:
    stopped = is_stopped(rollout)
    if verb == "advance":
        waits = rollout.state == S.RUNNING and rollout.reason in ("gate", "soak")
        return (waits or stopped) and rollout.wave > 0
    if rollout.reason in DEAD_ENDS and verb in ("resume", "retry"):
        return rollout.state != S.PAUSED
    if verb == "resume":
        return not stopped
    if verb == "retry":
        left = rollout.state in _AT_REST and known.unreachable  # else they get their offers by themselves
        return bool(left or known.failed or known.timed_out)
    if verb == "rollback":
        return known.changed > 0
    return True


def _deed(verb: str, rollout: Rollout, told: Mapping[str, Any], known: Numbers) -> Deed:
    stopped = is_stopped(rollout)
    return Deed(
        verb=verb,
        label=_LABELS[verb] if verb != "advance" or not stopped else _("Go on all the same"),
        does=_does(verb, rollout, told, known),
        asks=verb in ("approve", "reject", "abort", "rollback", "start", "retry")
        or (verb == "advance" and stopped),
        wants_reason=verb in ("approve", "reject", "abort", "rollback"),
        is_dangerous=verb in ("reject", "abort", "rollback"),
        also=_also(known) if verb == "retry" else (),
    )


def _also(known: Numbers) -> tuple[tuple[str, str], ...]:
    asked = []
    if known.failed:
        words = ngettext("also %(n)d that failed", "also %(n)d that failed", known.failed)
        asked.append(("failed", words % {"n": known.failed}))
    if known.timed_out:
        words = ngettext("also %(n)d that timed out", "also %(n)d that timed out", known.timed_out)
        asked.append(("timed_out", words % {"n": known.timed_out}))
    return tuple(asked)


def _does(verb: str, rollout: Rollout, told: Mapping[str, Any], known: Numbers) -> str:
    if verb == "advance":
        return _goes_on(rollout, told)
    if verb == "start":
        return _starts(rollout)
    if verb == "retry":
        return _retries(rollout, known)
    return {
        "submit": _("A clinician who did not write it decides; until then nothing can be changed."),
        "approve": _("From then on it can be started; nothing is offered before."),
        "reject": _("It is a draft again, with your reason beside it."),
        "pause": _("No new offers. What was offered already may still be taken over by its devices."),
        "resume": _("Goes on where it was, under the same pace."),
        "abort": _aborts(rollout, known),
        "rollback": _rolls_back(known),
    }[verb]


def _starts(rollout: Rollout) -> str:
    first = plan_words.reach(rollout.waves_spec[0]) if rollout.waves_spec else ""
    return _("Wave 1 begins: %(reach)s. A device in session takes it over only after its session.") % {
        "reach": first
    }


def _goes_on(rollout: Rollout, told: Mapping[str, Any]) -> str:
    if not is_stopped(rollout):
        return _begins(rollout, told)
    bad, rest = int(rollout.facts.get("wave") or rollout.wave), _without_offer(rollout, told)
    if bad < rollout.wave:  # an earlier one: the one that is open goes on as it would have
        said = _("Wave %(n)d goes on.") % {"n": rollout.wave}
    elif rollout.wave < len(rollout.waves_spec):
        said = _begins(rollout, told)
    elif rest:
        said = _("Wave %(n)d goes on; it is the last.") % {"n": rollout.wave}
    else:
        said = _("Wave %(n)d is the last: the rollout ends when no offer is out any more.") % {
            "n": rollout.wave
        }
    if rest:
        said += " " + ngettext(
            "%(n)d device of the waves begun has no offer yet, and gets it.",
            "%(n)d devices of the waves begun have no offer yet, and get it.",
            rest,
        ) % {"n": rest}
    return said + " " + _("Wave %(n)d is judged no more; the record says that you went on.") % {"n": bad}


def _begins(rollout: Rollout, told: Mapping[str, Any]) -> str:
    following = rollout.wave + 1
    n = sum(one["devices"] for one in told["progress"] if one["wave"] == following)
    return ngettext(
        "Wave %(wave)d begins, with %(n)d device.", "Wave %(wave)d begins, with %(n)d devices.", n
    ) % {"wave": following, "n": n}


def _without_offer(rollout: Rollout, told: Mapping[str, Any]) -> int:
    """Return how many devices of the waves that were begun wait for an offer, and can be reached."""
    begun = [one for one in told["progress"] if one["wave"] <= rollout.wave]
    return sum(one["counts"].get("planned", 0) - one["unreachable"] for one in begun)


def _retries(rollout: Rollout, known: Numbers) -> str:
    said = _("What refused is never asked again.")
    if rollout.state not in _AT_REST or not known.unreachable:
        return _("What failed or timed out gets its offer anew, if you choose so.") + " " + said
    n = known.unreachable
    taken_up = ngettext(
        "%(n)d device out of reach is taken up again, and gets its offer when it returns.",
        "%(n)d devices out of reach are taken up again, and get their offers when they return.",
        n,
    )
    return f"{taken_up % {'n': n}} {said}"


def _aborts(rollout: Rollout, known: Numbers) -> str:
    n, back = known.open, rollout.state == S.ROLLING_BACK
    said = _("Ends the rollback: no new offers.") if back else _("Ends it for good: no new offers.")
    if n:
        said += " " + ngettext(
            "%(n)d open offer is taken back, unless its device has taken it over already.",
            "%(n)d open offers are taken back, unless their devices have taken them over already.",
            n,
        ) % {"n": n}
    if back:
        return said + " " + _("What has not gone back keeps what it has; to go on with it, roll back again.")
    return said + " " + _("What has the version keeps it; to undo that, roll back.")


def _rolls_back(known: Numbers) -> str:
    n = known.changed
    said = ngettext(
        "%(n)d device that has taken the version over, or may have, is offered what it had before, between sessions.",
        "%(n)d devices that have taken the version over, or may have, are offered what each had before, between "
        "sessions.",
        n,
    ) % {"n": n}
    return (
        said
        + " "
        + _("What is not known, or may not be used any more, is offered to nobody: such stay as they are.")
    )
