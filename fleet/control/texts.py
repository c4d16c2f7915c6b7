"""Commands in words: why one is not sent, what became of it, and what to do now.

What we asked is told as asked, what a device says as said, and only what it has shown as done.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from devices.wire.words import Verb
from fleet.control.guard import Refusal, Unusable
from fleet.control.lifecycle import EASING

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


class Commandish(Protocol):
    """What of a command the words are made of: a row of `Command` has it."""

    verb: str
    args: str
    state: str
    requested_at: datetime
    published_at: datetime | None
    received_at: datetime | None
    done_at: datetime | None
    confirmed_at: datetime | None
    unconfirmed_at: datetime | None
    refused_at: datetime | None
    expired_at: datetime | None
    refuted_at: datetime | None
    expires_at: datetime
    proof_due_at: datetime | None
    attempts: int
    acks: int
    evidence: Any


def no_such_verb(word: str) -> str:
    return _("verb: one of %(verbs)s expected; seen: %(seen)s") % {
        "verbs": ", ".join(NAMES),
        "seen": repr(word[:40]),
    }


def unusable(verb: Verb, error: Unusable) -> str:
    """Return which argument cannot be, and what is expected."""
    known = ", ".join(error.one_of)
    if error.odd:
        if not known:
            return _("args: %(verb)s takes none; seen: %(odd)s") % {
                "verb": verb.value,
                "odd": repr(error.odd),
            }
        return _("args: %(odd)s is no argument of %(verb)s; expected: %(known)s") % {
            "odd": repr(error.odd),
            "verb": verb.value,
            "known": known,
        }
    if known:
        return _("args: reason: one of %(known)s expected") % {"known": known}
    return _("args: %(why)s") % {"why": error}


def refusal(one: Refusal) -> str:
    """Return why nothing was sent, and what to do instead."""
    text = {
        "cannot": _(
            "%(serial)s says that it cannot do this (%(verb)s); nothing was sent. Stop is always sent."
        ),
        "conflict": _(
            "Two devices speak as %(serial)s, and which of them would follow is not known; nothing was sent. An"
            " engineer ends the conflict. Stop, pause and lower are sent all the same."
        ),
        "channel": _("args: %(serial)s has channels 1 to %(channels)d, and no channel %(channel)d."),
    }[one.reason]
    return text % one.facts


def name(verb: str) -> str:
    return str(NAMES.get(verb, verb))


def sentence(command: Commandish, now: datetime | None = None) -> str:
    """Return what became of a command so far: "Stop confirmed: output off, 0.4 s after it was asked for."."""
    words = _STATES.get(command.state)
    return words(command, now or timezone.now()) if words else f"{name(command.verb)}: {command.state}."


def next_step(command: Commandish, now: datetime | None = None) -> str:
    """Return what a person should do now; blank: nothing."""
    if command.state == "confirmed":
        return ""
    if is_open(command, now or timezone.now()):
        return _waiting_step(command)
    return _AFTER.get(command.verb, _nothing)(command)


def is_open(command: Commandish, now: datetime) -> bool:
    """Whether it may still turn out well in its own time: then nobody has to go there yet."""
    if command.state in ("requested", "published", "received"):
        return now < (command.proof_due_at or command.expires_at)
    return command.state == "done" and command.proof_due_at is not None and now < command.proof_due_at


# --- states ---


def _not_yet(command: Commandish, now: datetime) -> str:
    """Asked for, and nothing heard that ends it."""
    if command.verb in EASING and not is_open(command, now):
        return _unconfirmed(command, now)
    text = {
        "requested": _("%(what)s asked for; not sent yet."),
        "published": _("%(what)s sent; the device has not answered yet."),
        "received": _("%(what)s: the device has it, and has not said yet that it is done."),
    }[command.state]
    return text % {"what": name(command.verb)}


def _done(command: Commandish, now: datetime) -> str:
    if command.proof_due_at is None:
        text = _("%(what)s done: the device says so, %(after)s after it was asked for.")
        return text % {"what": name(command.verb), "after": _after(command, command.done_at)}
    if command.verb in EASING and not is_open(command, now):
        return _unconfirmed(command, now)
    return _("%(what)s: the device says that it is done; it has not shown it yet.") % {
        "what": name(command.verb)
    }


def _confirmed(command: Commandish, now: datetime) -> str:
    what = {
        "stop": _("Stop confirmed: output off"),
        "pause": _("Pause confirmed: output off"),
        "lower": _("Lower confirmed: %(target)s") % {"target": _target(command)},
        "lock": _("Lock confirmed: the device says that it is locked"),
        "unlock": _("Unlock confirmed: the device says that it is not locked"),
    }.get(command.verb, _("%(what)s confirmed") % {"what": name(command.verb)})
    text = _("%(what)s, %(after)s after it was asked for.") % {
        "what": what,
        "after": _after(command, command.confirmed_at),
    }
    late, at = command.unconfirmed_at, command.confirmed_at
    if late is not None and at is not None and late < at:
        text += " " + _("Before that it was unconfirmed for %(time)s.") % {"time": span(at, late)}
    if command.acks > 1:
        text += " " + ngettext(
            "The device answered %(n)d time.", "The device answered %(n)d times.", command.acks
        ) % {"n": command.acks}
    return text


def _unconfirmed(command: Commandish, now: datetime) -> str:
    return _("%(what)s not confirmed: %(why)s.") % {
        "what": name(command.verb),
        "why": _why_unconfirmed(command, now),
    }


def _why_unconfirmed(command: Commandish, now: datetime) -> str:
    if command.refuted_at is not None:
        return _why_refuted(command)
    if command.refused_at is not None:
        return _("the device refused it%(why)s") % {"why": _because(command.evidence)}
    if command.expired_at is not None and _outcome(command.evidence) == "expired":
        return _("it reached the device too late, which then does not carry it out")
    wait = _waited(command, now)
    if command.done_at is not None:
        text = _("the device says that it is done, but has not shown it within %(time)s")
    elif command.published_at is None:
        text = _unsent(command, now)
    elif command.received_at is not None:
        text = _("the device has it, but has not said within %(time)s that it is done")
    else:
        text = _("no answer within %(time)s")
    return text % {"time": wait}


def _unsent(command: Commandish, now: datetime) -> str:
    if command.attempts:  # whoever was to send it died before that could be noted
        return _("whether it was sent within %(time)s is not known")
    if now >= command.expires_at:
        return _("it was never sent, and will not be any more")
    return _("it was not sent within %(time)s")


def _why_refuted(command: Commandish) -> str:
    ma = (command.evidence.get("refuted") or {}).get("ma")
    if isinstance(ma, int | float):
        seen = _("%(ma)s mA flowed afterwards") % {"ma": f"{round(ma, 1):g}"}
    else:
        seen = _("it says afterwards that its output is not off")
    if command.confirmed_at is not None:
        return _("it was confirmed at first, but %(seen)s") % {"seen": seen}
    return _("the device says that it is done, but %(seen)s") % {"seen": seen}


def _refused(command: Commandish, now: datetime) -> str:
    return _("%(what)s refused by the device%(why)s.") % {
        "what": name(command.verb),
        "why": _because(command.evidence),
    }


def _expired(command: Commandish, now: datetime) -> str:
    what = {"what": name(command.verb), "time": span(command.expires_at, command.requested_at)}
    if _outcome(command.evidence) == "expired":
        return _("%(what)s not carried out: it reached the device too late.") % what
    if command.published_at is None and command.attempts == 0:
        return _("%(what)s not sent: there was no way to the device within %(time)s.") % what
    return _("%(what)s: no answer within %(time)s; whether the device did it is not known.") % what


_STATES: Final[dict[str, Callable[[Commandish, datetime], str]]] = {
    "requested": _not_yet,
    "published": _not_yet,
    "received": _not_yet,
    "done": _done,
    "confirmed": _confirmed,
    "unconfirmed": _unconfirmed,
    "refused": _refused,
    "expired": _expired,
}


# --- what to do ---


def _waiting_step(command: Commandish) -> str:
    if command.verb not in EASING:
        return ""
    return _("Wait for the device to show it: at most %(time)s from the press on.") % {
        "time": span(command.proof_due_at or command.expires_at, command.requested_at)
    }


def _after_stop(command: Commandish) -> str:
    if command.refuted_at is not None:
        return _("Current may be flowing: go to the device now, and stop it there.")
    return _("Go to the device, and stop it there.")


def _after_pause(command: Commandish) -> str:
    if command.state == "refused" and (command.evidence.get("ack") or {}).get("reason") == "no_session":
        return _("Nothing is to be paused, says the device. If you see otherwise, stop it there.")
    return _("Go to the device, and pause or stop it there.")


def _after_lower(command: Commandish) -> str:
    return _("Go to the device, and look at its intensity. If in doubt, stop it.")


def _after_identify(command: Commandish) -> str:
    if command.state == "done":
        return ""
    return _("See whether the device is switched on and connected, then try again.")


def _after_lock(command: Commandish) -> str:
    return _(
        "While it is wanted, it is sent again each time the device connects, until the device says the same."
    )


def _nothing(command: Commandish) -> str:
    return ""


_AFTER: Final[dict[str, Callable[[Commandish], str]]] = {
    "stop": _after_stop,
    "pause": _after_pause,
    "lower": _after_lower,
    "identify": _after_identify,
    "lock": _after_lock,
    "unlock": _after_lock,
}


# --- parts ---


def _target(command: Commandish) -> str:
    args: Mapping[str, Any] = msgspec.json.decode(command.args)
    numbers = {"ma": f"{args.get('to_ma', 0):g}", "n": args.get("channel")}
    if numbers["n"] is None:
        return _("all channels are set to at most %(ma)s mA") % numbers
    return _("channel %(n)d is set to at most %(ma)s mA") % numbers


def _because(evidence: Mapping[str, Any]) -> str:
    reason = (evidence.get("ack") or {}).get("reason")
    words = {
        "unsupported": _("it cannot do this"),
        "in_session": _("it is in a session"),
        "no_session": _("it is in no session"),
        "locked": _("it is locked"),
        "estop": _("its emergency stop is pressed"),
        "limits": _("its limits do not allow it"),
        "no_server_time": _("it does not know the server's time"),
        "applied": _("it has been applied already"),
        "hash": _("what arrived is not what was sent"),
    }.get(reason or "")
    return _(" (%(why)s)") % {"why": words} if words else ""


def _outcome(evidence: Mapping[str, Any]) -> str | None:
    ack = evidence.get("ack") or {}
    outcome: str | None = ack.get("outcome")
    return ack.get("reason") if outcome == "repeat" else outcome


def _waited(command: Commandish, now: datetime) -> str:
    due = command.proof_due_at or command.expires_at
    return span(min(command.unconfirmed_at or now, due), command.requested_at)


def _after(command: Commandish, at: datetime | None) -> str:
    return span(at or command.requested_at, command.requested_at)


def span(to: datetime, since: datetime) -> str:
    """Return a time between two moments as people say it: "0.4 s", "12 s", "3 min 5 s", "2 h 10 min"."""
    seconds = max(0.0, (to - since).total_seconds())
    if seconds < 9.95:
        return _("%(s).1f s") % {"s": seconds}
    whole = round(seconds)
    if whole < 60:
        return _("%(s)d s") % {"s": whole}
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return _("%(min)d min %(s)d s") % {"min": minutes, "s": rest}
    return _("%(h)d h %(min)d min") % {"h": minutes // 60, "min": minutes % 60}
