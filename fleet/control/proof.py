"""What proves a command, and what refutes it.  Pure; times are Unix ms of the server's clock.

An ack is the device's word.  A stop is proved by what the device shows afterwards, in its own time: by a status that
arrived live, says that the output is off, and is later than the act.  Current that flows after the act refutes, also
what was proved before; a proof counts only if it is later than that.  Each piece of evidence is weighed as it comes, in
whatever order, and a piece that comes twice changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from devices.statuses import GRACE_MS, QUIET_MS, newest_current
from devices.wire.commands import Args, Lock
from devices.wire.messages import Ack, Status, Telemetry
from devices.wire.words import Verb
from fleet.control import lifecycle
from fleet.control.lifecycle import ALARMING, OPEN, WAITING, State
from fleet.control.samples import is_lowered

NO_GRACE_MS: Final = (
    -1
)  # a status of the very millisecond of the answer that it came behind is later than the act
HAND_MS: Final = 1_500  # nobody resumes at the device so soon after it was paused from afar


class Point(NamedTuple):
    """A moment in a device's own time, which only goes forward."""

    boot: int
    up_ms: int

    def after(self, ms: int) -> "Point":
        return Point(self.boot, self.up_ms + ms)


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of one command.

    Attributes:
        session: The session that the device was in when it was sent, as far as was known.
        act: Where the device's decisive answer stands: `done` if it said so, else its first other one.
        proof, refuted: The status that proved it, and the newest current seen after the act.
        flowing, calm: The newest current, and the newest status with the output off, of the time before an answer.
        known, notes: The row's evidence by kind, and what is to be added to it.
    """

    verb: Verb
    args: Args
    state: State
    session: str | None = None
    published_ms: int | None = None
    received_ms: int | None = None
    done_ms: int | None = None
    refused_ms: int | None = None
    expired_ms: int | None = None
    confirmed_ms: int | None = None
    unconfirmed_ms: int | None = None
    refuted_ms: int | None = None
    acks: int = 0
    act: Point | None = None
    proof: Point | None = None
    refuted: Point | None = None
    flowing: Point | None = None
    calm: Point | None = None
    known: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)

    def told(self, kind: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.notes.get(kind) or self.known.get(kind) or {}
        return found

    def noting(self, kind: str, what: Mapping[str, Any]) -> "Case":
        return replace(self, notes={**self.notes, kind: dict(what)})


class Answered(NamedTuple):
    """The device answered this very command.

    `may_be_resent`: the broker may not know that we had it before, so one that we know word for word is no second.
    """

    ack: Ack
    at_ms: int
    may_be_resent: bool = False


class Said(NamedTuple):
    """A full status that is no retained copy.

    Attributes:
        is_live: It took under five seconds to come, as far as is known.
        is_disputed: Two devices speak under the serial.
        is_sure: `placed_ms` rests on more than its own arrival, behind what may have waited in the broker.
    """

    status: Status
    placed_ms: int
    at_ms: int
    is_live: bool = True
    is_disputed: bool = False
    is_sure: bool = True

    @property
    def point(self) -> Point:
        return Point(self.status.boot, self.status.up_ms)


class Sampled(NamedTuple):
    """A telemetry message; `is_live`: not sent from a buffer, and took under five seconds to come."""

    telemetry: Telemetry
    placed_ms: int
    at_ms: int
    is_live: bool = True
    is_disputed: bool = False


Evidence = Answered | Said | Sampled


def weigh(case: Case, evidence: Evidence) -> Case:
    """Return the case as it stands with this piece of evidence; the same one if it says nothing about it."""
    if isinstance(evidence, Answered):
        return _answered(case, evidence)
    if not evidence.is_live:
        return case
    if isinstance(evidence, Said):
        return _said(case, evidence)
    return _sampled(case, evidence)


# --- the device's word ---


def _answered(case: Case, one: Answered) -> Case:
    """Take the device's word; of a step told twice, the first time counts, and so does the first outcome."""
    outcome = lifecycle.answered(one.ack)
    if one.may_be_resent and _is_known(case, one.ack):
        return case
    case = replace(case, acks=case.acks + 1)
    moves = case.state in lifecycle.before(outcome)
    is_first = case.act is None or (outcome is State.DONE and case.done_ms is None)
    is_late = case.state in (State.UNCONFIRMED, State.CONFIRMED) and is_first
    if not (moves or is_late):
        return _answered_again(case, one, outcome)
    if outcome is not State.RECEIVED or case.act is None:
        case = case.noting("ack", _ack_note(one))
    case = _stamp(case, outcome, one.at_ms)
    if outcome is not State.RECEIVED and (case.act is None or outcome is State.DONE):
        case = replace(case, act=Point(one.ack.boot, one.ack.up_ms))
    if moves:
        case = _moved(case, outcome, one.at_ms)
    return _remembered(case, one.at_ms)


def _answered_again(case: Case, one: Answered, outcome: State) -> Case:
    """A second answer changes nothing, unless it tells of the act itself behind a repeat that came first."""
    case = case.noting("again", _ack_note(one))
    point = Point(one.ack.boot, one.ack.up_ms)
    if outcome is State.DONE and case.done_ms is not None and case.act is not None and point < case.act:
        return _remembered(replace(case, act=point), one.at_ms)
    return case


def _is_known(case: Case, ack: Ack) -> bool:
    said = (ack.boot, ack.up_ms, ack.outcome)
    notes = (case.told("ack"), case.told("again"))
    return any((note.get("boot"), note.get("up_ms"), note.get("outcome")) == said for note in notes)


def _moved(case: Case, outcome: State, at_ms: int) -> Case:
    """No device may refuse a stop: one that was not carried out sends somebody there at once."""
    not_done = outcome is State.EXPIRED or (outcome is State.REFUSED and case.verb is Verb.STOP)
    if case.verb in ALARMING and not_done:
        return _unconfirmed(case, at_ms)
    return replace(case, state=outcome)


def _remembered(case: Case, at_ms: int) -> Case:
    """Weigh what was heard before the answer, which may have come behind what followed it."""
    if case.act is None or case.verb not in ALARMING:
        return case
    act, flowing, calm = case.act, case.flowing, case.calm
    if case.done_ms is not None and flowing is not None and flowing > act.after(GRACE_MS):
        case = _refute(case, flowing, at_ms, case.told("flowing"))
    if calm is not None and calm >= act and _outlives_current(case, calm):
        case = _confirm(case, calm, at_ms, case.told("calm"))
    return case


# --- what it shows ---


def _said(case: Case, one: Said) -> Case:
    status = one.status
    if case.verb in (Verb.LOCK, Verb.UNLOCK):
        proves = _is_locked_as_asked(case, status) and not one.is_disputed and _is_later(case, one)
        return _confirm(case, one.point, one.at_ms, _status_note(one)) if proves else case
    if case.verb not in ALARMING:
        return case
    if status.output != "off":
        is_theirs = case.session is not None and status.session == case.session
        return _danger(case, one.point, NO_GRACE_MS, one.at_ms, _status_note(one), is_theirs=is_theirs)
    if status.state in ("running", "offline") or one.is_disputed:
        return case
    if not _is_later(case, one):
        return _kept_calm(case, one)
    if not _outlives_current(case, one.point):
        return case
    return _confirm(case, one.point, one.at_ms, _status_note(one))


def _sampled(case: Case, one: Sampled) -> Case:
    message = one.telemetry
    if case.verb is Verb.LOWER:
        proves = not one.is_disputed and is_lowered(case.args, message.set_ma) and _is_later(case, one)
        point = Point(message.boot, message.up_ms)
        return _confirm(case, point, one.at_ms, _sample_note(one, point)) if proves else case
    if case.verb not in ALARMING:
        return case
    flowed = newest_current(message)
    point = Point(message.boot, message.up_ms if flowed is None else flowed)
    is_theirs = message.session == case.session or (
        case.act is not None
        and message.boot == case.act.boot
        and message.up_ms - message.elapsed_ms < case.act.up_ms  # it began before the act
    )
    if flowed is None:
        return _still_open(case, point) if is_theirs else case
    return _danger(case, point, GRACE_MS, one.at_ms, _sample_note(one, point), is_theirs=is_theirs)


def _is_locked_as_asked(case: Case, status: Status) -> bool:
    if case.verb is Verb.UNLOCK:
        return status.locked is None
    return isinstance(case.args, Lock) and status.locked == case.args.reason


def _is_later(case: Case, one: Said | Sampled) -> bool:
    """Whether it is later than the act; without an answer, than the moment when the broker had the command."""
    message = one.status if isinstance(one, Said) else one.telemetry
    if case.act is not None:
        return Point(message.boot, message.up_ms) >= case.act
    is_sure = one.is_sure if isinstance(one, Said) else True
    return is_sure and case.published_ms is not None and one.placed_ms > case.published_ms


def _outlives_current(case: Case, point: Point) -> bool:
    if case.act is None and case.flowing is not None and point <= case.flowing:
        return False
    if case.refuted is None or point.boot > case.refuted.boot:
        return True
    if case.confirmed_ms is None:
        return point > case.refuted
    return point >= max(case.refuted, _last_open(case) or case.refuted).after(QUIET_MS)


def _still_open(case: Case, point: Point) -> Case:
    """A device whose status was wrong rests between two contractions: the session that was to end goes on."""
    lied = case.verb is Verb.STOP and case.refuted is not None and case.confirmed_ms is not None
    last = _last_open(case)
    if not lied or case.state is not State.UNCONFIRMED or (last is not None and point <= last):
        return case
    return case.noting("open", {"boot": point.boot, "up_ms": point.up_ms})


def _last_open(case: Case) -> Point | None:
    note = case.told("open")
    return Point(note["boot"], note["up_ms"]) if note else None


def _danger(
    case: Case, point: Point, grace_ms: int, at_ms: int, note: Mapping[str, Any], *, is_theirs: bool
) -> Case:
    """Current flows.  After the act that refutes; after a proof only where it is the session that was stopped.

    Whoever begins anew, or resumes after a pause, does so with a hand at the device, which takes its time.
    """
    if case.state is State.CONFIRMED:
        lied = is_theirs and (case.verb is Verb.STOP or _is_at_once(case, point, grace_ms))
        return _refute(case, point, at_ms, note) if lied else case
    if case.act is not None and case.done_ms is not None and point > case.act.after(grace_ms):
        return _refute(case, point, at_ms, note)
    if case.state in WAITING and (case.flowing is None or point > case.flowing):
        # The answer that tells of the act may come yet.
        return replace(case, flowing=point).noting("flowing", note)
    return case


def _is_at_once(case: Case, point: Point, grace_ms: int) -> bool:
    act = case.act
    return act is not None and case.done_ms is not None and act.after(grace_ms) < point <= act.after(HAND_MS)


def _kept_calm(case: Case, one: Said) -> Case:
    """It may be later than an answer that is still on its way."""
    if case.act is None and case.state in OPEN and (case.calm is None or one.point > case.calm):
        return replace(case, calm=one.point).noting("calm", _status_note(one))
    return case


# --- steps ---


def _confirm(case: Case, point: Point, at_ms: int, note: Mapping[str, Any]) -> Case:
    if case.state not in lifecycle.before(State.CONFIRMED):
        return case
    # The net below may have given it up between the proof's coming and our weighing it.
    since_ms = at_ms if case.unconfirmed_ms is None else max(at_ms, case.unconfirmed_ms)
    return replace(case, state=State.CONFIRMED, confirmed_ms=since_ms, proof=point).noting("proof", note)


def _refute(case: Case, point: Point, at_ms: int, note: Mapping[str, Any]) -> Case:
    """Current flows after the act: what was proved by an earlier status is so no longer."""
    is_old = case.refuted is not None and point <= case.refuted
    if is_old or (case.state is State.CONFIRMED and case.proof is not None and point <= case.proof):
        return case
    first = at_ms if case.refuted_ms is None else case.refuted_ms
    case = replace(case, refuted=point, refuted_ms=first).noting("refuted", note)
    return case if case.state is State.UNCONFIRMED else _unconfirmed(case, at_ms)


def _unconfirmed(case: Case, at_ms: int) -> Case:
    """Somebody has to go there; of two times, the one that came after a proof is what counts now."""
    return replace(case, state=State.UNCONFIRMED, unconfirmed_ms=at_ms)


def _at(case: Case, outcome: State) -> int | None:
    at_ms: int | None = getattr(case, f"{outcome.value}_ms")
    return at_ms


def _stamp(case: Case, outcome: State, at_ms: int) -> Case:
    if _at(case, outcome) is not None:
        return case
    fields: dict[str, Any] = {f"{outcome.value}_ms": at_ms}
    return replace(case, **fields)


# --- what is written down of a piece of evidence ---


def _ack_note(one: Answered) -> dict[str, Any]:
    ack = one.ack
    reason = None if ack.reason is None else ack.reason.value
    return {
        "id": ack.id,
        "boot": ack.boot,
        "up_ms": ack.up_ms,
        "outcome": ack.outcome,
        "reason": reason,
        "output": ack.output,
        "at_ms": one.at_ms,
    }


def _status_note(one: Said) -> dict[str, Any]:
    status = one.status
    locked = None if status.locked is None else status.locked.value
    return {
        "kind": "status",
        "boot": status.boot,
        "up_ms": status.up_ms,
        "state": status.state,
        "output": status.output,
        "session": status.session,
        "locked": locked,
        "placed_ms": one.placed_ms,
        "at_ms": one.at_ms,
    }


def _sample_note(one: Sampled, point: Point) -> dict[str, Any]:
    message = one.telemetry
    return {
        "kind": "telemetry",
        "boot": point.boot,
        "up_ms": point.up_ms,
        "session": message.session,
        "ma": max((max(samples, default=0.0) for samples in message.ma), default=0.0),
        "set_ma": list(message.set_ma),
        "placed_ms": one.placed_ms,
        "at_ms": one.at_ms,
    }
