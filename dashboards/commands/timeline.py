"""What became of a command, step by step: when, how long after it was asked for, whose word it is.

A step is told as what it is: the device's word (“says done”) is no proof, and nothing here says “stopped” but the
status that proved it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.utils.translation import gettext as _

from dashboards.templatetags.amounts import millis
from dashboards.words.event_words import refusal_words
from devices.state import from_ms
from devices.wire.words import RefusalReason
from fleet.access.people import called
from fleet.control.models import Command, Via

Mark = Literal["house", "device", "proof", "fault"]


@dataclass(frozen=True, slots=True)
class Step:
    """One line.

    `after` is the time since it was asked for, in words; `mark`: whose word it is, or that it is proof, or that it
    went wrong; `facts` are what the device said with it, for whoever checks.
    """

    at: datetime
    words: str
    mark: Mark
    after: str = ""
    detail: str = ""
    facts: str = ""


def asker(command: Command) -> str:
    """Return the name of whoever asked for it; empty for the server itself."""
    return called(command.actor) if command.actor is not None else command.actor_name


def steps(command: Command) -> list[Step]:
    """Return every step that was taken: asking and sending, then what came of it in the order of its time."""
    found = [*_answered(command), *_judged(command), *_reasoned(command)]
    return [_requested(command), *_published(command), *sorted(found, key=lambda one: one.at)]


def after(command: Command, at: datetime) -> str:
    """Return how long after it was asked for, as “+0.4 s”; nothing for the asking itself."""
    late = (at - command.requested_at) // timedelta(milliseconds=1)
    return f"+{millis(late)}" if late > 0 else ""


def _step(command: Command, at: datetime, words: str, mark: Mark, detail: str = "", facts: str = "") -> Step:
    return Step(at, words, mark, after(command, at), detail, facts)


def _requested(command: Command) -> Step:
    name = asker(command)
    words = _("Asked for by %(name)s") % {"name": name} if name else _("Asked for by the server itself")
    detail = ""
    if command.via == Via.DIRECT:
        detail = _(
            "The database did not answer, so it went straight to the part that speaks with devices; "
            "it was written down here afterwards."
        )
    return _step(command, command.requested_at, words, "house", detail)


def _published(command: Command) -> list[Step]:
    if command.published_at is None:
        return []
    notes = []
    if command.attempts > 1:
        again = _("It was sent %(n)d times, always under the same number: a device carries it out once.")
        notes.append(again % {"n": command.attempts})
    answers = (command.received_at, command.done_at, command.refused_at, command.expired_at)
    if any(at is not None and at < command.published_at for at in answers):
        notes.append(_("The device was quicker to answer than the broker."))
    words = _("On its way: the broker, which passes it on, has it")
    return [_step(command, command.published_at, words, "house", " ".join(notes))]


def _answered(command: Command) -> list[Step]:
    """What the device answered: its word, not proof."""
    found = []
    if command.received_at is not None:
        words = _("The device has it, and has not said yet that it did it")
        found.append(_step(command, command.received_at, words, "device"))
    if command.done_at is not None:
        words = _("The device says that it did it")
        found.append(_step(command, command.done_at, words, "device", _repeats(command), _ack(command)))
    if command.refused_at is not None:
        words = _("The device refused it: %(why)s") % {"why": _why(command)}
        found.append(_step(command, command.refused_at, words, "fault", _repeats(command), _ack(command)))
    if command.expired_at is not None:
        found.append(_expired(command, command.expired_at))
    return found


def _expired(command: Command, at: datetime) -> Step:
    if _answer(command).get("outcome") == "expired":
        words = _("The device got it too late, and says that it did not do it")
        return _step(command, at, words, "fault", _repeats(command), _ack(command))
    words = _("Its time was over: no answer came, and it is not sent any more")
    return _step(command, at, words, "fault")


def _judged(command: Command) -> list[Step]:
    found = []
    if command.unconfirmed_at is not None:
        words = _("Not confirmed: nothing proved it in time. Somebody has to go there and look")
        found.append(_step(command, command.unconfirmed_at, words, "fault"))
    if command.alerted_at is not None:
        found.append(_step(command, command.alerted_at, _("A high alert was raised for it"), "house"))
    if command.refuted_at is not None:
        words = _(
            "Refuted: after its answer the device still told of current, or of an output that is not off"
        )
        found.append(
            _step(command, command.refuted_at, words, "fault", facts=_facts(command, "refuted", "sample"))
        )
    if command.confirmed_at is not None:
        found.append(
            _step(
                command,
                command.confirmed_at,
                proved(command),
                "proof",
                facts=_facts(command, "proof", "status"),
            )
        )
    return found


def proved(command: Command) -> str:
    """Return what a confirmation means for this verb."""
    return {
        "stop": _("Confirmed: the device's own status says that its output is off"),
        "pause": _("Confirmed: the device's own status says that its output is off"),
        "lower": _("Confirmed: the device tells that it is set to no more than was asked for"),
        "lock": _("Confirmed: the device's own status says that it is locked"),
        "unlock": _("Confirmed: the device's own status says that it is not locked"),
    }.get(command.verb, _("Confirmed by the device's own status"))


def _reasoned(command: Command) -> list[Step]:
    if command.reason_at is None:
        return []
    words = _("%(name)s wrote down why") % {"name": command.reason_by or _("Somebody")}
    return [_step(command, command.reason_at, words, "house", command.reason)]


def _answer(command: Command) -> dict[str, Any]:
    said = command.evidence.get("ack")
    return said if isinstance(said, dict) else {}


def _why(command: Command) -> str:
    reason = _answer(command).get("reason")
    return refusal_words(RefusalReason(reason)) if reason else _("it did not say why")


def _repeats(command: Command) -> str:
    if command.acks < 2:
        return ""
    words = _("It answered %(n)d times: the same command reached it more than once, or it answered twice.")
    return words % {"n": command.acks}


def _ack(command: Command) -> str:
    if command.ack_boot is None or command.ack_up_ms is None:
        return _facts(command, "ack")
    words = _("Answer: boot %(boot)d, %(up_ms)d ms after its start")
    return words % {"boot": command.ack_boot, "up_ms": command.ack_up_ms}


_TOLD = ("boot", "conn", "up_ms", "seq", "state", "output", "locked", "set_ma", "ma", "outcome", "reason")


def _facts(command: Command, *names: str) -> str:
    """Return what the device said, in the contract's own words; the first of these kinds that was kept."""
    for name in names:
        said = command.evidence.get(name)
        if isinstance(said, dict):
            told = [f"{key} {_value(said[key])}" for key in _TOLD if said.get(key) is not None]
            at_ms = said.get("at_ms")
            heard = [from_ms(at_ms).strftime("%H:%M:%S.%f")[:-3] + " UTC"] if isinstance(at_ms, int) else []
            return " · ".join([*told, *heard])
    return ""


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
