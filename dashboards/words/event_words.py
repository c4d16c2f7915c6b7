"""What a device's events say, in words: the stored bytes in, one sentence out."""

import json
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from devices.wire import codec, data
from devices.wire.errors import WireError
from devices.wire.messages import Event, ProtocolRef
from devices.wire.words import By, EndReason, EventKind, FaultClass, RefusalReason, Verb

SERIOUS = frozenset({EventKind.FAULT, EventKind.ESTOP, EventKind.DROPPED, EventKind.PROTOCOL_REJECTED})
WARNING = frozenset({EventKind.ELECTRODE_OFF, EventKind.LOW_CURRENT, EventKind.COMMAND_REFUSED})


def kind_words() -> dict[str, str]:
    """Return what each kind of event is called, for filters and captions."""
    return {
        EventKind.SESSION_STARTED: _("Session began"),
        EventKind.SESSION_PAUSED: _("Session paused"),
        EventKind.SESSION_RESUMED: _("Session resumed"),
        EventKind.SESSION_ENDED: _("Session ended"),
        EventKind.INTENSITY_CHANGED: _("Intensity changed"),
        EventKind.ELECTRODE_OFF: _("Electrode off"),
        EventKind.ELECTRODE_ON: _("Electrode on"),
        EventKind.LOW_CURRENT: _("Low current"),
        EventKind.FAULT: _("Fault"),
        EventKind.ESTOP: _("Emergency stop"),
        EventKind.PROTOCOL_APPLIED: _("Protocol applied"),
        EventKind.PROTOCOL_REJECTED: _("Protocol rejected"),
        EventKind.DROPPED: _("Records dropped"),
        EventKind.COMMAND_REFUSED: _("Command refused"),
        EventKind.BOOT: _("Started"),
        EventKind.CLOCK_SET: _("Clock set"),
        EventKind.OTHER: _("Something else"),
    }


def tone(kind: str) -> str:
    """Return how an event looks in a list: `error`, `warning`, or nothing of its own."""
    return "error" if kind in SERIOUS else "warning" if kind in WARNING else ""


def told(body: bytes) -> str:
    """Return what an event says.

    A stricter version of the contract may no longer read what was stored; then the device's own words are shown.
    """
    try:
        event = codec.decode("event", body)
        assert isinstance(event, Event)  # noqa: S101  decode("event", …) returns nothing else
        about = data.data_of(event)
    except WireError:
        return _("Not readable by this version: %(body)s") % {"body": body[:200].decode(errors="replace")}
    words = _TOLD[event.kind](event, about)
    if event.channel is not None and not isinstance(about, data.IntensityChanged):
        return _("Channel %(n)d: %(what)s") % {"n": event.channel, "what": words}
    return words


def by_words(by: By | None) -> str:
    """Return whose act it was; empty if the device did not say."""
    return {
        By.PATIENT: _("by the patient"),
        By.OPERATOR: _("by the operator"),
        By.DEVICE: _("by the device itself"),
        By.SERVER: _("by the server"),
        By.OTHER: _("by somebody else"),
        None: "",
    }[by]


def end_words(reason: str | None) -> str:
    """Return why a session ended; a word of newer firmware is shown as it is."""
    known = {
        EndReason.COMPLETED: _("completed"),
        EndReason.PATIENT_STOP: _("stopped by the patient"),
        EndReason.OPERATOR_STOP: _("stopped by the operator"),
        EndReason.SERVER_STOP: _("stopped by the server"),
        EndReason.ELECTRODE: _("an electrode came off"),
        EndReason.OVERTEMP: _("too hot"),
        EndReason.LOW_BATTERY: _("battery low"),
        EndReason.WATCHDOG: _("watchdog of the device"),
        EndReason.FAULT: _("fault"),
        EndReason.POWER_LOSS: _("power lost"),
        EndReason.OTHER: _("another reason"),
    }
    if reason is None:
        return ""
    return known.get(reason) or reason.replace("_", " ")  # type: ignore[call-overload]


def _started(_event: Event, about: Any) -> str:
    words = _("Session began")
    if about.protocol is not None:
        words += _(", protocol %(what)s") % {"what": _protocol(about.protocol)}
    if about.planned_ms is not None:
        words += _(", planned for %(time)s") % {"time": _time(about.planned_ms)}
    return words


def _paused(_event: Event, about: Any) -> str:
    return _("Session paused %(by)s") % {"by": by_words(about.by)} if about.by else _("Session paused")


def _resumed(_event: Event, about: Any) -> str:
    return _("Session resumed %(by)s") % {"by": by_words(about.by)} if about.by else _("Session resumed")


def _ended(_event: Event, about: Any) -> str:
    words = _("Session ended: %(why)s") % {"why": end_words(about.reason)}
    if about.elapsed_ms is not None:
        words += _(", after %(time)s") % {"time": _time(about.elapsed_ms)}
    if about.contractions is not None:
        words += ", " + ngettext("%(n)d contraction", "%(n)d contractions", about.contractions) % {
            "n": about.contractions
        }
    return words


def _intensity(event: Event, about: Any) -> str:
    channel = about.channel if about.channel is not None else event.channel
    words = _("set from %(a)s to %(b)s mA") % {"a": _number(about.from_ma), "b": _number(about.to_ma)}
    if about.by is not None:
        words += " " + by_words(about.by)
    return _("Channel %(n)d: %(what)s") % {"n": channel, "what": words} if channel is not None else words


def _electrode(words: Callable[[], str]) -> Callable[[Event, Any], str]:
    def say(_event: Event, about: Any) -> str:
        return words() if about.ohm is None else f"{words()}, {_number(about.ohm)} Ω"

    return say


def _fault(_event: Event, about: Any) -> str:
    part = {
        FaultClass.HV: _("high voltage"),
        FaultClass.STIM: _("stimulation"),
        FaultClass.BATTERY: _("battery"),
        FaultClass.TEMPERATURE: _("temperature"),
        FaultClass.MEMORY: _("memory"),
        FaultClass.ESTOP: _("emergency stop"),
        FaultClass.OTHER: _("another part"),
    }[about.class_]
    words = _("Fault: %(part)s") % {"part": part}
    if about.code is not None:
        words += _(", maker's code %(code)s") % {"code": about.code}
    return f"{words}: {about.text}" if about.text else words


def _protocol_changed(words: Callable[[], str]) -> Callable[[Event, Any], str]:
    def say(_event: Event, about: Any) -> str:
        said = words()
        if about.id is not None:
            said += f" {about.id}" + ("" if about.version is None else f" {about.version}")
        return said + (f": {refusal_words(about.reason)}" if about.reason is not None else "")

    return say


def _dropped(_event: Event, about: Any) -> str:
    count = sum(last - first + 1 for first, last in about.ranges)
    return ngettext(
        "%(n)d record of boot %(boot)d dropped: its buffer was full",
        "%(n)d records of boot %(boot)d dropped: its buffer was full",
        count,
    ) % {"n": count, "boot": about.boot}


def _command_refused(_event: Event, about: Any) -> str:
    verb = {
        Verb.STOP: _("stop"),
        Verb.PAUSE: _("pause"),
        Verb.LOWER: _("lower"),
        Verb.IDENTIFY: _("identify"),
        Verb.LOCK: _("lock"),
        Verb.UNLOCK: _("unlock"),
        Verb.APPLY_PROTOCOL: _("new protocol"),
        Verb.WITHDRAW: _("withdraw a protocol"),
        Verb.REBIRTH: _("tell the status"),
        Verb.UNKNOWN: _("an unknown command"),
        None: _("a command"),
    }[about.verb]
    words = _("Refused: %(verb)s") % {"verb": verb}
    return words + (f" ({refusal_words(about.reason)})" if about.reason is not None else "")


def refusal_words(reason: RefusalReason) -> str:
    """Return why a device did not do what it was asked."""
    return {
        RefusalReason.UNSUPPORTED: _("not supported by this device"),
        RefusalReason.IN_SESSION: _("a session is open"),
        RefusalReason.NO_SESSION: _("no session is open"),
        RefusalReason.LOCKED: _("the device is locked"),
        RefusalReason.ESTOP: _("its emergency stop is pressed"),
        RefusalReason.LIMITS: _("beyond the device's limits"),
        RefusalReason.HASH: _("its checksum does not match"),
        RefusalReason.NO_SERVER_TIME: _("the device does not know the time"),
        RefusalReason.APPLIED: _("already applied"),
        RefusalReason.RECEIVED: _("received before"),
        RefusalReason.DONE: _("done before"),
        RefusalReason.REFUSED: _("refused before"),
        RefusalReason.EXPIRED: _("expired before"),
        RefusalReason.OTHER: _("another reason"),
    }[reason]


def _boot(_event: Event, about: Any) -> str:
    words = _("Started")
    if about.firmware is not None:
        words += _(" with firmware %(firmware)s") % {"firmware": about.firmware}
    return words + (f": {about.reason.replace('_', ' ')}" if about.reason else "")


def _clock_set(_event: Event, about: Any) -> str:
    if about.from_t is None or about.to_t is None:
        return _("Clock set")
    moved_ms = about.to_t - about.from_t
    way = _("forward") if moved_ms >= 0 else _("back")
    return _("Clock set %(way)s by %(time)s") % {"way": way, "time": _time(abs(moved_ms))}


def _other(event: Event, _about: Any) -> str:
    said = f": {json.dumps(event.data, ensure_ascii=False)[:200]}" if event.data else ""
    return _("Something that this version does not know") + said


_TOLD: dict[EventKind, Callable[[Event, Any], str]] = {
    EventKind.SESSION_STARTED: _started,
    EventKind.SESSION_PAUSED: _paused,
    EventKind.SESSION_RESUMED: _resumed,
    EventKind.SESSION_ENDED: _ended,
    EventKind.INTENSITY_CHANGED: _intensity,
    EventKind.ELECTRODE_OFF: _electrode(lambda: _("electrode off the skin")),
    EventKind.ELECTRODE_ON: _electrode(lambda: _("electrode on again")),
    EventKind.LOW_CURRENT: _electrode(lambda: _("too little current to measure the electrode")),
    EventKind.FAULT: _fault,
    EventKind.ESTOP: lambda *_said: _("Emergency stop pressed at the device"),
    EventKind.PROTOCOL_APPLIED: _protocol_changed(lambda: _("Protocol applied:")),
    EventKind.PROTOCOL_REJECTED: _protocol_changed(lambda: _("Protocol rejected:")),
    EventKind.DROPPED: _dropped,
    EventKind.COMMAND_REFUSED: _command_refused,
    EventKind.BOOT: _boot,
    EventKind.CLOCK_SET: _clock_set,
    EventKind.OTHER: _other,
}


def _protocol(protocol: ProtocolRef) -> str:
    return f"{protocol.id} {protocol.version}"


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}".removesuffix(".0")


def _time(ms: int) -> str:
    seconds = ms // 1000
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02} min"
    return f"{seconds // 3600}:{seconds // 60 % 60:02} h"
