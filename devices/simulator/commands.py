"""What a device does when it is told something: each id at most once, never a start, never more current.

Rules: docs/wire.md, "Commands and their proof".  Pure: the caller gives both times.
"""

from __future__ import annotations

from typing import Any, Final, cast

from devices.simulator import offers, treatment
from devices.simulator.body import Body, Told
from devices.simulator.offers import Verdict
from devices.wire import codec
from devices.wire import commands as wire
from devices.wire.errors import WireError
from devices.wire.messages import Command

TIMELESS: Final = {"stop", "pause", "lower", "lock", "identify", "withdraw", "rebirth"}
"""Obeyed without a server time; they make nothing stronger."""

_WEAKENING: Final = {"stop", "pause", "lower"}

_DONE: Final[Verdict] = ("done", None)


def handle(body: Body, payload: bytes, now_ms: int, server_ms: int | None, *, retain: bool) -> bool:
    """Carry out or refuse the command in `payload`; return whether a full status is due.

    `server_ms` is the server's time now, None if the device does not know it.
    """
    if retain or body.hung or not body.powered:
        body.truth.tell(now_ms, body.serial, "ignored", retain=retain, bytes=len(payload))
        return False
    try:
        command = cast("Command", codec.decode("command", payload))
    except WireError as error:
        body.truth.tell(now_ms, body.serial, "ignored", why=f"{error.reason}: {error.detail}"[:200])
        return False
    repeat = body.memory.get(command.id)
    due = False
    for _ in range(body.times):
        verdict = _judge(body, command, now_ms, server_ms) if repeat is None else ("repeat", repeat)
        due |= _answer(body, command, now_ms, *verdict)
    return due


def _answer(body: Body, command: Command, now_ms: int, outcome: str, reason: str | None) -> bool:
    """Note and tell how a command went; return whether a full status is due."""
    _note(body, command, now_ms, outcome, reason)
    body.answer(now_ms, command.id, outcome, reason)
    if outcome == "refused":
        data = {"id": command.id, "verb": _verb(command), "reason": reason}
        body.event(now_ms, "command_refused", data)
    return outcome in ("done", "received") or _verb(command) == "rebirth"


def _note(body: Body, command: Command, now_ms: int, outcome: str, reason: str | None) -> None:
    body.truth.tell(
        now_ms, body.serial, "command", id=command.id, verb=_verb(command), boot=body.boot,
        up_ms=body.up_ms(now_ms), outcome=outcome, reason=reason,
        executed=outcome in ("done", "received") and not _only_in_words(body, command),
    )  # fmt: skip


def _only_in_words(body: Body, command: Command) -> bool:
    """Whether a fault keeps all as it is, whatever is said."""
    verb = _verb(command)
    if verb == "apply_protocol":
        return body.session is None and (body.whims.swallows or body.whims.wrong == "old")
    return body.keeps_output is not None and verb in _WEAKENING


def _verb(command: Command) -> str:
    return str(command.verb.value)


def _judge(body: Body, command: Command, now_ms: int, server_ms: int | None) -> Verdict:
    verb = _verb(command)
    if verb not in _VERBS:
        return "refused", "unsupported"
    if server_ms is not None and server_ms > command.issued + command.ttl_ms:
        return "expired", None
    if server_ms is None and verb not in TIMELESS:
        return "refused", "no_server_time"
    if body.refuses is not None and verb != "stop":
        return "refused", body.refuses
    try:
        args: Any = wire.args_of(command)
    except WireError:
        return "refused", "other"
    if verb == "apply_protocol":
        left_ms = (
            command.issued + command.ttl_ms - (server_ms or 0)
        )  # without a server time it was refused above
        return offers.take(body, args, command.id, now_ms, left_ms)
    if _only_in_words(body, command):
        return _pretend(body, verb)
    return _VERBS[verb](body, args, now_ms)


def _pretend(body: Body, verb: str) -> Verdict:
    """Obey in words: the output goes on, and the status says so, or denies it."""
    session = body.session
    if session is None and verb != "stop":
        return "refused", "no_session"
    if body.keeps_output == "denies" and session is not None and verb != "lower":
        body.pretends = Told("idle", "off", None) if verb == "stop" else Told("paused", "off", session.id)
    return _DONE


def _stop(body: Body, args: Any, now_ms: int) -> Verdict:
    treatment.end(body, now_ms, "server_stop")
    return _DONE


def _pause(body: Body, args: Any, now_ms: int) -> Verdict:
    if body.session is None:
        return "refused", "no_session"
    treatment.pause(body, now_ms, "server")
    return _DONE


def _lower(body: Body, args: Any, now_ms: int) -> Verdict:
    if body.session is None:
        return "refused", "no_session"
    if args.channel is not None and args.channel > body.channels:
        return "refused", "limits"
    for channel in range(body.channels) if args.channel is None else (args.channel - 1,):
        now_ma = float(body.plant.knob_ma[body.row, channel])
        treatment.turn(body, channel, min(now_ma, args.to_ma), now_ms, "server")
    body.plant.lower_now(body.row)
    return _DONE


def _identify(body: Body, args: Any, now_ms: int) -> Verdict:
    body.identify_until_ms = now_ms + 1000 * args.seconds
    return _DONE


def _lock(body: Body, args: Any, now_ms: int) -> Verdict:
    body.locked = args.reason.value
    return _DONE


def _unlock(body: Body, args: Any, now_ms: int) -> Verdict:
    body.locked = None
    return _DONE


def _withdraw(body: Body, args: Any, now_ms: int) -> Verdict:
    return offers.withdraw(body, args.id)


def _rebirth(body: Body, args: Any, now_ms: int) -> Verdict:
    return _DONE


_VERBS: Final[dict[str, Any]] = {
    "stop": _stop,
    "pause": _pause,
    "lower": _lower,
    "identify": _identify,
    "lock": _lock,
    "unlock": _unlock,
    "withdraw": _withdraw,
    "rebirth": _rebirth,
    "apply_protocol": offers.take,
}
