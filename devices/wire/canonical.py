"""Protocol documents as bytes: read, written canonically (RFC 8785), and hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import rfc8785

from . import strict
from .commands import ApplyProtocol
from .errors import WireError
from .messages import ProtocolDocument, ProtocolRef

_DECODER: Final = msgspec.json.Decoder(ProtocolDocument)


def canonical(document: ProtocolDocument | Mapping[str, Any]) -> bytes:
    """Return the one byte string that stands for a document: RFC 8785 JSON.

    Raises:
        WireError: If a number is beyond what RFC 8785 can write.
    """
    try:
        return rfc8785.dumps(msgspec.to_builtins(document))
    except rfc8785.CanonicalizationError as error:
        raise WireError("number", str(error)) from None


def sha256_of(document: ProtocolDocument | Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical bytes, 64 lower-case hex digits."""
    return hashlib.sha256(canonical(document)).hexdigest()


def ref_of(document: ProtocolDocument) -> ProtocolRef:
    """Return what a device reports once it has applied the document."""
    return ProtocolRef(id=document.id, version=document.version, sha256=sha256_of(document))


def apply_args(document: ProtocolDocument) -> ApplyProtocol:
    """Return the `args` of an `apply_protocol`: the canonical bytes, and their hash."""
    payload = canonical(document)
    return ApplyProtocol(protocol=msgspec.Raw(payload), sha256=hashlib.sha256(payload).hexdigest())


def received(args: ApplyProtocol) -> ProtocolDocument:
    """What a device does with the `args` of an `apply_protocol`: hash the bytes, then read them.

    Raises:
        WireError: `hash` if the bytes are not those that were hashed; else as `decode_protocol`.
    """
    payload = bytes(args.protocol)
    seen = hashlib.sha256(payload).hexdigest()
    if seen != args.sha256:
        raise WireError("hash", f"the protocol's bytes hash to {seen}, expected {args.sha256}")
    return decode_protocol(payload)


def decode_protocol(payload: bytes) -> ProtocolDocument:
    """Return the document that `payload` holds, in any spelling.

    Raises:
        WireError: If it breaks a rule of the contract, or a step does not say each used channel's current.
    """
    strict.parse(payload)
    try:
        document = _DECODER.decode(payload)
    except msgspec.DecodeError as error:
        raise WireError("schema", f"protocol: {error}") from None
    used = len(document.channels_used)
    if len(set(document.channels_used)) != used:
        raise WireError("channels", f"channels_used names one twice: {list(document.channels_used)}")
    for number, step in enumerate(document.steps):
        for name in ("target_ma", "max_ma"):
            values = getattr(step, name)
            if values is not None and len(values) != used:
                seen = f"step {number}: {name} has {len(values)} entries"
                raise WireError("channels", f"{seen}, channels_used has {used}")
    return document
