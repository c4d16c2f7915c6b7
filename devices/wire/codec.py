"""Bytes to messages and back.  Whatever the bytes, nothing but WireError comes out."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw

from . import strict
from .commands import args_of
from .data import check_ranges, data_of
from .errors import WireError
from .messages import Ack, Command, Event, Message, ServerStatus, Status, Telemetry, Watermark, Will
from .strict import MAX_BYTES
from .topics import Kind
from .units import T_MAX_MS, T_MIN_MS

__all__ = ["MAX_BYTES", "decode", "decode_server_status", "encode", "peek"]

_TYPES: Final[dict[str, type[Any]]] = {
    "status": Status,
    "will": Will,
    "telemetry": Telemetry,
    "event": Event,
    "ack": Ack,
    "command": Command,
    "watermark": Watermark,
    "server_status": ServerStatus,
}
_DECODERS: Final = {name: msgspec.json.Decoder(type_) for name, type_ in _TYPES.items()}
_KNOWN: Final = {name: frozenset(type_.__struct_encode_fields__) for name, type_ in _TYPES.items()}
_FULL: Final = _KNOWN["status"] - _KNOWN["will"]  # a goodbye has some of these, a will none
_ENCODER: Final = msgspec.json.Encoder()
_ONE: Final = Raw(b"1")
_MANY: Final = 32  # telemetry of 16 channels has 23 arrays
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])


def decode(kind: Kind, payload: bytes) -> Status | Will | Telemetry | Event | Ack | Command | Watermark:
    """Return the message that `payload` holds on a topic of `kind`.

    A status that says `offline`, boot and conn but nothing else is a `Will`.

    Raises:
        WireError: If the payload breaks any rule of the contract.
    """
    return _decode(kind, payload)


def decode_server_status(payload: bytes) -> ServerStatus:
    """Return what the server says of itself.  Raises WireError."""
    return _decode("server_status", payload)


def encode(message: Message) -> bytes:
    """Return a message's bytes: compact JSON, in the order of the contract."""
    return _ENCODER.encode(message)


def _decode(name: str, payload: bytes) -> Any:
    if name == "status" or not _is_plain(name, payload):  # a status may be a will: its fields tell
        fields = strict.parse(payload)
        version = fields.get("v")
        if type(version) is not int or version != 1:
            raise WireError("version", f"v is {str(version)[:40]}, expected 1")
        if name == "status" and _FULL.isdisjoint(fields) and fields.get("state") == "offline":
            name = "will"
    try:
        message = _DECODERS[name].decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        strict.parse(payload)  # its reasons are the more exact ones
        raise WireError("schema", f"{name}: {error}") from None
    check = _CHECKS.get(name)
    return message if check is None else check(message)


def _is_plain(name: str, payload: bytes) -> bool:
    """Whether the typed decoder alone is enough, at a sixth of the cost of `strict.parse`.

    It is for an object without objects inside, of known keys only, none of them twice, in ASCII without
    escapes: everything in it is then typed, so that no string, number or nesting goes unseen.  (As many
    colons as distinct keys: no key is repeated, nothing is nested, and no string holds a colon.)
    """
    if len(payload) > MAX_BYTES or not payload.isascii() or b"\\" in payload or b"\x7f" in payload:
        return False
    if payload.count(b"{") > 2 or payload.count(b"[") > _MANY:
        return False  # before any parser recurses into them
    try:
        fields = _FIELDS.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False  # strict.parse says why
    return (
        len(fields) == payload.count(b":")
        and _KNOWN[name].issuperset(fields)
        and "v" in fields
        and fields["v"] == _ONE
    )


def _checked_status(status: Status) -> Status:
    for range_ in status.buffered:
        if range_.from_ > range_.to:
            raise WireError("ranges", f"buffered from {range_.from_} to {range_.to} ends before it begins")
    if status.electrode_cm2 is not None and len(status.electrode_cm2) != status.channels:
        seen = len(status.electrode_cm2)
        raise WireError("channels", f"electrode_cm2 has {seen} entries, channels is {status.channels}")
    return _clamped(status)


_PER_CHANNEL: Final = ("set_ma", "ma", "ohm", "contact", "charge_uc", "pulses", "force_n")


def _checked_telemetry(message: Telemetry) -> Telemetry:
    set_ma, ma, force_n = message.set_ma, message.ma, message.force_n
    agreed = len(set_ma) == len(ma) == len(message.ohm) == len(message.contact)
    agreed = agreed and len(ma) == len(message.charge_uc) == len(message.pulses)
    if not agreed or (force_n is not None and len(force_n) != len(ma)):
        found = {name: len(getattr(message, name) or ()) for name in _PER_CHANNEL}
        raise WireError("channels", f"entries {found}, expected one a channel in each")
    if len(set(map(len, ma))) > 1:
        raise WireError(
            "samples", f"{[len(samples) for samples in ma]} samples in ma, expected equal numbers"
        )
    return message if T_MIN_MS <= message.t <= T_MAX_MS else _clamped(message)


def _checked_event(event: Event) -> Event:
    data_of(event)
    return _clamped(event)


def _checked_command(command: Command) -> Command:
    args_of(command)
    return _clamped(command)


def _checked_watermark(watermark: Watermark) -> Watermark:
    check_ranges(watermark.missing)
    return _clamped(watermark)


def _clamped(message: Any) -> Any:
    """The message with its clock within years 1 to 9999: no device is refused for a wrong clock."""
    name = "issued" if isinstance(message, Command) else "t"
    t_ms = getattr(message, name)
    if T_MIN_MS <= t_ms <= T_MAX_MS:
        return message
    return msgspec.structs.replace(message, **{name: min(max(t_ms, T_MIN_MS), T_MAX_MS)})


_CHECKS: Final[dict[str, Any]] = {
    "status": _checked_status,
    "telemetry": _checked_telemetry,
    "event": _checked_event,
    "command": _checked_command,
    "watermark": _checked_watermark,
    "server_status": _clamped,
}

peek = strict.peek
