"""What happens next in a rollout, and when, in words: those of `fleet.rollouts.foresight`, which the API tells, too."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.words.rollouts import DEAD_ENDS
from devices.moments import from_ms
from fleet.rollouts.coming import coming
from fleet.rollouts.judge import THRESHOLDS
from fleet.rollouts.models import Rollout
from fleet.rollouts.states import RolloutState


@dataclass(frozen=True, slots=True)
class Next:
    """What happens next; `at`: when, if the clock decides it, and `left_ms` until then."""

    words: str
    at: datetime | None = None
    left_ms: int | None = None


def next_step(rollout: Rollout, now: datetime) -> Next | None:
    """Return what the rollout waits for; None if nothing comes next."""
    step = coming(rollout, now)
    words = WORDS.get(step.what)
    if words is None:
        return None
    said = words(rollout, step.facts)
    at = None if step.at_ms is None else from_ms(step.at_ms)
    if step.what == "start" and rollout.start_at and rollout.start_at > now:
        return Next(_("somebody starts it; then it begins when its time has come"), rollout.start_at)
    if at is None or at <= now:
        return Next(said)
    timed = _TIMED.get(step.what, lambda: _("%(words)s in"))() % {"words": said}
    return Next(timed, at, (at - now) // timedelta(milliseconds=1))


def _offers(rollout: Rollout, facts: Mapping[str, Any]) -> str:
    n = facts["devices"]
    if rollout.state == RolloutState.ROLLING_BACK:
        words = ngettext(
            "%(n)d device gets its offer to go back, at most %(pace)d a minute",
            "%(n)d devices get their offers to go back, at most %(pace)d a minute",
            n,
        )
    else:
        words = ngettext(
            "%(n)d device gets its offer, at most %(pace)d a minute",
            "%(n)d devices get their offers, at most %(pace)d a minute",
            n,
        )
    return words % {"n": n, "pace": rollout.pace_per_minute}


def _answers(rollout: Rollout, facts: Mapping[str, Any]) -> str:
    if rollout.state == RolloutState.ABORTED:
        return _taken_back(rollout, facts)
    n = facts["open"] - facts["held"]
    words = ngettext("%(n)d device has to show the hash", "%(n)d devices have to show the hash", n)
    return words % {"n": n}


def _held(rollout: Rollout, facts: Mapping[str, Any]) -> str:
    if rollout.state == RolloutState.ABORTED:
        return _taken_back(rollout, facts)
    n = facts["held"]
    return ngettext(
        "%(n)d device takes it over once it may, such as after its session: nobody knows when that is",
        "%(n)d devices take it over once they may, such as after their sessions: nobody knows when that is",
        n,
    ) % {"n": n}


def _taken_back(rollout: Rollout, facts: Mapping[str, Any]) -> str:
    n = facts["open"]
    return ngettext(
        "%(n)d open offer is being taken back: its device has to answer",
        "%(n)d open offers are being taken back: their devices have to answer",
        n,
    ) % {"n": n}


def _hours(rollout: Rollout, facts: Mapping[str, Any]) -> str:
    n = facts["devices"]
    return ngettext(
        "%(n)d device gets its offer when its hours begin",
        "%(n)d devices get their offers when their hours begin",
        n,
    ) % {"n": n}


def _following(rollout: Rollout, facts: Mapping[str, Any]) -> str:
    return _("wave %(n)d begins by itself, if all stays good") % {"n": facts["wave"]}


def _gate(rollout: Rollout, facts: Mapping[str, Any]) -> str:
    return _("somebody opens wave %(n)d with “Go on”") % {"n": facts["wave"]}


def _judged(rollout: Rollout, facts: Mapping[str, Any]) -> str:
    return _("wave %(n)d is judged") % {"n": max(1, rollout.wave)}


def _person(rollout: Rollout, facts: Mapping[str, Any]) -> str:
    n = facts.get("open", 0)
    if rollout.reason in DEAD_ENDS:
        said = _("nothing by itself: it can be aborted, or rolled back")
    elif rollout.reason in THRESHOLDS:
        said = _("nothing by itself: somebody goes on all the same, aborts it, or rolls it back")
    else:
        said = _("nothing by itself: somebody resumes or aborts it")
    if n and rollout.reason == "version_withdrawn":
        said += "; " + _taken_back(rollout, facts)
    elif n:
        said += "; " + ngettext(
            "%(n)d open offer may still be taken over by its device",
            "%(n)d open offers may still be taken over by their devices",
            n,
        ) % {"n": n}
    return said


WORDS: Final[Mapping[str, Callable[[Rollout, Mapping[str, Any]], str]]] = {
    "submit": lambda rollout, facts: _("somebody submits it for approval"),
    "decide": lambda rollout, facts: _("a clinician approves or rejects it"),
    "start": lambda rollout, facts: _("somebody starts it"),
    "begin": lambda rollout, facts: _("it begins by itself"),
    "wave": _following,
    "offers": _offers,
    "window": _hours,
    "answers": _answers,
    "held": _held,
    "hearing": lambda rollout, facts: _(
        "the server hears no device now: until it does again, nothing is offered, and no device's time runs out"
    ),
    "soak": _following,
    "gate": _gate,
    "complete": _judged,
    "person": _person,
}
"""By `foresight.Next.what`; what is not here is nothing to be said."""

_TIMED: Final[Mapping[str, Callable[[], str]]] = {
    "offers": lambda: _("%(words)s; the next one in"),
    "answers": lambda: _("%(words)s; the first one's time is over in"),
    "window": lambda: _("%(words)s, in"),
}
"""How a time is put behind the words."""
