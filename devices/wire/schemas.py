"""The contract for machines: JSON Schemas and an AsyncAPI 3 document, made from the message types.

`python -m devices.wire.schemas docs/wire` writes them; a test fails when the files are not current.
"""

from __future__ import annotations

import enum
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from . import commands, data, messages, words
from .asyncapi import document
from .units import MAX_TEXT

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"

MESSAGES: Final[dict[str, type[Struct]]] = {
    "status": messages.Status,
    "will": messages.Will,
    "telemetry": messages.Telemetry,
    "event": messages.Event,
    "ack": messages.Ack,
    "command": messages.Command,
    "watermark": messages.Watermark,
    "server_status": messages.ServerStatus,
}
PROTOCOL: Final = "protocol"


def files() -> dict[str, str]:
    """Return every generated file: path below `docs/wire` to content."""
    schemas = message_schemas()
    texts = {f"schemas/{name}.json": _text({"$schema": DRAFT, **schema}) for name, schema in schemas.items()}
    return {**texts, "asyncapi.json": _text(document(schemas))}


def message_schemas() -> dict[str, dict[str, Any]]:
    """Return one self-contained JSON Schema a message (and one of protocol documents), by name."""
    return {
        **{name: _schema(type_) for name, type_ in MESSAGES.items()},
        PROTOCOL: _schema(messages.ProtocolDocument),
    }


def _schema(type_: type[Struct]) -> dict[str, Any]:
    extra: list[type[Struct]] = []
    if type_ is messages.Event:
        extra = list(data.TYPES.values())
    elif type_ is messages.Command:
        extra = [*commands.ARGS.values(), messages.ProtocolDocument]
    _, parts = msgspec.json.schema_components([type_, *dict.fromkeys(extra)], ref_template="#/$defs/{name}")
    parts = {name: _plain(part) for name, part in parts.items()}
    for word_list in _open_word_lists():
        if word_list.__name__ in parts:
            parts[word_list.__name__] = _open(word_list)
    schema = parts.pop(type_.__name__)
    _say_constants(schema)
    if type_ is messages.Event:
        schema["allOf"] = list(_by_word("kind", "data", data.TYPES))
    elif type_ is messages.Command:
        schema["properties"]["args"] = {"type": "object"}
        schema["allOf"] = list(_by_word("verb", "args", commands.ARGS))
        parts["ApplyProtocol"]["properties"]["protocol"] = {"$ref": "#/$defs/ProtocolDocument"}
    return {"title": type_.__name__, **schema, **({"$defs": dict(sorted(parts.items()))} if parts else {})}


def _say_constants(schema: dict[str, Any]) -> None:
    """What has only one value (`v`, a will's `state`) has a default in Python, but must be sent."""
    constants = {
        name: part["enum"][0] for name, part in schema["properties"].items() if len(part.get("enum", ())) == 1
    }
    schema["properties"] |= {name: {"const": value} for name, value in constants.items()}
    schema["required"] = [*constants, *(name for name in schema["required"] if name not in constants)]


def _by_word(word: str, field: str, types: Mapping[Any, type[Struct]]) -> Iterator[dict[str, Any]]:
    """The type of `field` for each known value of `word`."""
    for known, type_ in types.items():
        if known in (words.EventKind.OTHER, words.Verb.UNKNOWN):
            continue
        then: dict[str, Any] = {"properties": {field: {"$ref": f"#/$defs/{type_.__name__}"}}}
        if any(part.required for part in msgspec.structs.fields(type_)):
            then["required"] = [field]
        yield {"if": {"properties": {word: {"const": known.value}}, "required": [word]}, "then": then}


def _open_word_lists() -> Iterator[type[enum.StrEnum]]:
    for base in words.OPEN:
        yield from base.__subclasses__()


def _open(word_list: type[enum.StrEnum]) -> dict[str, Any]:
    """A newer device may say more than the known words; the reader then takes the catch-all."""
    catch_all = word_list("a word of a later version")
    known = [word.value for word in word_list]
    meaning = f"{word_list.__doc__} Known: {', '.join(known)}."
    return {
        "description": f"{meaning} Any other reads as {catch_all.value}.",
        "type": "string",
        "maxLength": MAX_TEXT,
        "examples": known,
    }


def _plain(part: Any) -> Any:
    """Without Python's own titles, and with pairs spelt so that older drafts read them alike."""
    if isinstance(part, list):
        return [_plain(item) for item in part]
    if not isinstance(part, dict):
        return part
    if "prefixItems" in part:
        part = {**part, "items": part["prefixItems"][0]}
        del part["prefixItems"]
    return {
        key: {name: _plain(field) for name, field in value.items()} if key == "properties" else _plain(value)
        for key, value in part.items()
        if key != "title"
    }


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write every file below the folder named."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m devices.wire.schemas docs/wire\n")
        return 2
    for name, text in files().items():
        path = Path(arguments[0]) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
