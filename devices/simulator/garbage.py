"""Messages malformed on purpose, each with the reason the wire contract refuses it for.  Pure."""

from __future__ import annotations

from typing import Final

_EVENT = (
    b'{"v":1,"boot":1,"seq":1,"up_ms":1,"t":1,"late":false,'
    b'"session":null,"kind":"boot","channel":null,"data":{}}'
)

GARBAGE: Final[tuple[tuple[str, str, bytes], ...]] = (
    ("json", "telemetry", b"{"),
    ("json", "event", b"hello"),
    ("json", "status", b'{"v":1,"state":"running",'),
    ("size", "event", b""),
    ("size", "telemetry", b'{"v":1,"text":"' + b"x" * 70_000 + b'"}'),
    ("utf8", "event", b'{"v":1,"kind":"\xff\xfe"}'),
    ("nesting", "event", b'{"v":1,"data":' + b"[" * 20_000 + b"]" * 20_000 + b"}"),
    ("nesting", "event", b'{"v":1,"data":' + b"[" * 9 + b"]" * 9 + b"}"),
    ("schema", "telemetry", b'{"v":1}'),
    ("schema", "status", b'{"v":1,"state":"dancing","boot":1,"conn":1,"up_ms":1,"t":1}'),
    ("schema", "event", _EVENT.replace(b'"seq":1', b'"seq":-1')),
    ("schema", "event", _EVENT.replace(b'"seq":1', b'"seq":9007199254740992')),
    ("schema", "event", _EVENT.replace(b'"channel":null', b'"channel":17')),
    ("version", "event", _EVENT.replace(b'"v":1', b'"v":2')),
    ("duplicate_key", "event", _EVENT.replace(b'"seq":1', b'"seq":1,"seq":2')),
    ("control_character", "event", _EVENT.replace(b'"data":{}', b'"data":{"text":"\\u0000"}')),
    ("string_length", "event", _EVENT.replace(b'"data":{}', b'"data":{"text":"' + b"y" * 201 + b'"}')),
    ("number", "event", _EVENT.replace(b'"data":{}', b'"data":{"text":1e999}')),
    ("json", "event", _EVENT.replace(b'"data":{}', b'"data":{"text":NaN}')),
)
"""(reason, kind of topic, payload).

None names a real record of the device, for the ledger to mistake: its boot is 1, or unreadable.
"""
