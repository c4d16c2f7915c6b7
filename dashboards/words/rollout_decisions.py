"""What was decided in a rollout, as a sentence a decision."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from fleet.rollouts import texts
from fleet.rollouts.models import Decision
from fleet.rollouts.scene import Kind

ROUTINE: Final = tuple(
    kind.value
    for kind in (
        *(Kind.WAITS, Kind.OFFERED, Kind.RECEIVED, Kind.IN_SESSION, Kind.HELD, Kind.APPLYING, Kind.CLAIMED),
        *(Kind.VERIFIED, Kind.CURRENT, Kind.TAKE_BACK, Kind.TURNED, Kind.JOINED, Kind.TAKEN_UP),
    )
)
"""What is in the nature of a rollout: told of each device, and not among the newest decisions."""

_SENTENCES: Final[dict[str, Promise]] = {
    Kind.STARTED: gettext_lazy("Started"),
    Kind.BEGUN: gettext_lazy("Its time had come: it began"),
    Kind.PAUSED: gettext_lazy("Paused: no new offers"),
    Kind.STOPPED: gettext_lazy("Stopped itself"),
    Kind.RESUMED: gettext_lazy("Resumed"),
    Kind.ABORTED: gettext_lazy("Aborted"),
    Kind.COMPLETED: gettext_lazy("Completed"),
    Kind.ROLLING_BACK: gettext_lazy("Roll back: what was changed is offered what it had before"),
    Kind.ROLLED_BACK: gettext_lazy("Rolled back"),
    Kind.RETRIED: gettext_lazy("Taken up again"),
    Kind.WAVE_OPENED: gettext_lazy("Wave %(wave)s opened"),
    Kind.WAVE_OVER: gettext_lazy("Wave %(wave)s is over: no device of it that can be reached is open"),
    Kind.WAVE_REOPENED: gettext_lazy("Wave %(wave)s is open again: one of its devices came back"),
    Kind.WAVE_PASSED: gettext_lazy("Wave %(wave)s passed"),
    Kind.WAVE_WAIVED: gettext_lazy("Wave %(wave)s is judged no more: somebody went on"),
    Kind.JOINED: gettext_lazy("came to match, and joins wave %(wave)s"),
    Kind.WAITS: gettext_lazy("waits"),
    Kind.OFFERED: gettext_lazy("offered"),
    Kind.RECEIVED: gettext_lazy("says that it has the offer"),
    Kind.IN_SESSION: gettext_lazy("began a session with the offer out"),
    Kind.HELD: gettext_lazy("holds the offer"),
    Kind.APPLYING: gettext_lazy("says that it is taking it over"),
    Kind.CLAIMED: gettext_lazy("says that it is done; not read back yet"),
    Kind.VERIFIED: gettext_lazy("verified: the hash was read back in its live status"),
    Kind.CURRENT: gettext_lazy("had it already"),
    Kind.REJECTED: gettext_lazy("refused"),
    Kind.FAILED: gettext_lazy("failed"),
    Kind.TIMED_OUT: gettext_lazy("timed out"),
    Kind.RETRY: gettext_lazy("is to be offered it again"),
    Kind.NOT_SENT: gettext_lazy("is to be offered it again"),
    Kind.WITHDRAWN: gettext_lazy("left out"),
    Kind.TAKE_BACK: gettext_lazy("the offer is asked back"),
    Kind.TURNED: gettext_lazy("is to be offered what it had before"),
    Kind.STAYS: gettext_lazy("is not rolled back"),
    Kind.TAKEN_UP: gettext_lazy("taken up again, with attempts begun anew"),
}


_SAYS_ALL: Final = frozenset({Kind.STOPPED.value, Kind.REJECTED.value, Kind.RETRY.value, Kind.NOT_SENT.value})
"""Decisions whose reason is a whole sentence, which says what was decided, too."""


def sentence(one: Decision) -> str:
    """Return one decision: "Wave 2 opened", "verified: …"; why, behind a colon, where there is a reason."""
    known = _SENTENCES.get(one.kind)
    said = one.kind if known is None else str(known) % {"wave": one.wave}
    attempt = one.facts.get("attempt") if one.kind == Kind.OFFERED else None
    if isinstance(attempt, int) and attempt > 1:
        said = _("%(said)s (offer %(n)d)") % {"said": said, "n": attempt}
    why = _why(one)
    if why and one.kind in _SAYS_ALL:
        return why
    return f"{said}. {why}" if why else said


def _numbers(facts: Mapping[str, Any]) -> str:
    """How a wave came out; whether that is good is decided next, and said then."""
    words = ngettext(
        "%(good)d of %(n)d evaluated device is good",
        "%(good)d of %(n)d evaluated devices are good",
        facts["evaluated"],
    )
    said = words % {"good": facts["succeeded"], "n": facts["evaluated"]}
    away = int(facts.get("unreachable", 0))
    return f"{said}, {_('%(n)d out of reach') % {'n': away}}" if away else said


def _why(one: Decision) -> str:
    if not one.reason and not one.facts:
        return ""
    if one.kind == Kind.WAVE_OVER:
        return _numbers(one.facts)
    if one.target_id is None:
        return texts.rollout(one.reason, one.facts)
    return texts.target(one.to, one.reason, one.facts)
