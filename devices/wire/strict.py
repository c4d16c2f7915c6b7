"""JSON as the contract wants it, read slowly and completely.

The typed decoder skips unknown fields and keeps the last of two equal keys; here everything is seen.
"""

from __future__ import annotations

import json
import math
import re
from itertools import chain
from typing import Any, Final, NoReturn

from .errors import WireError
from .units import MAX_COUNT, MAX_TEXT

MAX_BYTES: Final = 65_536
MAX_NESTING: Final = 8

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_PEEK = {name: re.compile(rb'"%s"\s{0,9}:\s{0,9}(\d{1,16})\s{0,9}[,}]' % name) for name in (b"boot", b"seq")}
_PEEK_KEY = {name: b'"%s"' % name for name in (b"boot", b"seq")}


def parse(payload: bytes) -> dict[str, Any]:
    """Return the object that `payload` holds, every string, key, number and level of it checked.

    Raises:
        WireError: size, utf8, nesting, json, duplicate_key, string_length, control_character or number.
    """
    if not 0 < len(payload) <= MAX_BYTES:
        raise WireError("size", f"{len(payload)} bytes, expected 1 to {MAX_BYTES}")
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WireError("utf8", f"byte {error.start} is not UTF-8: {error.reason}") from None
    _check_nesting(payload)
    try:
        value = _read(text)
    except WireError:
        raise
    except (ValueError, RecursionError) as error:
        raise WireError("json", str(error)[:MAX_TEXT]) from None
    if not isinstance(value, dict):
        raise WireError("json", f"{type(value).__name__} at the top, expected an object")
    _check_values(value)
    return value


def peek(payload: bytes) -> tuple[int, int] | None:
    """Return (boot, seq) of a record that `decode` refused, or None.  Never raises.

    From JSON the top-level fields are taken; from anything else only what stands there once.
    """
    try:
        fields = parse(payload)
    except WireError as error:
        if error.reason == "duplicate_key":
            return None
        numbers = [_peek_number(payload, name) for name in _PEEK]
    else:
        numbers = [fields.get("boot"), fields.get("seq")]
    boot, seq = (number if type(number) is int and number <= MAX_COUNT else -1 for number in numbers)
    return (boot, seq) if boot >= 0 and seq >= 1 else None


def _peek_number(payload: bytes, name: bytes) -> int | None:
    if payload.count(_PEEK_KEY[name]) != 1:
        return None
    match = _PEEK[name].search(payload)
    return int(match[1]) if match else None


def _check_nesting(payload: bytes) -> None:
    """Count brackets outside strings, before any parser recurses into them."""
    depth = 0
    for bracket in _STRING.sub(b"", payload).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_NESTING:
            raise WireError("nesting", f"deeper than {MAX_NESTING} levels")


def _read(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object, parse_constant=_not_a_number, parse_int=_integer)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise WireError("duplicate_key", f"{twice[:MAX_TEXT]!a} stands twice in one object")
    return fields


def _not_a_number(word: str) -> NoReturn:
    raise WireError("json", f"{word} is not JSON; leave the field out or write null")


def _integer(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= (number := int(digits)) < 2**63:
        raise WireError("number", f"{digits[:24]}… does not fit 64 bits")
    return number


def _check_values(value: dict[str, Any]) -> None:
    waiting: list[Any] = [value]
    while waiting:
        value = waiting.pop()
        for item in chain(value, value.values()) if isinstance(value, dict) else value:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, (dict, list)):
                waiting.append(item)
            elif isinstance(item, float) and not math.isfinite(item):
                raise WireError("number", "a number is beyond the range of doubles")


def _check_text(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise WireError("string_length", f"{text[:40]!a}… has {len(text)} characters, at most {MAX_TEXT}")
    if not text.isprintable() and (match := _CONTROL.search(text)):
        raise WireError("control_character", f"U+{ord(match[0]):04X} in {text[:40]!a}")
