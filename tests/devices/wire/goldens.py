"""The golden payloads: one file a message, named `<kind>[.<what>].json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from devices.wire import codec
from devices.wire.canonical import decode_protocol

FOLDER = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def payload(name: str) -> bytes:
    """The bytes as a device or the server would send them."""
    return (FOLDER / f"{name}.json").read_bytes()


def fields(name: str) -> dict[str, Any]:
    """The same as JSON values, to be changed by a test."""
    value: dict[str, Any] = json.loads(payload(name))
    return value


def kind_of(name: str) -> str:
    return name.partition(".")[0]


def read(name: str) -> Any:
    return decode(kind_of(name), payload(name))


def decode(kind: str, body: bytes) -> Any:
    """Decode by the golden files' kinds, two of which no device topic has."""
    if kind == "server_status":
        return codec.decode_server_status(body)
    if kind == "protocol":
        return decode_protocol(body)
    return codec.decode(kind, body)  # type: ignore[arg-type]
