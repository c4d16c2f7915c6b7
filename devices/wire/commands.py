"""What a command's `args` hold, by verb, as frozen types, and how a command is made."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct

from . import units as u
from . import words as w
from .errors import WireError
from .messages import Command


class Args(Struct, frozen=True, kw_only=True):
    """Of a verb that takes none."""


class Lower(Args, frozen=True, kw_only=True):
    """Set each named channel to the smaller of now and `to_ma`; None: every channel."""

    channel: u.Channel | None = None
    to_ma: u.Ma


class Identify(Args, frozen=True, kw_only=True):
    """Blink and beep."""

    seconds: Annotated[int, Meta(ge=1, le=60)]


class Lock(Args, frozen=True, kw_only=True):
    """No new session may begin (`lock`), or may again (`unlock`)."""

    reason: w.LockReason


class ApplyProtocol(Args, frozen=True, kw_only=True):
    """Use this protocol for the next session."""

    protocol: Raw  # a protocol document; the very bytes that were hashed
    sha256: u.Sha256


class Withdraw(Args, frozen=True, kw_only=True):
    """Forget an `apply_protocol` that is not applied yet."""

    id: u.Uuid


ARGS: Final[dict[w.Verb, type[Args]]] = {
    w.Verb.STOP: Args,
    w.Verb.PAUSE: Args,
    w.Verb.LOWER: Lower,
    w.Verb.IDENTIFY: Identify,
    w.Verb.LOCK: Lock,
    w.Verb.UNLOCK: Lock,
    w.Verb.APPLY_PROTOCOL: ApplyProtocol,
    w.Verb.WITHDRAW: Withdraw,
    w.Verb.REBIRTH: Args,
    w.Verb.UNKNOWN: Args,
}
_DECODERS = {verb: msgspec.json.Decoder(type_) for verb, type_ in ARGS.items()}


def args_of(command: Command) -> Args:
    """Return `command.args` as the type of its verb.  Raises WireError if a value cannot be."""
    try:
        return _DECODERS[command.verb].decode(command.args)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError("schema", f"args of {command.verb.value}: {error}") from None


_NONE: Final = Args()


def command(id: str, verb: w.Verb, *, issued: int, args: Args = _NONE, ttl_ms: int | None = None) -> Command:
    """Return a command issued at `issued` (server time, Unix ms) with the verb's own time to live."""
    if ttl_ms is None:
        ttl_ms = w.TTL_MS[verb]
    return Command(id=id, verb=verb, args=Raw(msgspec.json.encode(args)), issued=issued, ttl_ms=ttl_ms)
