"""Protocol documents, kept by the hash that devices report: what a session was prescribed.

A row never changes: its key is the SHA-256 of its bytes.  Who wrote, approved or withdrew a protocol is not
told here.
"""

from __future__ import annotations

import hashlib

import msgspec

from devices.models import ProtocolDocument as Row
from devices.wire import strict
from devices.wire.canonical import canonical, decode_protocol
from devices.wire.errors import WireError
from devices.wire.messages import ProtocolDocument


def keep(document: bytes | ProtocolDocument, *, sha256: str | None = None) -> Row:
    """Keep a document, in any spelling, as its RFC 8785 bytes; one that is kept already changes nothing.

    Unknown fields stay, since they are part of the hash.

    Args:
        document: JSON, or the decoded document.
        sha256: The hash it must have, where somebody promised one.

    Raises:
        WireError: If it breaks a rule of the contract; `hash` if it has another hash than promised.
    """
    told = document if isinstance(document, bytes) else msgspec.json.encode(document)
    read = decode_protocol(told)
    body = canonical(strict.parse(told))
    seen = hashlib.sha256(body).hexdigest()
    if sha256 is not None and seen != sha256:
        raise WireError("hash", f"protocol {read.id} {read.version} hashes to {seen}, expected {sha256}")
    row, _made = Row.objects.get_or_create(
        sha256=seen,
        defaults={
            "protocol_id": read.id,
            "version": read.version,
            "title": read.title,
            "body": body,
        },
    )
    return row


def find(sha256: str | None) -> ProtocolDocument | None:
    """Return the document with this hash, or None if it is not kept."""
    row = Row.objects.filter(sha256=sha256).first() if sha256 else None
    return None if row is None else decode_protocol(bytes(row.body))
