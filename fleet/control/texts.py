"""Commands in words: why one is not sent, what became of it, and what to do now."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fleet.control.guard import Refusal

NAMES: Final[dict[str, Promise]] = {
    "stop": gettext_lazy("Stop"),
    "pause": gettext_lazy("Pause"),
    "lower": gettext_lazy("Lower"),
    "identify": gettext_lazy("Identify"),
    "lock": gettext_lazy("Lock"),
    "unlock": gettext_lazy("Unlock"),
    "apply_protocol": gettext_lazy("Protocol"),
    "withdraw": gettext_lazy("Withdraw protocol"),
    "rebirth": gettext_lazy("Say everything anew"),
}


def no_such_verb(word: str) -> str:
    return _("verb: one of %(verbs)s expected; seen: %(seen)s") % {
        "verbs": ", ".join(NAMES),
        "seen": repr(word[:40]),
    }


def refusal(one: Refusal) -> str:
    """Return why nothing was sent, and what to do instead."""
    text = {
        "cannot": _(
            "%(serial)s says that it cannot do this (%(verb)s); nothing was sent.  Stop is always sent."
        ),
        "conflict": _(
            "Two devices speak as %(serial)s: which of them would follow is not known, so nothing was sent.  An"
            " engineer ends the conflict.  Stop, pause and lower are sent all the same."
        ),
        "channel": _("args: %(serial)s has channels 1 to %(channels)d, and no channel %(channel)d."),
    }[one.reason]
    return text % one.facts
